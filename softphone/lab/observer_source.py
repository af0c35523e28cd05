"""Where a frame of the lab gets its rows: stored ones page by page, then live ones (5.2, 5.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from softphone.adapters.observer import wire

from . import observer_rows as rows
from .observer_ids import CALL, CLIENT
from .observer_issues import Row
from .observer_jobs import Denied
from .observer_real import RealCall
from .observer_world import World, WorldCall

_COLUMN_LIMIT = 100
_NEEDED = ("callId", "roomId", "clientId", "timestamp")
_RANGE = ("gte", "lte", "gt", "lt")
_COLUMN_NAMES = """
serviceId timestamp mediaUnitId marker callId roomId clientId userId peerConnectionId
sampleSeq name mediaTrackId SSRC sampleTimestamp message value attachments type payload label
protocol state extensionType candidatePairId transportId nominated ssrc trackId sfuStreamId
sfuSinkId remoteTrackId remoteUserId remoteClientId remotePeerConnectionId packetsReceived
packetsLost jitter bytesReceived packetsSent bytesSent rid active iceState dtlsState
frameWidth frameHeight framesPerSecond roundTripTime currentRoundTripTime audioLevel
"""
_COLUMNS = frozenset(_COLUMN_NAMES.split())


class Source(Protocol):
    """Rows of one frame."""

    def stored(self, cursor: str | None, now_ms: int) -> Iterator[tuple[str, Row]]:
        """Return rows after a place up to now, each with the place after it."""
        ...

    def live(self, after_ms: int, until_ms: int) -> Iterator[Row]:
        """Return rows of a span of time that has just passed."""
        ...

    def over(self, now_ms: int) -> bool:
        """Tell whether nothing more can come."""
        ...


@dataclass(slots=True)
class CallSource:
    """Snapshots of one call or one client; the place is the time of the last row."""

    call: WorldCall | RealCall
    make: Callable[[int, int], Iterator[Row]]

    def stored(self, cursor: str | None, now_ms: int) -> Iterator[tuple[str, Row]]:
        """Return rows after a place."""
        after = _number(cursor, 1) if cursor else [0]
        return ((f"c-{row['timestamp']}", row) for row in self.make(after[0], now_ms))

    def live(self, after_ms: int, until_ms: int) -> Iterator[Row]:
        """Return what has just happened."""
        return self.make(after_ms, until_ms)

    def over(self, now_ms: int) -> bool:
        """Tell whether the call has ended."""
        ended = self.call.ended_ms
        return ended is not None and ended <= now_ms


@dataclass(slots=True)
class DatabaseSource:
    """Report rows; the place is slot, room, and how many rows of that call were passed."""

    world: World
    resource: str
    conditions: Mapping[str, Any]
    calls: Callable[[int, int], Iterator[WorldCall]]
    since_ms: int
    until_ms: int

    def stored(self, cursor: str | None, now_ms: int) -> Iterator[tuple[str, Row]]:
        """Return rows after a place."""
        slot, room, passed = _number(cursor, 3) if cursor else (-1, -1, 0)
        for call in self.calls(self.since_ms, now_ms):
            here = (call.place.slot, call.place.room)
            if here < (slot, room):
                continue
            skip = passed if here == (slot, room) else 0
            found = self._rows(call, self.since_ms - 1, min(now_ms, self.until_ms))
            for count, row in enumerate(islice(found, skip, None), skip + 1):
                yield f"c-{here[0]}-{here[1]}-{count}", row

    def live(self, after_ms: int, until_ms: int) -> Iterator[Row]:
        """Return what has just been measured."""
        if after_ms >= self.until_ms:
            return
        for call in self.calls(max(self.since_ms, after_ms), until_ms):
            if call.ended_ms >= after_ms:
                yield from self._rows(call, after_ms, min(until_ms, self.until_ms))

    def over(self, now_ms: int) -> bool:
        """Tell that rows of a database never end."""
        return False

    def _rows(self, call: WorldCall, after: int, until: int) -> Iterator[Row]:
        made = rows.RESOURCES[self.resource](call, after, until)
        return (row for row in made if _fits(row, self.conditions))


def database(world: World, payload: wire.Table, now_ms: int) -> DatabaseSource:
    """Return the source a client asks for; Denied when it makes no sense."""
    resource, conditions = payload.get("resourceId"), payload.get("conditions", {})
    if resource not in rows.RESOURCES:
        raise Denied(wire.UNSUPPORTED, f"No resource {str(resource)[:40]}.")
    if not isinstance(conditions, dict):
        raise Denied(wire.BAD_REQUEST, "conditions must be an object.")
    for column, wanted in conditions.items():
        _check(column, wanted)
    if not any(column in conditions for column in _NEEDED):
        raise Denied(wire.BAD_REQUEST, f"Give one of {', '.join(_NEEDED)}.")
    since, until = _span(conditions.get("timestamp"))
    room = conditions.get("roomId")
    call_id, client = conditions.get("callId"), conditions.get("clientId")

    def calls(after: int, now: int) -> Iterator[WorldCall]:
        for value, kind in ((call_id, CALL), (client, CLIENT)):
            if isinstance(value, str):
                found = world.find(value, (kind,), now)
                return iter([found] if found is not None else [])
        return world.between(after, min(until, now), now, room if isinstance(room, str) else "")

    return DatabaseSource(world, resource, conditions, calls, since, until)


def _check(column: str, wanted: object) -> None:
    if column not in _COLUMNS:
        raise Denied(wire.BAD_REQUEST, f"Unknown column {column[:40]}.")
    if isinstance(wanted, list) and len(wanted) > _COLUMN_LIMIT:
        raise Denied(wire.BAD_REQUEST, f"At most {_COLUMN_LIMIT} values for {column}.")
    if isinstance(wanted, dict):
        bad = [key for key, value in wanted.items() if key not in _RANGE or not _is_number(value)]
        if bad or not wanted:
            raise Denied(wire.BAD_REQUEST, f"Bad range for {column}.")


def _fits(row: Row, conditions: Mapping[str, Any]) -> bool:
    for column, wanted in conditions.items():
        value = row.get(column)
        if isinstance(wanted, list):
            if value not in wanted:
                return False
        elif isinstance(wanted, dict):
            if not isinstance(value, int | float) or not all(
                _in_range(key, value, limit) for key, limit in wanted.items()
            ):
                return False
        elif value != wanted:
            return False
    return True


def _in_range(key: str, value: float, limit: float) -> bool:
    if key == "gte":
        return value >= limit
    if key == "lte":
        return value <= limit
    return value > limit if key == "gt" else value < limit


def _span(wanted: object) -> tuple[int, int]:
    """Return the span of time that conditions ask for, in milliseconds."""
    if _is_number(wanted):
        return int(wanted), int(wanted)  # type: ignore[call-overload]
    given = wanted if isinstance(wanted, dict) else {}
    since = max(given.get("gte", 0), given.get("gt", 0))
    return int(since), int(min(given.get("lte", 2**62), given.get("lt", 2**62)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(cursor: str | None, parts: int) -> list[int]:
    """Return the numbers of a cursor; Denied when it is none of ours."""
    try:
        found = [int(part) for part in (cursor or "").removeprefix("c-").split("-")]
    except ValueError:
        found = []
    if len(found) != parts:
        raise Denied(wire.BAD_REQUEST, "No such cursor.")
    return found
