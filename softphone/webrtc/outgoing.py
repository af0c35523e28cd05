"""The sending half of a media end: RTP numbers, telephone events, and when to be silent."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from .description import Codec
from .media import FRAME_MS, Terms
from .rtp import MASK, RtpPacket, pack_rtp
from .telephone_event import EventSender

_SLOWEST_HZ = 8_000  # the clock that time is counted in; all others are multiples


class Outgoing:
    """Counts 20 ms frames. `begin` and `finish` run on one thread, the rest on the event loop's."""

    def __init__(self) -> None:
        self.ssrc = secrets.randbits(32)
        self.frames = 0
        self.bytes = 0
        self._terms = Terms()
        self._send: Callable[[bytes], None] | None = None
        self._paused = False
        self._events = EventSender()
        self._sequence = secrets.randbits(15)
        self._base = secrets.randbits(32)
        self._elapsed = 0  # in 1/8000 s
        self._codec: Codec | None = None
        self._talking = False

    def attach(self, send: Callable[[bytes], None]) -> None:
        """Send with this from now on."""
        self._send = send

    def detach(self, send: Callable[[bytes], None]) -> None:
        """Send with it no more, unless another took its place."""
        if self._send == send:
            self._send = None

    def agreed(self, terms: Terms) -> None:
        """Follow these terms with the next frame."""
        self._terms = terms

    def pause(self, on: bool) -> None:
        """Send nothing while on."""
        self._paused = on

    def press(self, digits: str, duration_ms: int, gap_ms: int) -> bool:
        """Send digits as events; False when they were not agreed on."""
        if self._terms.event is None or not self._open():
            return False
        self._events.press(digits, duration_ms, gap_ms)
        return True

    @property
    def terms(self) -> Terms:
        """What is followed."""
        return self._terms

    def begin(self) -> Codec | None:
        """Count 20 ms; return the codec to encode them with, None when no sound is to be sent."""
        self._elapsed += _SLOWEST_HZ * FRAME_MS // 1000
        terms = self._terms
        self._codec = terms.sending
        if self._codec is None or not self._open():
            self._talking = False
            return None
        event = terms.event
        if event is not None:
            packet = self._events.tick(self._timestamp(event.clock_hz), event.clock_hz)
            if packet is not None:
                self._put(event, packet.timestamp, packet.marker, packet.payload)
                return None
        return self._codec

    def finish(self, payload: bytes) -> None:
        """Send what `begin` asked for."""
        codec = self._codec
        if codec is not None and payload:
            first, self._talking = not self._talking, True
            self._put(codec, self._timestamp(codec.clock_hz), first, payload)

    def _open(self) -> bool:
        return self._send is not None and not self._paused and self._terms.direction.sends

    def _timestamp(self, clock_hz: int) -> int:
        return (self._base + self._elapsed * (clock_hz // _SLOWEST_HZ)) & MASK

    def _put(self, codec: Codec, timestamp: int, marker: bool, payload: bytes) -> None:
        send = self._send
        if send is None:
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.frames += 1
        self.bytes += len(payload)
        send(
            pack_rtp(
                RtpPacket(codec.payload_type, marker, self._sequence, timestamp, self.ssrc, payload)
            )
        )
