"""Records of calibrations for tests: the three worked examples of the energy and the power method, as JSON values."""

from collections.abc import Sequence
from typing import Any


def dose_record(
    device: Sequence[float],
    reference: Sequence[float],
    *,
    error: Any = 0.0,
    expanded: float = 0.05,
    drift: float = 0.0,
    influence: float = 0.0,
    steps: tuple[float, float] = (0.01, 0.0001),
    tau: float | None = None,
    limit: Any = 1.0,
    rule: str = "ilac_g8",
    **more: Any,
) -> dict[str, Any]:
    """Return a record of the energy method with one load point at 32 A and runs of 900 s; JSON values."""
    runs = [
        {"device_kwh": x, "reference_kwh": s, "duration_s": 900, "valid": True}
        for x, s in zip(device, reference, strict=True)
    ]
    return {
        "schema": "evtech.calibration-run/1",
        "method": "energy_dose",
        "limit_profile": limit if isinstance(limit, str) else {"limit_pct": limit},
        "decision_rule": rule,
        "reference": {
            "certificate": {"U_pct": expanded, "k": 2, "error_pct": error},
            "drift_pct": drift,
            "influence_pct": influence,
            "resolution_kwh": steps[1],
        },
        "device": {"resolution_kwh": steps[0]},
        "points": [{"name": "32 A", "current_a": 32, "power_factor": 1, "runs": runs, "sync_tau_s": tau}],
    } | more


def ac_record(**more: Any) -> dict[str, Any]:
    """Return an AC charger of 22 kW, five runs, running start and stop; JSON values."""
    given: dict[str, Any] = {
        "error": -0.06, "expanded": 0.05, "drift": 0.03, "influence": 0.02, "steps": (0.01, 0.0001), "tau": 0.25
    }  # fmt: skip
    device, reference = [5.53, 5.53, 5.54, 5.52, 5.54], [5.4987, 5.5012, 5.5043, 5.4969, 5.5031]
    return dose_record(device, reference, **given | more)


def coarse_record(**more: Any) -> dict[str, Any]:
    """Return a DC charger with a display of 0.1 kWh, four runs, static start and stop; JSON values."""
    given: dict[str, Any] = {"error": 0.10, "expanded": 0.20, "drift": 0.10, "influence": 0.10, "steps": (0.1, 0.001)}
    return dose_record([10.2, 10.3, 10.2, 10.3], [9.9612, 9.9874, 9.9553, 9.9931], **given | more)


def power_record(**more: Any) -> dict[str, Any]:
    """Return a DC charger of 120 kW compared by power, ten pairs on a ramp; JSON values."""
    device = (118.9, 118.8, 119.0, 118.9, 118.8, 118.9, 119.0, 118.8, 118.9, 118.9)
    reference = (120.052, 119.985, 120.131, 120.048, 119.962, 120.071, 120.118, 119.990, 120.033, 120.060)
    pairs = [
        {"t_s": float(t), "device_kw": x, "reference_kw": s}
        for t, (x, s) in enumerate(zip(device, reference, strict=True))
    ]
    record = dose_record([], [], error=0.04, expanded=0.08, drift=0.05, influence=0.04, **more)
    record["method"] = "power_compare"
    record["device"] = {"resolution_kw": 0.1}
    record["reference"]["resolution_kw"] = 0.001
    record["points"][0]["runs"] = [{"pairs": pairs, "ramp_kw_per_s": 0.25, "sync_tau_s": 0.5}]
    return record
