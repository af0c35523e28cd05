"""The frames of one account: opened, fetched page by page, made anew after a loss (4.6, 5)."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from softphone.model.error import Refused
from softphone.model.monitor import FrameId, FrameState

from . import wire
from .frame import FrameBook, Spec, StoredFrame
from .rows import Rows
from .settings import ObserverSettings
from .skew import Skew
from .tasks import Tasks
from .wire import FrameEnded, FrameTrouble, RowsCame, Table

_PACE_S = 2.0
_READ_WITHIN_S = 5.0
_PACE_RINGS = 4
LINE_CODES = (wire.DISCONNECTED, wire.UNAUTHENTICATED, "NOT_ONLINE")


class FramesOwner(Protocol):
    """Who hears what happens to frames, and has the clocks."""

    def remark(self, text: str) -> None: ...
    def frame_changed(self, frame: StoredFrame) -> None: ...
    def frame_rows(self, frame: StoredFrame, rows: list[Table]) -> None: ...
    def frame_trouble(self, frame: StoredFrame, text: str) -> None: ...
    def monotonic(self) -> float: ...
    def wall(self) -> float: ...


class Asking(Protocol):
    """What frames need of the service."""

    async def ask(
        self,
        type_: str,
        payload: Table,
        *,
        read: bool = True,
        deny_as: str = "",
        during: Callable[[Table], None] | None = None,
        frame_id: str = "",
    ) -> Table: ...
    def tell(self, type_: str, payload: Table) -> None: ...
    def touch(self, frame_id: str) -> None: ...


class Frames:
    """All frames; `page` rows are asked for at a time."""

    def __init__(
        self,
        service: Asking,
        owner: FramesOwner,
        settings: ObserverSettings,
        names: wire.Wire,
        counts: Counter[str],
        pack: Callable[[Table], Any],
    ) -> None:
        self.book = FrameBook(names, counts)
        self.page = settings.page_rows
        self._service = service
        self._owner = owner
        self._settings = settings
        self._names = names
        self._counts = counts
        self._pack = pack
        self._skew = Skew()
        self._tasks = Tasks()

    # ---- the connection ------------------------------------------------------------------------

    def line_opened(self) -> None:
        """Make frames anew on the new connection."""
        self._skew = Skew()
        for frame in list(self.book.frames.values()):
            if not frame.over:
                self._tasks.spawn(self._revive(frame))

    def line_closed(self) -> None:
        """All are stale now."""
        for frame in self.book.lost(self._owner.wall()):
            self._owner.frame_changed(frame)

    def heard(self, event: wire.FrameEvent) -> None:
        """Take an event of any frame."""
        frame = self.book.find(event, self._owner.monotonic())
        if frame is not None:
            self.said(frame, event)

    async def end_all(self) -> None:
        """End what runs."""
        await self._tasks.end_all()

    # ---- opening and closing -------------------------------------------------------------------

    async def open(self, spec: Spec, *, update: bool) -> StoredFrame:
        """Open a frame, or return the open one of the same call or client."""
        frame = self.book.same_as(spec)
        if frame is None:
            frame = await self._open_new(spec)
        else:
            await frame.revived.wait()
            if frame.over:
                raise Refused(frame.problem or "The frame is closed.", code=wire.NOT_FOUND)
        if update:
            self.update(frame)
        return frame

    async def _open_new(self, spec: Spec) -> StoredFrame:
        report = spec.live_of is None
        ring, limit = self._settings.ring_rows, self._settings.row_limit
        rows: Rows[Any] = Rows(ring, max(ring, limit) if report else ring)
        frame = StoredFrame(FrameId(f"f-{secrets.token_hex(4)}"), spec, rows)
        self.book.frames[frame.id] = frame
        try:
            await self._create(frame)
        except BaseException as problem:
            self.book.end(frame, FrameState.FAILED, str(problem))
            self.book.frames.pop(frame.id, None)
            raise
        return frame

    async def _create(self, frame: StoredFrame) -> None:
        payload = frame.spec.payload
        if self._settings.packed_rows:
            payload = wire.accepting_packed(payload, self._names)

        def created(answer: Table) -> None:
            native = wire.frame_id_in(answer, self._names)
            if not native:
                return
            early = self.book.named(frame, native, self._owner.monotonic())
            if frame.over:  # closed meanwhile
                self._close_native(self.book.end(frame, frame.state))
                return
            frame.stale_since = None
            frame.state = FrameState.OPEN if frame.wanted else FrameState.CREATED
            frame.revived.set()
            self._owner.frame_changed(frame)
            for event in early:
                self.said(frame, event)

        deny_as = f"{frame.spec.type} {wire.resource_in(frame.spec.payload, self._names)}"
        await self._service.ask(frame.spec.type, payload, deny_as=deny_as, during=created)
        if not frame.native and not frame.over:
            raise Refused("The service gave the frame no id.", code=wire.PROTOCOL_ERROR)

    def update(self, frame: StoredFrame) -> asyncio.Task[None]:
        """Fetch stored rows; a fetch that runs is joined."""
        if frame.fetching is None or frame.fetching.done():
            frame.wanted, frame.partial = True, False
            if frame.state is FrameState.CREATED:
                frame.state = FrameState.OPEN
            frame.fetching = self._tasks.spawn(self._fetch(frame))
        return frame.fetching

    def stop(self, frame: StoredFrame) -> None:
        """Stop a fetch that runs; what has come stays."""
        if frame.fetching is not None and not frame.fetching.done():
            frame.partial = True
            frame.problem = "stopped"
            frame.fetching.cancel()

    def close(self, frame: StoredFrame) -> None:
        """Close a frame and forget it; nothing of it is told afterwards."""
        self.book.frames.pop(frame.id, None)
        if frame.over:
            return
        self._close_native(self.book.end(frame, FrameState.CLOSED))
        if frame.fetching is not None:
            frame.fetching.cancel()

    def _close_native(self, native: str) -> None:
        """Close a frame at the service without waiting for the answer (5.5)."""
        if native:
            self._service.tell(self._names.type_frame, wire.close_payload(native, self._names))

    async def _fetch(self, frame: StoredFrame) -> None:
        """Fetch page after page from the last cursor on; goes on where it was after a loss."""
        began = frame.rows.came
        try:
            while True:
                await frame.revived.wait()
                if frame.over or not await self._page_of(frame, began):
                    return
        finally:
            frame.fetching = None
            self._owner.frame_changed(frame)

    async def _page_of(self, frame: StoredFrame, began: int) -> bool:
        """Fetch one page; False when there is no more, or no more is wanted."""
        left = self._settings.row_limit - (frame.rows.came - began)
        if left <= 0:
            frame.partial = True
            frame.problem = f"stopped at {self._settings.row_limit} rows"
            return False
        await self._wait_for_reader(frame)
        sent = frame.cursor
        payload = wire.update_payload(frame.native, sent, min(self.page, left), self._names)
        try:
            answer = await self._service.ask(self._names.type_frame, payload, frame_id=frame.native)
        except Refused as problem:
            if problem.code in LINE_CODES:
                return True  # goes on when the line is back
            frame.partial, frame.problem = True, problem.message
            return False
        cursor = wire.next_cursor_in(answer, self._names)
        if cursor is not None and cursor == sent:
            frame.partial, frame.problem = True, "the service does not move on"
            return False
        if cursor is not None:
            frame.cursor = cursor
        return cursor is not None

    async def _wait_for_reader(self, frame: StoredFrame) -> None:
        """Let whoever reads the rows keep up, so that memory stays bounded."""
        until = self._owner.monotonic() + _PACE_S
        while frame.rows.unread > _PACE_RINGS * self._settings.ring_rows:
            now = self._owner.monotonic()
            if frame.read_at is None or now - frame.read_at > _READ_WITHIN_S or now > until:
                return
            await asyncio.sleep(0.01)

    async def _refetch(self, frame: StoredFrame) -> None:
        """Fetch what was lost; at most once in ten seconds (10)."""
        try:
            while frame.gap and not frame.over:
                frame.gap = False
                if frame.fetching is not None:
                    await asyncio.wait([frame.fetching])
                await asyncio.wait([self.update(frame)])
                await asyncio.sleep(wire.GAP_EVERY_S)
        finally:
            frame.refetching = False

    async def _revive(self, frame: StoredFrame) -> None:
        """Create a frame anew on a new connection."""
        try:
            await self._create(frame)
        except Refused as problem:
            if problem.code in (*LINE_CODES, wire.TIMEOUT):
                return  # the next connection tries again
            gone = problem.code == wire.NOT_FOUND
            self.book.end(frame, FrameState.CLOSED if gone else FrameState.FAILED, problem.message)
            self._owner.frame_changed(frame)
            return
        if frame.wanted and not frame.over:
            self.update(frame)

    # ---- what the service says of them ---------------------------------------------------------

    def said(self, frame: StoredFrame, event: wire.FrameEvent) -> None:
        """Take one event of a frame."""
        if frame.over:
            return
        lost = self.book.gap(frame, event)
        if lost:
            self._counts["event lost"] += lost
            self._lost_rows(frame, "rows lost")
        match event:
            case RowsCame():
                self._take_rows(frame, event)
            case FrameTrouble(_, _, text) if text.startswith("OVERRUN"):
                self._lost_rows(frame, text)
            case FrameTrouble(_, _, text):
                frame.problem = text
                frame.troubles += 1
                self._owner.frame_trouble(frame, text)
                self._owner.frame_changed(frame)
            case FrameEnded(_, _, reason):
                self.book.end(frame, FrameState.CLOSED)
                frame.problem = reason if reason != "call-ended" else frame.problem
                if frame.fetching is not None:
                    frame.fetching.cancel()
                self._owner.frame_changed(frame)

    def _take_rows(self, frame: StoredFrame, event: RowsCame) -> None:
        self._service.touch(frame.native)
        rows = self.book.take_rows(frame, event, self._pack)
        if not rows:
            return
        live = frame.spec.live_of is not None
        if not live:
            frame.reached_ms = wire.number(self._names.row(rows[-1], "timestamp"))
        for row in rows if live else ():
            at = wire.number(self._names.row(row, "timestamp")) or 0.0
            if at >= frame.latest_at:
                frame.latest, frame.latest_at = row, at
        if live and frame.fetching is None:
            remark = self._skew.note(self._owner.wall(), frame.latest_at / 1000.0)
            if remark:
                self._owner.remark(remark)
        self._owner.frame_rows(frame, rows)
        self._owner.frame_changed(frame)

    def _lost_rows(self, frame: StoredFrame, text: str) -> None:
        frame.gap = True
        if frame.refetching:
            return
        frame.refetching = True
        self._owner.frame_trouble(frame, text)
        self._tasks.spawn(self._refetch(frame))
