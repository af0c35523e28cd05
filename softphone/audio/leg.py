"""One end of a call, between the network (event loop side) and the sound card (audio thread side).

The audio side is always 48 kHz int16 mono in blocks of 480 samples (10 ms). What goes over the
wire is the leg's own business: G.711 here, Opus over RTP elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from .block import Samples

Law: TypeAlias = Literal["mulaw", "alaw"]

FRAME_BYTES = 160


@dataclass(frozen=True, slots=True)
class LegStats:
    """Counts of one leg since it was made; `..._ms` values of depth, target, jitter are current.

    `last_received_s` is the `now_s` of the last payload, None before the first.
    `far_dbfs` is the level of what the far end sends. `digits` are the last 64 DTMF digits heard
    in-band from the far end, `digits_count` how many there were in all.
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
    """G.711 over any byte transport (WebSocket, RTP payload): 160 bytes every 20 ms out, any size in."""

    def __init__(self, law: Law, send: Callable[[bytes], None]) -> None:
        """`send` is called on the audio thread with exactly 160 bytes, once every 20 ms.

        It must return at once (for example `partial(loop.call_soon_threadsafe, queue_frame)`).
        """
        raise NotImplementedError

    def receive(self, payload: bytes, now_s: float, timestamp: int | None = None) -> None:
        """Take bytes of any length from the network; callable from any one thread.

        `now_s` is a monotonic time. `timestamp` is the RTP timestamp (1/8000 s, 32 bit) when the
        transport can lose or reorder; leave it out for TCP. Empty payloads are ignored.
        """
        raise NotImplementedError

    def capture(self, block48k: Samples) -> None:
        """Encode 480 samples and send a frame whenever 20 ms are complete."""
        raise NotImplementedError

    def play(self, out48k: Samples) -> None:
        """Fill `out48k` from the jitter buffer; concealment or silence when it is empty."""
        raise NotImplementedError

    def stats(self) -> LegStats:
        """Return the counts; callable from any thread."""
        raise NotImplementedError
