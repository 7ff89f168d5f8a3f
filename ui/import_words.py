"""What an import says to people: what is in a file, what was kept, how far it is."""

from datetime import UTC, datetime

from evtech.exchange.keeping import Kept, Prepared
from evtech.exchange.progress import LOOKING, READING
from ui.words import local_time, quantity, translate

MOST_PORTS = 6  # that are named


def kind_words(source: str) -> str:
    """Return what a file is."""
    return {
        "evtech": translate("Import", "Sessions that evtech exported"),
        "csv": translate("Import", "CSV of samples: one session"),
        "list": translate("Import", "CSV with one row a session"),
        "cdr": translate("Import", "OCPI charge detail records"),
        "ocpp": translate("Import", "OCPP message log"),
    }[source]


def contents_words(found: Prepared) -> list[str]:
    """Return what a file brings, in a few lines."""
    if found.is_known:
        return []
    seen = found.contents
    parts = [
        translate("Import", "1 session")
        if seen.sessions == 1
        else translate("Import", "{n} sessions").format(n=seen.sessions),
        quantity(seen.energy_wh, "Wh"),
    ]
    if found.spool.samples:
        parts.append(translate("Import", "{n} samples").format(n=found.spool.samples))
    lines = [", ".join(parts)]
    if seen.first is not None and seen.last is not None:
        first, last = (local_time(datetime.fromtimestamp(t, UTC)) for t in (seen.first, seen.last))
        lines.append(translate("Import", "From {first} to {last}").format(first=first, last=last))
    names = sorted(seen.ports)
    more = translate("Import", " and {n} more").format(n=len(names) - MOST_PORTS) if len(names) > MOST_PORTS else ""
    lines.append(translate("Import", "Ports: {names}").format(names=", ".join(names[:MOST_PORTS]) + more))
    if found.problem_count == 1:
        lines.append(translate("Import", "One thing cannot be read and is left out:"))
    elif found.problem_count:
        lines.append(translate("Import", "{n} things cannot be read and are left out:").format(n=found.problem_count))
    elif found.remarks:
        lines.append(translate("Import", "To be known:"))
    return lines


def kept_words(file: str, kept: Kept) -> str:
    """Return what an import changed."""
    parts = [_new_words(file, kept)]
    if kept.known:
        parts.append(translate("Import", "{n} were here already.").format(n=kept.known))
    if kept.changed:
        words = translate("Import", "{n} of these have other values now; take the earlier import out to replace them.")
        parts.append(words.format(n=kept.changed))
    if kept.repeated:
        words = translate(
            "Import", "{n} tell a session that another source tells more fully: they are left out of sums."
        )
        parts.append(words.format(n=kept.repeated))
    return " ".join(parts)


def _new_words(file: str, kept: Kept) -> str:
    if kept.sessions == 1:
        one = translate("Import", "{file}: 1 session was imported.")
        with_samples = translate("Import", "{file}: 1 session with {samples} samples was imported.")
        return (with_samples if kept.samples else one).format(file=file, samples=kept.samples)
    many = translate("Import", "{file}: {n} sessions were imported.")
    with_samples = translate("Import", "{file}: {n} sessions with {samples} samples were imported.")
    return (with_samples if kept.samples else many).format(file=file, n=kept.sessions, samples=kept.samples)


def progress_words(what: str, done: int, total: int) -> str:
    """Return what is being done, and how far it is."""
    share = 100 * done // total if total else 0
    if what == LOOKING:
        return translate("Import", "Looking at the file: {n} %").format(n=share)
    if what == READING:
        return translate("Import", "Reading: {n} %").format(n=share)
    return translate("Import", "Writing: {n} %").format(n=share)
