"""Keeps what ``evtech diagnose`` found in an archive, so that a report can be made of it."""

from dataclasses import dataclass
from typing import Any

# The archive and the diagnosis are imported inside: they are heavy, and every start of a command imports this module.
# Their types are ``Any`` here for that reason.


@dataclass(slots=True)
class Keeping:
    """Where a diagnosis is kept, and what it is about; filled while the command watches."""

    archive: str | None
    source: str
    name: str = ""
    technician: str = ""
    records: bool = False  # samples too
    around: Any = None  # ``Circumstances``, once a charger was watched

    def see(self, connection: Any) -> None:
        """Note the charger that was watched: a ``Connection``."""
        from evtech.diagnostics.record import Circumstances

        visit, session = connection.visit, connection.session
        self.around = Circumstances(
            connection.identity,
            visit_id=visit.id if visit else None,
            session_id=session.id if session else None,
            recording_id=connection.writer.recording_id if connection.writer else None,
            simulated=bool(visit and visit.simulated) or connection.link_name.startswith("demo"),
        )

    def keep(self, found: Any, trace: Any, results: Any, facts: Any) -> str:
        """Keep a ``Diagnosis`` over a ``Trace`` with routines' results and ``Facts``; return its id."""
        from evtech import paths
        from evtech.diagnostics.record import Circumstances, trace_result
        from evtech.store.archive import Archive

        archive = Archive.open(self.archive or paths.default_archive())
        try:
            around = self.around or Circumstances(source=self.source, name=self.name)
            told = [result for result in results if str(result.verdict) not in ("SKIPPED", "NOT_APPLICABLE")]
            result = trace_result(found, trace, told, facts.answers, around)
            archive.add_result(result)
        finally:
            archive.close()
        return result.id
