"""What a reference's certificate says at one current: its error and the uncertainty of it.

Between two points the error is interpolated linearly in current; outside them it is not known. The uncertainty is the
larger of both neighbours'.
"""

import math
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from evtech.calibration.run_record import Certificate, CertificatePoint, Reference
from evtech.calibration.strict import EDGE


@dataclass(frozen=True, slots=True)
class CertifiedError:
    """The reference's error at a current, in percent.

    ``u_pct`` is its standard uncertainty, ``interpolation_pct`` the rectangular half-width from interpolating: half the
    difference of the two neighbours, 0 at a point of the certificate or where it states one error for all currents.
    """

    error_pct: float
    u_pct: float
    interpolation_pct: float = 0.0


@dataclass(frozen=True, slots=True)
class NotCertified:
    """Why the certificate says nothing: a code of `resources/i18n/calibration_*.toml` and its text's values."""

    code: str
    values: dict[str, str]


def certified_error(reference: Reference, current_a: float | None) -> CertifiedError | NotCertified:
    """Return the reference's error at a current, or why it is not known."""
    certificate = reference.certificate
    if certificate is None:
        return NotCertified("certificate_missing", {})
    if certificate.error_pct is None or certificate.error_pct == ():
        return NotCertified("certificate_error_missing", {})
    if isinstance(certificate.error_pct, tuple):
        return _between(certificate, certificate.error_pct, current_a)
    u = _standard(certificate, None)
    return (
        NotCertified("certificate_uncertainty_missing", {}) if u is None else CertifiedError(certificate.error_pct, u)
    )


def expired(certificate: Certificate, on: date) -> bool:
    """Return whether the certificate was past its due date."""
    return certificate.due is not None and on > certificate.due


def is_of_another(reference: Reference) -> bool:
    """Return whether the certificate was made for another instrument than the one that measured."""
    made_for = reference.certificate.serial_number if reference.certificate is not None else None
    return None not in (made_for, reference.serial_number) and made_for != reference.serial_number


def _between(
    certificate: Certificate, stated: tuple[CertificatePoint, ...], current_a: float | None
) -> CertifiedError | NotCertified:
    if current_a is None:
        return NotCertified("current_unknown", {})
    points = sorted(stated, key=lambda point: point.current_a)
    for low, high in pairwise(points):
        if math.isclose(low.current_a, high.current_a, rel_tol=EDGE) and low != high:
            return NotCertified("certificate_contradicts", {"current": f"{low.current_a:g}"})
    for point in points:
        if math.isclose(point.current_a, current_a, rel_tol=EDGE):
            return _with_uncertainty(certificate, point.error_pct, (point,), 0.0)
    for low, high in pairwise(points):
        if low.current_a < current_a < high.current_a:
            share = (current_a - low.current_a) / (high.current_a - low.current_a)
            error = low.error_pct + share * (high.error_pct - low.error_pct)
            return _with_uncertainty(certificate, error, (low, high), abs(high.error_pct - low.error_pct) / 2)
    span = {"current": f"{current_a:g}", "low": f"{points[0].current_a:g}", "high": f"{points[-1].current_a:g}"}
    return NotCertified("certificate_range", span)


def _with_uncertainty(
    certificate: Certificate, error: float, neighbours: tuple[CertificatePoint, ...], half_width: float
) -> CertifiedError | NotCertified:
    found = [_standard(certificate, point) for point in neighbours]
    known = [u for u in found if u is not None]
    if len(known) < len(found):
        return NotCertified("certificate_uncertainty_missing", {})
    return CertifiedError(error, max(known), half_width)


def _standard(certificate: Certificate, point: CertificatePoint | None) -> float | None:
    """Return U / k of a point, else of the whole certificate; ``None`` where either is not stated."""
    expanded = point.u_pct if point is not None and point.u_pct is not None else certificate.u_pct
    k = point.k if point is not None and point.k is not None else certificate.k
    return None if expanded is None or k is None else expanded / k
