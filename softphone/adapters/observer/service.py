"""The service as a client sees it: requests that are answered, frames that outlive connections.

Adapter and library are both built on this. Everything happens on one event loop.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from statistics import median
from typing import Any, Protocol

from softphone.model.error import Refused
from softphone.model.monitor import FrameId, FrameState
from softphone.model.presence import LinkState
from softphone.secret import Secret

from . import wire
from .frame import FrameBook, Spec, StoredFrame
from .line import GetToken, Line
from .requests import Asked, Requests
from .rows import Rows
from .settings import ObserverSettings
from .wire import FrameEnded, FrameTrouble, Response, RowsCame, Table

logger = logging.getLogger(__name__)

_OFFSETS = 51
_PACE_S = 2.0
_READ_WITHIN_S = 5.0
_PACE_RINGS = 4
_LINE_CODES = (wire.DISCONNECTED, wire.UNAUTHENTICATED, "NOT_ONLINE")
_WORDS = {
    wire.FORBIDDEN: "Not permitted for this account",
    wire.NOT_FOUND: "Not found",
    wire.UNSUPPORTED: "This service cannot do that",
    wire.CONFLICT: "Not possible now",
    wire.BAD_REQUEST: "The service does not understand that",
    wire.INTERNAL: "The service has a problem",
    wire.RATE_LIMITED: "The service asks for patience",
    wire.UNAUTHENTICATED: "The access token is no longer valid",
}


class ServiceOwner(Protocol):
    """Who hears what happens, and has the clocks."""

    def link_changed(
        self, link: LinkState, cause: str, code: str, retry_mono: float | None
    ) -> None: ...
    def trouble(self, code: str, text: str) -> None: ...
    def remark(self, text: str) -> None: ...
    def frame_changed(self, frame: StoredFrame) -> None: ...
    def frame_rows(self, frame: StoredFrame, rows: list[Table]) -> None: ...
    def frame_trouble(self, frame: StoredFrame, text: str) -> None: ...
    def monotonic(self) -> float: ...
    def wall(self) -> float: ...


class Service:
    """One account at one service. `run` until cancelled; `open` and `close` the line in it."""

    def __init__(
        self,
        owner: ServiceOwner,
        settings: ObserverSettings,
        names: wire.Wire,
        get_token: GetToken,
        tls: ssl.SSLContext | None,
        pack: Callable[[Table], Any],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.names = names
        self._owner = owner
        self._settings = settings
        self._pack = pack
        self._requests = Requests(names, self.counts)
        self.book = FrameBook(names, self.counts)
        self._line = Line(
            self, settings.url, names, settings.token_mode, get_token, tls,
            settings.reconnect_backoff_s,
        )  # fmt: skip
        self._page = settings.page_rows
        self._too_large = 0
        self._up = False
        self._denied: dict[str, Refused] = {}
        self._offsets: deque[float] = deque(maxlen=_OFFSETS)
        self._skew_told = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    # ---- life ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the line until cancelled; nothing is left afterwards."""
        try:
            await self._line.run()
        finally:
            try:
                await self._line.close()
            finally:
                await self._end_all()

    def open(self, token: Secret | None = None) -> None:
        """Connect, or try again at once."""
        self._line.open(token)

    async def close(self) -> None:
        """Close the line on purpose."""
        await self._line.close()

    def reconnect(self, why: str) -> None:
        """Connect anew at once."""
        self._line.reconnect(why)

    @property
    def up(self) -> bool:
        """Tell whether requests can be sent."""
        return self._up

    @property
    def bad_messages(self) -> int:
        """Return how many messages could not be read."""
        return self._line.bad_messages

    # ---- requests ------------------------------------------------------------------------------

    async def ask(
        self,
        type_: str,
        payload: Table,
        *,
        read: bool = True,
        deny_as: str = "",
        during: Callable[[Table], None] | None = None,
        frame_id: str = "",
    ) -> Table:
        """Send a request and return its payload; raises Refused with the service's code.

        `read`: it changes nothing, so it may be sent a second time. `during` runs at once with
        the payload, before anything that came after the answer is looked at.
        """
        denied = self._denied.get(deny_as or type_)
        if denied is not None:
            raise Refused(denied.message, code=denied.code)
        for last in (False, True):
            response = await self._ask_once(type_, payload, during, frame_id)
            problem = response.problem
            if problem is None:
                return response.payload
            if not last and problem.code == wire.RATE_LIMITED:
                wait = 1.0 if problem.retry_after_s is None else problem.retry_after_s
                await asyncio.sleep(wait)
            elif last or not (read and problem.code == wire.INTERNAL):
                break
        assert problem is not None, "an answer without a problem has returned above"
        raise self._refusal(deny_as or type_, problem)

    async def _ask_once(
        self, type_: str, payload: Table, during: Callable[[Table], None] | None, frame_id: str
    ) -> Response:
        if not self._up:
            raise Refused("Not connected to the service now.", code="NOT_ONLINE")
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        def settle(response: Response) -> None:
            if during is not None and response.problem is None:
                during(response.payload)
            if not answer.done():
                answer.set_result(response)

        limit_s = self._settings.update_limit_s if frame_id else self._settings.request_limit_s
        asked = Asked(type_, payload, limit_s, settle, frame_id)
        self._send(self._requests.ask(asked, self._owner.monotonic()))
        return await answer

    def _refusal(self, key: str, problem: wire.Problem) -> Refused:
        words = _WORDS.get(problem.code, "")
        said = problem.text.rstrip(".")
        text = f"{words}: {said}." if words and said else f"{words or said}."
        refusal = Refused(text, code=problem.code)
        if problem.code in (wire.FORBIDDEN, wire.UNSUPPORTED):
            self._denied[key] = refusal
        if problem.code == wire.UNAUTHENTICATED:
            self._line.refused()
        return refusal

    def _send(self, texts: list[str]) -> None:
        for text in texts:
            self._line.send(text)
        self._rearm()

    def _rearm(self) -> None:
        limit = self._requests.next_limit()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if limit is not None:
            wait = max(0.0, limit - self._owner.monotonic()) + 0.001
            self._timer = asyncio.get_running_loop().call_later(wait, self._overdue)

    def _overdue(self) -> None:
        self._timer = None
        self._send(self._requests.overdue(self._owner.monotonic()))
        if self._requests.timeouts >= wire.TIMEOUTS_LIMIT:
            self._requests.timeouts = 0
            self._line.reconnect("the service has stopped answering")

    # ---- frames --------------------------------------------------------------------------------

    async def open_frame(self, spec: Spec, *, update: bool) -> StoredFrame:
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
        payload = dict(frame.spec.payload)
        if self._settings.packed_rows:
            payload["accept"] = [self.names.accept_newrows]

        def created(answer: Table) -> None:
            native = wire.frame_id_in(answer, self.names)
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
                self._frame_said(frame, event)

        deny_as = f"{frame.spec.type} {frame.spec.payload.get('resourceId', '')}"
        await self.ask(frame.spec.type, payload, deny_as=deny_as, during=created)
        if not frame.native and not frame.over:
            raise Refused("The service gave the frame no id.", code=wire.PROTOCOL_ERROR)

    def update(self, frame: StoredFrame) -> asyncio.Task[None]:
        """Fetch stored rows; a fetch that runs is joined."""
        if frame.fetching is None or frame.fetching.done():
            frame.wanted, frame.partial = True, False
            if frame.state is FrameState.CREATED:
                frame.state = FrameState.OPEN
            frame.fetching = self._spawn(self._fetch(frame))
        return frame.fetching

    def stop(self, frame: StoredFrame) -> None:
        """Stop a fetch that runs; what has come stays."""
        if frame.fetching is not None and not frame.fetching.done():
            frame.partial = True
            frame.problem = "stopped"
            frame.fetching.cancel()

    def close_frame(self, frame: StoredFrame) -> None:
        """Close a frame and forget it; nothing of it is told afterwards."""
        self.book.frames.pop(frame.id, None)
        if frame.over:
            return
        self._close_native(self.book.end(frame, FrameState.CLOSED))
        if frame.fetching is not None:
            frame.fetching.cancel()

    def _close_native(self, native: str) -> None:
        """Close a frame at the service without waiting for the answer (5.5)."""
        if native and self._up:
            payload = wire.close_payload(native, self.names)
            limit = self._settings.request_limit_s
            asked = Asked(self.names.type_frame, payload, limit, lambda _answer: None)
            self._send(self._requests.ask(asked, self._owner.monotonic()))

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
        payload = wire.update_payload(frame.native, sent, min(self._page, left), self.names)
        try:
            answer = await self.ask(self.names.type_frame, payload, frame_id=frame.native)
        except Refused as problem:
            if problem.code in _LINE_CODES:
                return True  # goes on when the line is back
            frame.partial, frame.problem = True, problem.message
            return False
        cursor = wire.next_cursor_in(answer, self.names)
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
            if problem.code in (*_LINE_CODES, wire.TIMEOUT):
                return  # the next connection tries again
            gone = problem.code == wire.NOT_FOUND
            self.book.end(frame, FrameState.CLOSED if gone else FrameState.FAILED, problem.message)
            self._owner.frame_changed(frame)
            return
        if frame.wanted and not frame.over:
            self.update(frame)

    # ---- what the line says --------------------------------------------------------------------

    def line_opened(self) -> None:
        """Take requests; make frames anew."""
        self._up = True
        self._denied.clear()
        self._offsets.clear()
        self._skew_told = False
        self._owner.link_changed(LinkState.ONLINE, "", "", None)
        for frame in list(self.book.frames.values()):
            if not frame.over:
                self._spawn(self._revive(frame))

    def line_closed(self) -> None:
        """Fail what waits; frames are stale."""
        self._up = False
        for frame in self.book.lost(self._owner.wall()):
            self._owner.frame_changed(frame)
        self._requests.lost()
        self._rearm()

    def line_said(self, message: wire.ServerMessage) -> None:
        """Take one message."""
        match message:
            case Response():
                if message.problem is None or message.problem.code != wire.UNAUTHENTICATED:
                    self._line.accepted()
                self._send(self._requests.heard(message, self._owner.monotonic()))
            case RowsCame() | FrameTrouble() | FrameEnded():
                frame = self.book.find(message, self._owner.monotonic())
                if frame is not None:
                    self._frame_said(frame, message)
            case _:
                self.counts["message of another version"] += 1

    def line_too_large(self) -> None:
        """A message was too large; after the third, smaller pages are asked for."""
        self._too_large += 1
        if self._too_large >= wire.TOO_LARGE_LIMIT:
            self._too_large = 0
            self._page = max(1, self._page // 2)
            self._owner.remark(f"messages too large; rows come {self._page} at a time now")

    def line_state(
        self, link: LinkState, cause: str = "", code: str = "", retry_mono: float | None = None
    ) -> None:
        """Pass a change of the line on."""
        self._owner.link_changed(link, cause, code, retry_mono)

    def line_trouble(self, code: str, text: str) -> None:
        """Pass trouble of the line on."""
        self._owner.trouble(code, text)

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return self._owner.monotonic()

    def _frame_said(self, frame: StoredFrame, event: wire.FrameEvent) -> None:
        if frame.over:
            return
        lost = self.book.gap(frame, event)
        if lost:
            self.counts["event lost"] += lost
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
        self._requests.touch(frame.native, self._owner.monotonic())
        rows = self.book.take_rows(frame, event, self._pack)
        if not rows:
            return
        live = frame.spec.live_of is not None
        if not live:
            frame.reached_ms = wire.number(self.names.row(rows[-1], "timestamp"))
        for row in rows if live else ():
            at = wire.number(self.names.row(row, "timestamp")) or 0.0
            if at >= frame.latest_at:
                frame.latest, frame.latest_at = row, at
        if live and frame.fetching is None:
            self._note_clock(frame.latest_at / 1000.0)
        self._owner.frame_rows(frame, rows)
        self._owner.frame_changed(frame)

    def _lost_rows(self, frame: StoredFrame, text: str) -> None:
        frame.gap = True
        if frame.refetching:
            return
        frame.refetching = True
        self._owner.frame_trouble(frame, text)
        self._spawn(self._refetch(frame))

    def _note_clock(self, row_at: float) -> None:
        """Tell once when the service's clock is not ours; the median forgives delays."""
        self._offsets.append(self._owner.wall() - row_at)
        if self._skew_told or len(self._offsets) < 5:
            return
        offset = median(self._offsets)
        if abs(offset) > wire.SKEW_S:
            self._skew_told = True
            way = "behind" if offset > 0 else "ahead of"
            self._owner.remark(f"the service's clock is {abs(offset):.0f} s {way} this one")

    # ---- tasks ---------------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a task of the observer failed", exc_info=task.exception())

    async def _end_all(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._timer is not None:
            self._timer.cancel()
