"""The laptop's own time zone."""

from PySide6.QtCore import QTimeZone


def own_zone() -> str:
    """Return the laptop's IANA zone; UTC where it is told as none."""
    name = bytes(QTimeZone.systemTimeZoneId().data()).decode()
    return name if "/" in name and not name.startswith("Etc/") else "UTC"
