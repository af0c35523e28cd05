"""One frame and the book of all: it outlives connections, whatever id the service gives it (5)."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from softphone.model.monitor import FrameId, FrameState

from . import wire
from .rows import Rows
from .wire import FrameEvent, RowsCame, Table, Wire

KeyOf: TypeAlias = Callable[[Table, Wire], tuple[object, ...] | None]

_CLOSED_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Spec:
    """What a frame is of: enough to create it again."""

    type: str
    payload: Table
    what: str
    key_of: KeyOf
    live_of: tuple[str, str] | None = None
    """Call and client id of a frame of snapshots, "" for all clients; None: report rows."""
    span_ms: tuple[float, float] | None = None
    """The time that conditions ask for, where they say so: how far a fetch is can be told then."""

    @property
    def same(self) -> tuple[str, str] | None:
        """Return what makes asking again give the same frame; None: never the same."""
        return self.live_of


@dataclass(eq=False, slots=True)
class StoredFrame:
    """A frame. `native` is the service's id on the present connection, "" while there is none."""

    id: FrameId
    spec: Spec
    rows: Rows[Any]
    state: FrameState = FrameState.CREATED
    native: str = ""
    cursor: str | None = None
    seq: int | None = None
    problem: str = ""
    partial: bool = False
    stale_since: float | None = None
    wanted: bool = False
    gap: bool = False
    refetching: bool = False
    troubles: int = 0
    read_at: float | None = None
    latest: Table | None = None
    latest_at: float = 0.0
    fetching: asyncio.Task[None] | None = None
    reached_ms: float | None = None
    users: int = 0
    revived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def over(self) -> bool:
        """Tell whether nothing more can come."""
        return self.state in (FrameState.CLOSED, FrameState.FAILED)

    @property
    def progress(self) -> float | None:
        """Return how far a fetch has come in the time that was asked for, 0 to 1."""
        if self.spec.span_ms is None or self.reached_ms is None:
            return None
        first, last = self.spec.span_ms
        return min(1.0, max(0.0, (self.reached_ms - first) / (last - first)))


@dataclass(slots=True)
class _Early:
    at: float
    event: FrameEvent


class FrameBook:
    """All frames by our id and by the service's. Events go to `took`, each row once."""

    def __init__(self, names: Wire, counts: Counter[str]) -> None:
        self.frames: dict[FrameId, StoredFrame] = {}
        self._names = names
        self._counts = counts
        self._native: dict[str, StoredFrame] = {}
        self._closed: dict[str, None] = {}
        self._early: deque[_Early] = deque(maxlen=wire.EARLY_EVENTS)

    def same_as(self, spec: Spec) -> StoredFrame | None:
        """Return the open frame of the same call or client."""
        if spec.same is None:
            return None
        found = (f for f in self.frames.values() if f.spec.same == spec.same and not f.over)
        return next(found, None)

    def named(self, frame: StoredFrame, native: str, now: float) -> list[FrameEvent]:
        """Note the service's id of a frame; return events that came before it was known."""
        frame.native, frame.seq = native, None
        self._native[native] = frame
        early = [one for one in self._early if now - one.at <= wire.EARLY_S]
        self._early = deque(
            (one for one in early if one.event.frame_id != native), maxlen=wire.EARLY_EVENTS
        )
        return [one.event for one in early if one.event.frame_id == native]

    def find(self, event: FrameEvent, now: float) -> StoredFrame | None:
        """Return the frame an event is for; one for an unknown frame is kept for a moment."""
        frame = self._native.get(event.frame_id)
        if frame is None and event.frame_id not in self._closed:
            self._early.append(_Early(now, event))
        return frame

    def take_rows(
        self, frame: StoredFrame, event: RowsCame, pack: Callable[[Table], Any]
    ) -> list[Table]:
        """Keep the rows of an event that are new; return those."""
        self._counts["row that is none"] += event.broken
        found: list[Table] = []
        for row in event.rows:
            key = frame.spec.key_of(row, self._names)
            if key is None:
                self._counts["row without key"] += 1
            elif not frame.rows.add(key, pack(row)):
                self._counts["row that was here"] += 1
            else:
                found.append(row)
        return found

    def gap(self, frame: StoredFrame, event: FrameEvent) -> int:
        """Return how many events were lost before this one, by the running number."""
        if event.seq is None:
            return 0
        lost = 0 if frame.seq is None else event.seq - frame.seq - 1
        if frame.seq is None and event.seq > 1:
            lost = event.seq - 1
        frame.seq = max(event.seq, frame.seq or 0)
        return max(0, lost)

    def lost(self, wall: float) -> list[StoredFrame]:
        """The connection is gone: frames are stale until they are made anew."""
        self._native.clear()
        self._closed.clear()
        self._early.clear()
        stale = [frame for frame in self.frames.values() if not frame.over]
        for frame in stale:
            frame.native = ""
            frame.revived.clear()
            frame.stale_since = frame.stale_since or wall
            frame.state = FrameState.STALE
        return stale

    def end(self, frame: StoredFrame, state: FrameState, problem: str = "") -> str:
        """Let a frame be over; return the service's id of it, "" when there is none."""
        native, frame.native = frame.native, ""
        frame.state, frame.problem = state, problem or frame.problem
        frame.stale_since = None
        frame.revived.set()
        if native:
            self._native.pop(native, None)
            self._closed[native] = None
            while len(self._closed) > _CLOSED_KEPT:
                del self._closed[next(iter(self._closed))]
        return native
