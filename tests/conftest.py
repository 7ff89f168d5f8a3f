"""Every test run has a data folder of its own: nobody's key, settings or archive is touched."""

import os
import shutil
import tempfile

import pytest
from hypothesis import HealthCheck, settings

# how long an example takes, or the making of it, is the machine's business: a busy one is no failure. A run draws the
# same examples each time, so that a change is to blame for what fails; --hypothesis-profile=search draws new ones.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", _PATIENT)
settings.register_profile("evtech", _PATIENT, derandomize=True, database=None)
settings.load_profile("evtech")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Start three workers for every two processors: many tests wait, for a ramp, a timeout, a process."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


def pytest_configure(config: pytest.Config) -> None:
    folder = tempfile.mkdtemp(prefix="evtech-home-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        os.environ[name] = folder
