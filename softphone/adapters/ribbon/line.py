"""One notification socket: open, read, keep alive, close. When to do so says `session` (3)."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from softphone.adapters.sockets import SocketRefused, SocketRules, close_code, end, open_socket
from softphone.model.error import SoftphoneError

from . import wire
from .credentials import Credentials
from .steps import OpenSocket

_CLOSE_LIMIT_S = 1.0
_QUEUE = 64
_CLOSED_HERE = 1000


class LineOwner(Protocol):
    """Who hears what happens on the socket."""

    def socket_opened(self, round_: int) -> None: ...
    def socket_failed(self, round_: int, cause: str, *, unknown: bool = False) -> None: ...
    def socket_said(self, text: str | bytes) -> None: ...
    def socket_closed(self, round_: int, code: int, cause: str) -> None: ...


class Line:
    """The socket of the moment; a new one takes the place of the one before."""

    def __init__(
        self,
        owner: LineOwner,
        base: str,
        credentials: Credentials,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._owner = owner
        self._base = base
        self._credentials = credentials
        self._tls = tls
        self._task: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._connection: ClientConnection | None = None
        self._pings: asyncio.Queue[None] = asyncio.Queue(maxsize=1)

    def open(self, wanted: OpenSocket, ping_s: float | None) -> None:
        """Open a socket; the owner hears what becomes of it."""
        self.close()
        self._task = asyncio.get_running_loop().create_task(self._run(wanted, ping_s))

    def close(self) -> None:
        """Close the socket without waiting for it, and report nothing of it any more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    def ping(self) -> None:
        """Send the keep-alive of 3.2; a socket that cannot send it is lost."""
        with contextlib.suppress(asyncio.QueueFull):
            self._pings.put_nowait(None)

    async def closed(self) -> None:
        """Close and wait until nothing of it is left."""
        self.close()
        if self._ending:
            await asyncio.wait(list(self._ending))

    async def _run(self, wanted: OpenSocket, ping_s: float | None) -> None:
        alive_s = None if ping_s is None else min(ping_s, wire.ALIVE_S)
        rules = SocketRules(wire.NOTIFICATION_LIMIT, alive_s, compression="deflate", queue=_QUEUE)
        try:
            async with asyncio.timeout(wanted.limit_s):
                query = await self._credentials.channel_query()
                url = f"{self._base}{wanted.channel}{query}"
                connection = await open_socket(url, rules, self._tls, wanted.limit_s)
        except TimeoutError:
            self._owner.socket_failed(wanted.round, f"no answer within {wanted.limit_s:g} s.")
            return
        except SoftphoneError as problem:
            refused = problem.status if isinstance(problem, SocketRefused) else None
            unknown = refused in wire.UNKNOWN_CHANNEL
            self._owner.socket_failed(wanted.round, problem.message, unknown=unknown)
            return
        await self._live(connection, wanted.round)

    async def _live(self, connection: ClientConnection, round_: int) -> None:
        self._pings = asyncio.Queue(maxsize=1)
        sending = asyncio.create_task(self._send_pings(connection, self._pings))
        code, cause = 1006, ""
        try:
            self._owner.socket_opened(round_)
            try:
                async for message in connection:
                    self._owner.socket_said(message)
                code, reason = close_code(connection.protocol.close_exc)
            except ConnectionClosed as problem:
                code, reason = close_code(problem)
            cause = f"closed with {code}" + (f": {reason}" if reason else "")
        finally:
            await self._end(connection, sending)
        self._owner.socket_closed(round_, code, cause)

    async def _end(self, connection: ClientConnection, sending: asyncio.Task[None]) -> None:
        """Say good-bye as far as that is quick, and leave nothing."""
        try:
            await end(sending)
            with contextlib.suppress(ConnectionClosed, TimeoutError, OSError):
                async with asyncio.timeout(_CLOSE_LIMIT_S):
                    await connection.close(_CLOSED_HERE)
        finally:
            connection.transport.abort()

    async def _send_pings(self, connection: ClientConnection, pings: asyncio.Queue[None]) -> None:
        while True:
            await pings.get()
            try:
                await connection.send(wire.PING_TEXT)
            except (ConnectionClosed, OSError):
                connection.transport.abort()
                return
