"""Finds out which product answers, by the tests that profiles bring.

Each profile names points and what they must look like. A pattern over an identity point weighs more than a range of a
measured value, so a true identity beats a plausible voltage.
"""

from dataclasses import dataclass

from evtech.devices.device import Device, matches
from evtech.devices.library import Library
from evtech.devices.profile import Profile
from evtech.errors import BadAnswerError, DeviceError, NoAnswerError, RefusedError
from evtech.links.link import ModbusLink
from evtech.measure.sample import Reading

GATEWAY_SILENCE = (10, 11)  # a gateway's words for a unit that is not there
IDENTITY_CONFIDENCE = 0.95
PLAUSIBLE_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True)
class Match:
    """A profile that fits, how surely (0 to 1) and why."""

    profile: Profile
    confidence: float
    evidence: str


async def recognise(link: ModbusLink, library: Library, unit_id: int | None = None) -> list[Match]:
    """Return the profiles that fit what answers on the link, the likeliest first.

    Raises ``NoAnswerError`` when no unit answers anything, and ``LinkLostError``.
    """
    found: list[Match] = []
    silent: dict[int, NoAnswerError] = {}
    answering: set[int] = set()
    for profile in library.profiles():
        tests = profile.recognition.tests
        if not tests:
            continue
        device = Device(profile, link, unit_id)
        first_point = profile.points[tests[0][0]]
        unit = device.unit_id if first_point.unit_id is None else first_point.unit_id
        if unit in silent:
            continue
        try:
            match = await _try(device)
            answering.add(unit)
        except NoAnswerError as error:
            if unit not in answering:  # some devices are silent where others refuse
                silent[unit] = error
            continue
        except BadAnswerError:
            continue
        if match is not None:
            found.append(match)
    if not answering and silent:
        raise _nobody(link, silent)
    return sorted(found, key=lambda match: -match.confidence)


def contradiction(profile: Profile, reading: Reading) -> str | None:
    """Return which value does not look like the product's, or ``None``: a chosen profile may be the wrong one."""
    for name, test in profile.recognition.tests:
        sample = reading.samples.get(name)
        if sample is not None and sample.value is not None and not matches(test, sample):
            return f"{name} is {sample.text or sample.value}, {profile.vendor} {profile.model} has {test}"
    return None


def _nobody(link: ModbusLink, silent: dict[int, NoAnswerError]) -> NoAnswerError:
    units = [str(unit) for unit in sorted(silent)]
    if len(units) == 1:
        return next(iter(silent.values()))
    asked = f"{', '.join(units[:-1])} and {units[-1]}"
    return NoAnswerError(f"Nothing answers on {link.name}: units {asked} were asked.", next(iter(silent.values())).hint)


async def _try(device: Device) -> Match | None:
    """Return the match of one profile, ``None`` when a test fails; a silent unit raises ``NoAnswerError``."""
    seen: list[str] = []
    has_identity = False
    for name, test in device.profile.recognition.tests:
        try:
            sample = await device.read(name)
        except (NoAnswerError, BadAnswerError):
            raise
        except RefusedError as error:
            if error.code in GATEWAY_SILENCE:
                raise NoAnswerError(str(error), error.hint) from error
            return None
        except DeviceError:
            return None
        if not matches(test, sample):
            return None
        has_identity = has_identity or test.startswith("^")
        seen.append(f"{name} = {sample.text or sample.value}")
    confidence = IDENTITY_CONFIDENCE if has_identity else PLAUSIBLE_CONFIDENCE
    return Match(device.profile, confidence, ", ".join(seen))
