"""How much energy a run must move, and why: the largest of several needs decides.

The register must move by 100 steps at least (REA document 6-A, continuous-on method), the resolution of both
instruments and the time between both readings may each cost only a share of the limit, the charger must have settled,
and a limit profile may set a minimum quantity. Energies in kWh, power in kW, uncertainties in percent.
"""

import math
from dataclasses import dataclass
from typing import Any

from evtech.calibration.words import words

TARGET_SHARE = 0.1  # of the limit, for each of resolution and synchronisation
SETTLING_S = 60.0
LEAST_STEPS = 100  # of the charger's register in a dose
_TRIANGLE = math.sqrt(6.0)
_TWO_ENDS = math.sqrt(2.0 / 3.0)


@dataclass(frozen=True, slots=True)
class Need:
    """One reason for a dose: a code of the words' table ``doses``, its text's values, and the energy it asks for."""

    code: str
    kwh: float
    values: dict[str, float]

    def say(self, lang: str = "en") -> str:
        """Return the reason as a sentence."""
        said = {key: f"{value:.4g}" for key, value in self.values.items()}
        text: str = words(lang)["doses"][self.code]
        return text.format(**({k: v.replace(".", ",") for k, v in said.items()} if lang == "de" else said))


@dataclass(frozen=True, slots=True)
class Dose:
    """The dose of a load point: every need, the largest first; ``duration_s`` is ``None`` without a power."""

    needs: tuple[Need, ...]
    power_kw: float | None

    @property
    def kwh(self) -> float:
        """Return the energy that a run must move."""
        return self.needs[0].kwh

    @property
    def duration_s(self) -> float | None:
        """Return how long a run takes at the point's power."""
        return 3600.0 * self.kwh / self.power_kw if self.power_kw else None

    def to_json(self) -> dict[str, Any]:
        """Return the dose as JSON values."""
        return {
            "dose_kwh": self.kwh,
            "duration_s": self.duration_s,
            "power_kw": self.power_kw,
            "decided_by": self.needs[0].code,
            "why": self.needs[0].say(),
            "needs": [{"code": need.code, "kwh": need.kwh, "text": need.say()} for need in self.needs],
        }


def sync_tau(update_x_s: float, update_s_s: float, response_spread_s: float = 0.0) -> float:
    """Return the half-width (s) of the time between both readings: half of both refresh periods and of the jitter.

    ``response_spread_s`` is the longest less the shortest answer time of the requests.
    """
    return (update_x_s + update_s_s) / 2.0 + response_spread_s / 2.0


def plan_dose(
    *,
    step_kwh: float,
    limit_pct: float,
    reference_step_kwh: float | None = None,
    power_kw: float | None = None,
    target_pct: float | None = None,
    minimum_kwh: float | None = None,
    tau_s: float | None = None,
    settling_s: float = SETTLING_S,
    wanted_kwh: float | None = None,
) -> Dose:
    """Return the dose of a load point.

    ``target_pct`` is the standard uncertainty that each instrumental term may have (a tenth of the limit by default),
    ``minimum_kwh`` the profile's minimum quantity, ``tau_s`` the synchronisation of a running start and stop (``None``
    for a static one), ``wanted_kwh`` what the plan asks for: it can lengthen a dose, never shorten it.
    """
    target = TARGET_SHARE * limit_pct if target_pct is None else target_pct
    shared = {"target": target}
    needs = [
        Need("steps", LEAST_STEPS * step_kwh, {"steps": LEAST_STEPS, "step": step_kwh}),
        Need("resolution", 100.0 * step_kwh / (_TRIANGLE * target), {"step": step_kwh, **shared}),
    ]
    if reference_step_kwh is not None:
        kwh = 100.0 * reference_step_kwh / (_TRIANGLE * target)
        needs.append(Need("reference_resolution", kwh, {"step": reference_step_kwh, **shared}))
    if minimum_kwh is not None:
        needs.append(Need("minimum_quantity", minimum_kwh, {"least": minimum_kwh}))
    if power_kw is not None:
        needs.append(Need("settling", power_kw * settling_s / 3600.0, {"seconds": settling_s}))
        if tau_s is not None:
            seconds = 100.0 * _TWO_ENDS * tau_s / target
            needs.append(Need("synchronisation", power_kw * seconds / 3600.0, {"tau": tau_s, **shared}))
    if wanted_kwh is not None:
        needs.append(Need("wanted", wanted_kwh, {"wanted": wanted_kwh}))
    return Dose(tuple(sorted(needs, key=lambda need: -need.kwh)), power_kw)
