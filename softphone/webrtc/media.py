"""What a peer needs of a media end, and what it tells it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from .description import Codec, Direction
from .rtp import RtpPacket

FRAME_MS = 20
_SAME_PRESS_S = 0.6
SPOKEN = {"opus": 48_000, "pcmu": 8_000, "pcma": 8_000}


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed: what may come, what is sent, which way. `kbps` limits Opus.

    Everything in our own description may come, also what the far end did not repeat: Chromium sends
    what it left out of its answer. `event` is the telephone-event of the clock being sent.
    """

    codecs: tuple[Codec, ...] = ()
    sending: Codec | None = None
    direction: Direction = Direction.INACTIVE
    kbps: int | None = None
    event: Codec | None = None


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What a peer knows about the way: own losses and what the far end reports of ours."""

    packets_lost: int = 0
    remote_lost: int = 0
    remote_jitter_ms: float = 0.0
    round_trip_ms: float | None = None


class Media(Protocol):
    """One end of the sound. A media end outlives its peer: a restart brings it a new one."""

    @property
    def codecs(self) -> tuple[str, ...]:
        """Names of the codecs this end speaks, best first."""
        ...

    @property
    def ssrc(self) -> int:
        """The source this end sends as."""
        ...

    def attach(self, send: Callable[[bytes], None]) -> None:
        """Send RTP packets with this from now on; callable from any thread, returns at once."""
        ...

    def detach(self, send: Callable[[bytes], None]) -> None:
        """Send with it no more, unless another took its place already."""
        ...

    def agreed(self, terms: Terms) -> None:
        """Follow these terms from now on."""
        ...

    def receive(self, packet: RtpPacket, now_s: float) -> None:
        """Take a packet; event loop side."""
        ...

    def reported(self, report: LinkReport) -> None:
        """Take what is known about the way."""
        ...


@dataclass(slots=True)
class DigitLog:
    """Digits heard, the same press once although it may come as event and as tones."""

    kept: int = 64
    digits: str = ""
    count: int = 0
    _recent: list[tuple[str, str, float]] = field(default_factory=list)

    def add(self, digits: str, how: str, now_s: float | None = None) -> None:
        """Note digits that came as `how` ("event" or "tones")."""
        now_s = time.monotonic() if now_s is None else now_s
        for digit in digits:
            self._recent = [r for r in self._recent if now_s - r[2] < _SAME_PRESS_S]
            twin = next((r for r in self._recent if r[0] == digit and r[1] != how), None)
            if twin:
                self._recent.remove(twin)
                continue
            self._recent.append((digit, how, now_s))
            self.digits = (self.digits + digit)[-self.kept :]
            self.count += 1
