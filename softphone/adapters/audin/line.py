"""Keeps the presence socket open: connect, read, back off, connect again (sections 6.1, 10)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from dataclasses import dataclass
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from softphone.adapters.flood import Flood, Strikes
from softphone.adapters.retry import Backoff, Schedule
from softphone.adapters.sockets import SocketRefused, SocketRules, close_code, end, open_socket
from softphone.adapters.token import TokenCache
from softphone.model.error import ProtocolError, SoftphoneError
from softphone.model.presence import LinkState
from softphone.model.text import escaped

from . import wire
from .rest import TokenRefused

logger = logging.getLogger(__name__)

_RULES = SocketRules(
    wire.PRESENCE_TEXT_LIMIT, wire.PRESENCE_PING_S, compression="deflate", queue=16
)
_JITTER = 0.1
_REFUSE_LIMIT_S = 0.2


class LineOwner(Protocol):
    """Who hears what happens on the line."""

    def line_opened(self) -> None: ...
    def line_said(self, message: wire.ServerMessage) -> None: ...
    def line_closed(self) -> None: ...
    def line_state(
        self, link: LinkState, cause: str = "", code: str = "", retry_mono: float | None = None
    ) -> None: ...
    def line_trouble(self, code: str, text: str) -> None: ...
    def monotonic(self) -> float: ...


@dataclass(frozen=True, slots=True)
class _End:
    """How one connection, or the try for one, ended."""

    verdict: wire.PresenceClose
    cause: str = ""
    code: str = ""
    at_least_s: float = 0.0


class PresenceLine:
    """The presence socket of one operator. Open while it is wanted, whatever it takes."""

    def __init__(
        self,
        owner: LineOwner,
        core_url: str,
        names: wire.Wire,
        token: TokenCache,
        tls: ssl.SSLContext | None,
        steps_s: tuple[float, ...],
    ) -> None:
        self._owner = owner
        self._core_url = core_url
        self._names = names
        self._token = token
        self._tls = tls
        self._backoff = Backoff(Schedule(steps_s, _JITTER))
        self._wanted = asyncio.Event()
        self._skip_wait = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._refused = 0
        self._at_once = False
        self._failed = False
        self._told = ""
        self._opening: asyncio.Timeout | None = None
        self._strikes = Strikes(wire.BAD_MESSAGE_LIMIT, wire.BAD_MESSAGE_WINDOW_S)
        self._flood = Flood(wire.PRESENCE_RATE_LIMIT)

    # ---- from the owner ------------------------------------------------------------------------

    @property
    def wanted(self) -> bool:
        """Tell whether the line is to be open."""
        return self._wanted.is_set()

    def open(self) -> None:
        """Connect, or skip the wait before the next try."""
        self._refused = 0
        self._failed = False
        self._wanted.set()
        self._skip_wait.set()

    async def close(self) -> None:
        """Close on purpose, after everything queued was sent; nothing reconnects."""
        self._wanted.clear()
        self._skip_wait.set()
        if self._failed:
            self._failed = False
            self._owner.line_state(LinkState.OFFLINE)
        if self._opening is not None:
            self._opening.reschedule(0.0)
        connection = self._socket
        if connection is None:
            return
        try:
            async with asyncio.timeout(wire.CLOSE_LIMIT_S):
                while not self._outgoing.empty():
                    await connection.send(self._outgoing.get_nowait())
                await connection.close(1000)
        except (ConnectionClosed, TimeoutError, OSError):
            pass  # it is going anyway
        finally:
            connection.transport.abort()

    def send(self, message: wire.ClientMessage) -> None:
        """Send a message; dropped when the line is down, for the server starts afresh then."""
        if self._socket is not None:
            self._outgoing.put_nowait(wire.encode(message, self._names))

    def reconnect(self, why: str) -> None:
        """Throw the present socket away and connect again at once."""
        logger.info("presence reconnects: %s", why)
        self._at_once = True
        self._skip_wait.set()
        if self._socket is not None:
            self._socket.transport.abort()

    def watch_closely(self, closely: bool) -> None:
        """Notice a dead connection sooner while a call is up."""
        if self._socket is not None:
            ping_s = wire.CALL_PING_S if closely else wire.PRESENCE_PING_S
            self._socket.ping_interval = self._socket.ping_timeout = ping_s

    # ---- life ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the line until cancelled."""
        first = True
        while True:
            if not self.wanted:
                if not self._failed:
                    self._owner.line_state(LinkState.OFFLINE)
                await self._wanted.wait()
                first = True
            if first:
                self._owner.line_state(LinkState.CONNECTING)
                first = False
            self._skip_wait.clear()
            end = await self._once()
            if self.wanted:
                await self._after(end)

    async def _once(self) -> _End:
        """Connect and read until the socket is gone."""
        try:
            connection = await self._open()
        except TimeoutError:  # `close` was called meanwhile
            return _End(wire.PresenceClose.RECONNECT)
        except TokenRefused as problem:
            return _End(wire.PresenceClose.STOP, problem.message, problem.code)
        except SocketRefused as problem:
            verdict = wire.presence_status(problem.status, self._names)
            wait = min(problem.retry_after_s or 0.0, wire.RETRY_AFTER_LIMIT_S)
            return _End(verdict, problem.message, problem.code, wait)
        except SoftphoneError as problem:
            if problem.message != self._told:  # once a loss, not once a try
                self._told = problem.message
                self._owner.line_trouble(problem.code, problem.message)
            return _End(wire.PresenceClose.RECONNECT, problem.message, problem.code)
        if not self.wanted:
            connection.transport.abort()
            return _End(wire.PresenceClose.RECONNECT)
        return await self._live(connection)

    async def _open(self) -> ClientConnection:
        """Get a token and connect; TimeoutError when `close` no longer wants it."""
        try:
            async with asyncio.timeout(None) as self._opening:
                token = await self._token.get()
                url = wire.presence_url(self._core_url, token.reveal(), self._names)
                return await open_socket(url, _RULES, self._tls, wire.OPEN_LIMIT_S)
        finally:
            self._opening = None

    async def _live(self, connection: ClientConnection) -> _End:
        self._socket = connection
        self._outgoing = asyncio.Queue()
        self._strikes = Strikes(wire.BAD_MESSAGE_LIMIT, wire.BAD_MESSAGE_WINDOW_S)
        self._told = ""
        self._backoff.opened(self._owner.monotonic())
        sending = asyncio.create_task(self._send_all(connection))
        self._owner.line_opened()
        try:
            async for message in connection:
                if not self._take(message):
                    await self._refuse(connection)
                    return _End(wire.PresenceClose.RECONNECT, "too many bad messages")
            closed = connection.protocol.close_exc
        except ConnectionClosed as problem:
            closed = problem
        finally:
            self._socket = None
            connection.transport.abort()
            self._owner.line_closed()
            await end(sending)
        code, reason = close_code(closed)
        return _End(wire.presence_close(code, self._names), wire.close_words(code, reason))

    async def _refuse(self, connection: ClientConnection) -> None:
        """Close as a protocol error, without waiting for what the server still has to say."""
        with contextlib.suppress(ConnectionClosed, TimeoutError, OSError):
            async with asyncio.timeout(_REFUSE_LIMIT_S):
                await connection.close(1002)

    async def _send_all(self, connection: ClientConnection) -> None:
        while True:
            await connection.send(await self._outgoing.get())

    def _take(self, message: str | bytes) -> bool:
        """Handle one message; False when the server has sent too much rubbish."""
        now = self._owner.monotonic()
        if not self._flood.allows(now):
            if self._strikes.may_log(now):
                logger.warning("presence: too many messages, %d dropped", self._flood.dropped)
            return True
        try:
            if isinstance(message, bytes):
                raise ProtocolError("binary message")
            decoded = wire.decode_server(message, self._names)
        except ProtocolError as problem:
            return self._bad(message, problem, now)
        if isinstance(decoded, wire.Connected):
            self._refused = 0
        self._owner.line_said(decoded)
        return True

    def _bad(self, message: str | bytes, problem: ProtocolError, now: float) -> bool:
        too_many = self._strikes.strike(now)
        if self._strikes.may_log(now):
            shown = escaped(message) if isinstance(message, str) else f"{len(message)} bytes"
            logger.warning("presence message ignored (%s): %s", problem, shown)
        return not too_many

    # ---- after a loss --------------------------------------------------------------------------

    async def _after(self, end: _End) -> None:
        verdict = end.verdict
        if verdict is wire.PresenceClose.AUTH:
            self._token.drop()
            self._refused += 1
            if self._refused >= wire.AUTH_TRIES:
                self._give_up("UNAUTHORIZED", "The server keeps refusing the session token.")
                return
        if verdict is wire.PresenceClose.REPLACED:
            self._give_up("REPLACED", "This operator has connected elsewhere.")
            return
        if verdict is wire.PresenceClose.STOP:
            self._give_up(end.code or "CONNECT_FAILED", end.cause)
            return
        now = self._owner.monotonic()
        wait = self._backoff.closed(
            now,
            longest=verdict is wire.PresenceClose.RECONNECT_SLOW,
            at_once=verdict is wire.PresenceClose.RECONNECT_NOW,
        )
        wait = max(wait, end.at_least_s)
        if self._at_once:
            self._at_once, wait = False, 0.0
        self._owner.line_state(LinkState.RECONNECTING, end.cause, end.code, now + wait)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._skip_wait.wait()

    def _give_up(self, code: str, text: str) -> None:
        self._failed = True
        self._wanted.clear()
        self._owner.line_trouble(code, text)
        self._owner.line_state(LinkState.FAILED, text, code)
