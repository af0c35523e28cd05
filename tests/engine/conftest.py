"""An engine at a quiet lab for each test that asks for one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.engine.office import Office, an_office


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path short enough for a socket."""
    made = Path(tempfile.mkdtemp(prefix="sp-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
async def office(folder: Path) -> AsyncIterator[Office]:
    """A silent office; see `an_office` for one with other settings."""
    async with an_office(folder) as made:
        yield made
