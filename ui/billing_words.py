"""What a billing check found, in the four aspects a person asks about: price, quantity, time, signature."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evtech.billing.check import CheckResult
from evtech.billing.comparison import CENT_ROUNDING
from evtech.billing.dossier import KEY, RECORD, SIGNED, TARIFF, UNKNOWN, Examined
from evtech.billing.findings import Discrepancy
from ui.words import translate

if TYPE_CHECKING:
    from evtech.billing.signed_values import VerifyResult

PRICE = ("amount_mismatch", "currency_mismatch", "rounding_difference", "unpriced_dimension")
ENERGY_FIELDS = ("total_energy",)
SIGNATURE = ("signature_invalid", "signature_no_key", "meter_mismatch", "token_mismatch")


@dataclass(frozen=True, slots=True)
class Aspect:
    """One of the four: its name, the severity role of its shape, and the word for how it stands."""

    title: str
    role: str
    word: str


def role_word(role: str) -> str:
    """Return what a file is taken for, in words."""
    return {
        RECORD: translate("Billing", "Charge record"),
        TARIFF: translate("Billing", "Tariff"),
        SIGNED: translate("Billing", "Signed values"),
        KEY: translate("Billing", "Meter's key"),
        UNKNOWN: translate("Billing", "Not used"),
    }[role]


def aspects(examined: Examined) -> list[Aspect]:
    """Return how price, quantity, time and signature stand."""
    result = examined.result
    priced = result is not None and result.pricing is not None
    found = result.discrepancies if result else ()
    unknown = translate("Billing", "not checked")

    def of(title: str, part: list[Discrepancy], right: str) -> Aspect:
        if not priced:
            return Aspect(title, "neutral", unknown)
        wrong = [d for d in part if d.severity == "error"]
        odd = [d for d in part if d.severity == "warning"]
        if wrong:
            return Aspect(title, "fault", translate("Billing", "wrong"))
        return Aspect(title, "warning", translate("Billing", "doubtful")) if odd else Aspect(title, "good", right)

    price = of(translate("Billing", "Price"), [d for d in found if d.code in PRICE], translate("Billing", "right"))
    if price.role == "good" and result and is_display_off(result):
        price = Aspect(price.title, "warning", translate("Billing", "display differs"))
    return [
        price,
        of(translate("Billing", "Quantity"), [d for d in found if _is_quantity(d)], translate("Billing", "right")),
        of(translate("Billing", "Time"), [d for d in found if _is_time(d)], translate("Billing", "right")),
        _signature(examined.verified, found),
    ]


def is_display_off(result: CheckResult) -> bool:
    """Tell whether the price on the display is another one than the tariff gives."""
    return result.displayed is not None and abs(result.displayed.calculated_difference) > CENT_ROUNDING


def _is_quantity(d: Discrepancy) -> bool:
    return d.code not in (*PRICE, *SIGNATURE) and d.field in ENERGY_FIELDS


def _is_time(d: Discrepancy) -> bool:
    return d.code not in (*PRICE, *SIGNATURE) and d.field not in ENERGY_FIELDS


def _signature(verified: "VerifyResult | None", found: tuple[Discrepancy, ...]) -> Aspect:
    title = translate("Billing", "Signature")
    if verified is None:
        return Aspect(title, "neutral", translate("Billing", "not signed"))
    if verified.result in ("invalid", "malformed"):
        words = {"invalid": translate("Billing", "invalid"), "malformed": translate("Billing", "unreadable")}
        return Aspect(title, "fault", words[verified.result])
    if any(d.code == "meter_mismatch" for d in found):
        return Aspect(title, "fault", translate("Billing", "another meter"))
    if verified.result != "valid":
        words = {"no_key": translate("Billing", "no key"), "unsupported": translate("Billing", "not supported")}
        return Aspect(title, "warning", words[verified.result])
    if not verified.transaction.billable:
        return Aspect(title, "warning", translate("Billing", "valid, not billable"))
    if any(d.code == "token_mismatch" for d in found):
        return Aspect(title, "warning", translate("Billing", "valid, another card"))
    if verified.key_source in ("container", "record"):
        return Aspect(title, "good", translate("Billing", "valid by its own key"))
    return Aspect(title, "good", translate("Billing", "valid"))


def headline(examined: Examined, verdict: str | None) -> tuple[str, str]:
    """Return role and sentence of the one verdict; ``verdict`` is the report's own sentence where there is one."""
    result = examined.result
    if result is not None and result.error:
        return "action", translate("Billing", "This record cannot be checked yet.")
    if result is not None and verdict is not None:
        if result.result == "mismatch":
            return "fault", verdict
        if any(aspect.role == "warning" for aspect in aspects(examined)):
            return "warning", translate("Billing", "The bill is right, with a reservation.")
        return "good", verdict
    if examined.verified is not None:
        aspect = _signature(examined.verified, ())
        words = translate("Billing", "Signed values without a charge record: {word}.")
        return aspect.role, words.format(word=aspect.word)
    if examined.tariff is not None:
        return "neutral", translate("Billing", "A tariff without a charge record.")
    if examined.tariff_error is not None:
        return "action", translate("Billing", "The tariff cannot be read.")
    return "action", translate("Billing", "None of these files is a charge record, a tariff or signed values.")


def reservations(examined: Examined) -> list[str]:
    """Return the sentences about what a right price does not tell: signature, key, display."""
    found: list[str] = []
    verified, result = examined.verified, examined.result
    if verified is not None:
        if verified.result == "no_key":
            found.append(translate("Billing", "The values are signed; type the key from the charger's label below."))
        elif verified.result == "valid" and verified.key_source in ("container", "record"):
            found.append(
                translate("Billing", "The key came with the file: compare it with the charger's label to be sure.")
            )
        if verified.result == "valid" and not verified.transaction.billable:
            found.extend(notice.message for notice in verified.transaction.problems[:2])
    if result is not None:
        found.extend(d.message for d in result.discrepancies if d.code in ("token_mismatch", "period_not_split"))
        if is_display_off(result):
            found.append(translate("Billing", "The display showed another price than the tariff gives."))
    return found[:3]
