"""The socket to AgentHub: opened, read, lost and opened again, whatever it takes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from softphone.adapters.request import host_of
from softphone.adapters.retry import Backoff, Schedule
from softphone.adapters.sockets import SocketRefused, SocketRules, close_code, end, open_socket
from softphone.model.error import SoftphoneError, TokenError
from softphone.model.presence import LinkState
from softphone.model.text import clean, escaped

from . import wire
from .settings import AgentHubSettings
from .tokens import SignIn, Tokens
from .wire import Frame, Profile
from .wire import names as n

logger = logging.getLogger(__name__)

_OPEN_LIMIT_S = 10.0
_ALIVE_S = 5.0  # pings of the socket itself: a dead one is noticed long before a heartbeat is due
_CLOSE_LIMIT_S = 1.0
_JITTER = 0.2
_QUEUE = 64
_BREATH = 64  # messages between two looks at what else there is to do
_SAY_EVERY_S = 10.0
_QUICK_TRIES = 2


class LineOwner(Protocol):
    """Who hears what happens on the line."""

    def line_signed_in(self, sign_in: SignIn) -> None: ...
    def line_opened(self) -> None: ...
    def line_said(self, frame: Frame) -> None: ...
    def line_closed(self) -> None: ...
    def line_state(
        self, link: LinkState, cause: str = "", code: str = "", retry_mono: float | None = None
    ) -> None: ...
    def line_trouble(self, code: str, text: str) -> None: ...
    def monotonic(self) -> float: ...


class _Verdict(Enum):
    """What the end of a connection means for the next."""

    LOST = 0
    PATIENT = 1
    REFUSED = 2
    NO_TOKEN = 3
    STAY_DOWN = 4


@dataclass(frozen=True, slots=True)
class _End:
    """How one connection, or the try for one, ended."""

    verdict: _Verdict
    cause: str = ""
    code: str = ""


class Line:
    """The socket of one agent. Open while it is wanted."""

    def __init__(
        self,
        owner: LineOwner,
        settings: AgentHubSettings,
        profile: Profile,
        tokens: Tokens,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._owner = owner
        self._settings = settings
        self._profile = profile
        self._tokens = tokens
        self._tls = tls
        steps_s = tuple(step / 1000.0 for step in settings.reconnect_backoff_ms)
        self._backoff = Backoff(Schedule(steps_s, _JITTER))
        self._wanted = asyncio.Event()
        self._skip_wait = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._opening: asyncio.Timeout | None = None
        self._refused = self._tokenless = 0
        self._failed = False
        self._told = ""
        self._end: _End | None = None
        self._said_at = -_SAY_EVERY_S
        self.bad_frames = 0

    # ---- from the owner ------------------------------------------------------------------------

    @property
    def wanted(self) -> bool:
        """Tell whether the line is to be open."""
        return self._wanted.is_set()

    @property
    def up(self) -> bool:
        """Tell whether the socket is open."""
        return self._socket is not None

    def open(self) -> None:
        """Connect, or skip the wait before the next try."""
        self._refused = self._tokenless = 0
        self._wanted.set()
        self._skip_wait.set()

    def send(self, frame: Frame) -> None:
        """Queue a frame; without a socket it is dropped, for a new socket joins anew."""
        if self._socket is not None:
            self._outgoing.put_nowait(wire.encode(frame))

    def reconnect(self, why: str, *, refused: bool = False) -> None:
        """Throw the present socket away; `refused`: and be patient."""
        logger.info("AgentHub: %s", why)
        verdict = _Verdict.REFUSED if refused else _Verdict.LOST
        self._end = _End(verdict, why, "UNAUTHORIZED" if refused else "")
        if self._socket is not None:
            self._socket.transport.abort()

    def confirmed(self) -> None:
        """The agent is let in: earlier refusals are over."""
        self._refused = self._tokenless = 0
        self._told, self._failed = "", False

    async def close(self) -> None:
        """Close on purpose, after everything queued was sent; nothing reconnects."""
        self._wanted.clear()
        self._skip_wait.set()
        if self._opening is not None:
            self._opening.reschedule(0.0)
        connection = self._socket
        if connection is None:
            return
        with contextlib.suppress(ConnectionClosed, TimeoutError, OSError):
            async with asyncio.timeout(_CLOSE_LIMIT_S):
                while not self._outgoing.empty():
                    await connection.send(self._outgoing.get_nowait())
                await connection.close(n.CLOSE_NORMAL)

    # ---- life ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the line until cancelled."""
        first = True
        while True:
            if not self.wanted:
                if not self._failed:
                    self._owner.line_state(LinkState.OFFLINE)
                self._failed = False
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
        """Connect and read until the socket is gone."""
        try:
            connection = await self._open()
        except TimeoutError:  # `close` was called meanwhile
            return _End(_Verdict.LOST)
        except TokenError as problem:
            return _End(_Verdict.NO_TOKEN, problem.message, problem.code)
        except SocketRefused as problem:
            return self._turned_away(problem)
        except SoftphoneError as problem:
            return _End(_Verdict.LOST, problem.message, problem.code)
        if not self.wanted:
            connection.transport.abort()
            return _End(_Verdict.LOST)
        return await self._live(connection)

    def _turned_away(self, problem: SocketRefused) -> _End:
        host, status = host_of(self._settings.base_url), problem.status
        if status in (401, 403):
            words = f"{host} refuses the token, for no reason it tells ({status})."
            return _End(_Verdict.REFUSED, words, "UNAUTHORIZED")
        if 300 <= status < 400 or status == 404:
            words = f"{host} has no socket there ({status}). Check base_url and socket_path."
            return _End(_Verdict.PATIENT, words, "WRONG_PATH")
        return _End(_Verdict.LOST, f"{host} is down (HTTP {status}).", problem.code)

    async def _open(self) -> ClientConnection:
        """Get a token and connect; TimeoutError when `close` no longer wants it."""
        try:
            async with asyncio.timeout(None) as self._opening:
                sign_in = await self._tokens.for_connect()
                self._owner.line_signed_in(sign_in)
                url = wire.socket_url(self._settings.base_url, sign_in.token, self._profile)
                rules = SocketRules(
                    self._settings.frame_limit_bytes,
                    _ALIVE_S,
                    compression=None,
                    queue=_QUEUE,
                    subprotocols=wire.subprotocols(sign_in.token, self._profile),
                    origin=self._settings.origin or None,
                    proxy=self._settings.use_proxy,
                )
                return await open_socket(url, rules, self._tls, _OPEN_LIMIT_S)
        finally:
            self._opening = None

    async def _live(self, connection: ClientConnection) -> _End:
        self._socket, self._end = connection, None
        self._outgoing = asyncio.Queue()
        self._backoff.opened(self._owner.monotonic())
        sending = asyncio.create_task(self._send_all(connection))
        self._owner.line_opened()
        closed: ConnectionClosed | None
        try:
            taken = 0
            async for message in connection:
                self._take(message)
                taken += 1
                if taken % _BREATH == 0:
                    await asyncio.sleep(0)
            closed = connection.protocol.close_exc
        except ConnectionClosed as problem:
            closed = problem
        finally:
            self._socket = None
            connection.transport.abort()
            self._owner.line_closed()
            await end(sending)
        return self._asked_end() or self._judge(
            *(close_code(closed) if closed is not None else (1006, ""))
        )

    def _asked_end(self) -> _End | None:
        """Return why we threw the socket away ourselves; None when we did not."""
        return self._end

    def _judge(self, code: int, reason: str) -> _End:
        words = f"the server closed the connection ({code}{', ' if reason else ''}{clean(reason)})"
        if code == n.CLOSE_TOO_BIG:
            limit = self._settings.frame_limit_bytes // 1024
            return _End(_Verdict.PATIENT, f"a message was larger than {limit} KiB", "TOO_LARGE")
        if code == n.CLOSE_NORMAL and not self._settings.reconnect_on_normal_close:
            return _End(_Verdict.STAY_DOWN, words, "CLOSED")
        if code == 1006:
            words = "the connection was lost"
        return _End(_Verdict.LOST, words)

    async def _send_all(self, connection: ClientConnection) -> None:
        while True:
            await connection.send(await self._outgoing.get())

    def _take(self, message: str | bytes) -> None:
        try:
            if isinstance(message, bytes):
                frame = wire.decode_from_server(message)
            else:
                frame = wire.decode(message)
        except wire.BadFrame as problem:
            self._bad(message, problem)
            return
        self._owner.line_said(frame)

    def _bad(self, message: str | bytes, problem: wire.BadFrame) -> None:
        """Count a bad frame, and say so now and then."""
        self.bad_frames += 1
        now = self._owner.monotonic()
        if now - self._said_at >= _SAY_EVERY_S:
            self._said_at = now
            shown = escaped(message) if isinstance(message, str) else f"{len(message)} bytes"
            logger.warning("AgentHub message ignored (%s): %s", problem, shown)

    # ---- after a loss --------------------------------------------------------------------------

    async def _after(self, ended: _End) -> None:
        if ended.verdict is _Verdict.STAY_DOWN:
            self._failed = True
            self._wanted.clear()
            self._owner.line_state(LinkState.FAILED, f"{ended.cause}.", ended.code)
            return
        now = self._owner.monotonic()
        wait, link = self._wait(ended.verdict, now), LinkState.RECONNECTING
        if ended.verdict is _Verdict.REFUSED:
            self._tokens.refused()
            if self._refused > _QUICK_TRIES:
                link = LinkState.FAILED
        if ended.code and ended.cause != self._told and self._worth_telling(ended, link):
            self._told = ended.cause  # once a loss, not once a try
            self._owner.line_trouble(ended.code, ended.cause)
        self._owner.line_state(link, ended.cause, ended.code, now + wait)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._skip_wait.wait()

    def _worth_telling(self, ended: _End, link: LinkState) -> bool:
        return ended.verdict is not _Verdict.REFUSED or link is LinkState.FAILED

    def _wait(self, verdict: _Verdict, now: float) -> float:
        """Return the seconds to wait: each kind of end has its own schedule (section 14)."""
        if verdict is _Verdict.REFUSED:
            self._refused += 1
            return _step(n.REFUSED_STEPS_S, self._refused)
        if verdict is _Verdict.NO_TOKEN:
            self._tokenless += 1
            return _step(n.BAD_TOKEN_STEPS_S, self._tokenless)
        return self._backoff.closed(now, longest=verdict is _Verdict.PATIENT)


def _step(steps_s: tuple[float, ...], count: int) -> float:
    return steps_s[min(count, len(steps_s)) - 1]
