"""A running microphone or speaker, and the ones that need no sound card (null, file, tone)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeAlias

from softphone.model.error import AudioError

from .block import BLOCK_S, RATE_HZ, Samples, silence
from .devices import Direction
from .player import FilePlayer
from .ring import SampleRing
from .tones import Clip
from .wav import WavWriter

BlockUser: TypeAlias = Callable[[Samples], None]

TICK_S = 0.02
"""Paced devices do two blocks at a time: a wire frame is 20 ms, and each wake-up costs CPU."""
_BLOCKS_PER_TICK = round(TICK_S / BLOCK_S)
LATE_S = 0.2
_RECORD_AHEAD_S = 4
_READY_WAIT_S = 0.5


class Stream(Protocol):
    """One direction of one device: calls its user with a block of 480 samples every 10 ms.

    A microphone's user reads the block, a speaker's user fills it.
    """

    name: str

    @property
    def last_call_s(self) -> float:
        """Monotonic time of the last block (of the start, before the first)."""
        ...

    @property
    def dead(self) -> bool:
        """Whether the device ended by itself."""
        ...

    @property
    def underflows(self) -> int:
        """How often a block came too late for the device."""
        ...

    def disarm(self) -> None:
        """Call the user no more; at once, before a possibly slow `stop`."""
        ...

    def stop(self) -> None:
        """End and close; no call of the user after it. May be repeated."""
        ...


class Schedule:
    """When the next tick is due: t0 + n * 20 ms, never `now + 20 ms`, which runs 2 % slow."""

    def __init__(self, now_s: float, tick_s: float = TICK_S) -> None:
        self.due_s = now_s
        self.skipped = 0
        self._tick_s = tick_s

    def done(self, now_s: float) -> float:
        """Note one tick done; return seconds to wait for the next, 0 to catch up.

        More than 200 ms behind, the missed slots are skipped: a burst of old frames helps nobody.
        """
        self.due_s += self._tick_s
        behind_s = now_s - self.due_s
        if behind_s > LATE_S:
            slots = int(behind_s / self._tick_s)
            self.due_s += slots * self._tick_s
            self.skipped += slots
        return max(0.0, self.due_s - now_s)


class _Pacer:
    """The one thread that all paced streams share: a wake-up costs more than a block's work."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._streams: tuple[PacedStream, ...] = ()
        self._thread: threading.Thread | None = None

    def add(self, stream: PacedStream) -> None:
        """Call `stream.tick` every 20 ms from now on."""
        with self._lock:
            self._streams = (*self._streams, stream)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="audio-pacer", daemon=True)
                self._thread.start()

    def remove(self, stream: PacedStream) -> None:
        """Call it no more: a tick under way has ended when this returns."""
        with self._lock:
            self._streams = tuple(other for other in self._streams if other is not stream)

    def _run(self) -> None:
        schedule = Schedule(time.monotonic())
        while self._tick():
            time.sleep(schedule.done(time.monotonic()))

    def _tick(self) -> bool:
        with self._lock:
            if not self._streams:
                self._thread = None
                return False
            for stream in self._streams:
                stream.tick()
            return True


_PACER = _Pacer()


class PacedStream:
    """A device made of the monotonic clock."""

    underflows = 0

    def __init__(self, name: str, block_done: BlockUser, closed: Callable[[], None]) -> None:
        """`block_done` gets a zeroed or old block each 10 ms; `closed` runs after the last."""
        self.name = name
        self.last_call_s = time.monotonic()
        self._dead = False
        self._use = block_done
        self._closed = closed
        self._armed = True
        self._block = silence()
        _PACER.add(self)

    @property
    def dead(self) -> bool:
        """Whether its user failed."""
        return self._dead

    def tick(self) -> None:
        """Do 20 ms; for the pacer. A user that raises ends this device, not the others."""
        try:
            for _ in range(_BLOCKS_PER_TICK):
                if self._armed:
                    self._use(self._block)
                    self.last_call_s = time.monotonic()
        except Exception:
            self._dead, self._armed = True, False

    def disarm(self) -> None:
        """Call the user no more after the present block."""
        self._armed = False

    def stop(self) -> None:
        """End and close files."""
        self._armed = False
        _PACER.remove(self)
        self._closed()


Opener: TypeAlias = Callable[[Direction, str, BlockUser], Stream]
_PROVIDED: dict[str, Opener] = {}


def provide(kind: str, opener: Opener) -> None:
    """Let `opener` make the streams of a kind of device that lives above this package."""
    _PROVIDED[kind] = opener


def provided(kind: str) -> Opener:
    """Return what makes the streams of a kind; raises AudioError when nobody provided it."""
    opener = _PROVIDED.get(kind)
    if opener is None:
        raise AudioError(f'Devices of the kind "{kind}" are not to be had here.')
    return opener


def null_input(user: BlockUser, name: str = "null") -> Stream:
    """Return a microphone that hears nothing."""
    return PacedStream(name, user, _nothing)


def null_output(user: BlockUser, name: str = "null") -> Stream:
    """Return a speaker nobody hears; it keeps the pace."""
    return PacedStream(name, user, _nothing)


def clip_input(user: BlockUser, clip: Clip, name: str) -> Stream:
    """Return a microphone that hears `clip`."""

    def tick(block: Samples) -> None:
        clip.read(block)
        user(block)

    return PacedStream(name, tick, _nothing)


def file_input(user: BlockUser, path: Path, repeat: bool) -> Stream:
    """Return a microphone that hears a WAV file, then silence; raises AudioError."""
    player = FilePlayer(path, repeat)
    player.wait_ready(_READY_WAIT_S)

    def tick(block: Samples) -> None:
        player.read(block)
        user(block)

    return PacedStream(f"file {path.name}", tick, player.close)


def file_output(user: BlockUser, path: Path) -> Stream:
    """Return a speaker that writes all it plays to a 48 kHz WAV file; raises AudioError.

    Each opening replaces the file: one file holds one stretch of calls without a pause.
    """
    sink = _FileSink(path)

    def tick(block: Samples) -> None:
        user(block)
        sink.ring.write(block)

    return PacedStream(f"file {path.name}", tick, sink.close)


class _FileSink:
    """Writes a ring to a file on its own thread; a full disk ends the file, never the call."""

    def __init__(self, path: Path) -> None:
        self.ring = SampleRing(_RECORD_AHEAD_S * RATE_HZ)
        self._writer = WavWriter(path, RATE_HZ)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audio-sink", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        chunk = silence(RATE_HZ // 10)
        try:
            while not self._stop.wait(0.05):
                self._drain(chunk)
            self._drain(chunk)
            self._writer.close()
        except AudioError:  # the file ends here; what is played goes on
            self._stop.set()
            with suppress(AudioError):
                self._writer.close()

    def _drain(self, chunk: Samples) -> None:
        while count := self.ring.read(chunk):
            self._writer.write(chunk[:count])


def _nothing() -> None:
    """Close what needs no closing."""
