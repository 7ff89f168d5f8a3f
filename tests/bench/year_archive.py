"""Fills an archive with a year of a fleet: sessions that follow the week, faults, retries, samples of every session.

``python tests/bench/year_archive.py FILE [--sessions 100000] [--values 500000000] [--days 365] [--ports 40]``.
Powers follow a battery's taper, energies are their integral, the register never runs backwards. Shapes of curves are
drawn from a pool, so that half a milliard values take minutes; times and registers are each session's own.
"""

import argparse
import json
import math
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from evtech.measure.sample import ChargerIdentity
from evtech.store import session_list, session_rows
from evtech.store.archive import Archive
from evtech.store.chunks import pack, pack_times
from evtech.store.records import ChargingSession, PhaseSpan

START = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
SITES = ("Harbour", "Town Hall", "Depot North", "Motorway A7", "Retail Park")
POINTS = (
    ("voltage_l1", "V"), ("voltage_l2", "V"), ("voltage_l3", "V"), ("current_l1", "A"), ("current_l2", "A"),
    ("current_l3", "A"), ("power_total", "W"), ("energy_import_total", "Wh"), ("temperature_internal", "degC"),
    ("current_limit_actual", "A"),
)  # fmt: skip
# how busy an hour of a working day is, and of a weekend
_WEEKDAY = np.interp(np.arange(24), [0, 5, 8, 12, 16, 18, 21, 23], [0.1, 0.1, 0.7, 0.6, 1.5, 1.8, 0.6, 0.2])
_WEEKEND = np.interp(np.arange(24), [0, 6, 10, 14, 18, 23], [0.15, 0.1, 0.9, 1.3, 0.9, 0.2])


@dataclass(frozen=True)
class Shape:
    """One course of a session: minutes of charging, share of the rated power over time."""

    minutes: float
    power: np.ndarray
    columns: dict[str, bytes]
    means: dict[str, tuple[float, float, float]]


def main() -> None:
    """Fill a file."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("file", type=Path)
    words.add_argument("--sessions", type=int, default=100_000)
    words.add_argument("--values", type=int, default=500_000_000)
    words.add_argument("--days", type=int, default=365)
    words.add_argument("--ports", type=int, default=40)
    asked = words.parse_args()
    fill(asked.file, asked.sessions, asked.values, asked.days, asked.ports)


def fill(file: Path, sessions: int, values: int = 0, days: int = 365, ports: int = 40, seed: int = 1) -> None:
    """Fill an archive; ``values`` is the sum over all sessions and points (0 = no samples)."""
    source = np.random.default_rng(seed)
    archive = Archive.open(file)
    polls = min(1024, max(0, values // (sessions * len(POINTS))))
    shapes = [_shape(source, max(polls, 16), bool(polls)) for _ in range(64)]
    for port in range(ports):
        count = sessions // ports + (port < sessions % ports)
        archive.import_rows(lambda c, p=port, n=count: _fill_port(c, p, n, days, polls, shapes, source))
    archive.close()


def _shape(source: np.random.Generator, polls: int, packed: bool) -> Shape:
    """Return a course: ramp, plateau, taper from some state of charge on, a pause now and then."""
    minutes = float(np.clip(source.lognormal(math.log(45), 0.5), 6, 480))
    x = np.linspace(0, 1, polls)
    knee = source.uniform(0.5, 1.0)
    power = np.minimum(1.0, x * 40) * np.where(x < knee, 1.0, np.exp(-(x - knee) * 3)) * source.uniform(0.45, 0.98)
    power = np.round(power * 22000 + source.normal(0, 12, polls).cumsum() * 0.05, 0).clip(0, 22000)
    volts = [np.round(230 + source.normal(0, 0.4, polls) - power / 22000 * 1.8, 1) for _ in range(3)]
    amps = [np.round(power / 3 / v, 2) for v in volts]
    heat = np.round(24 + 10 * (1 - np.exp(-x * 3)) * power.mean() / 22000 + source.normal(0, 0.05, polls), 1)
    columns = dict(zip((n for n, _ in POINTS[:7]), [*volts, *amps, power], strict=True))
    columns |= {"temperature_internal": heat, "current_limit_actual": np.full(polls, 32.0)}
    good = ["good"] * polls
    return Shape(
        minutes, power, {n: pack(c.tolist(), good) for n, c in columns.items()} if packed else {},
        {n: (float(c.min()), float(c.max()), float(c.mean())) for n, c in columns.items()},
    )  # fmt: skip


def _starts(source: np.random.Generator, count: int, days: int, minutes: float = 60.0) -> np.ndarray:
    """Return moments that follow the hours of the week, sorted."""
    hours = np.arange(days * 24)
    weekday = (hours // 24 + 2) % 7  # 2025-01-01 was a Wednesday
    weight = np.where(weekday < 5, _WEEKDAY[hours % 24], _WEEKEND[hours % 24]) * (1 + 0.15 * hours / hours[-1])
    chosen = source.choice(hours, count, p=weight / weight.sum())
    return np.sort(START + (chosen + source.random(count)) * 3600)


def _fill_port(connection, port, count, days, polls, shapes, source) -> None:
    site = SITES[port % len(SITES)]
    visit, serial = str(uuid.uuid4()), f"{4000 + port}"
    who = ChargerIdentity("keba-kecontact-p30", "KEBA", "KeContact P30", serial, "3.10.57", f"tcp://192.0.2.{port}")
    insert = connection.exec_driver_sql
    insert(
        "INSERT INTO visit (id, started, site, technician, purpose, notes, simulated) VALUES (?, ?, ?, ?, ?, ?, 1)",
        (visit, START, site, "bench", "a year", ""),
    )
    weeks, register = {}, 1e6 * port
    weak = 0.12 if port % 7 == 3 else 0.03  # some ports fail more often than others
    free_from = 0.0
    states: list[tuple[str, str, float, str, str]] = []
    for start in _starts(source, count, days):
        start = max(float(start), free_from + source.uniform(60, 600))
        recording, ids = _recording(insert, weeks, visit, who, int((start - START) // (7 * 86400)))
        shape = shapes[int(source.integers(len(shapes)))]
        session, wh = _session(source, visit, recording, who, start, shape, register, weak, polls)
        free_from = session.ended.timestamp()
        if polls and wh:
            _samples(connection, recording, ids, session, shape, register, wh, polls)
        register += wh
        line = session_list.line_of(session)
        session_list.insert(connection, session, json.dumps(session_rows.to_json(session)), line)
        states += _states(recording, session)
    connection.exec_driver_sql("INSERT INTO event (id, recording_id, t, kind, details) VALUES (?, ?, ?, ?, ?)", states)
    for week, (recording, _) in weeks.items():  # the recording lasts a week: its last poll says so
        end = START + (week + 1) * 7 * 86400 - 60
        insert("INSERT INTO tail (recording_id, t, body) VALUES (?, ?, '[]')", (recording, end))


def _recording(insert, weeks, visit, who, week):
    if week not in weeks:
        recording, base = str(uuid.uuid4()), uuid.uuid4().int & 0x3FFF_FFFF_FFFF
        weeks[week] = (recording, {name: base + i for i, (name, _) in enumerate(POINTS)})
        insert(
            "INSERT INTO recording (id, visit_id, started, interval_s, profile, vendor, model, serial_number,"
            " firmware_version, link) VALUES (?, ?, ?, 5.0, ?, ?, ?, ?, ?, ?)",
            (recording, visit, START + week * 7 * 86400, who.profile, who.vendor, who.model, who.serial_number,
             who.firmware_version, who.link),
        )  # fmt: skip
        for i, (name, unit) in enumerate(POINTS):
            insert("INSERT INTO point (id, recording_id, position, name, unit) VALUES (?, ?, ?, ?, ?)",
                   (base + i, recording, i, name, unit))  # fmt: skip
    return weeks[week]


def _session(source, visit, recording, who, start, shape, register, weak, polls):
    """Return a session and its energy: most are normal, some never start, some end in a fault."""
    begun = start + source.uniform(8, 60)
    fate = source.random()
    length = shape.minutes * 60 * (source.uniform(0.1, 0.6) if fate < weak else 1.0)
    moment = [datetime.fromtimestamp(t, UTC) for t in (start, begun, begun + length)]
    parked = begun + length + source.exponential(900)
    if fate < weak / 2:  # never starts
        end = datetime.fromtimestamp(start + source.uniform(40, 300), UTC)
        phases = (PhaseSpan("AUTHORISING", moment[0], end),)
        errors = ({"code": "0x0010", "meaning": "vehicle state not permitted"},)
        return _made(source, visit, recording, who, moment[0], end, phases, "unknown", errors), 0.0
    wh = round(float(shape.power.mean()) * length / 3600, 1)
    faulty = fate < weak
    ended = moment[2] if faulty else datetime.fromtimestamp(parked, UTC)
    phases = [PhaseSpan("AUTHORISING", moment[0], moment[1]), PhaseSpan("CHARGING", moment[1], moment[2])]
    errors = ({"code": "0x0040", "meaning": "residual current detected"},) if faulty else ()
    if faulty:
        ended = datetime.fromtimestamp(moment[2].timestamp() + 300, UTC)
        phases.append(PhaseSpan("FAULTED", moment[2], ended))
    else:
        phases.append(PhaseSpan("FINISHING", moment[2], ended))
    reason = "fault" if faulty else str(source.choice(["driver", "full", "vehicle"], p=[0.5, 0.35, 0.15]))
    figures = {
        "charging_s": length, "energy_wh": wh, "energy_source": "register_difference", "register_start_wh": register,
        "register_end_wh": register + wh, "register_point": "energy_import_total", "samples": polls,
        "peak_power_w": float(shape.power.max()), "mean_power_w": wh * 3600 / length,
    }  # fmt: skip
    return _made(source, visit, recording, who, moment[0], ended, tuple(phases), reason, errors, **figures), wh


def _made(source, visit, recording, who, start, end, phases, reason, errors, **figures) -> ChargingSession:
    identity = str(uuid.UUID(bytes=source.bytes(16), version=4))
    return ChargingSession(
        identity, visit, recording, who, start, end, phases=tuple(phases), stop_reason=reason, errors=errors,
        simulated=True, **figures,
    )  # fmt: skip


def _samples(connection, recording, ids, session, shape, register, wh, polls) -> None:
    begun, ended = session.phases[1].start.timestamp(), session.phases[1].end.timestamp()
    times = np.round(np.linspace(begun, ended, polls), 3)
    span = (float(times[0]), float(times[-1]), polls)
    connection.exec_driver_sql(
        "INSERT INTO chunk_time (recording_id, t0, t1, n, data) VALUES (?, ?, ?, ?, ?)",
        (recording, *span, pack_times(times.tolist())),
    )
    part = np.concatenate(([0.0], np.cumsum((shape.power[1:] + shape.power[:-1]) / 2)))
    energy = np.round(register + wh * part / part[-1], 1)
    rows = [(ids[n], *span, *shape.means[n], data) for n, data in shape.columns.items()]
    extremes = (float(energy[0]), float(energy[-1]), float(energy.mean()))
    rows.append((ids["energy_import_total"], *span, *extremes, pack(energy.tolist(), ["good"] * polls)))
    connection.exec_driver_sql(
        "INSERT INTO chunk (point_id, t0, t1, n, vmin, vmax, vmean, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
    )


def _states(recording: str, session: ChargingSession) -> Iterator[tuple[str, str, float, str, str]]:
    before = "A1"
    pilots = {"AUTHORISING": "B1", "CHARGING": "C2", "FINISHING": "B2", "FAULTED": "F"}
    spans = [(p.phase, p.start.timestamp()) for p in session.phases] + [("IDLE", session.ended.timestamp())]
    for phase, at in spans:
        pilot = pilots.get(phase, "A1")
        details = {"from": before, "to": pilot, "phase": phase, "text": ""}
        yield str(uuid.uuid4()), recording, at, "state_changed", json.dumps(details)
        before = pilot


if __name__ == "__main__":
    main()
