"""Which codecs are offered, which of an offer are taken, and what an answer then means. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from softphone.model.error import ProtocolError

from .description import Codec, Direction, MediaLine, direction_of
from .edit import CodecSelector
from .media import SPOKEN, Terms
from .telephone_event import NAME as EVENT_NAME

_OPUS = Codec(111, "opus", 48_000, 2, "minptime=10;useinbandfec=1")
_OURS = {
    "opus": _OPUS,
    "pcmu": Codec(0, "PCMU", 8_000),
    "pcma": Codec(8, "PCMA", 8_000),
}
_EVENT_PARAMETERS = "0-15"
_EVENT_WIDE = Codec(110, EVENT_NAME, 48_000, 1, _EVENT_PARAMETERS)
_EVENT = Codec(101, EVENT_NAME, 8_000, 1, _EVENT_PARAMETERS)
_FIRST_DYNAMIC, _LAST_DYNAMIC = 96, 127
_BIT_RATE = re.compile(r"(?:^|;)\s*maxaveragebitrate=([0-9]{1,7})", re.ASCII)


def to_offer(
    names: Iterable[str],
    events: bool,
    removed: Iterable[CodecSelector],
    before: Terms | None = None,
) -> tuple[Codec, ...]:
    """Return what to offer; numbers agreed on before keep their meaning, its codec comes first."""
    known = before.codecs if before else ()
    wanted = [_OURS[name.lower()] for name in names if name.lower() in _OURS]
    if before and before.sending:
        present = _identity(before.sending)
        wanted.sort(key=lambda codec: _identity(codec) != present)
    if events:
        clocks = {codec.clock_hz for codec in wanted}
        wanted += [event for event in (_EVENT_WIDE, _EVENT) if event.clock_hz in clocks]
    kept = [codec for codec in wanted if not any(s.matches(codec) for s in removed)]
    numbers = {_identity(codec): codec.payload_type for codec in known}
    taken = {*numbers.values()}
    made = []
    for codec in kept:
        number = numbers.get(_identity(codec), codec.payload_type)
        if _identity(codec) not in numbers and number in taken:
            number = next(n for n in range(_FIRST_DYNAMIC, _LAST_DYNAMIC + 1) if n not in taken)
        taken.add(number)
        made.append(_numbered(codec, number))
    return tuple(made)


def from_offer(
    line: MediaLine, names: Iterable[str], events: bool, removed: Iterable[CodecSelector]
) -> tuple[Codec, ...]:
    """Return our answer to the codecs of an audio line, in the offer's order.

    ProtocolError (NO_CODEC) when there is none we speak.
    """
    allowed = {name.lower() for name in names} & set(SPOKEN)
    taken: dict[tuple[str, int], Codec] = {}
    for codec in line.codecs:
        if _spoken(codec, allowed) and not any(s.matches(codec) for s in removed):
            taken.setdefault(_identity(codec), codec)
    clocks = {codec.clock_hz for codec in taken.values()}
    if not clocks:
        raise no_codec(line)
    for codec in line.codecs:
        if events and codec.name.lower() == EVENT_NAME and codec.clock_hz in clocks:
            taken.setdefault(_identity(codec), codec)
    return tuple(_numbered(_ours(codec), codec.payload_type) for codec in taken.values())


def agreed(
    ours: MediaLine, theirs: MediaLine, *, answered_by_us: bool, kbps: int | None = None
) -> Terms:
    """Return what an offer and its answer come to; ProtocolError (NO_CODEC) when to nothing."""
    answer = ours if answered_by_us else theirs
    other = theirs if answered_by_us else ours
    offered = {(codec.payload_type, _identity(codec)) for codec in other.codecs}
    common = tuple(c for c in answer.codecs if (c.payload_type, _identity(c)) in offered)
    sending = next((c for c in common if _spoken(c, set(SPOKEN))), None)
    if sending is None:
        raise no_codec(theirs)
    direction = direction_of(
        ours.direction.sends and theirs.direction.receives,
        ours.direction.receives and theirs.direction.sends,
    )
    events = (c for c in common if c.name.lower() == EVENT_NAME)
    event = next((e for e in events if e.clock_hz == sending.clock_hz), None)
    return Terms(ours.codecs, sending, direction, _limit(theirs, sending, kbps), event)


def answered_direction(wanted: Direction, offered: Direction) -> Direction:
    """Return the direction of our answer: what we want, as far as the offer goes along."""
    return direction_of(
        wanted.sends and offered.receives,
        wanted.receives and offered.sends,
    )


def no_codec(line: MediaLine) -> ProtocolError:
    """Return the error of a line without a codec we speak."""
    names = ", ".join(dict.fromkeys(codec.name[:20] for codec in line.codecs[:6])) or "none"
    return ProtocolError(f"The far end offers no codec in common ({names}).", code="NO_CODEC")


def _limit(theirs: MediaLine, sending: Codec, kbps: int | None) -> int | None:
    """Return the lower of our limit and the far end's own."""
    for codec in theirs.codecs:
        found = _BIT_RATE.search(codec.parameters)
        if codec.payload_type == sending.payload_type and found and int(found[1]) >= 6_000:
            return min(kbps or 510, int(found[1]) // 1000)
    return kbps


def _spoken(codec: Codec, allowed: set[str]) -> bool:
    name = codec.name.lower()
    return name in allowed and codec.clock_hz == SPOKEN[name]


def _identity(codec: Codec) -> tuple[str, int]:
    return codec.name.lower(), codec.clock_hz


def _ours(codec: Codec) -> Codec:
    if codec.name.lower() == EVENT_NAME:
        return _EVENT_WIDE if codec.clock_hz == _EVENT_WIDE.clock_hz else _EVENT
    return _OURS[codec.name.lower()]


def _numbered(codec: Codec, number: int) -> Codec:
    return Codec(number, codec.name, codec.clock_hz, codec.channels, codec.parameters)
