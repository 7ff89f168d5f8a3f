"""The errors that the outside world causes, and what to try about each.

A caller branches on the class, never on the text. ``hint`` says what to do next; it is shown below the message in
the window, on the command line and in logs. What is not an ``EvtechError`` is a bug of ours.
"""

from collections.abc import Sequence


class EvtechError(Exception):
    """Something outside evtech failed: a cable, a device, a disk, a file."""

    hint: str = ""
    exit_code: int = 3

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class InputError(EvtechError):
    """A file, an address or an option cannot be used as given."""

    exit_code = 2


class LinkError(EvtechError):
    """The link to a device failed."""


class LinkAddressError(InputError):
    """A link address is not of a known form."""


class CannotConnectError(LinkError):
    """The link could not be opened: refused, unreachable, port missing or busy."""


class SettingsError(CannotConnectError):
    """The port is there but does not take the speed, parity or stop bits."""


class LinkLostError(LinkError):
    """The link was open and is gone."""


class DeviceError(EvtechError):
    """A device did not answer as asked."""


class NoAnswerError(DeviceError):
    """The device stayed silent for the whole timeout."""

    hint = "Check the unit id, the polarity of A/B, the baud rate and that the device is powered."


class BadAnswerError(DeviceError):
    """What came back does not belong to the request: wrong unit, function, length or checksum."""

    hint = "Check cable, termination and shielding; make sure no second master is on the bus."


class UnreadableError(DeviceError):
    """The device answers, but not one point of the profile can be read."""


class RefusedError(DeviceError):
    """The device answered with a Modbus exception (Modbus application protocol 1.1b3, section 7)."""

    def __init__(self, message: str, code: int, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.code = code


class ProfileError(InputError):
    """A profile file is wrong or unknown; ``file`` names it, ``problems`` lists what is wrong in it."""

    def __init__(
        self, message: str, hint: str | None = None, *, file: str = "", problems: Sequence[object] = ()
    ) -> None:
        super().__init__(message, hint)
        self.file = file
        self.problems = tuple(problems)


class ArchiveError(EvtechError):
    """The archive, or a file made from it, cannot be opened, read or written."""

    exit_code = 2


class NotAnArchiveError(ArchiveError):
    """The file is not an evtech archive, or one of a newer evtech."""


class NotFoundError(InputError):
    """A session, a profile or another named thing does not exist."""
