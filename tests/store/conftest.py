"""A store on a real file, and the calls that go into it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from softphone.model.call import AccountName, Call, CallId, CallState, Direction, Party
from softphone.store.store import Store


def a_call(
    name: str = "c1",
    *,
    at: float = 1000.0,
    address: str = "+390212345678",
    caller: str = "",
    account: str = "desk",
    state: CallState = CallState.RINGING,
) -> Call:
    """Return an inbound call."""
    return Call(
        CallId(name),
        AccountName(account),
        Direction.INBOUND,
        state,
        remote=Party(address, caller),
        created_at=at,
        created_mono=at,
    )


@dataclass
class Trouble:
    """What the store told about its troubles, and a way to wait for the next word."""

    told: list[tuple[str, int]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, problem: str, waiting: int) -> None:
        self.told.append((problem, waiting))
        self.news.set()

    async def next(self) -> tuple[str, int]:
        """Return what is told next, within seconds."""
        await asyncio.wait_for(self.news.wait(), 5.0)
        self.news.clear()
        return self.told[-1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "softphone.db"


@pytest.fixture
def trouble() -> Trouble:
    return Trouble()


@pytest.fixture
async def store(path: Path, trouble: Trouble) -> AsyncIterator[Store]:
    """Open a store and close it after the test."""
    opened = Store(path, trouble, retry_s=0.05)
    await opened.open(1000.0, 30)
    yield opened
    await opened.close()
