"""A lab for each test that asks for a room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.adapters.audin.desk import Room, a_room

pytest.register_assert_rewrite("tests.adapters.contract")


@pytest.fixture
async def room(request: pytest.FixtureRequest) -> AsyncIterator[Room]:
    """A quiet lab; `@pytest.mark.parametrize("room", [{...}], indirect=True)` changes settings."""
    changed: dict[str, Any] = getattr(request, "param", {})
    async with a_room(**changed) as opened:
        yield opened
