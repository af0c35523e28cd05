"""The desk's end of the sound: a leg of the sound engine over a byte stream."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from softphone.audio.block import BLOCK_S, RATE_HZ, Samples
from softphone.audio.jitter import JitterBuffer
from softphone.audio.leg import LegStats
from softphone.audio.level import Meter

from .coding import Decoder, Encoder
from .flow import Flow, Lateness
from .frames import MASK, Codec, Heard, Sound

_START_MS, _CEILING_MS = 30, 240
_MOST_WAITING = 128
_HEARD_EVERY = 5  # frames


class Sender:
    """Numbers and encodes blocks; sends those that the other side will hear in time."""

    def __init__(self, send: Callable[[Sound | Heard], object], codec: Codec) -> None:
        """`send` is called by who pushes a block, at most every 10 ms; it must return at once."""
        self.number = self.sent = self.unsent = 0
        self._send = send
        self._encoder = Encoder(codec)
        self._flow = Flow()
        self._heard = 0  # number of the last frame that came
        self._lock = threading.Lock()  # of the counts; held for a few instructions

    @property
    def round_trip_ms(self) -> float | None:
        """Of the last frame that was heard; None before the first."""
        return self._flow.round_trip_ms

    def push(self, block: Samples) -> None:
        """Send 480 samples, unless they would only grow old."""
        now_s = time.monotonic()
        with self._lock:
            self.number = (self.number + 1) & MASK
            number, heard = self.number, self._heard
            takes = self._flow.takes(number, now_s)
            self.sent += takes
            self.unsent += not takes
        if takes:
            payload = self._encoder.encode(block)
            self._send(Sound(self._encoder.codec, number, heard, payload))
        elif number % _HEARD_EVERY == 0:  # both sides may hold back: somebody must tell
            self._send(Heard(heard))

    def came(self, frame: Sound | Heard, now_s: float) -> None:
        """Take note of a frame of the other side."""
        with self._lock:
            if isinstance(frame, Sound):
                self._heard = frame.number
                self._flow.heard(frame.heard, now_s)
            else:
                self._flow.heard(frame.number, now_s)


class RemoteLeg:
    """Joins the desk's card to the socket.

    The stream loses nothing, so what comes is played in order; what comes far too late, after a
    stall, is dropped before the buffer sees it, and the delay stays what it was.
    """

    def __init__(
        self, send: Callable[[Sound | Heard], None], codec: Codec, *, opus: bool = True
    ) -> None:
        """`send` is called on an audio thread; `opus`: whether such frames may come."""
        self._sender = Sender(send, codec)
        self._arrived: deque[tuple[Sound, float]] = deque(maxlen=_MOST_WAITING)
        self._decoder = Decoder(opus=opus)
        self._lateness = Lateness()
        self._jitter = JitterBuffer(_START_MS, _CEILING_MS, RATE_HZ)
        self._meter = Meter()
        self._received = self._bytes = 0
        self._last_received_s: float | None = None

    # the sound engine's side

    def capture(self, block48k: Samples) -> None:
        """Send 480 samples."""
        self._sender.push(block48k)

    def play(self, out48k: Samples) -> None:
        """Fill 480 samples with what the other side says."""
        while self._arrived:
            self._take(*self._arrived.popleft())
        self._jitter.pull(out48k, time.monotonic())
        self._meter.feed(out48k, BLOCK_S)

    def stats(self) -> LegStats:
        """Return the counts; callable from any thread."""
        jitter, sender = self._jitter.stats(), self._sender
        return LegStats(
            frames_sent=sender.sent + sender.unsent,
            frames_unsent=sender.unsent,
            bytes_received=self._bytes,
            frames_received=self._received,
            concealed_ms=jitter.concealed_ms,
            dropped_ms=jitter.dropped_ms + round(1000 * BLOCK_S) * self._lateness.dropped,
            depth_ms=jitter.depth_ms,
            target_ms=jitter.target_ms,
            jitter_ms=jitter.jitter_ms,
            last_received_s=self._last_received_s,
            far_dbfs=self._meter.dbfs,
            round_trip_ms=sender.round_trip_ms,
        )

    # the stream's side

    def receive(self, frame: Sound | Heard, now_s: float) -> None:
        """Take a frame of the other side."""
        self._sender.came(frame, now_s)
        if isinstance(frame, Sound):
            self._received += 1
            self._bytes += len(frame.payload)
            self._last_received_s = now_s
            self._arrived.append((frame, now_s))

    def _take(self, sound: Sound, now_s: float) -> None:
        samples = self._decoder.decode(sound.codec, sound.payload)
        if self._lateness.wanted(sound.number, now_s) and samples is not None:
            self._jitter.push(samples, now_s)
