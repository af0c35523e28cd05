"""Session tokens: one cache an account, one request in flight, renewed ahead of time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from softphone.model.error import TokenError
from softphone.secret import Secret

RENEW_AHEAD_S = 60.0


@dataclass(frozen=True, slots=True)
class FetchedToken:
    """A token as it came, and how many seconds it is good for from now on."""

    token: Secret
    lifetime_s: float


class TokenCache:
    """Keep one token. Its age counts on the monotonic clock, so a wrong wall clock is harmless."""

    def __init__(
        self, fetch: Callable[[], Awaitable[FetchedToken]], monotonic: Callable[[], float]
    ) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._token: Secret | None = None
        self._good_until = 0.0
        self._flight: asyncio.Task[Secret] | None = None

    async def get(self) -> Secret:
        """Return a token good for a minute or more; raises what fetching one raises."""
        if self._token is not None and self._monotonic() < self._good_until:
            return self._token
        if self._flight is None:
            self._flight = asyncio.ensure_future(self._fetch_once())
            self._flight.add_done_callback(self._landed)
        # Shielded: one caller giving up must not take the token from the others.
        return await asyncio.shield(self._flight)

    def drop(self) -> None:
        """Forget the token: the server refused it."""
        self._token = None
        self._good_until = 0.0

    async def close(self) -> None:
        """Stop a request that is still under way."""
        flight = self._flight
        if flight is not None:
            flight.cancel()
            await asyncio.wait([flight], timeout=1.0)

    async def _fetch_once(self) -> Secret:
        fetched = await self._fetch()
        if not fetched.lifetime_s > 0:  # so that "not a number" is none either
            raise TokenError("The token source gave a token that has already expired.")
        self._token = fetched.token
        self._good_until = self._monotonic() + fetched.lifetime_s - RENEW_AHEAD_S
        return fetched.token

    def _landed(self, flight: asyncio.Task[Secret]) -> None:
        self._flight = None
        if not flight.cancelled():
            flight.exception()  # seen by every waiter; read here so that nothing warns about it
