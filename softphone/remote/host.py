"""The host's half: the sound of a desk as this machine's card.

A thread of its own keeps the connection, so that the sound engine sees a device like any other:
blocks in, blocks out, at the pace of this machine's clock. While there is no connection the
microphone is silent and calls go on; it is tried again all the time.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from softphone.audio.block import Samples
from softphone.audio.devices import Direction
from softphone.audio.leg import LegStats
from softphone.audio.stream import BlockUser, PacedStream
from softphone.audio.stream import Stream as CardStream
from softphone.model.error import ConnectError, ProtocolError
from softphone.model.text import clean
from softphone.secret import Secret

from .frames import NO_TOKEN, Frame, Heard, Sound
from .leg import RemoteLeg
from .stream import Stream

logger = logging.getLogger(__name__)

_WAITS_S = (0.1, 0.2, 0.5, 1.0)
_CLOSE_LIMIT_S = 2.0

Told: TypeAlias = Callable[[str, bool], None]
"""Gets one sentence, and whether there is sound now."""


class RemoteCard:
    """A desk behind a socket; `told` gets what is there to say, on the connection's thread."""

    def __init__(self, place: str, told: Told, token: Secret = NO_TOKEN) -> None:
        self._place, self._told, self._token = place, told, token
        self._leg: RemoteLeg | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._stream: Stream | None = None
        self._users = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def open(self, direction: Direction, user: BlockUser) -> CardStream:
        """Return the desk's microphone or speaker; it is used while one of them is open."""
        self._begin()
        tick = self._input(user) if direction == "input" else self._output(user)
        return PacedStream("desk", tick, self._end)

    def stats(self) -> LegStats | None:
        """Return the counts of the way to the desk, None without a connection."""
        leg = self._leg
        return leg.stats() if leg is not None else None

    # ---- blocks; on the pacer's thread ---------------------------------------------------------

    def _input(self, user: BlockUser) -> BlockUser:
        def tick(block: Samples) -> None:
            leg = self._leg
            if leg is None:
                block.fill(0)
            else:
                leg.play(block)
            user(block)

        return tick

    def _output(self, user: BlockUser) -> BlockUser:
        def tick(block: Samples) -> None:
            user(block)
            leg = self._leg
            if leg is not None:
                leg.capture(block)

        return tick

    # ---- the connection's thread ---------------------------------------------------------------

    def _begin(self) -> None:
        with self._lock:
            self._users += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="remote-card", daemon=True)
                self._thread.start()

    def _end(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users:
                return
            thread, self._thread = self._thread, None
            loop, keeping = self._loop, self._keeping
            self._leg = None
        if loop is not None and keeping is not None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(keeping.cancel)
        if thread is not None:
            thread.join(_CLOSE_LIMIT_S)

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._keep())

    async def _keep(self) -> None:
        """Connect, again and again, until cancelled."""
        self._loop, self._keeping = asyncio.get_running_loop(), asyncio.current_task()
        tries, said = 0, ""
        while True:
            try:
                await self._meet()
                tries, said = 0, ""
            except (ConnectError, ProtocolError, OSError) as problem:
                text = _words(problem)
                if text != said:
                    said = text
                    self._told(f"No sound from the desk: {text}", False)
            wait_s = _WAITS_S[min(tries, len(_WAITS_S) - 1)]
            tries += 1
            await asyncio.sleep(wait_s)

    async def _meet(self) -> None:
        """Carry sound until the connection ends; raises ConnectError, ProtocolError, OSError."""
        stream = Stream(*await asyncio.open_unix_connection(self._place))
        try:
            await stream.greet("host", self._token)
            self._stream = stream
            stream.tell({"use": True})
            self._leg = RemoteLeg(self._from_pacer)
            self._told("Sound comes from the desk.", True)
            async for frame in stream.frames():
                self._take(frame)
            self._told("The desk is gone; calls go on without sound.", False)
        finally:
            self._leg = self._stream = None
            stream.cut()

    def _take(self, frame: Frame) -> None:
        leg, now_s = self._leg, time.monotonic()
        if isinstance(frame, Sound) and leg is not None:
            leg.receive(frame, now_s)
        elif isinstance(frame, Heard) and leg is not None:
            leg.heard(frame, now_s)
        elif isinstance(frame, dict) and isinstance(frame.get("text"), str):
            self._told(f"Desk: {clean(frame['text'])}", True)

    def _from_pacer(self, frame: Sound | Heard) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._send, frame)

    def _send(self, frame: Sound | Heard) -> None:
        if self._stream is not None:
            self._stream.send(frame)


class RemoteCards:
    """The desks by their sockets: microphone and speaker of one desk share a connection."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._known: dict[str, RemoteCard] = {}
        self._tokens: dict[str, Secret] = {}

    def trust(self, place: str, token: Secret) -> None:
        """Show this token at the desk behind a socket."""
        self._tokens = {place: token}
        self._known.pop(place, None)

    def open(self, direction: Direction, place: str, user: BlockUser) -> CardStream:
        """Return a stream of the desk behind a socket."""
        card = self._known.get(place)
        if card is None:
            card = self._known[place] = RemoteCard(
                place, self._told, self._tokens.get(place, NO_TOKEN)
            )
        return card.open(direction, user)

    def stats(self) -> LegStats | None:
        """Return the counts of the desk in use."""
        found = (card.stats() for card in self._known.values())
        return next((stats for stats in found if stats is not None), None)


def _words(problem: Exception) -> str:
    if isinstance(problem, FileNotFoundError):
        return "its socket is not there; is softphone relay, or softphone ssh, still running?"
    if isinstance(problem, ConnectionRefusedError):
        return "nobody answers at its socket"
    if isinstance(problem, PermissionError):
        return "its socket belongs to somebody else"
    return str(problem) or type(problem).__name__
