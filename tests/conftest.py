"""Every test run has a data folder of its own: nobody's key, settings or archive is touched."""

import os
import shutil
import tempfile

import pytest


def pytest_configure(config: pytest.Config) -> None:
    folder = tempfile.mkdtemp(prefix="evtech-home-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        os.environ[name] = folder
