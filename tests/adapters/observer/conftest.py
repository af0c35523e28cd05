"""A lab for each test that asks for a site."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.adapters.observer.post import Site, a_site

pytest.register_assert_rewrite("tests.adapters.contract")


@pytest.fixture
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """A quiet lab; `@pytest.mark.parametrize("site", [{...}], indirect=True)` changes settings."""
    changed: dict[str, Any] = getattr(request, "param", {})
    async with a_site(**changed) as opened:
        yield opened
