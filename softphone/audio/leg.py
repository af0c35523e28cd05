"""One end of a call, between the network (event loop side) and the sound card (audio thread side).

The audio side is always 48 kHz int16 mono in blocks of 480 samples (10 ms). What goes over the
wire is the leg's own business: G.711 here, Opus over RTP elsewhere.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np

from .block import (
    BLOCK_S,
    BLOCK_SAMPLES,
    PHONE_BLOCK_SAMPLES,
    PHONE_RATE_HZ,
    Samples,
    silence,
)
from .dtmf import DtmfDetector
from .framing import SampleJoiner
from .g711 import ALAW, MULAW, Codec, Codes
from .jitter import JitterBuffer
from .level import Meter
from .resample import Downsampler, Upsampler

Law: TypeAlias = Literal["mulaw", "alaw"]

FRAME_BYTES = 160
_MOST_WAITING = 512  # payloads between two blocks; more is a flood, and the oldest go
_DIGITS_KEPT = 64
_FILTER_BLOCKS = 2  # the filter is 4 ms long; one block of zeros empties it


@dataclass(frozen=True, slots=True)
class LegStats:
    """Counts of one leg since it was made; `..._ms` values of depth, target, jitter are current.

    `last_received_s` is the `now_s` of the last payload, None before the first.
    `far_dbfs` is the level of what the far end sends. `digits` are the last 64 DTMF digits heard
    from the far end (in-band, or as events of the transport), `digits_count` how many there were.
    `frames_unsent` were dropped because the connection did not take them.
    What stands below those is known only to transports that report it; `round_trip_ms` and
    `remote_lost` are None until it is known.
    """

    frames_sent: int = 0
    bytes_received: int = 0
    frames_received: int = 0
    concealed_ms: int = 0
    dropped_ms: int = 0
    depth_ms: int = 0
    target_ms: int = 0
    jitter_ms: float = 0.0
    last_received_s: float | None = None
    far_dbfs: float = -96.0
    digits: str = ""
    digits_count: int = 0
    frames_unsent: int = 0
    packets_lost: int = 0
    codec: str = ""
    remote_jitter_ms: float = 0.0
    remote_lost: int | None = None
    round_trip_ms: float | None = None


class Leg(Protocol):
    """What the audio engine needs of one end of a call. Both methods run on audio threads."""

    def capture(self, block48k: Samples) -> None:
        """Send these 480 samples to the far end; must not block or keep a reference."""
        ...

    def play(self, out48k: Samples) -> None:
        """Fill all 480 samples with what the far end says; must not block."""
        ...

    def stats(self) -> LegStats:
        """Return the counts; callable from any thread."""
        ...


class G711Leg:
    """G.711 over any byte transport: 160 bytes every 20 ms out, payloads of any size in."""

    def __init__(self, law: Law, send: Callable[[bytes], None]) -> None:
        """`send` is called on the audio thread with exactly 160 bytes, once every 20 ms.

        It must return at once (for example `partial(loop.call_soon_threadsafe, queue_frame)`).
        """
        self._codec: Codec = MULAW if law == "mulaw" else ALAW
        self._send = send
        self._arrived: deque[tuple[bytes, float, int | None]] = deque(maxlen=_MOST_WAITING)
        self._down, self._up = Downsampler(BLOCK_SAMPLES), Upsampler(PHONE_BLOCK_SAMPLES)
        self._near, self._far = silence(PHONE_BLOCK_SAMPLES), silence(PHONE_BLOCK_SAMPLES)
        self._frame: SampleJoiner = SampleJoiner(FRAME_BYTES)
        self._codes: Codes = np.zeros(FRAME_BYTES, np.uint8)
        self._heard = silence(PHONE_RATE_HZ)  # a second, the longest payload that is kept
        self._jitter = JitterBuffer()
        self._meter = Meter()
        self._dtmf = DtmfDetector()
        self._frames_sent = self._frames_received = self._bytes_received = 0
        self._last_received_s: float | None = None
        self._digits = ""
        self._digits_count = 0
        self._quiet_blocks = 0
        self.frames_unsent = 0
        """Frames the connection did not take; counted by who sends."""
        self.round_trip_ms: float | None = None
        """Of the connection, as who sends last measured it."""

    def receive(self, payload: bytes, now_s: float, timestamp: int | None = None) -> None:
        """Take bytes of any length from the network; callable from any one thread.

        `now_s` is a monotonic time. `timestamp` is the RTP timestamp (1/8000 s, 32 bit) when the
        transport can lose or reorder; leave it out for TCP. Empty payloads are ignored. Of more
        than one second in one payload only the last second is kept.
        """
        if not payload:
            return
        self._frames_received += 1
        self._bytes_received += len(payload)
        self._last_received_s = now_s
        self._arrived.append((payload[-PHONE_RATE_HZ:], now_s, timestamp))

    def capture(self, block48k: Samples) -> None:
        """Encode 480 samples and send a frame whenever 20 ms are complete."""
        if block48k.any():
            self._quiet_blocks = 0
        else:
            self._quiet_blocks += 1
        if self._quiet_blocks > _FILTER_BLOCKS:
            self._near.fill(0)  # nothing is left in the filter: muted, held or no microphone
        else:
            self._down.run(block48k, self._near)
        if self._frame.push(self._near):
            self._codec.encode_into(self._frame.frame, self._codes)
            self._frames_sent += 1
            self._send(self._codes.tobytes())

    def play(self, out48k: Samples) -> None:
        """Fill `out48k` from the jitter buffer; concealment or silence when it is empty."""
        while self._arrived:
            self._take(*self._arrived.popleft())
        self._jitter.pull(self._far, time.monotonic())
        self._meter.feed(self._far, BLOCK_S)
        self._up.run(self._far, out48k)

    def stats(self) -> LegStats:
        """Return the counts; callable from any thread."""
        jitter = self._jitter.stats()
        return LegStats(
            frames_sent=self._frames_sent,
            bytes_received=self._bytes_received,
            frames_received=self._frames_received,
            concealed_ms=jitter.concealed_ms,
            dropped_ms=jitter.dropped_ms,
            depth_ms=jitter.depth_ms,
            target_ms=jitter.target_ms,
            jitter_ms=jitter.jitter_ms,
            last_received_s=self._last_received_s,
            far_dbfs=self._meter.dbfs,
            digits=self._digits,
            digits_count=self._digits_count,
            frames_unsent=self.frames_unsent,
            round_trip_ms=self.round_trip_ms,
        )

    def _take(self, payload: bytes, now_s: float, timestamp: int | None) -> None:
        """Decode on the audio side, so that the jitter buffer belongs to one thread only."""
        samples = self._heard[: len(payload)]
        self._codec.decode_into(np.frombuffer(payload, np.uint8), samples)
        if timestamp is None:
            self._jitter.push(samples, now_s)
        else:
            self._jitter.push_packet(samples, now_s, timestamp)
        heard = self._dtmf.feed(samples)
        if heard:
            self._digits = (self._digits + heard)[-_DIGITS_KEPT:]
            self._digits_count += len(heard)
