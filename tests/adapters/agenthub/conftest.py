"""A lab for each test that asks for a floor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.adapters.agenthub.agent import Floor, a_floor

pytest.register_assert_rewrite("tests.adapters.contract")


@pytest.fixture
async def floor(request: pytest.FixtureRequest) -> AsyncIterator[Floor]:
    """A quiet lab; `@pytest.mark.parametrize("floor", [{...}], indirect=True)` changes settings."""
    changed: dict[str, Any] = getattr(request, "param", {})
    async with a_floor(**changed) as opened:
        yield opened
