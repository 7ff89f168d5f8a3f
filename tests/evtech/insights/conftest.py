"""An archive of two watched ports, see ``fleet.py``."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evtech.store.archive import Archive
from tests.evtech.insights.fleet import fill


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive.open(tmp_path / "fleet.evtech")
    fill(archive)
    yield archive
    archive.close()
