"""Session tokens: one request at a time, renewed ahead, shared by all who wait."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field

import pytest

from softphone.adapters.token import FetchedToken, TokenCache
from softphone.model.error import TokenError
from softphone.secret import Secret


@dataclass
class Source:
    """A token source whose answers come when the test lets them."""

    lifetime_s: float = 600.0
    fails: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    cancelled: int = 0
    now: float = 1000.0

    async def fetch(self) -> FetchedToken:
        self.asked += 1
        number = self.asked
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.fails:
            raise self.fails
        return FetchedToken(Secret(f"token {number}"), self.lifetime_s)

    def cache(self) -> TokenCache:
        return TokenCache(self.fetch, lambda: self.now)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def ready() -> Source:
    """Return a source that answers at once."""
    source = Source()
    source.gate.set()
    return source


async def let_run() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_token_is_kept_as_long_as_it_is_good(ready: Source) -> None:
    cache = ready.cache()

    tokens = [await cache.get() for _ in range(3)]

    assert tokens == [Secret("token 1")] * 3
    assert ready.asked == 1


@pytest.mark.parametrize(("age_s", "asked"), [(539.9, 1), (540.0, 2), (700.0, 2)])
async def test_a_token_is_renewed_a_minute_before_it_expires(
    ready: Source, age_s: float, asked: int
) -> None:
    cache = ready.cache()
    await cache.get()

    ready.now += age_s
    await cache.get()

    assert ready.asked == asked


async def test_many_callers_share_one_request(source: Source) -> None:
    cache = source.cache()
    callers = [asyncio.create_task(cache.get()) for _ in range(5)]
    await let_run()

    source.gate.set()

    assert await asyncio.gather(*callers) == [Secret("token 1")] * 5
    assert source.asked == 1


async def test_a_token_that_lives_less_than_a_minute_is_used_once(ready: Source) -> None:
    ready.lifetime_s = 30.0
    cache = ready.cache()

    assert await cache.get() == Secret("token 1")
    assert await cache.get() == Secret("token 2")


@pytest.mark.parametrize("lifetime_s", [0.0, -5.0, math.nan, -math.inf])
async def test_a_token_that_has_expired_already_is_an_error(
    ready: Source, lifetime_s: float
) -> None:
    ready.lifetime_s = lifetime_s

    with pytest.raises(TokenError, match="already expired"):
        await ready.cache().get()


async def test_a_dropped_token_is_fetched_anew(ready: Source) -> None:
    cache = ready.cache()
    await cache.get()

    cache.drop()

    assert await cache.get() == Secret("token 2")


async def test_a_caller_that_gives_up_takes_the_token_from_nobody(source: Source) -> None:
    cache = source.cache()
    impatient, patient = (asyncio.create_task(cache.get()) for _ in range(2))
    await let_run()

    impatient.cancel()
    await asyncio.wait([impatient])
    source.gate.set()

    assert await patient == Secret("token 1")
    assert (impatient.cancelled(), source.asked, source.cancelled) == (True, 1, 0)


async def test_a_failure_is_seen_by_everybody_who_waits_and_the_next_tries_again(
    source: Source,
) -> None:
    source.fails = TokenError("No.")
    cache = source.cache()
    callers = [asyncio.create_task(cache.get()) for _ in range(3)]
    await let_run()
    source.gate.set()

    results = await asyncio.gather(*callers, return_exceptions=True)
    source.fails = None

    assert [type(result) for result in results] == [TokenError] * 3
    assert await cache.get() == Secret("token 2")


async def test_a_failure_nobody_waits_for_any_more_warns_of_nothing(source: Source) -> None:
    source.fails = TokenError("No.")
    cache = source.cache()
    caller = asyncio.create_task(cache.get())
    await let_run()
    caller.cancel()
    await asyncio.wait([caller])

    source.gate.set()
    await let_run()

    assert source.asked == 1


async def test_closing_stops_a_request_under_way(source: Source) -> None:
    cache = source.cache()
    caller = asyncio.create_task(cache.get())
    await let_run()

    await cache.close()
    await asyncio.wait([caller])

    assert (source.cancelled, caller.cancelled()) == (1, True)


async def test_closing_with_nothing_under_way_is_harmless(ready: Source) -> None:
    cache = ready.cache()
    await cache.close()
    await cache.get()

    await cache.close()

    assert ready.cancelled == 0


async def test_a_fetched_token_does_not_print_itself() -> None:
    assert "hidden" not in repr(FetchedToken(Secret("hidden"), 5.0))
