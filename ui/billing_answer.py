"""What the page Billing check shows, put together on a worker thread: files, entries and archive in, answer out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from evtech import paths
from evtech.billing.check import CheckOptions, CheckResult
from evtech.billing.dossier import Evidence, Examined, examine, leftovers
from evtech.billing.key_registry import KeyRegistry, Sighting
from evtech.billing.signed_values import VerifyResult
from evtech.errors import EvtechError
from evtech.reports.billing import contents
from evtech.reports.billing_speaker import Speaker
from evtech.store.archive import Archive
from evtech.store.session_list import SessionFilter, SessionLine
from ui.billing_words import headline, reservations
from ui.widgets.given_form import Given
from ui.words import translate

NEAR = timedelta(hours=12)  # a recording that began so much before or after the record may be of the same session
MOST_RECORDINGS = 50


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer with everything a page needs; ``data`` and ``say`` are ``None`` where nothing could be priced."""

    examined: Examined
    options: CheckOptions
    role: str
    title: str
    sentences: list[str]
    data: dict[str, Any] | None
    say: Speaker | None
    recordings: list[SessionLine]


def options_of(archive: Archive, given: Given) -> CheckOptions:
    """Return the options of a check; raise ``NotFoundError`` for a recording that is gone."""
    recording = archive.session(given.session_id) if given.session_id else None
    return CheckOptions(
        timezone=given.zone, public_key=given.public_key, recording=recording, displayed=given.displayed
    )


def answer(archive: Archive, evidence: Sequence[Evidence], given: Given, index: int, comma: bool) -> Answered:
    """Return the answer; ``comma`` is whether numbers have one for their decimal mark."""
    options = options_of(archive, given)
    examined = examine(evidence, options, index)
    result, data, say = examined.result, None, None
    if result is not None and result.cdr is not None and result.pricing is not None:
        data = contents(result, [], "en", datetime.now(UTC), comma)
        say = Speaker(data["w"], result.cdr.currency, comma=comma)
    role, title = headline(examined, data["verdict"] if data else None)
    sentences = list(data["sentences"]) if data else []
    if result is not None and result.error:
        sentences = [text for text in (result.message, _hint(result)) if text]
    elif examined.tariff_error is not None and result is None:
        sentences = [str(examined.tariff_error), examined.tariff_error.hint]
    elif result is None and examined.verified is not None:
        sentences = _signed_sentences(examined.verified)
    changed = [seen for seen in _sightings(examined) if seen.status == "changed"]
    if changed:
        role = role if role in ("fault", "action") else "warning"
        words = translate(
            "Billing",
            "ANOTHER KEY than before signs for meter {meter}: a changed meter has a new key, a forged file too. "
            "Compare it with the label.",
        )
        sentences.append(words.format(meter=changed[0].meter_serial))
    sentences += [*reservations(examined), *leftovers(evidence)]
    return Answered(examined, options, role, title, sentences, data, say, _recordings(archive, examined))


def _hint(result: CheckResult) -> str | None:
    """Return what to do; a zone or a tariff is asked for by a control of its own."""
    if result.error in ("timezone_missing", "timezone_invalid"):
        return translate("Billing", "Prices that depend on the time of day need it; it is never guessed.")
    if result.error == "no_valid_tariff":
        return translate("Billing", "Add the tariff that was valid on that day.")
    return result.hint


def _signed_sentences(found: VerifyResult) -> list[str]:
    """Return what signed values say where there is no record to compare them with."""
    from evtech.billing.verdict_words import REASONS

    said = [REASONS.get(found.reason, found.reason)] if found.reason else []
    energy = found.transaction.energy_kwh
    if energy is not None:
        words = translate("Billing", "The readings give {energy} kWh; meter {meter}.")
        said.append(words.format(energy=f"{energy.normalize():f}", meter=found.meter_serial or "—"))
    return said


def _sightings(examined: Examined) -> list[Sighting]:
    """Remember the key of a meter seen for the first time, and notice another one later; a verdict needs neither."""
    if examined.verified is None or not examined.verified.values:
        return []
    try:
        return KeyRegistry(paths.meter_keys()).witness(examined.verified, datetime.now(UTC), pin=True)
    except (EvtechError, OSError):
        return []


def _recordings(archive: Archive, examined: Examined) -> list[SessionLine]:
    cdr = examined.result.cdr if examined.result else None
    if cdr is None:
        return []
    return archive.session_list(SessionFilter(from_=cdr.start - NEAR, to=cdr.end + NEAR), MOST_RECORDINGS).lines
