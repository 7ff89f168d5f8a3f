"""Finds out which product answers, by the tests that profiles bring.

Each profile names points and what they must look like. A pattern over an identity point weighs more than a range of a
measured value, so a true identity beats a plausible voltage.
"""

from dataclasses import dataclass

from evtech.devices.device import Device, matches
from evtech.devices.library import Library
from evtech.devices.profile import Profile
from evtech.errors import BadAnswerError, DeviceError, NoAnswerError
from evtech.links.link import ModbusLink

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
        raise next(iter(silent.values()))
    return sorted(found, key=lambda match: -match.confidence)


async def _try(device: Device) -> Match | None:
    """Return the match of one profile, ``None`` when a test fails; a silent unit raises ``NoAnswerError``."""
    seen: list[str] = []
    has_identity = False
    for name, test in device.profile.recognition.tests:
        try:
            sample = await device.read(name)
        except (NoAnswerError, BadAnswerError):
            raise
        except DeviceError:
            return None
        if not matches(test, sample):
            return None
        has_identity = has_identity or test.startswith("^")
        seen.append(f"{name} = {sample.text or sample.value}")
    confidence = IDENTITY_CONFIDENCE if has_identity else PLAUSIBLE_CONFIDENCE
    return Match(device.profile, confidence, ", ".join(seen))
