"""Keeps the one WebSocket open: connect, read, back off, connect again (4.1, 4.2, 4.6)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from softphone.adapters.flood import Strikes
from softphone.adapters.retry import Backoff, Schedule
from softphone.adapters.sockets import SocketRefused, SocketRules, close_code, end, open_socket
from softphone.model.error import ProtocolError, SoftphoneError, TokenError
from softphone.model.presence import LinkState
from softphone.model.text import escaped
from softphone.secret import Secret

from . import wire
from .wire import Verdict

logger = logging.getLogger(__name__)

GetToken = Callable[[], Awaitable[Secret | None]]

_RULES = SocketRules(wire.MESSAGE_LIMIT, wire.PING_S, compression="deflate", queue=64)
_JITTER = 0.1
_REFUSE_LIMIT_S = 0.2
_CLOSE_LIMIT_S = 1.0
_ACCEPTED_AFTER_S = 1.0
_BREATHE_EVERY = 100


class LineOwner(Protocol):
    """Who hears what happens on the line."""

    def line_opened(self) -> None: ...
    def line_said(self, message: wire.ServerMessage) -> None: ...
    def line_closed(self) -> None: ...
    def line_too_large(self) -> None: ...
    def line_state(
        self, link: LinkState, cause: str = "", code: str = "", retry_mono: float | None = None
    ) -> None: ...
    def line_trouble(self, code: str, text: str) -> None: ...
    def monotonic(self) -> float: ...


@dataclass(frozen=True, slots=True)
class _End:
    """How one connection, or the try for one, ended."""

    verdict: Verdict
    cause: str = ""
    code: str = ""
    at_least_s: float = 0.0


class Line:
    """The connection to the service. Open while it is wanted, whatever it takes."""

    def __init__(
        self,
        owner: LineOwner,
        url: str,
        names: wire.Wire,
        token_mode: str,
        get_token: GetToken,
        tls: ssl.SSLContext | None,
        steps_s: tuple[float, ...],
    ) -> None:
        self.bad_messages = 0
        self._owner = owner
        self._url = url
        self._names = names
        self._token_mode = token_mode
        self._get_token = get_token
        self._tls = tls
        self._backoff = Backoff(Schedule(steps_s, _JITTER))
        self._wanted = asyncio.Event()
        self._skip_wait = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._strikes = Strikes(wire.BAD_MESSAGE_LIMIT, wire.BAD_MESSAGE_WINDOW_S)
        self._opening: asyncio.Timeout | None = None
        self._token_once: Secret | None = None
        self._refused = 0
        self._failed = False
        self._at_once = False
        self._told = ""
        self._first = True
        self._binary = False

    # ---- from the owner ------------------------------------------------------------------------

    @property
    def wanted(self) -> bool:
        """Tell whether the line is to be open."""
        return self._wanted.is_set()

    @property
    def up(self) -> bool:
        """Tell whether the line is open."""
        return self._socket is not None

    def open(self, token: Secret | None = None) -> None:
        """Connect, or skip the wait before the next try; a token is for the next try only."""
        self._token_once = token
        self._refused = 0
        self._failed = False
        self._wanted.set()
        self._skip_wait.set()

    async def close(self) -> None:
        """Close on purpose; nothing reconnects."""
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
            async with asyncio.timeout(_CLOSE_LIMIT_S):
                while not self._outgoing.empty():
                    await connection.send(self._outgoing.get_nowait())
                await connection.close(1000)
        except (ConnectionClosed, TimeoutError, OSError):
            pass  # it is going anyway
        finally:
            connection.transport.abort()

    def send(self, text: str) -> None:
        """Send a message; dropped when the line is down."""
        if self._socket is not None:
            self._outgoing.put_nowait(text)

    def reconnect(self, why: str) -> None:
        """Throw the present socket away and connect again at once."""
        logger.info("observer reconnects: %s", why)
        self._at_once = True
        self._skip_wait.set()
        if self._socket is not None:
            self._socket.transport.abort()

    def refused(self) -> None:
        """The service refuses the token in an answer: a new one, once."""
        if self._socket is not None:
            self._refused += 1
            self.reconnect("the token was refused")

    def accepted(self) -> None:
        """The service has taken the token, as an answer shows."""
        self._refused = 0

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
            ended = await self._once()
            if self.wanted:
                await self._after(ended)

    async def _once(self) -> _End:
        try:
            connection, token = await self._open()
        except TimeoutError:  # `close` was called meanwhile
            return _End(Verdict.RECONNECT)
        except TokenError as problem:
            stop = problem.code == "UNAUTHORIZED"
            verdict = Verdict.STOP if stop else Verdict.RECONNECT
            return self._cannot(verdict, problem)
        except SocketRefused as problem:
            wait = min(problem.retry_after_s or 0.0, 120.0)
            verdict = wire.after_status(problem.status)
            code = "UNAUTHORIZED" if problem.status in (401, 403) else problem.code
            return _End(verdict, problem.message, code, wait)
        except SoftphoneError as problem:
            return self._cannot(Verdict.RECONNECT, problem)
        if not self.wanted:
            connection.transport.abort()
            return _End(Verdict.RECONNECT)
        return await self._live(connection, token)

    def _cannot(self, verdict: Verdict, problem: SoftphoneError) -> _End:
        """Tell why there is no connection: once a loss, not once a try."""
        if verdict is not Verdict.STOP and problem.message != self._told:
            self._told = problem.message
            self._owner.line_trouble(problem.code, problem.message)
        return _End(verdict, problem.message, problem.code)

    async def _open(self) -> tuple[ClientConnection, Secret | None]:
        """Get a token and connect; TimeoutError when `close` no longer wants it."""
        try:
            async with asyncio.timeout(None) as self._opening:
                token, self._token_once = self._token_once, None
                token = token or await self._get_token()
                shown = token.reveal() if token is not None else ""
                in_query = shown if self._token_mode == "query" else ""
                url = wire.socket_url(self._url, self._names, in_query)
                headers = {}
                if shown and self._token_mode == "header":
                    headers["Authorization"] = f"Bearer {shown}"
                connection = await open_socket(
                    url, _RULES, self._tls, wire.OPEN_LIMIT_S, headers=headers
                )
                return connection, token
        finally:
            self._opening = None

    async def _live(self, connection: ClientConnection, token: Secret | None) -> _End:
        self._socket = connection
        self._outgoing = asyncio.Queue()
        self._strikes = Strikes(wire.BAD_MESSAGE_LIMIT, wire.BAD_MESSAGE_WINDOW_S)
        self._told = ""
        self._first, self._binary = True, False
        began = self._owner.monotonic()
        self._backoff.opened(began)
        sending = asyncio.create_task(self._send_all(connection))
        in_message = self._token_mode == "message"
        if in_message:
            shown = token.reveal() if token is not None else ""
            self.send(wire.encode_token(shown, self._names))
        else:
            self._owner.line_opened()
        try:
            taken = 0
            async for message in connection:
                if not self._take(message):
                    await self._refuse(connection)
                    return _End(Verdict.RECONNECT, "too many bad messages")
                taken += 1
                if taken % _BREATHE_EVERY == 0:
                    await asyncio.sleep(0)  # a flood must not keep everybody else waiting
            closed = connection.protocol.close_exc
        except ConnectionClosed as problem:
            closed = problem
        finally:
            self._socket = None
            connection.transport.abort()
            self._owner.line_closed()
            await end(sending)
        code, reason = close_code(closed)
        if wire.too_large(code):
            self._owner.line_too_large()
        if self._owner.monotonic() - began >= _ACCEPTED_AFTER_S:
            self._refused = 0
        verdict = wire.after_close(code, self._names)
        return _End(verdict, wire.close_words(code, reason), "")

    async def _refuse(self, connection: ClientConnection) -> None:
        """Close as a protocol error, without waiting for what the service still has to say."""
        with contextlib.suppress(ConnectionClosed, TimeoutError, OSError):
            async with asyncio.timeout(_REFUSE_LIMIT_S):
                await connection.close(1002)

    async def _send_all(self, connection: ClientConnection) -> None:
        while True:
            await connection.send(await self._outgoing.get())

    def _take(self, message: str | bytes) -> bool:
        """Handle one message; False when the service has sent too much rubbish."""
        first, self._first = self._first, False
        try:
            decoded = wire.decode_server(self._text(message, first), self._names)
        except ProtocolError as problem:
            return self._bad(message, problem, self._owner.monotonic())
        if isinstance(decoded, wire.SignedIn):
            if decoded.ok and self._token_mode == "message":
                self._owner.line_opened()
            return True
        self._owner.line_said(decoded)
        return True

    def _text(self, message: str | bytes, first: bool) -> str:
        """Return a message as text. The codec of the real service is unknown: when its first
        message is binary and JSON in UTF-8, binary is what it speaks."""
        if isinstance(message, str):
            return message
        if not first and not self._binary:
            raise wire.BadMessage("binary message")
        try:
            text = message.decode("utf-8")
            if first:
                wire.parse_object(text)
        except (UnicodeDecodeError, wire.BadMessage):
            raise wire.BadMessage("binary message") from None
        self._binary = True
        return text

    def _bad(self, message: str | bytes, problem: ProtocolError, now: float) -> bool:
        self.bad_messages += 1
        if isinstance(message, bytes):
            return True  # ignored and counted; it does not end the connection
        too_many = self._strikes.strike(now)
        if self._strikes.may_log(now):
            logger.warning("observer message ignored (%s): %s", problem, escaped(message))
        return not too_many

    # ---- after a loss --------------------------------------------------------------------------

    async def _after(self, ended: _End) -> None:
        verdict = ended.verdict
        if verdict is Verdict.AUTH:
            self._refused += 1
        if self._refused >= wire.AUTH_TRIES:
            self._give_up("UNAUTHORIZED", "The service keeps refusing the access token.")
            return
        if verdict is Verdict.STOP:
            self._give_up(ended.code or "FORBIDDEN", ended.cause or "The service refuses us.")
            return
        now = self._owner.monotonic()
        wait = self._backoff.closed(
            now, longest=verdict is Verdict.RECONNECT_SLOW, at_once=verdict is Verdict.AUTH
        )
        wait = max(wait, ended.at_least_s)
        if self._at_once:
            self._at_once, wait = False, 0.0
        self._owner.line_state(LinkState.RECONNECTING, ended.cause, ended.code, now + wait)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._skip_wait.wait()

    def _give_up(self, code: str, text: str) -> None:
        self._failed = True
        self._wanted.clear()
        self._owner.line_trouble(code, text)
        self._owner.line_state(LinkState.FAILED, text, code)
