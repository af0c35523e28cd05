"""The host's end of the sound: streams that look like a sound card's, fed by a connection.

All blocks are done on the connection's own thread: a microphone's the moment they come, a
speaker's every 10 ms, sent at once. While there is no connection the microphone is silent and the
pace is kept, so that calls go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from softphone.audio.block import RATE_HZ, Samples, silence
from softphone.audio.conceal import Concealer
from softphone.audio.devices import Direction
from softphone.audio.mixer import Mixer
from softphone.audio.stream import BlockUser

from .coding import Decoder
from .flow import Step
from .frames import Heard, Sound
from .leg import Sender


class CardStream:
    """One direction of the desk, an `audio.stream.Stream`; its user runs under the card's lock."""

    underflows = 0

    def __init__(self, user: BlockUser, ended: Callable[[CardStream], None]) -> None:
        self.name = "desk"
        self.last_call_s = time.monotonic()
        self.dead = False
        self._use, self._ended = user, ended
        self._armed = True

    def block(self, block: Samples) -> None:
        """Do one block; a user that raises ends this stream, not the others."""
        if not self._armed:
            return
        try:
            self._use(block)
            self.last_call_s = time.monotonic()
        except Exception:
            self.dead, self._armed = True, False

    def disarm(self) -> None:
        """Call the user no more after the present block."""
        self._armed = False

    def stop(self) -> None:
        """End it: a block under way has ended when this returns."""
        self._armed = False
        self._ended(self)


class End:
    """The host's end of one connection."""

    def __init__(self, sender: Sender, decoder: Decoder) -> None:
        self.sender, self.decoder = sender, decoder


class Card:
    """Microphone and speaker of a desk; `changed` is told when the first is opened or the last
    closed, on the thread of who does that."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._lock = threading.RLock()
        self._inputs: tuple[CardStream, ...] = ()
        self._outputs: tuple[CardStream, ...] = ()
        self._end: End | None = None
        self.step = Step(time.monotonic())
        self._concealer = Concealer(RATE_HZ)
        self._made, self._out = silence(), silence()
        self._mix = Mixer()

    @property
    def in_use(self) -> bool:
        """Whether somebody wants the desk's sound now."""
        return bool(self._inputs or self._outputs)

    def open(self, direction: Direction, user: BlockUser) -> CardStream:
        """Return a stream; its user is called from now on."""
        stream = CardStream(user, self._closed)
        with self._lock:
            if direction == "input":
                self._inputs = (*self._inputs, stream)
                self.step = Step(time.monotonic())
            else:
                self._outputs = (*self._outputs, stream)
        self._changed()
        return stream

    def connected(self, end: End | None) -> None:
        """Use another connection, or none."""
        with self._lock:
            self._end = end
            self.step.restart()

    def came(self, frame: Sound | Heard, now_s: float) -> None:
        """Take a frame of the desk."""
        with self._lock:
            if self._end is None:
                return
            self._end.sender.came(frame, now_s)
            if not isinstance(frame, Sound) or not self._inputs:
                return
            samples = self._end.decoder.decode(frame.codec, frame.payload)
            if self.step.arrived(frame.number, now_s) and samples is not None:
                self._concealer.heard(samples)
                self._say(samples)

    def tick(self, now_s: float) -> None:
        """Do what is due every 10 ms."""
        with self._lock:
            if self._outputs:
                self._hear()
            if self._inputs:
                for _ in range(self.step.due(now_s)):
                    self._concealer.conceal(self._made)
                    self._say(self._made)

    def _say(self, block: Samples) -> None:
        for stream in self._inputs:
            stream.block(block)

    def _hear(self) -> None:
        """Send what calls and ringer give, together."""
        first, *others = self._outputs
        first.block(self._out)
        if others:
            self._mix.clear()
            self._mix.add(self._out)
            for stream in others:
                stream.block(self._made)
                self._mix.add(self._made)
            self._mix.write(self._out)
        if self._end is not None:
            self._end.sender.push(self._out)

    def _closed(self, stream: CardStream) -> None:
        with self._lock:
            self._inputs = tuple(other for other in self._inputs if other is not stream)
            self._outputs = tuple(other for other in self._outputs if other is not stream)
        self._changed()
