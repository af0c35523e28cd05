"""One WebSocket of a client: an ordered outbox with a bound, closes in order, rude closings."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable
from typing import TypeAlias

from aiohttp import ClientConnectionError, WSMsgType, web

_OUTBOX = 10_000
_CLOSE_WAIT_S = 2.0
_STUBBORN_S = 30.0
_TCP_RTT_AT = 68  # tcpi_rtt in Linux' struct tcp_info, microseconds


class Closing(int):
    """A close code in the outbox: what was queued before is sent first."""


Item: TypeAlias = str | bytes | Closing


class ClientSocket:
    """Sends from a queue, so that nobody waits for a slow client; one that is too slow is cut."""

    def __init__(
        self,
        request: web.Request,
        limit_bytes: int,
        *,
        compress: bool,
        protocols: tuple[str, ...] = (),
    ) -> None:
        self._request = request
        self._outbox: asyncio.Queue[Item] = asyncio.Queue(_OUTBOX)
        self.ws = web.WebSocketResponse(
            autoclose=False,
            max_msg_size=limit_bytes,
            timeout=_CLOSE_WAIT_S,
            compress=compress,
            protocols=protocols,
        )
        self.never_answers_close: Callable[[], bool] = lambda: False
        self._closing = False

    async def open(self) -> None:
        """Answer the handshake."""
        await self.ws.prepare(self._request)

    def bound_kernel_buffer(self, size: int) -> None:
        """Let the kernel hold only a little: what it holds cannot be dropped any more."""
        raw = self._socket()
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)

    def put(self, item: Item) -> None:
        """Queue a message or a close."""
        try:
            self._outbox.put_nowait(item)
        except asyncio.QueueFull:
            self.cut()

    def close(self, code: int) -> None:
        """Close after what is queued; 1006 cuts the connection instead."""
        self.put(Closing(code))

    def cut(self) -> None:
        """End the connection without a close."""
        transport = self._request.transport
        if transport is not None:
            transport.abort()

    def rtt_ms(self) -> float | None:
        """Return the round trip as the kernel measures it; None where it does not tell."""
        raw = self._socket()
        option = getattr(socket, "TCP_INFO", None)
        if raw is None or option is None:
            return None
        try:
            info = raw.getsockopt(socket.IPPROTO_TCP, option, _TCP_RTT_AT + 4)
        except OSError:
            return None
        if len(info) < _TCP_RTT_AT + 4:
            return None
        return int.from_bytes(info[_TCP_RTT_AT:], sys.byteorder) / 1000.0

    def _socket(self) -> socket.socket | None:
        transport = self._request.transport
        return None if transport is None else transport.get_extra_info("socket")

    @property
    def waiting(self) -> int:
        """Return how many messages wait in the outbox."""
        return self._outbox.qsize()

    @property
    def unsent_bytes(self) -> int:
        """Return what the client has not taken yet."""
        transport = self._request.transport
        return 0 if transport is None else transport.get_write_buffer_size()

    def unsent_texts(self) -> list[str]:
        """Return, and forget, the texts that wait in the outbox."""
        found = []
        while not self._outbox.empty():
            item = self._outbox.get_nowait()
            if isinstance(item, str):
                found.append(item)
        return found

    async def send_all(self) -> None:
        """Send what is queued until a close or the end of the connection."""
        with contextlib.suppress(ClientConnectionError, ConnectionError):
            while True:
                item = await self._outbox.get()
                if isinstance(item, Closing):
                    await self._close(item)
                    return
                if isinstance(item, str):
                    await self.ws.send_str(item)
                else:
                    await self.ws.send_bytes(item)

    async def receive(self) -> str | bytes | None:
        """Return the next message; None when the connection has ended or is ending."""
        message = await self.ws.receive()
        if message.type is WSMsgType.TEXT:
            text: str = message.data
            return text
        if message.type is WSMsgType.BINARY:
            data: bytes = message.data
            return data
        if message.type is WSMsgType.CLOSE and self.never_answers_close():
            await self._be_stubborn()
        elif message.type is WSMsgType.CLOSE:
            await self.ws.close()
        return None

    async def finish(self, sender: asyncio.Task[None]) -> None:
        """Give a close on its way a moment, then let go."""
        if self._closing and not sender.done():
            await asyncio.wait([sender], timeout=_CLOSE_WAIT_S)
        sender.cancel()
        await asyncio.wait([sender])

    async def _close(self, code: int) -> None:
        self._closing = True
        if code == 1006:
            self.cut()
        else:
            await self.ws.close(code=code)

    async def _be_stubborn(self) -> None:
        """Keep the connection open without answering, until the client cuts it."""
        limit = asyncio.get_running_loop().time() + _STUBBORN_S
        while asyncio.get_running_loop().time() < limit:
            transport = self._request.transport
            if transport is None or transport.is_closing():
                return
            await asyncio.sleep(0.02)
