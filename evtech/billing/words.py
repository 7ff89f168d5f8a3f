"""A tariff explained in words, as the driver reads it: ``0.39 €/kWh; after 4 h 0.10 €/min, 22:00–07:00 free``."""

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from evtech import paths
from evtech.billing.coverage import open_point
from evtech.billing.tariff import (
    COMPONENT_TYPES,
    MIDNIGHT,
    WEEKDAYS,
    Element,
    Limit,
    PriceComponent,
    Restrictions,
    Tariff,
)
from evtech.errors import InputError

LANGUAGES = ("en", "de")
NO_BREAK = "\N{NO-BREAK SPACE}"
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}


def in_words(tariff: Tariff, lang: str = "en") -> str:
    """Return the tariff as sentences in English or German; raise ``InputError`` for another language."""
    if lang not in LANGUAGES:
        raise InputError(f"There are no words in {lang!r}.", f"Languages: {', '.join(LANGUAGES)}.")
    w = tomllib.loads((paths.resources() / "i18n" / f"tariff_{lang}.toml").read_text("utf-8"))
    return " ".join(f"{sentence.rstrip('.')}." for sentence in _Speaker(tariff, w).sentences())


class _Speaker:
    """Says one tariff with one table of words."""

    def __init__(self, tariff: Tariff, words: dict[str, Any]) -> None:
        self._tariff = tariff
        self._w = words  # texts by name, and the list ``days``
        components = [c for element in tariff.elements for c in element.components]
        rates = {c.vat for c in components}
        self._vat_inside = any(c.includes_vat for c in components)
        self._one_rate = len(rates) == 1
        self._rate = next(iter(rates)) if self._one_rate else None

    def sentences(self) -> Iterator[str]:
        for kind in (None, "RESERVATION", "RESERVATION_EXPIRES"):
            elements = [element for element in self._tariff.elements if element.reservation == kind]
            parts = [text for type_ in COMPONENT_TYPES if (text := self._type(type_, elements, named=kind is None))]
            if kind and parts:
                yield f"{self._w[kind.lower()]}: {', '.join(parts)}"
            elif parts:
                yield from parts
        yield from self._limits()
        yield from self._vat()
        for name, moment in (("valid_from", self._tariff.starts), ("valid_until", self._tariff.ends)):
            if moment is not None:
                yield self._say(name, f"{moment:%Y-%m-%d %H:%M}")

    def _type(self, type_: str, elements: list[Element], named: bool) -> str:
        """Return all prices of one type in the order they are asked, ``else`` where nothing restricts the last."""
        said: list[str] = []
        fallback = False
        for element in elements:
            component = element.component(type_)
            if component is None or fallback:
                continue
            condition = self._condition(element.restrictions)
            fallback = not condition
            if fallback and said:
                condition = self._w["else"]
            said.append(f"{condition} {self._price(component)}".strip())
        priced = [element for element in elements if element.component(type_)]
        if said and not fallback and open_point(priced) is not None:
            said.append(self._w["else_free"])
        label = self._w["fee" if type_ == "FLAT" and not named else type_.lower()]
        prefix = f"{label}: " if named else f"{label} " if type_ == "FLAT" else ""
        return prefix + ", ".join(said) if said else ""

    def _price(self, c: PriceComponent) -> str:
        if c.price == 0:
            return str(self._w["free"])
        price, unit = c.price, {"ENERGY": "/kWh", "FLAT": ""}.get(c.type, "/h")
        if unit == "/h" and (c.price / 60) == round(c.price / 60, 4):
            price, unit = c.price / 60, "/min"
        extra = [self._step(c)] if c.step_size > 1 and c.type != "FLAT" else []
        if not self._one_rate and c.vat and not c.includes_vat:
            extra.append(self._say("vat_each", self._number(c.vat)))
        remarks = f" ({', '.join(extra)})" if extra else ""
        return f"{self._amount(price)}{unit}{remarks}"

    def _step(self, c: PriceComponent) -> str:
        if c.type == "ENERGY":
            return self._say("step_energy", self._number(Decimal(c.step_size) / 1000))
        return self._say("step_time", self._span(Decimal(c.step_size)))

    def _condition(self, r: Restrictions | None) -> str:
        if r is None:
            return ""
        end = None if r.end_time == MIDNIGHT else r.end_time
        start = None if r.start_time == MIDNIGHT and end is None else r.start_time
        parts = [
            self._days(r.day_of_week),
            self._between("time", f"{start:%H:%M}" if start else "", self._clock_end(r, start)),
            self._between("dates", f"{r.start_date}" if r.start_date else "", f"{r.end_date}" if r.end_date else ""),
            self._between("duration", self._span(r.min_duration), self._span(r.max_duration)),
            self._between("kwh", self._optional(r.min_kwh), self._optional(r.max_kwh)),
            self._between("power", self._optional(r.min_power), self._optional(r.max_power)),
            self._between("current", self._optional(r.min_current), self._optional(r.max_current)),
        ]
        return " ".join(part for part in parts if part)

    @staticmethod
    def _clock_end(r: Restrictions, start: object) -> str:
        """Return the end of the window; midnight is written only where it ends one that began later that day."""
        if r.end_time is None:
            return ""
        if r.end_time == MIDNIGHT:
            return "24:00" if start else ""
        return f"{r.end_time:%H:%M}"

    def _between(self, name: str, low: str, high: str) -> str:
        if low and high:
            return self._say(f"{name}_window", low, high)
        return self._say(f"{name}_from", low) if low else self._say(f"{name}_until", high) if high else ""

    def _days(self, days: tuple[str, ...]) -> str:
        numbers = sorted({WEEKDAYS.index(day) for day in days})
        names = [str(self._w["days"][n]) for n in numbers]
        if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
            return "" if len(numbers) == 7 else f"{names[0]}–{names[-1]}"
        return ", ".join(names)

    def _span(self, seconds: Decimal | None) -> str:
        if not seconds:
            return ""
        for name, size in (("hours", 3600), ("minutes", 60)):
            if seconds >= size and seconds / size == round(seconds / size, 2):
                return self._say(name, self._number(seconds / size))
        return self._say("seconds", self._number(seconds))

    def _limits(self) -> Iterator[str]:
        for name, limit in (("at_least", self._tariff.min_price), ("at_most", self._tariff.max_price)):
            if limit is not None:
                yield self._say(name, self._amount(_shown_side(limit)))

    def _vat(self) -> Iterator[str]:
        if self._vat_inside:
            yield self._w["vat_inside"]
        elif self._one_rate:
            yield self._say("vat_one", self._number(self._rate)) if self._rate else self._w["vat_none"]

    def _amount(self, price: Decimal) -> str:
        text = self._number(price)
        whole, _, decimals = text.partition(self._w["decimal"])
        symbol = SYMBOLS.get(self._tariff.currency, self._tariff.currency)
        return f"{whole}{self._w['decimal']}{decimals.ljust(2, '0')}{NO_BREAK}{symbol}"

    def _number(self, value: Decimal) -> str:
        text = f"{value:f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text.replace(".", self._w["decimal"])

    def _optional(self, value: Decimal | None) -> str:
        return self._number(value) if value else ""

    def _say(self, name: str, *values: str) -> str:
        return str(self._w[name]).format(*values)


def _shown_side(limit: Limit) -> Decimal:
    """Return the side that stands with the prices, which are without VAT, or the only one there is."""
    side = limit.excl_vat if limit.excl_vat is not None else limit.incl_vat
    assert side is not None  # a limit has a side
    return side
