"""One call's audio socket (reference, section 7): mu-law both ways, control messages beside."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections import deque
from collections.abc import Callable
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from softphone.adapters.flood import Flood
from softphone.adapters.sockets import SocketRefused, SocketRules, close_code, end, open_socket
from softphone.adapters.token import TokenCache
from softphone.audio.leg import G711Leg
from softphone.model.call import CallId
from softphone.model.error import ConnectError, ProtocolError, SoftphoneError

from . import wire

logger = logging.getLogger(__name__)

_RULES = SocketRules(wire.AUDIO_BINARY_LIMIT, wire.AUDIO_PING_S, compression=None, queue=64)
# A stalled network must not collect seconds of speech: a small kernel buffer, and frames are
# dropped here while it is not empty (measured: 10 stale frames after a 1.5 s stall, not 76).
_SEND_BUFFER = 4096
_UNSENT_LIMIT = 2 * wire.FRAME_BYTES
_HELD_FRAMES = 3


class MediaOwner(Protocol):
    """Who is told what becomes of the socket."""

    def media_opened(self, call: CallId, leg: G711Leg) -> None:
        """Audio can start; raises AudioError when the sound engine cannot."""
        ...

    def media_said(self, call: CallId, message: wire.AudioServerMessage) -> None: ...
    def media_closed(self, call: CallId, close: wire.AudioClose) -> None: ...
    def media_failed(self, call: CallId, code: str, detail: str) -> None: ...
    def monotonic(self) -> float: ...


class MediaSocket:
    """Opens, keeps and closes the audio socket of one call; `run` is its whole life."""

    def __init__(
        self,
        owner: MediaOwner,
        call: CallId,
        url_for: Callable[[str], str],
        token: TokenCache,
        tls: ssl.SSLContext | None,
        names: wire.Wire,
    ) -> None:
        self._owner = owner
        self._call = call
        self._url_for = url_for
        self._token = token
        self._tls = tls
        self._names = names
        self._socket: ClientConnection | None = None
        self._hang_up = asyncio.Event()
        self._frames: deque[bytes] = deque(maxlen=_HELD_FRAMES)
        self._to_send = asyncio.Event()
        self._controls: deque[str] = deque()
        self._flood = Flood(wire.AUDIO_RATE_LIMIT)
        self._leg: G711Leg | None = None

    def send(self, message: wire.AudioControl) -> None:
        """Send a control message, in order, as soon as possible."""
        self._controls.append(wire.encode(message, self._names))
        self._to_send.set()

    def hang_up(self) -> None:
        """Say hang-up and close; also when the socket is still being opened."""
        self._hang_up.set()
        self._to_send.set()

    async def run(self) -> None:
        """Open the socket, carry audio until it ends, and tell the owner how."""
        try:
            connection = await self._open()
        except SocketRefused as refused:
            self._owner.media_closed(self._call, wire.audio_status(refused.status, self._names))
            return
        except SoftphoneError as problem:
            self._owner.media_failed(self._call, "AUDIO_FAILED", problem.message)
            return
        try:
            await self._carry(connection)
        finally:
            connection.transport.abort()

    async def hang_up_only(self) -> None:
        """End a call nobody wants any more (8.2); a failure changes nothing."""
        self._hang_up.set()
        with contextlib.suppress(SoftphoneError):
            connection = await self._open()
            await self._say_goodbye(connection)

    # ---- opening -------------------------------------------------------------------------------

    async def _open(self) -> ClientConnection:
        """Open with one repeat: on a network error within 5 s, or with a fresh token (7.1)."""
        began = self._owner.monotonic()
        try:
            return await self._open_once()
        except SocketRefused as refused:
            if wire.audio_status(refused.status, self._names) is not wire.AudioClose.AUTH:
                raise
            self._token.drop()
        except ConnectError:
            if self._owner.monotonic() - began > wire.AUDIO_REPEAT_WITHIN_S:
                raise
        return await self._open_once()

    async def _open_once(self) -> ClientConnection:
        token = await self._token.get()
        url = self._url_for(token.reveal())
        return await open_socket(url, _RULES, self._tls, wire.OPEN_LIMIT_S)

    # ---- a call that is up ---------------------------------------------------------------------

    async def _carry(self, connection: ClientConnection) -> None:
        self._socket = connection
        if self._hang_up.is_set():
            await self._say_goodbye(connection)
            return
        _small_send_buffer(connection)
        loop = asyncio.get_running_loop()

        def from_audio_thread(frame: bytes) -> None:
            loop.call_soon_threadsafe(self._queue_frame, frame)

        leg = self._leg = G711Leg("mulaw", from_audio_thread)
        try:
            self._owner.media_opened(self._call, leg)
        except SoftphoneError as problem:
            self._owner.media_failed(self._call, "MIC_FAILED", problem.message)
            await self._say_goodbye(connection)
            return
        sending = asyncio.create_task(self._send_all(connection))
        try:
            await self._receive_all(connection, leg)
        finally:
            await end(sending)

    async def _receive_all(self, connection: ClientConnection, leg: G711Leg) -> None:
        try:
            async for message in connection:
                now = self._owner.monotonic()
                if not self._flood.allows(now):
                    continue
                if isinstance(message, bytes):
                    leg.receive(message, now)
                    leg.round_trip_ms = connection.latency * 1000.0 or None  # 0: no pong yet
                else:
                    self._take_text(message)
        except ConnectionClosed:
            pass
        if not self._hang_up.is_set():
            code = self._close_of(connection)
            self._owner.media_closed(self._call, wire.audio_close(code, self._names))

    def _close_of(self, connection: ClientConnection) -> int:
        problem = connection.protocol.close_exc
        return close_code(problem)[0]

    def _take_text(self, text: str) -> None:
        try:
            message = wire.decode_audio_server(text, self._names)
        except ProtocolError as problem:
            logger.debug("audio control ignored: %s", problem)
            return
        self._owner.media_said(self._call, message)

    def _queue_frame(self, frame: bytes) -> None:
        if len(self._frames) == _HELD_FRAMES:
            self._unsent()
        self._frames.append(frame)
        self._to_send.set()

    def _unsent(self) -> None:
        if self._leg is not None:
            self._leg.frames_unsent += 1

    async def _send_all(self, connection: ClientConnection) -> None:
        """Send what the sound engine and the operator have, until hang-up."""
        transport = connection.transport
        while True:
            await self._to_send.wait()
            self._to_send.clear()
            while self._controls:
                await connection.send(self._controls.popleft())
            while self._frames:
                frame = self._frames.popleft()
                if transport.get_write_buffer_size() > _UNSENT_LIMIT:
                    self._unsent()
                else:
                    await connection.send(frame)
            if self._hang_up.is_set():
                await self._say_goodbye(connection)
                return

    async def _say_goodbye(self, connection: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed, TimeoutError, OSError):
            async with asyncio.timeout(wire.HANG_UP_LIMIT_S):
                await connection.send(wire.encode(wire.HangupControl(), self._names))
                await connection.close(1000)
        connection.transport.abort()


def _small_send_buffer(connection: ClientConnection) -> None:
    raw = connection.transport.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
