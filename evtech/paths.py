"""Where things lie: shipped resources, the user's data, the user's profiles.

Only this module knows whether evtech runs from a checkout, a wheel or a bundle.
"""

import os
from pathlib import Path


def resources() -> Path:
    """Return the folder of the shipped data files."""
    inside = Path(__file__).parent / "_resources"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "resources"


def user_data() -> Path:
    """Return the user's data folder, made when it is missing."""
    import platformdirs  # only commands that keep something need it

    folder = Path(platformdirs.user_data_dir("evtech", appauthor=False))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def user_profiles() -> Path:
    """Return the folder of the user's own profiles; it need not exist."""
    chosen = os.environ.get("EVTECH_PROFILE_DIR")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("evtech", appauthor=False)) / "profiles"


def user_limits() -> Path:
    """Return the folder of the user's own limit profiles; it need not exist."""
    chosen = os.environ.get("EVTECH_LIMITS_DIR")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("evtech", appauthor=False)) / "limits"


def user_instruments() -> Path:
    """Return the folder of the user's reference instruments; it need not exist."""
    chosen = os.environ.get("EVTECH_INSTRUMENTS_DIR")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("evtech", appauthor=False)) / "instruments"


def default_archive() -> str:
    """Return the archive to use when none is named: ``EVTECH_ARCHIVE``, else a file in the user's data folder."""
    return os.environ.get("EVTECH_ARCHIVE") or str(user_data() / "archive.evtech")


def meter_keys() -> Path:
    """Return the file of the pinned public keys of meters."""
    return user_data() / "meter-keys.json"
