"""One client at the lab's Observer side: its requests, its frames, what is pushed to it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from softphone.adapters.observer import wire

from .client_socket import ClientSocket
from .hub import Hub
from .observer_backlog import Backlog
from .observer_faults import spoiled
from .observer_issues import Row
from .observer_jobs import Denied
from .observer_source import Source

_OUTBOX = 1000


@dataclass(eq=False, slots=True)
class LabFrame:
    """A frame of one client."""

    id: str
    source: Source
    packed: bool
    names: wire.Wire
    key: tuple[str, ...] = ()
    seq: int = 0
    live_after: int | None = None
    backlog: Backlog = field(default_factory=Backlog)
    resume: tuple[str, Iterator[tuple[str, Row]], int] | None = None
    last_row: Row | None = None

    def next_seq(self) -> int:
        """Return the number of the next event."""
        self.seq += 1
        return self.seq


class Connection:
    """One WebSocket of a client that has signed in."""

    def __init__(self, hub: Hub, socket: ClientSocket, user: str, role: str) -> None:
        self.user = user
        self.role = role
        self.frames: dict[str, LabFrame] = {}
        self.closed: list[LabFrame] = []
        self._hub = hub
        self._socket = socket
        self._ids = itertools.count(1)
        dialect = "0.12" if hub.faults.on("dialect_012", user) else "0.11"
        self.names = wire.Wire().for_dialect(dialect)
        self.socket = socket

    def say(self, text: str) -> None:
        """Send a message."""
        binary = self._hub.faults.on("binary_first", self.user)
        self._socket.put(text.encode() if binary else text)

    # ---- frames --------------------------------------------------------------------------------

    def create(self, source: Source, payload: wire.Table, key: tuple[str, ...]) -> LabFrame:
        """Return a new frame, or the one of the same call or client."""
        for frame in self.frames.values():
            if key and frame.key == key:
                return frame
        accepts = payload.get("accept")
        packed = isinstance(accepts, list) and self.names.accept_newrows in accepts
        frame = LabFrame(f"f-{next(self._ids)}", source, packed, self.names, key)
        self.frames[frame.id] = frame
        return frame

    def known(self, payload: wire.Table) -> LabFrame:
        """Return the frame a request is about."""
        frame = self.frames.get(wire.frame_id_in(payload, self.names))
        if frame is None:
            raise Denied(wire.NOT_FOUND, "No such frame.")
        return frame

    def update(self, frame: LabFrame, params: wire.Table) -> dict[str, Any]:
        """Send a page of stored rows; return what is answered afterwards."""
        faults = self._hub.faults
        limit = wire.whole(params.get("limit", wire.PAGE_ROWS))
        if limit is None or not 1 <= limit <= wire.PAGE_ROWS_MOST:
            raise Denied(wire.BAD_REQUEST, f"limit must be 1 to {wire.PAGE_ROWS_MOST}.")
        cursor = wire.raw_id(params.get(self.names.field_cursor[0])) or None
        if faults.on("no_paging", self.user):
            limit, cursor = 10_000_000, None
        rows, now_ms = self._stored(frame, cursor)
        page = list(itertools.islice(rows, limit))
        following = next(rows, None) if len(page) == limit else None
        self.push(frame, (row for _, row in page))
        if following is None:
            frame.resume = None
            if frame.live_after is None:
                frame.live_after = now_ms
            return {"sent": len(page), self.names.field_next_cursor[0]: None}
        place = page[-1][0]
        frame.resume = (place, itertools.chain([following], rows), now_ms)
        if faults.on("cursor_loop", self.user):
            place = cursor or place
        return {"sent": len(page), self.names.field_next_cursor[0]: place}

    def _stored(self, frame: LabFrame, cursor: str | None) -> tuple[Iterator[tuple[str, Row]], int]:
        """Return the stored rows from a place on, and up to when they go."""
        if cursor is not None and frame.resume is not None and frame.resume[0] == cursor:
            return frame.resume[1], frame.resume[2]
        now_ms = _now()
        return frame.source.stored(cursor, now_ms), now_ms

    def push(self, frame: LabFrame, rows: Iterable[Row]) -> None:
        """Send rows at once, packed where the client can take it."""
        fault = self._hub.faults.get("rows_odd", self.user)
        if fault is not None:
            rows = spoiled(list(rows), fault["form"], frame)
        size = wire.BATCH_ROWS if frame.packed else 1
        remaining = iter(rows)
        while page := list(itertools.islice(remaining, size)):
            frame.last_row = page[-1]
            self.say(wire.encode_rows(frame.id, frame.next_seq(), page, frame.packed, self.names))

    def tick(self, now_ms: int) -> None:
        """Push what has happened since the last time."""
        for frame in list(self.frames.values()):
            if frame.live_after is None:
                continue
            fresh = list(frame.source.live(frame.live_after, now_ms))
            frame.live_after = now_ms
            self.queue(frame, fresh)
            if frame.source.over(now_ms):
                self.end(frame, "call-ended")

    def queue(self, frame: LabFrame, rows: list[Row]) -> None:
        """Push rows as far as the client keeps up; of those that wait too long the oldest go."""
        if self._socket.waiting > _OUTBOX:
            frame.backlog.add(rows)
            return
        waiting, dropped = frame.backlog.take()
        self.push(frame, [*waiting, *rows])
        if dropped:
            text = f"OVERRUN: {dropped} rows dropped"
            self.say(wire.encode_trouble(frame.id, frame.next_seq(), text, self.names))

    def end(self, frame: LabFrame, reason: str) -> None:
        """Close a frame from this side."""
        self.say(wire.encode_ended(frame.id, frame.next_seq(), reason, self.names))
        self.forget(frame)

    def forget(self, frame: LabFrame) -> None:
        """Close a frame that the client no longer wants."""
        self.frames.pop(frame.id, None)
        self.closed = [*self.closed[-20:], frame]


def _now() -> int:
    return round(time.time() * 1000)
