"""A call's audio socket without the rest of a call, and a relay, for the figures of sound."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from softphone.adapters.audin import wire
from softphone.adapters.audin.media import MediaSocket
from softphone.adapters.token import FetchedToken, TokenCache
from softphone.audio.leg import G711Leg
from softphone.model.call import CallId
from softphone.secret import Secret

CALL = CallId("bench")


class Line:
    """Owns one audio socket: `run` carries sound until the other end closes."""

    def __init__(self, url: str, opened: Callable[[G711Leg], None]) -> None:
        self._opened = opened
        tokens = TokenCache(_token, time.monotonic)
        self.socket = MediaSocket(self, CALL, lambda _: url, tokens, None, wire.Wire())

    async def run(self) -> None:
        """Carry sound both ways."""
        await self.socket.run()

    def media_opened(self, call: CallId, leg: G711Leg) -> None:
        """Hand the leg on."""
        self._opened(leg)

    def media_said(self, call: CallId, message: wire.AudioServerMessage) -> None:
        """Nothing depends on it here."""

    def media_closed(self, call: CallId, close: wire.AudioClose) -> None:
        """The run is over."""

    def media_failed(self, call: CallId, code: str, detail: str) -> None:
        """Say what went wrong: the figure cannot be taken."""
        raise ConnectionError(detail)

    def monotonic(self) -> float:
        """Return the clock of the figures."""
        return time.monotonic()


@asynccontextmanager
async def relay(heard: Callable[[bytes], None] | None = None) -> AsyncIterator[str]:
    """Send back at once what comes, or only hear it; yields the URL."""

    async def answer(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            async for message in connection:
                if heard is None:
                    await connection.send(message)
                elif isinstance(message, bytes):
                    heard(message)

    async with serve(answer, "127.0.0.1", 0, compression=None, max_queue=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/"


async def _token() -> FetchedToken:
    await asyncio.sleep(0)
    return FetchedToken(Secret("bench"), 3600.0)
