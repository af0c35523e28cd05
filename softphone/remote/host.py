"""The host's half: the sound of a desk as this machine's card.

A thread of its own keeps the connection and the pace, so that the sound engine sees a device like
any other. While there is no connection the microphone is silent and calls go on; it is tried again
all the time.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from softphone.audio.devices import Direction
from softphone.audio.priority import raise_own
from softphone.audio.stream import BlockUser, Schedule
from softphone.audio.stream import Stream as CardStream
from softphone.model.error import ConnectError, ProtocolError
from softphone.model.quality import DeskFigures
from softphone.model.text import clean
from softphone.secret import Secret
from softphone.webrtc.opus import available

from .card import Card, End
from .coding import Decoder
from .control import DeskDevices, DeskStats, read_devices, read_stats
from .frames import FRAME_S, NO_TOKEN, Codec, Frame, Heard, Sound
from .leg import Sender
from .stream import Stream

logger = logging.getLogger(__name__)

_WAITS_S = (0.1, 0.2, 0.5, 1.0)
_CLOSE_LIMIT_S = 2.0
_FRAME_MS = 1000 * FRAME_S

Told: TypeAlias = Callable[[str, bool], None]
"""Gets one sentence, and whether there is sound now."""


def _nobody() -> None:
    """Tell nobody."""


class RemoteCard:
    """A desk behind a socket; `told` gets what is there to say, on the connection's thread."""

    def __init__(
        self,
        place: str,
        told: Told,
        token: Secret = NO_TOKEN,
        opus: bool | None = None,
        listed: Callable[[], None] = _nobody,
    ) -> None:
        """`opus`: whether this side speaks it; None looks for it. `listed`: its cards are known."""
        self._place, self._told, self._token, self._opus = place, told, token, opus
        self._listed = listed
        self._card = Card(self._use_changed)
        self._kept = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._stream: Stream | None = None
        self._end: End | None = None
        self._used = asyncio.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._desk_stats: DeskStats | None = None
        self.devices: DeskDevices | None = None
        """The desk's own cards, as it told them last; None before it did."""

    @property
    def in_use(self) -> bool:
        """Whether a stream of it is open."""
        return self._card.in_use

    def open(self, direction: Direction, user: BlockUser) -> CardStream:
        """Return the desk's microphone or speaker; it is used while one of them is open."""
        return self._card.open(direction, user)

    def keep(self, on: bool) -> None:
        """Hold the connection also while no microphone and no speaker is open."""
        self._kept = on
        self._use_changed()

    def tell(self, fields: Mapping[str, Any]) -> None:
        """Send a control message, if the desk is there; callable from any thread."""
        self._post(lambda: self._stream.tell(fields) if self._stream else None)

    def figures(self) -> DeskFigures | None:
        """Return how the way to the desk does, None while it is not there or not used."""
        end, desk, step = self._end, self._desk_stats, self._card.step
        if end is None or not self._card.in_use:
            return None
        sender = end.sender
        depth_ms = desk.depth_ms if desk else 0.0
        trip_ms = sender.round_trip_ms
        return DeskFigures(
            delay_ms=None if trip_ms is None else trip_ms / 2 + depth_ms + _FRAME_MS,
            jitter_ms=max(step.jitter_ms, desk.jitter_ms if desk else 0.0),
            lost_in_ms=_FRAME_MS * sender.unsent + (desk.lost_ms if desk else 0.0),
            lost_out_ms=_FRAME_MS * step.made_up,
            round_trip_ms=trip_ms,
        )

    # ---- the thread ----------------------------------------------------------------------------

    def _use_changed(self) -> None:
        """Begin, go on or end, as the card is wanted."""
        with self._lock:
            wanted = self._kept or self._card.in_use
            thread = self._thread
            if wanted and thread is None:
                self._thread = threading.Thread(target=self._run, name="remote-card", daemon=True)
                self._thread.start()
                return
            if wanted or thread is None:
                self._post(self._say_use)
                return
            self._thread = None
        self._post(self._cancel)
        if thread is not threading.current_thread():
            thread.join(_CLOSE_LIMIT_S)

    def _post(self, what: Callable[[], object]) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop ended
                loop.call_soon_threadsafe(what)

    def _cancel(self) -> None:
        if self._main is not None:
            self._main.cancel()

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._both())

    async def _both(self) -> None:
        with self._lock:
            if self._thread is not threading.current_thread():
                return  # not wanted any more, and nobody could cancel it yet
            self._used = asyncio.Event()
            self._loop, self._main = asyncio.get_running_loop(), asyncio.current_task()
        self._say_use()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pace())
            tasks.create_task(self._keep())

    async def _pace(self) -> None:
        """Do 10 ms after the other while the card is used."""
        while True:
            await self._used.wait()
            raise_own()
            schedule = Schedule(time.monotonic(), FRAME_S)
            while self._card.in_use:
                self._card.tick(time.monotonic())
                await asyncio.sleep(schedule.done(time.monotonic()))
            self._used.clear()

    async def _keep(self) -> None:
        """Connect, again and again, until cancelled."""
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
        opus = available() if self._opus is None else self._opus
        try:
            hello = await stream.greet("host", self._token, opus=opus)
            self._stream = stream
            codec = Codec.OPUS if opus and hello.opus else Codec.MULAW
            self._end = End(Sender(stream.send, codec), Decoder(opus=opus))
            self._card.connected(self._end)
            self._say_use()
            stream.tell({"list": True})
            self._told("Sound comes from the desk.", True)
            async for frame in stream.frames():
                self._take(frame)
            self._told("The desk is gone; calls go on without sound.", False)
        finally:
            self._card.connected(None)
            self._end = self._stream = self._desk_stats = self.devices = None
            stream.cut()

    def _say_use(self) -> None:
        if self._card.in_use:
            self._used.set()
        if self._stream is not None:
            self._stream.tell({"use": self._card.in_use})

    def _take(self, frame: Frame) -> None:
        if isinstance(frame, Sound | Heard):
            self._card.came(frame, time.monotonic())
        elif isinstance(frame, Mapping):
            self._listen(frame)

    def _listen(self, fields: Mapping[str, Any]) -> None:
        """Take what the desk tells; what is not known or odd is ignored."""
        if isinstance(fields.get("text"), str):
            self._told(f"Desk: {clean(fields['text'])}", fields.get("trouble") is not True)
        self._desk_stats = read_stats(fields) or self._desk_stats
        devices = read_devices(fields)
        if devices is not None:
            self.devices = devices
            self._listed()


class RemoteCards:
    """The desks by their sockets: microphone and speaker of one desk share a connection."""

    def __init__(self, told: Told, listed: Callable[[], None] = _nobody) -> None:
        """Both are called on a connection's thread; `listed` when other cards are there or used."""
        self._told, self._listed = told, listed
        self._known: dict[str, RemoteCard] = {}

    def trust(self, place: str, token: Secret) -> None:
        """Connect to the desk behind a socket, which wants this token; the others are left."""
        for card in self._known.values():
            card.keep(False)
        self._known = {at: card for at, card in self._known.items() if card.in_use}
        card = self._known[place] = RemoteCard(place, self._told, token, listed=self._listed)
        card.keep(True)

    def leave(self, place: str) -> None:
        """Hold the connection only as long as its sound is used."""
        if place in self._known:
            self._known[place].keep(False)

    def open(self, direction: Direction, place: str, user: BlockUser) -> CardStream:
        """Return a stream of the desk behind a socket."""
        card = self._known.get(place)
        if card is None:
            card = self._known[place] = RemoteCard(place, self._told, listed=self._listed)
        return card.open(direction, user)

    def figures(self) -> DeskFigures | None:
        """Return how the way to the desk in use does."""
        found = (card.figures() for card in tuple(self._known.values()))
        return next((figures for figures in found if figures is not None), None)

    def devices(self) -> DeskDevices | None:
        """Return the cards of the desk that is there, None without one."""
        found = (card.devices for card in tuple(self._known.values()))
        return next((devices for devices in found if devices is not None), None)

    def tell(self, fields: Mapping[str, Any]) -> None:
        """Send a control message to the desks that are there."""
        for card in tuple(self._known.values()):
            card.tell(fields)


def _words(problem: Exception) -> str:
    if isinstance(problem, FileNotFoundError):
        return "its socket is not there; is softphone relay, or softphone ssh, still running?"
    if isinstance(problem, ConnectionRefusedError):
        return "nobody answers at its socket"
    if isinstance(problem, PermissionError):
        return "its socket belongs to somebody else"
    if isinstance(problem, ConnectionError):
        return "the connection broke"
    return str(problem) or type(problem).__name__
