"""Which register of a signed record bills the energy (IEC 62056-61 object codes, group C hexadecimal)."""

import re
from dataclasses import dataclass

_CODE = re.compile(
    r"(?:\w{1,3}-\w{1,3}:)?([0-9A-F]{1,2})\.([0-9A-F]{1,2})\.([0-9A-F]{1,2})(?:[.*]([0-9A-F]{1,3}))?",
    re.IGNORECASE | re.ASCII,
)
_COMPENSATED = {0xB3: 0, 0xB1: 1, 0x9E: 2, 0x98: 3}
"""Import with the cable's loss taken off: transaction and total at the vehicle, and the older forms."""
_UNCOMPENSATED = {0xB2: 4, 0xB0: 5, 0x01: 6}
_OTHER = 7
_EXPORT = {2: 8, 0xC0: 8, 0xC1: 8, 0xC2: 8, 0xC3: 8}
_ENERGY = 8
_WHOLE = 255


@dataclass(frozen=True, slots=True)
class Register:
    """A register whichever way its code is spelled; ``text`` stands for a code that cannot be read."""

    c: int
    d: int
    e: int
    f: int
    text: str = ""

    @property
    def rank(self) -> int:
        """Return the preference as billing register, 0 first."""
        return (_COMPENSATED | _UNCOMPENSATED | _EXPORT).get(self.c, _OTHER)

    @property
    def is_known(self) -> bool:
        """Return whether it is one of the registers that bill."""
        return self.rank != _OTHER

    @property
    def is_compensated(self) -> bool:
        """Return whether the cable's loss is taken off."""
        return self.c in _COMPENSATED

    @property
    def is_export(self) -> bool:
        """Return whether it counts energy from the vehicle."""
        return self.c in _EXPORT

    @property
    def is_total(self) -> bool:
        """Return whether it is an energy counter (group D is 8) and not another quantity of the same group C."""
        return self.d == _ENERGY


def read_register(text: str | None) -> Register:
    """Return the register of a code such as ``1-b:1.8.0``, ``1-0:1.8.0*198`` or ``01-00:B2.08.00*FF``."""
    found = _CODE.fullmatch((text or "").strip())
    if not found:
        return Register(-1, -1, -1, _WHOLE, (text or "").strip())
    c, d, e, f = found.groups()
    number = _WHOLE if f is None else int(f, 10 if len(f) == 3 and f.isdigit() else 16)
    return Register(int(c, 16), int(d, 16), int(e, 16), number)
