"""Throws damaged files at the import and goes all the way: preview, archive, insights, exports, withdrawal.

Nothing but an ``EvtechError`` may escape. A preview and an import that fails change nothing in the archive, its check
finds nothing, and after a withdrawal it says what it said before.

Run by hand, outside the tests: ``python tests/fuzz/fuzz_imports.py SECONDS [SEED] [FOLDER OF FILES TO DAMAGE]``.
SECONDS are of processor time.
"""

import csv
import hashlib
import io
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fuzz_billing import damage, mutate

from evtech.errors import EvtechError
from evtech.exchange.csv_table import Table
from evtech.exchange.exporting import as_text, samples_workbook, write_list, write_sessions
from evtech.exchange.keeping import Kept, Prepared, prepare, restore, take_in, withdraw
from evtech.exchange.plans import Plan
from evtech.exchange.progress import WRITING, GivenUpError, Progress
from evtech.exchange.reading import look
from evtech.exchange.source_file import SourceFile
from evtech.insights.archive_records import read_archive
from evtech.insights.attempts import Attempts
from evtech.insights.files import read_records
from evtech.insights.fleet_files import take as take_facts
from evtech.insights.overview import overview, overview_json
from evtech.insights.suggestions import suggestions
from evtech.insights.words import sentence
from evtech.reports.session import write_session_report
from evtech.store import fleet
from evtech.store.archive import Archive
from evtech.store.session_rows import contract

ROUNDS = 40  # files that one archive takes before the next one is begun
NOW = 1_772_700_000.0
T = "2026-03-01T12:{}:00Z"
CELLS = (
    "", "0", "-1", "-0.001", "1e308", "1e999", "nan", "inf", "9" * 400, "1,5", "1.234,5", "1 000", "abc", "true", "Ä",
    "\x00", '"', "2026-03-01T12:00:00Z", "2026-03-29T02:30:00", "2026-10-25T02:30:00", "1970-01-01T00:00:00Z",
    "2099-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "31.12.2026 25:00", "12/31/2026 3:00 PM",
    "1772366400", "1772366400000", "24:00:00", "fault", "driver", "C2", "F", "exclusion:utility", "Europe/Berlin",
)  # fmt: skip
Files = list[tuple[str, bytes]]


def samples_table() -> str:
    """Return a recording as CSV."""
    rows = [
        f"{T.format(f'{i // 6:02d}')[:17]}{i % 6 * 10:02d}Z,{0 if i < 10 else 7000 + i},C2,{1000 + 20 * i},230.{i % 10}"
        for i in range(120)
    ]
    return "\n".join(["time,power_total,cp_state,energy_import_total,voltage_l1", *rows]) + "\n"


def cdr(number: str, version: str = "2.2.1", **more: Any) -> dict[str, Any]:
    """Return an OCPI record of one of both versions."""
    common = {
        "id": number, "start_date_time": T.format("00"), "auth_method": "WHITELIST", "currency": "EUR",
        "total_energy": 11.2, "total_time": 1.0, "last_updated": T.format("59"),
        "charging_periods": [
            {"start_date_time": T.format("00"), "dimensions": [{"type": "ENERGY", "volume": 8.0}]},
            {"start_date_time": T.format("30"), "dimensions": [{"type": "ENERGY", "volume": 3.2}]},
            {"start_date_time": T.format("45"), "dimensions": [{"type": "PARKING_TIME", "volume": 0.2}]},
        ],
    }  # fmt: skip
    if version == "2.1.1":
        place = {"id": "L1", "name": "Yard", "evses": [{"uid": "u", "evse_id": "DE*X*E1", "connectors": [{"id": "1"}]}]}
        return (
            common | {"stop_date_time": T.format("59"), "auth_id": "TAG", "location": place, "total_cost": 4.2} | more
        )
    place = {"id": "L1", "name": "Yard", "address": "Road 1", "evse_uid": "u1", "evse_id": "DE*X*E1"}
    token = {"country_code": "NL", "party_id": "EMP", "uid": "TAG", "type": "RFID", "contract_id": "NL-1"}
    return common | {
        "country_code": "DE", "party_id": "CPO", "end_date_time": T.format("59"), "session_id": f"S{number}",
        "cdr_token": token, "cdr_location": place, "total_cost": {"excl_vat": 4.2, "incl_vat": 5.0},
    } | more  # fmt: skip


def ocpp_16() -> list[Any]:
    """Return a log of two sessions, one rejected card and a fault, answers included."""
    frames: list[Any] = [
        [2, "b", "BootNotification", {"chargePointModel": "X", "chargePointVendor": "Y"}],
        [3, "b", {"status": "Accepted", "currentTime": T.format("00"), "interval": 60}],
    ]
    for turn, minute in enumerate((1, 30)):
        at = [T.format(f"{minute + n:02d}") for n in range(12)]
        status = {"connectorId": 1, "errorCode": "NoError"}
        sampled = [
            {"value": "2.5", "unit": "kWh"},
            {"value": "7200", "measurand": "Power.Active.Import", "unit": "W"},
            {"value": "16", "measurand": "Current.Import", "phase": "L1"},
            {"value": "OCMF|{}|{}", "format": "SignedData", "context": "Transaction.Begin"},
        ]
        frames += [
            [2, f"p{turn}", "StatusNotification", status | {"status": "Preparing", "timestamp": at[0]}],
            [2, f"a{turn}", "Authorize", {"idTag": f"CARD{turn}"}],
            [3, f"a{turn}", {"idTagInfo": {"status": "Accepted"}}],
            [2, f"s{turn}", "StartTransaction",
             {"connectorId": 1, "idTag": f"CARD{turn}", "meterStart": 1000, "timestamp": at[1]}],
            [3, f"s{turn}", {"transactionId": 7 + turn, "idTagInfo": {"status": "Accepted"}}],
            [2, f"c{turn}", "StatusNotification", status | {"status": "Charging", "timestamp": at[2]}],
            [2, f"m{turn}", "MeterValues", {"connectorId": 1, "transactionId": 7 + turn,
             "meterValue": [{"timestamp": at[n], "sampledValue": sampled} for n in range(3, 8)]}],
            [2, f"e{turn}", "StopTransaction",
             {"transactionId": 7 + turn, "meterStop": 3000, "timestamp": at[9], "reason": "Local"}],
            [2, f"f{turn}", "StatusNotification", status | {"status": "Available", "timestamp": at[10]}],
        ]  # fmt: skip
    return [
        *frames,
        [2, "r", "Authorize", {"idTag": "BAD"}],
        [3, "r", {"idTagInfo": {"status": "Invalid"}}],
        [2, "x", "StatusNotification",
         {"connectorId": 1, "status": "Faulted", "errorCode": "GroundFailure", "timestamp": T.format("50")}],
        [2, "h", "Heartbeat", {}],
    ]  # fmt: skip


def ocpp_201() -> list[Any]:
    """Return a log of one session with an event that was queued while offline."""
    rows: list[Any] = []
    steps = (("Started", "CablePluggedIn", "EVConnected"), ("Updated", "Authorized", "EVConnected"),
             ("Updated", "ChargingStateChanged", "Charging"), ("Updated", "MeterValuePeriodic", "Charging"),
             ("Ended", "EVDeparted", "Idle"))  # fmt: skip
    for number, (kind, trigger, state) in enumerate(steps):
        at = T.format(f"{number * 5:02d}")
        register = {"value": 10 + number, "measurand": "Energy.Active.Import.Register",
                    "unitOfMeasure": {"unit": "Wh", "multiplier": 3}}  # fmt: skip
        body = {"eventType": kind, "timestamp": at, "triggerReason": trigger, "seqNo": number, "offline": number == 3,
                "evse": {"id": 1, "connectorId": 1}, "idToken": {"idToken": "TAG", "type": "ISO14443"},
                "transactionInfo": {"transactionId": "t1", "chargingState": state, "stoppedReason": "EVDisconnected"},
                "meterValue": [{"timestamp": at, "sampledValue": [register]}]}  # fmt: skip
        asked = [2, f"e{number}", "TransactionEvent", body]
        answer = [3, f"e{number}", {"idTokenInfo": {"status": "Accepted"}}]
        rows += [{"time": at, "chargePoint": "CP9", "direction": "in", "message": asked},
                 {"time": at, "chargePoint": "CP9", "direction": "out", "message": answer}]  # fmt: skip
    status = {"timestamp": T.format("40"), "connectorStatus": "Faulted", "evseId": 1, "connectorId": 1}
    return [*rows, {"time": T.format("40"), "chargePoint": "CP9", "message": [2, "n", "StatusNotification", status]}]


LIST = (
    "port,plugged_at,authorised_at,auth_ok,energy_started_at,energy_ended_at,unplugged_at,energy_kwh,peak_kw,end_reason,"
    "error_code,token\n"
    "A,2026-03-01T10:00Z,2026-03-01T10:00:30Z,1,2026-03-01T10:01Z,2026-03-01T11:01Z,2026-03-01T12:00Z,11,11,driver,,x\n"
    "A,2026-03-02T10:00Z,2026-03-02T10:00:30Z,0,,,2026-03-02T10:02Z,,,deauthorised,,y\n"
    "B,2026-03-01T10:00Z,,,2026-03-01T10:01Z,2026-03-01T10:20Z,2026-03-01T10:21Z,2.5,22,fault,E7,z\n"
)
GERMAN = (
    "Ladepunkt-ID;Standort;Startzeit;Endzeit;Energie (kWh);Dauer;Kartennummer;Status;Fehlercode\n"
    "CP7;Hof;01.03.2026 11:00:00;01.03.2026 12:00:00;11,5;01:00:00;4711;Abgeschlossen;\n"
    "CP7;Hof;29.03.2026 01:30:00;29.03.2026 03:30:00;7,5;01:00:00;4712;Fehlgeschlagen;E12\n"
)
PORTS = (
    "port,site,timezone,rated_kw,in_service_from,in_service_to\nA,Yard,Europe/Berlin,22,2026-01-01,\nB,Yard,UTC,50,,\n"
)
OUTAGES = (
    "port,from,to,cause,excluded\nA,2026-03-01T00:00Z,2026-03-01T06:00Z,fault,0\n"
    "A,2026-03-01T03:00Z,2026-03-01T05:00Z,exclusion:utility,1\nB,2026-03-02T00:00Z,,fault,0\n"
)
STATES = "port,from,to,state\nA,2026-03-01T00:00Z,2026-03-02T00:00Z,AVAILABLE\nB,2026-03-01T00:00Z,,OUTOFORDER\n"


def lines(rows: list[Any]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def sound_files(folder: Path, more: Path | None) -> Files:
    """Return one sound file of each kind, also evtech's own exports, and those of a folder."""
    found: Files = [
        ("samples.csv", samples_table().encode()),
        ("list.csv", LIST.encode()),
        ("liste.csv", GERMAN.encode("cp1252")),
        ("liste16.csv", GERMAN.encode("utf-16")),
        ("cdr.json", json.dumps(cdr("1")).encode()),
        (
            "cdrs.json",
            json.dumps([cdr("1"), cdr("2", "2.1.1"), cdr("3", credit=True, credit_reference_id="1")]).encode(),
        ),
        ("answer.json", json.dumps({"data": [cdr("1"), cdr("2")], "status_code": 1000}, indent=1).encode()),
        ("cdrs.jsonl", lines([cdr("1"), cdr("2", "2.1.1")])),
        ("CP1.jsonl", lines(ocpp_16())),
        ("CP2.json", json.dumps(ocpp_16()).encode()),
        (
            "back.log",
            b"\n".join(
                b"2026-03-01 12:%02d:01 INFO CP3 <- %s" % (n * 2, row)
                for n, row in enumerate(lines(ocpp_16()).split(b"\n"))
            ),
        ),
        ("CP9.jsonl", lines(ocpp_201())),
        ("messages.json", json.dumps({"messages": ocpp_201()}).encode()),
    ]
    archive = Archive.open(folder / "source.evtech")
    for name, data in (found[0], found[8]):
        # of another month: withdrawing a file takes the visits of its import away, also those an export brought
        (folder / name).write_bytes(data.replace(b"2026-03", b"2026-04"))
        with prepare(archive, folder / name) as ready:
            take_in(archive, ready)
    ids = [session.id for session in archive.sessions()]
    first = archive.sessions()[0].id
    archive.correct_session(first, "note", "seen", technician="M. Roe", reason="looked")
    archive.correct_session(first, "clock_s", "60.0", technician="M. Roe", reason="clock")
    found += [
        ("export.json", as_text(archive, ids, "json").encode()),
        ("one.json", as_text(archive, ids[:1], "json").encode()),
    ]
    try:
        write_sessions(archive, ids, "parquet", folder / "x.parquet")
        found.append(("x.parquet", (folder / "x.parquet").read_bytes()))
    except EvtechError:  # pyarrow is not installed
        pass
    archive.close()
    return (
        found + [(path.name, path.read_bytes()) for path in sorted(more.rglob("*")) if path.is_file()]
        if more
        else found
    )


def spoiled(name: str, data: bytes, dice: random.Random) -> bytes:
    """Return a file with something wrong in it, by what it is: values, cells, lines or bytes."""
    for _ in range(dice.choice((0, 1, 1, 2, 4))):
        how = dice.random()
        if how < 0.15:
            data = _damaged(data, dice)
        elif how < 0.25:
            data = data[: dice.randrange(len(data) + 1)]
        elif how < 0.4:
            data = _lines_moved(data, dice)
        else:
            data = _values_changed(name, data, dice)
    return data


def _damaged(data: bytes, dice: random.Random) -> bytes:
    return damage(data, dice) if len(data) > 64 else b""  # a few bytes may be cut to none


def _lines_moved(data: bytes, dice: random.Random) -> bytes:
    """Return the file with lines lost, doubled, or in another order; or with other line ends."""
    parts = data.split(b"\n")
    action = dice.randrange(5)
    at = dice.randrange(len(parts))
    if action == 0:
        del parts[at]
    elif action == 1:
        parts[at:at] = parts[at : at + dice.randrange(1, 20)]
    elif action == 2:
        rest = parts[1:]
        dice.shuffle(rest)
        parts[1:] = rest
    elif action == 3:
        return b"\r\n".join(parts)
    else:
        parts.insert(at, dice.choice((b"", b"#", bytes(40), b"[]", b"{}", b"x" * 300, b"\xff\xfe")))
    return b"\n".join(parts)


def _values_changed(name: str, data: bytes, dice: random.Random) -> bytes:
    if name.endswith(".csv"):
        return _cells_changed(data, dice)
    text = data.decode("utf-8", "replace")
    try:
        if name.endswith(".jsonl"):
            return lines(mutate([json.loads(line) for line in text.splitlines() if line.strip()], dice))
        return json.dumps(mutate(json.loads(text), dice)).encode()
    except (ValueError, RecursionError, TypeError):
        return _damaged(data, dice)


def _cells_changed(data: bytes, dice: random.Random) -> bytes:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding = "utf-16" if wide else "cp1252"
    text = data.decode(encoding, "replace")
    sign = ";" if ";" in text.partition("\n")[0] else ","
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=sign))
    except csv.Error:
        return _damaged(data, dice)
    cells = [(row, place) for row in rows for place in range(len(row))]
    for _ in range(dice.choice((1, 1, 2, 5))):
        if cells:
            row, place = dice.choice(cells)
            other, there = dice.choice(cells)
            if place < len(row) and there < len(other):
                row[place] = dice.choice((dice.choice(CELLS), other[there]))
            if dice.random() < 0.1 and row:
                row.pop(dice.randrange(len(row)))
    out = io.StringIO()
    csv.writer(out, delimiter=sign, lineterminator="\n").writerows(rows)
    return out.getvalue().encode(encoding, "replace")


def any_plan(name: str, dice: random.Random) -> Plan | None:
    """Return how somebody might read a file, mostly as proposed."""
    if dice.random() < 0.7:
        return None
    return Plan(
        dice.choice(("", "", "samples", "sessions")) if name.endswith(".csv") else "",
        dice.choice(("UTC", "Europe/Berlin", "Australia/Lord_Howe")), dice.choice(("day", "month")),
        decimal=dice.choice(("", ".", ",")), delimiter=dice.choice(("", "", ";", "\t")),
        encoding=dice.choice(("", "", "utf-8", "cp1252", "utf-16")), charger=dice.choice(("", "Box é")),
        site=dice.choice((None, "", "Hafen")),
    )  # fmt: skip


def content(archive: Archive) -> str:
    """Return a digest of everything an archive holds."""
    digest = hashlib.sha256()
    connection = sqlite3.connect(f"file:{archive.path}?mode=ro", uri=True)
    try:
        for row in _rows(connection):
            digest.update(repr(row).encode("utf-8", "surrogatepass"))
    finally:
        connection.close()
    return digest.hexdigest()


def _rows(connection: sqlite3.Connection) -> Iterator[Any]:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    for (table,) in tables:
        yield table
        yield from sorted(map(repr, connection.execute(f'SELECT * FROM "{table}"')))


def told(archive: Archive) -> str:
    """Return what an archive says to people: list, insights; it must be JSON that every reader takes."""
    found = archive.session_list()
    rows: list[Any] = [contract(session) for session in sorted(archive.sessions(), key=lambda each: each.id)]
    records = read_archive(archive)
    attempts = Attempts.of(records.attempts)
    if len(attempts):
        start, end = float(attempts.start.min()), float(attempts.end.max()) + 1.0
        if end - start > 3 * 366 * 86400.0:  # a year is enough to be counted
            start = end - 366 * 86400.0
        seen = overview(records, (start, end), max(NOW, end))
        said = [sentence(each, lang) for each in suggestions(seen) for lang in ("en", "de")]
        rows += [overview_json(seen), said]
    lines_ = sorted((line.id, line.port, line.energy_wh, line.twin is not None) for line in found.lines)
    text = json.dumps([rows, lines_, found.total_energy_wh], allow_nan=False, default=str)
    text.encode()
    return text


def _differing(one: str, other: str) -> str:
    """Return where two texts part."""
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"{one[max(0, at - 300) : at + 200]}\n{other[max(0, at - 300) : at + 200]}"


def handed_out(archive: Archive, folder: Path, dice: random.Random) -> None:
    """Write what an archive hands out; its JSON is taken in again by an empty archive and comes out the same."""
    # a session put together from two logs repeats the samples of its parts
    ids = [session.id for session in archive.sessions() if not session.earlier_recordings]
    for one in ids[:2]:
        as_text(archive, [one], "csv").encode()
    samples_workbook(archive, ids[:3])
    write_list(archive.session_list().lines, folder / dice.choice(("l.csv", "l.xlsx")))
    text = as_text(archive, ids, "json")
    json.loads(text)
    if dice.random() < 0.1 and ids:
        write_session_report(archive, ids[0], html=folder / "r.html", lang=dice.choice(("en", "de")))
    if dice.random() < 0.3 and ids:
        _again(archive, ids, text, folder)


def _again(archive: Archive, ids: list[str], text: str, folder: Path) -> None:
    file = folder / "again.json"
    file.write_text(text, "utf-8")
    other = Archive.open(folder / "again.evtech")
    try:
        with prepare(other, file) as ready:
            assert not ready.problem_count, f"an export is not read whole: {ready.problems}"
            take_in(other, ready)
        back = as_text(other, ids, "json")
        assert back == text, f"an export comes back as another one:\n{_differing(text, back)}"
    finally:
        other.close()
        for each in folder.glob("again.evtech*"):
            each.unlink()


def _stopping(dice: random.Random) -> Progress:
    """Return a progress that gives up while rows are written."""
    left = [dice.randrange(1, 4)]

    class Stopping(Progress):
        def step(self, what: str, done: int, total: int) -> None:
            if what == WRITING:
                left[0] -= 1
                if left[0] <= 0:
                    raise GivenUpError("given up", "")

    return Stopping()


def attempt(archive: Archive, file: Path, plan: Plan | None, dice: random.Random, folder: Path) -> str:
    """Take a file through an archive the way the command and the window do; return what became of it."""
    before, said = content(archive), told(archive)
    try:
        if file.suffix == ".csv":
            table, _ = look(SourceFile(file), plan)
            plan = _with_columns(table, plan, dice)
        with prepare(archive, file, plan) as ready:
            assert content(archive) == before, "a preview changed the archive"
            outcome = _taken(archive, ready, dice, before)
            if not outcome:
                return "given up"
    except EvtechError as error:
        assert str(error), "an error without words"
        assert content(archive) == before, "a refused file changed the archive"
        return type(error).__name__
    checked = archive.check()
    assert checked.ok, f"the archive is damaged: {checked.problems}"
    told(archive)
    handed_out(archive, folder, dice)
    if outcome == "known":
        return outcome
    if dice.random() < 0.6:
        key = ready.id
        withdraw(archive, key, "wrong file", "M. Roe")
        now = told(archive)
        assert outcome == "taken anew" or now == said, f"a withdrawn import is still told:\n{_differing(said, now)}"
        if dice.random() < 0.3:
            restore(archive, key)
            told(archive)
    return outcome


def _taken(archive: Archive, ready: Prepared, dice: random.Random, before: str) -> str:
    """Take a prepared file in, now and then after giving it up once; return what became of it."""
    if dice.random() < 0.2:
        try:
            kept = take_in(archive, ready, _stopping(dice))
        except GivenUpError:
            assert content(archive) == before, "an import that was given up changed the archive"
            return ""
        return _outcome(ready, kept, is_renamed=False)
    names = list(ready.contents.ports)
    ports = {names[0]: "Box"} if names and dice.random() < 0.05 else None
    kept = take_in(archive, ready, same_ports=ports, replaces=ready.other)
    json.dumps([ready.problems, ready.remarks, ready.plan, kept.import_id], allow_nan=False).encode()
    return _outcome(ready, kept, is_renamed=ports is not None)


def _outcome(ready: Prepared, kept: Kept, *, is_renamed: bool) -> str:
    """Return what became of a file: after ``taken`` a withdrawal brings back what was told before."""
    if ready.is_known:
        return "known"
    return "taken anew" if is_renamed or ready.other or ready.again or kept.known else "taken"


def _with_columns(table: Table, plan: Plan | None, dice: random.Random) -> Plan | None:
    """Return a plan in which somebody said of a column what it is."""
    titles = [column.title for column in table.plan.columns]
    if not titles or dice.random() < 0.9:
        return plan
    return table.plan.with_columns([f"{dice.choice(titles)}={dice.choice(('power_total:kW', 'time', '', 'start'))}"])


def facts(folder: Path, dice: random.Random) -> str:
    """Read damaged tables of `insights --sessions` and of `fleet import`."""
    files = {}
    for kind, text in (("sessions", LIST), ("ports", PORTS), ("outages", OUTAGES), ("states", STATES)):
        files[kind] = folder / f"{kind}.csv"
        data = text.encode()
        files[kind].write_bytes(spoiled("x.csv", data, dice) if dice.random() < 0.5 else data)
    for kind in ("ports", "outages"):
        try:
            take_facts(files[kind], kind, fleet.Fleet(), ["A", "B"], "M. Roe")
        except EvtechError as error:
            assert str(error)
    way = (
        {"outages": files["outages"], "states": None}
        if dice.random() < 0.5
        else {"states": files["states"], "outages": None}
    )
    try:
        records = read_records(files["sessions"], way["outages"], way["states"], files["ports"])
        found = overview(records, (1_772_323_200.0, 1_772_582_400.0), NOW)
        json.dumps(overview_json(found), allow_nan=False).encode()
    except EvtechError as error:
        return f"facts {type(error).__name__}"
    return "facts"


def main(seconds: float, seed: int, more: Path | None) -> int:
    dice, counts, slowest = random.Random(seed), Counter[str](), 0.0
    end = time.process_time() + seconds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = sound_files(folder, more)
        while time.process_time() < end:
            archive = Archive.open(folder / "a.evtech")
            try:
                for _ in range(ROUNDS):
                    began = time.process_time()
                    counts[_round(archive, files, folder, dice, seed)] += 1
                    slowest = max(slowest, time.process_time() - began)
                    if began >= end:
                        break
            finally:
                archive.close()
            for each in folder.glob("a.evtech*"):
                each.unlink()
    print(f"{counts.total()} files, slowest {slowest:.2f} s, nothing escaped:", dict(sorted(counts.items())))
    return 0


def _round(archive: Archive, files: Files, folder: Path, dice: random.Random, seed: int) -> str:
    """Try one file; where something escapes, keep the file and the archive to look at."""
    name, data = dice.choice(files)
    file, plan = folder / name, any_plan(name, dice)
    file.write_bytes(spoiled(name, data, dice))
    try:
        return facts(folder, dice) if dice.random() < 0.15 else attempt(archive, file, plan, dice, folder)
    except Exception:
        kept = Path(f"fuzz-{seed}-{name}")
        kept.write_bytes(file.read_bytes())
        Path(f"fuzz-{seed}.evtech").unlink(missing_ok=True)
        archive.backup(Path(f"fuzz-{seed}.evtech"))
        print(f"seed {seed}: escaped with {kept}, read by {plan}, into fuzz-{seed}.evtech")
        raise


if __name__ == "__main__":
    sys.exit(
        main(
            float(sys.argv[1]) if sys.argv[1:] else 60.0,
            int(sys.argv[2]) if sys.argv[2:] else 1,
            Path(sys.argv[3]) if sys.argv[3:] else None,
        )
    )
