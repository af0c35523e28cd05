"""DTMF digits as RTP telephone events (RFC 4733), sending and receiving. Pure: a tick is 20 ms.

An event is repeated every 20 ms with growing duration under the timestamp of its start, and its
end is said three times, so that a digit survives loss. The receiver counts by that timestamp.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass

NAME = "telephone-event"
KEYS = "0123456789*#ABCD"
TICK_MS = 20
PAUSE_MS = 2000
_PAYLOAD = struct.Struct("!BBH")
_END = 0x80
_VOLUME = 10  # -10 dBm0, what everybody sends
_LONGEST = 0xFFFF
_END_PACKETS = 3
_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class Event:
    """The payload of one packet; `duration` is in units of the RTP clock."""

    code: int
    ended: bool
    volume: int
    duration: int


@dataclass(frozen=True, slots=True)
class EventPacket:
    """A packet to send instead of sound."""

    payload: bytes
    timestamp: int
    marker: bool


def pack(event: Event) -> bytes:
    """Return the four bytes of a payload."""
    return _PAYLOAD.pack(
        event.code, (_END if event.ended else 0) | event.volume & 0x3F, event.duration
    )


def unpack(payload: bytes) -> Event | None:
    """Return the event, None when the payload is none."""
    if len(payload) < _PAYLOAD.size:
        return None
    code, flags, duration = _PAYLOAD.unpack_from(payload)
    return Event(code, bool(flags & _END), flags & 0x3F, duration)


@dataclass(frozen=True, slots=True)
class _Digit:
    code: int
    ticks: int
    gap_ticks: int


class EventSender:
    """Turns digits into what to send at each tick. `press` and `tick` may be on two threads."""

    def __init__(self) -> None:
        self._waiting: deque[_Digit] = deque()
        self._digit: _Digit | None = None
        self._at = 0  # ticks of the present digit that are over
        self._start = 0
        self._segment_tick = 0

    @property
    def busy(self) -> bool:
        """True until everything pressed has been sent."""
        return self._digit is not None or bool(self._waiting)

    def press(self, digits: str, duration_ms: int, gap_ms: int) -> None:
        """Queue digits; `,` is a pause of two seconds, what is no digit is left out."""
        gap = max(-(-gap_ms // TICK_MS), _END_PACKETS)
        for digit in digits.upper():
            if digit == ",":
                self._waiting.append(_Digit(-1, 0, PAUSE_MS // TICK_MS))
            elif digit in KEYS:
                ticks = max(1, -(-duration_ms // TICK_MS))
                self._waiting.append(_Digit(KEYS.index(digit), ticks, gap))

    def stop(self) -> None:
        """Forget what was not sent yet; a digit that began is ended properly."""
        self._waiting.clear()

    def tick(self, timestamp: int, clock_hz: int) -> EventPacket | None:
        """Return what to send instead of the 20 ms of sound that begin at `timestamp`."""
        if self._digit is None and self._waiting:
            self._digit, self._at = self._waiting.popleft(), 0
            self._start, self._segment_tick = timestamp, 0
        digit = self._digit
        if digit is None:
            return None
        self._at += 1
        packet = self._packet(digit, clock_hz) if digit.ticks else None
        if self._at >= digit.ticks + digit.gap_ticks:
            self._digit = None
        return packet

    def _packet(self, digit: _Digit, clock_hz: int) -> EventPacket | None:
        """Return the packet of this tick: growing, ended, the end again twice, then none."""
        if self._at >= digit.ticks + _END_PACKETS:
            return None
        per_tick = clock_hz * TICK_MS // 1000
        ticks = min(self._at, digit.ticks)
        if (ticks - self._segment_tick) * per_tick > _LONGEST:  # RFC 4733 section 2.5.1.3
            self._segment_tick = ticks - 1
        event = Event(
            digit.code,
            self._at >= digit.ticks,
            _VOLUME,
            (ticks - self._segment_tick) * per_tick,
        )
        start = (self._start + self._segment_tick * per_tick) & 0xFFFFFFFF
        return EventPacket(pack(event), start, self._at == 1)


class EventReceiver:
    """Finds each digit once, under loss, reordering, duplicates and missing ends."""

    def __init__(self) -> None:
        self._known: deque[int] = deque(maxlen=_REMEMBERED)
        self._last: tuple[int, Event] | None = None

    def feed(self, payload: bytes, timestamp: int) -> str:
        """Return the digit that this packet is the first sign of, otherwise nothing."""
        event = unpack(payload)
        if event is None or event.code >= len(KEYS):
            return ""
        if timestamp in self._known:
            if self._last and self._last[0] == timestamp:
                ended = event.ended or self._last[1].ended
                longest = max(event.duration, self._last[1].duration)
                self._last = timestamp, Event(event.code, ended, event.volume, longest)
            return ""
        continued = self._continues(event, timestamp)
        self._known.append(timestamp)
        self._last = timestamp, event
        return "" if continued else KEYS[event.code]

    def _continues(self, event: Event, timestamp: int) -> bool:
        """True for a later segment of one long press: it begins where the last one was full."""
        if self._last is None:
            return False
        start, before = self._last
        since = (timestamp - start) & 0xFFFFFFFF
        nearly_full = before.duration * 8 > _LONGEST * 7
        return (
            before.code == event.code
            and not before.ended
            and nearly_full
            and since * 8 > _LONGEST * 7
            and since <= _LONGEST
        )
