"""Why a charge record cannot be checked; the codes are those of ``evtech billing check``."""

from evtech.errors import EvtechError


class BillingError(EvtechError):
    """A charge record cannot be checked; ``code`` says why in one word, ``exit_code`` is 2 for unreadable files."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.code = code
        self.exit_code = 2 if code.startswith("unreadable") else 3
