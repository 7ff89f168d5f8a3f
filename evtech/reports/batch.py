"""Many reports at once into a folder: a report a session, a summary a site. Each file is whole or not there."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from evtech.errors import NotFoundError
from evtech.reports.customer import Clocks, write_customer_report
from evtech.reports.places import Places
from evtech.reports.sealing import Written
from evtech.reports.session import write_session_report
from evtech.store.archive import Archive
from evtech.store.session_list import SessionFilter, SessionLine

Progress = Callable[[str, int, int], None]  # what is written now, how many are done, how many there are


def write_sessions(
    archive: Archive, id_: str, *, lang: str = "en", from_: datetime | None = None, to: datetime | None = None,
    seal: bool = True, progress: Progress = lambda name, done, count: None, **files: Path | None,
) -> list[Written]:  # fmt: skip
    """Write a report a session of a site or charger (``all`` for every one), of one session where ``id_`` is its id.

    ``progress`` is called before each and may raise to give up; what was written by then stays. Raises
    ``NotFoundError`` where there is none.
    """
    lines = [line for line in reversed(_lines(archive, id_, from_, to)) if line.ended is not None]
    if not lines:
        raise NotFoundError(f"There is no session of a site or charger {id_!r}.", "`evtech sessions list` shows them.")
    places, written = Places(files, "session", several=True), []
    for number, line in enumerate(lines):
        progress(line.id[:8], number, len(lines))
        name = f"{datetime.fromtimestamp(line.started, UTC):%Y%m%d-%H%M}-{line.port}-{line.id[:8]}"
        own = places.of(name)
        written += write_session_report(
            archive, line.id, pdf=own.get("pdf"), html=own.get("html"), lang=lang, seal=seal
        )
    return written


def write_customers(
    archive: Archive, id_: str, *, lang: str = "en", from_: datetime | None = None, to: datetime | None = None,
    zone: str = "UTC", seal: bool = True, progress: Progress = lambda name, done, count: None, **files: Path | None,
) -> list[Written]:  # fmt: skip
    """Write a summary a site; raise ``NotFoundError`` where nothing was charged. ``zone``: as in ``write_customer``."""
    clocks, period = Clocks.of(archive, zone), (from_, to) if from_ is not None and to is not None else None
    by_site: dict[str, list[SessionLine]] = {}
    for line in _lines(archive, id_, from_, to):
        by_site.setdefault(line.site, []).append(line)
    if not by_site:
        raise NotFoundError(f"There is no session of a site or charger {id_!r}.", "`evtech sessions list` shows them.")
    places, written = Places(files, "sessions", several=True), []
    for number, (site, lines) in enumerate(sorted(by_site.items())):
        progress(site, number, len(by_site))
        written += write_customer_report(lines, clocks, period, lang=lang, seal=seal, **places.of(site or "no site"))
    return written


def _lines(archive: Archive, id_: str, from_: datetime | None, to: datetime | None) -> list[SessionLine]:
    """Return the sessions of a site, else of a charger, else the one with this id."""
    word = None if id_ == "all" else id_
    lines = archive.session_list(SessionFilter(from_, to, site=word)).lines
    lines = lines or archive.session_list(SessionFilter(from_, to, charger=word)).lines
    return lines or [line for line in archive.session_list(SessionFilter(from_, to)).lines if line.id.startswith(id_)]
