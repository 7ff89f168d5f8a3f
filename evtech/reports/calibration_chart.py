"""The error at every load point against its limits, and the verdict's badge, as SVG."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from evtech.reports.charts import step_of

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 680, 250, 52, 12, 10, 42
TONES = {"green": "#1b7f3b", "amber": "#9a5b00", "red": "#b3261e", "grey": "#56616d"}
_INK, _GRID, _SAFE, _GUARD = "#17202a", "#e3e6ea", "#e4f1e8", "#f6ecd8"


@dataclass(frozen=True, slots=True)
class Bar:
    """A load point in the chart: labels, error, U, limit, acceptance limit in percent; ``None`` is not known."""

    label: str
    below: str
    error_pct: float | None
    u_pct: float | None
    limit_pct: float | None
    acceptance_pct: float | None


def error_chart(bars: Sequence[Bar], axis: str, alt: str, decimal_comma: bool) -> str:
    """Return the chart: green where the guard band leaves room to pass, sand in the guard band, lines at the limit."""
    reach = _reach(bars)
    step = step_of(reach / 3)
    reach = math.ceil(reach / step) * step
    width = (WIDTH - LEFT - RIGHT) / max(1, len(bars))

    def y(value: float) -> float:
        return TOP + (reach - value) / (2 * reach) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="Inter" '
        f'font-size="9.5" fill="{_INK}"><title>{escape(alt)}</title>'
    ]
    for index, bar in enumerate(bars):
        parts += _zones(bar, LEFT + index * width, width, y)
    parts += _scale(reach, step, y, axis, decimal_comma)
    for index, bar in enumerate(bars):
        parts += _mark(bar, LEFT + (index + 0.5) * width, LEFT + index * width, width, y)
    return "".join([*parts, "</svg>"])


def badge(verdict: str, tone: str, alt: str) -> str:
    """Return the verdict's shape: round pass, triangle conditional, octagon fail, square indicative."""
    shapes = {
        "PASS": '<circle cx="20" cy="20" r="18"/>',
        "FAIL": '<path d="M13 2h14l11 11v14l-11 11h-14l-11-11v-14z"/>',
        "INDICATIVE": '<rect x="3" y="3" width="34" height="34"/>',
    }
    shape = shapes.get(verdict, '<path d="M20 3l18 33h-36z"/>')
    signs = {
        "PASS": '<path d="M11 21l6 6 12-14"/>',
        "FAIL": '<path d="M13 13l14 14m0-14l-14 14"/>',
        "INDICATIVE": '<path d="M11 20h18"/>',
    }
    sign = signs.get(verdict, '<path d="M20 14v11m0 4v3"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40" role="img" fill="{TONES[tone]}">'
        f'<title>{escape(alt)}</title>{shape}<g fill="none" stroke="#ffffff" stroke-width="3.4">{sign}</g></svg>'
    )


def _reach(bars: Sequence[Bar]) -> float:
    """Return the half-width of the value axis; a hopeless error does not press the limits flat."""
    limits = [bar.limit_pct for bar in bars if bar.limit_pct is not None]
    ends = [abs(bar.error_pct) + (bar.u_pct or 0.0) for bar in bars if bar.error_pct is not None]
    wanted = max([*(1.25 * limit for limit in limits), *(1.1 * end for end in ends), 1e-3])
    return min(wanted, 6 * max(limits)) if limits else wanted


def _zones(bar: Bar, x: float, width: float, y: Callable[[float], float]) -> list[str]:
    parts = []
    if bar.limit_pct is not None and bar.acceptance_pct is not None:
        parts.append(_box(x, width, y(bar.limit_pct), y(-bar.limit_pct), _GUARD))
        if bar.acceptance_pct > 0:
            parts.append(_box(x, width, y(bar.acceptance_pct), y(-bar.acceptance_pct), _SAFE))
    return parts


def _box(x: float, width: float, top: float, bottom: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{bottom - top:.1f}" fill="{colour}"/>'


def _scale(reach: float, step: float, y: Callable[[float], float], axis: str, comma: bool) -> list[str]:
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    middle = TOP + (HEIGHT - TOP - BOTTOM) / 2
    parts = [
        f'<text x="12" y="{middle}" text-anchor="middle" transform="rotate(-90 12 {middle})">{escape(axis)}</text>'
    ]
    for number in range(-round(reach / step), round(reach / step) + 1):
        at, value = y(number * step), number * step
        digits = f"{value:+.{decimals}f}".replace("-", "\u2212") if number else "0"
        shade, thick = (_INK, 0.8) if number == 0 else (_GRID, 0.6)
        parts.append(
            f'<line x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}" stroke="{shade}" '
            f'stroke-width="{thick}"/><text x="{LEFT - 5}" y="{at + 3.2:.1f}" text-anchor="end">'
            f"{digits.replace('.', ',') if comma else digits}</text>"
        )
    return parts


def _mark(bar: Bar, centre: float, x: float, width: float, y: Callable[[float], float]) -> list[str]:
    floor = HEIGHT - BOTTOM
    parts = [
        f'<text x="{centre:.1f}" y="{floor + 15}" text-anchor="middle" font-weight="600">{escape(bar.label)}</text>'
        f'<text x="{centre:.1f}" y="{floor + 29}" text-anchor="middle" fill="#56616d">{escape(bar.below)}</text>'
    ]
    if bar.limit_pct is not None:
        for limit in (bar.limit_pct, -bar.limit_pct):
            parts.append(
                f'<line x1="{x:.1f}" y1="{y(limit):.1f}" x2="{x + width:.1f}" y2="{y(limit):.1f}" '
                f'stroke="{TONES["red"]}" stroke-width="1.2"/>'
            )
    if bar.error_pct is None:
        return [*parts, f'<text x="{centre:.1f}" y="{y(0) - 5:.1f}" text-anchor="middle">—</text>']
    at = min(max(y(bar.error_pct), TOP + 4), floor - 4)
    if bar.u_pct:
        high, low = (min(max(y(bar.error_pct + s * bar.u_pct), TOP), floor) for s in (1, -1))
        parts.append(
            f'<path d="M{centre:.1f} {high:.1f}V{low:.1f}M{centre - 6:.1f} {high:.1f}h12'
            f'M{centre - 6:.1f} {low:.1f}h12" '
            f'fill="none" stroke="#1f5fbf" stroke-width="1.6"/>'
        )
    return [*parts, f'<circle cx="{centre:.1f}" cy="{at:.1f}" r="3.6" fill="#1f5fbf"/>']
