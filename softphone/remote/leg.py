"""One end of the sound between host and desk: a leg of the sound engine over a byte stream.

On the desk it joins the card to the socket, on the host it is the card. Opus where PyAV is there,
mu-law otherwise. What the other side has not taken within 300 ms is not sent at all: a stalled
connection delivers nothing old when it goes on.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from softphone.audio.block import BLOCK_S, RATE_HZ, Samples, silence
from softphone.audio.framing import SampleJoiner
from softphone.audio.g711 import MULAW, Codes
from softphone.audio.jitter import JitterBuffer
from softphone.audio.leg import LegStats
from softphone.audio.level import Meter
from softphone.audio.resample import Downsampler, Upsampler
from softphone.webrtc.opus import FRAME_SAMPLES, OpusDecoder, OpusEncoder, available

from .frames import MASK, Codec, Heard, Sound

_PHONE_FRAME = 160
_START_MS, _CEILING_MS = 40, 240
_MOST_UNHEARD_S = 0.3
_SPARE_S = 0.1
_MOST_WAITING = 64
_HEARD_EVERY = 5  # frames
_KBPS = 24


class RemoteLeg:
    """Both an `audio.leg.Leg` and one end of the stream."""

    def __init__(self, send: Callable[[Sound | Heard], None], codec: Codec | None = None) -> None:
        """`send` is called on an audio thread, at most every 20 ms; it must return at once."""
        self.codec = codec if codec is not None else Codec(available())
        self._send = send
        self._arrived: deque[tuple[Sound, float]] = deque(maxlen=_MOST_WAITING)
        self._joiner: SampleJoiner = SampleJoiner(FRAME_SAMPLES)
        self._down, self._up = Downsampler(FRAME_SAMPLES), Upsampler(_PHONE_FRAME)
        self._narrow: Samples = silence(_PHONE_FRAME)
        self._far_narrow: Samples = silence(_PHONE_FRAME)
        self._wide: Samples = silence(FRAME_SAMPLES)
        self._codes: Codes = np.zeros(_PHONE_FRAME, np.uint8)
        self._encoder = OpusEncoder(_KBPS) if self.codec is Codec.OPUS else None
        self._decoder: OpusDecoder | None = None
        self._jitter = JitterBuffer(_START_MS, _CEILING_MS, RATE_HZ)
        self._meter = Meter()
        self._flow = Flow()
        self._number = self._sent = self._unsent = self._received = self._bytes = 0
        self._heard = 0  # number of the last frame that came
        self._last_received_s: float | None = None
        self._lock = threading.Lock()  # of the counters above; held for a few instructions

    # the sound engine's side

    def capture(self, block48k: Samples) -> None:
        """Send 480 samples, two blocks in a frame; what would only grow old is not sent."""
        if not self._joiner.push(block48k):
            return
        now_s = time.monotonic()
        with self._lock:
            self._number = (self._number + 1) & MASK
            number, heard = self._number, self._heard
            takes = self._flow.takes(number, now_s)
            self._sent += takes
            self._unsent += not takes
        if takes:
            self._send(Sound(self.codec, number, heard, self._encoded()))
        elif number % _HEARD_EVERY == 0:  # both sides may hold back: somebody must tell
            self._send(Heard(heard))

    def play(self, out48k: Samples) -> None:
        """Fill 480 samples with what the other side says."""
        while self._arrived:
            self._take(*self._arrived.popleft())
        self._jitter.pull(out48k, time.monotonic())
        self._meter.feed(out48k, BLOCK_S)

    def stats(self) -> LegStats:
        """Return the counts; callable from any thread."""
        jitter = self._jitter.stats()
        return LegStats(
            frames_sent=self._sent + self._unsent,
            frames_unsent=self._unsent,
            bytes_received=self._bytes,
            frames_received=self._received,
            concealed_ms=jitter.concealed_ms,
            dropped_ms=jitter.dropped_ms,
            depth_ms=jitter.depth_ms,
            target_ms=jitter.target_ms,
            jitter_ms=jitter.jitter_ms,
            last_received_s=self._last_received_s,
            far_dbfs=self._meter.dbfs,
            round_trip_ms=self._flow.round_trip_ms,
        )

    # the stream's side

    def heard(self, heard: Heard, now_s: float) -> None:
        """Take what the other side has heard."""
        with self._lock:
            self._flow.heard(heard.number, now_s)

    def receive(self, sound: Sound, now_s: float) -> None:
        """Take a frame of the other side."""
        with self._lock:
            self._heard = sound.number
            self._received += 1
            self._bytes += len(sound.payload)
            self._flow.heard(sound.heard, now_s)
        self._last_received_s = now_s
        self._arrived.append((sound, now_s))

    def _encoded(self) -> bytes:
        if self._encoder is not None:
            return self._encoder.encode(self._joiner.frame)
        self._down.run(self._joiner.frame, self._narrow)
        MULAW.encode_into(self._narrow, self._codes)
        return self._codes.tobytes()

    def _take(self, sound: Sound, now_s: float) -> None:
        timestamp = (sound.number * FRAME_SAMPLES) & MASK
        if sound.codec is Codec.OPUS:
            if self._decoder is None:
                self._decoder = OpusDecoder()
            samples = self._decoder.decode(sound.payload)
        else:
            samples = self._widened(sound.payload)
        if len(samples) == FRAME_SAMPLES:
            self._jitter.push_packet(samples, now_s, timestamp)

    def _widened(self, payload: bytes) -> Samples:
        if len(payload) != _PHONE_FRAME:
            return self._wide[:0]
        MULAW.decode_into(np.frombuffer(payload, np.uint8), self._far_narrow)
        self._up.run(self._far_narrow, self._wide)
        return self._wide


class Flow:
    """How much may be under way: pure, times are monotonic seconds.

    Beyond the round trip the connection needs anyway (the shortest of late) 300 ms may wait.
    """

    def __init__(self) -> None:
        self.round_trip_ms: float | None = None
        self._least_s = 1.0
        self._under_way: deque[tuple[int, float]] = deque()
        self._began_s: float | None = None

    def takes(self, number: int, now_s: float) -> bool:
        """Tell whether this frame may go; if so it counts as under way."""
        if self._began_s is None:
            self._began_s = now_s
        if self._under_way and now_s - self._under_way[0][1] > self._patience_s:
            return False
        self._under_way.append((number, now_s))
        return True

    def heard(self, number: int, now_s: float) -> None:
        """The other side has everything up to this number."""
        while self._under_way and _before(self._under_way[0][0], number):
            _, sent_s = self._under_way.popleft()
            took_s = now_s - sent_s
            self._least_s = min(took_s, self._least_s + 0.001)
            self.round_trip_ms = 1000 * took_s

    @property
    def _patience_s(self) -> float:
        return _MOST_UNHEARD_S + _SPARE_S + min(self._least_s, 1.0)


def _before(number: int, other: int) -> bool:
    """Tell whether a number is not after another, across the wrap."""
    return (other - number) & MASK < 0x80000000
