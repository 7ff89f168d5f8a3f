"""Curves as SVG: voltage, current and power of a session over its time, a gap left as a gap."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

WIDTH, PANEL_HEIGHT, LEFT, RIGHT, TOP, GAP = 680, 118, 44, 22, 8, 14
COLOURS = ("#1f5fbf", "#8e44ad", "#2a83b0")
DASHES = ("", "5 2.5", "1.5 2")
_MOST_POINTS = 2 * (WIDTH - LEFT - RIGHT)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve: its label at the end, times (s since 1970) and values (NaN breaks the line)."""

    label: str
    times: Floats
    values: Floats


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot: what stands at its axis, and its curves."""

    title: str
    curves: tuple[Curve, ...]
    limits: tuple[tuple[float, str], ...] = ()  # level and the words at it


def stacked(
    panels: Sequence[Panel],
    start: float,
    end: float,
    gaps: Sequence[tuple[float, float]],
    alt: str,
    marks: Sequence[tuple[float, str]] = (),
) -> str:
    """Return an SVG with the panels stacked over one time axis in local time; ``marks`` are moments with a word."""
    height = TOP + len(panels) * (PANEL_HEIGHT + GAP) + 16
    span = max(end - start, 1.0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" font-family="Inter" '
        f'font-size="9" fill="#17202a"><title>{escape(alt)}</title>'
    ]
    for row, panel in enumerate(panels):
        top = TOP + row * (PANEL_HEIGHT + GAP)
        parts += _panel(panel, top, start, span, gaps)
    bottom = TOP + len(panels) * (PANEL_HEIGHT + GAP) - GAP
    for at, word in marks:
        x = LEFT + (at - start) / span * (WIDTH - LEFT - RIGHT)
        parts.append(
            f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#17202a" stroke-width="0.7" '
            f'stroke-dasharray="1.5 2"/><text x="{x + 3:.1f}" y="{TOP + 9}">{escape(word)}</text>'
        )
    parts += _clock(start, span, TOP + len(panels) * (PANEL_HEIGHT + GAP) - GAP)
    return "".join([*parts, "</svg>"])


def _panel(panel: Panel, top: float, start: float, span: float, gaps: Sequence[tuple[float, float]]) -> list[str]:
    low, high = _range(panel)
    width = WIDTH - LEFT - RIGHT
    scale = PANEL_HEIGHT / (high - low)
    parts = []
    for gap_start, gap_end in gaps:
        x = LEFT + (gap_start - start) / span * width
        wide = max((gap_end - gap_start) / span * width, 0.8)
        parts.append(f'<rect x="{x:.1f}" y="{top}" width="{wide:.1f}" height="{PANEL_HEIGHT}" fill="#dfe3e8"/>')
    step = step_of((high - low) / 4)
    tick = math.ceil(low / step) * step
    while tick <= high + 1e-9:
        y = top + PANEL_HEIGHT - (tick - low) * scale
        parts.append(
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e3e6ea" stroke-width="0.6"/>'
        )
        parts.append(f'<text x="{LEFT - 4}" y="{y + 3:.1f}" text-anchor="end">{tick:g}</text>')
        tick = round(tick + step, 9)
    parts.append(
        f'<text x="{LEFT - 32}" y="{top + PANEL_HEIGHT / 2}" text-anchor="middle" '
        f'transform="rotate(-90 {LEFT - 32} {top + PANEL_HEIGHT / 2})">{escape(panel.title)}</text>'
    )
    for level, words in panel.limits:
        y = top + PANEL_HEIGHT - (level - low) * scale
        parts.append(
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#17202a" stroke-width="0.9" '
            f'stroke-dasharray="5 2.5"/><text x="{LEFT + 3}" y="{y - 3:.1f}">{escape(words)}</text>'
        )
    taken: list[float] = []
    for index, curve in enumerate(panel.curves):
        times, values = _thinned(curve.times, curve.values)
        path = _path(times, values, start, span, low, scale, top)
        dash = f' stroke-dasharray="{DASHES[index]}"' if DASHES[index] else ""
        parts.append(f'<path d="{path}" fill="none" stroke="{COLOURS[index]}" stroke-width="1"{dash}/>')
        real = np.flatnonzero(np.isfinite(values))
        if len(real):
            y = top + PANEL_HEIGHT - (float(values[real[-1]]) - low) * scale + 3
            while any(abs(y - other) < 9 for other in taken):  # labels of equal curves stand below each other
                y += 9
            taken.append(y)
            parts.append(
                f'<text x="{WIDTH - RIGHT + 3}" y="{y:.1f}" fill="{COLOURS[index]}">{escape(curve.label)}</text>'
            )
    return parts


def _path(times: Floats, values: Floats, start: float, span: float, low: float, scale: float, top: float) -> str:
    width = WIDTH - LEFT - RIGHT
    words = []
    pen_down = False
    for t, value in zip(times, values, strict=True):
        if not math.isfinite(value):
            pen_down = False
            continue
        x, y = LEFT + (t - start) / span * width, top + PANEL_HEIGHT - (value - low) * scale
        words.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}")
        pen_down = True
    return "".join(words)


def _thinned(times: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Return at most two points a pixel: the lowest and the highest of each stretch."""
    if len(times) <= _MOST_POINTS:
        return times, values
    size = -(-len(times) // (_MOST_POINTS // 2))
    edges = np.arange(0, len(times), size)
    thin_times = np.repeat(times[edges], 2)
    thin = np.empty(len(thin_times))
    thin[0::2], thin[1::2] = np.fmin.reduceat(values, edges), np.fmax.reduceat(values, edges)
    return thin_times, thin


def _range(panel: Panel) -> tuple[float, float]:
    found = [v for curve in panel.curves for v in curve.values[np.isfinite(curve.values)]]
    found += [level for level, _ in panel.limits]
    low, high = (float(min(found)), float(max(found))) if found else (0.0, 1.0)
    span = max(high - low, abs(high) * 0.02, 1.0)
    step = step_of(span / 3)
    bottom = math.floor((low - 0.05 * span) / step) * step
    top = math.ceil((high + 0.05 * span) / step) * step
    return (max(bottom, 0.0) if low >= 0 else bottom), top


def step_of(raw: float) -> float:
    """Return the next step of the 1-2-5 series, not below ``raw``."""
    power = 10.0 ** math.floor(math.log10(max(raw, 1e-9)))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)


def _clock(start: float, span: float, y: float) -> list[str]:
    choices = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
    step = next((c for c in choices if span / c <= 7), 86400)
    form = "%H:%M:%S" if step < 60 else "%H:%M"
    parts = []
    at = math.ceil(start / step) * step
    while at <= start + span:
        x = LEFT + (at - start) / span * (WIDTH - LEFT - RIGHT)
        text = datetime.fromtimestamp(at, UTC).astimezone().strftime(form)
        parts.append(f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + 3}" stroke="#56616d" stroke-width="0.6"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 13}" text-anchor="middle">{text}</text>')
        at += step
    return parts
