"""Ids of the lab's monitored world: each says where it belongs, so that any one can be looked up.

`<kind>.<room>.<slot>.<mark>[.<client>[.<other client>]][.<a|v>]`; the mark makes them hard to
guess and different for each seed.
"""

from __future__ import annotations

from dataclasses import dataclass

CALL, CLIENT, CONNECTION, TRANSPORT, PAIR = "call", "client", "pc", "transport", "pair"
PRODUCER, CONSUMER, TRACK, REMOTE_TRACK = "producer", "consumer", "track", "rtrack"
_KINDS = (CALL, CLIENT, CONNECTION, TRANSPORT, PAIR, PRODUCER, CONSUMER, TRACK, REMOTE_TRACK)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an id belongs."""

    kind: str
    room: int
    slot: int
    mark: str
    client: int | None = None


def make(kind: str, place: Place, *parts: object) -> str:
    """Return an id of this kind in the call of `place`."""
    return ".".join([kind, str(place.room), f"{place.slot:x}", place.mark, *map(str, parts)])


def parse(text: str) -> Place | None:
    """Return where an id belongs, None when it is not one of this world."""
    parts = text.split(".")
    if len(parts) < 4 or len(parts) > 7 or parts[0] not in _KINDS or len(text) > 100:
        return None
    try:
        room, slot = int(parts[1]), int(parts[2], 16)
        client = int(parts[4]) if len(parts) > 4 else None
    except ValueError:
        return None
    return Place(parts[0], room, slot, parts[3], client)
