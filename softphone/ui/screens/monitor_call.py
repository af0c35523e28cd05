"""One monitored call: its clients with their quality, live; the marked one in full below."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.monitor import (
    ClientQuality,
    CoursePoint,
    Frame,
    FrameId,
    FrameState,
    Issue,
    ObservedCall,
)
from softphone.ui import words
from softphone.ui.clock import local_time
from softphone.ui.monitoring import (
    Course,
    Values,
    kbits,
    quality_words,
    rising_span,
    rising_top,
    score_span,
    sparkline,
    stale_since,
)
from softphone.ui.panes.pane import Say
from softphone.ui.session import Topic
from softphone.ui.spans import Column, Line, Span, dimmed, table_line, wrap
from softphone.ui.view import View
from softphone.ui.widgets.heading import Heading
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.widgets.scrolling import ScrollLines
from softphone.ui.working import start

from .base import ConsoleScreen
from .monitor_client import MonitorClientScreen, reason_words

_COLUMNS = (Column(flex=2), Column(6), Column(5), Column(9), Column(8), Column(8), Column(9),
            Column(flex=1))  # fmt: skip
_COLUMNS_WIDE = (Column(flex=2), Column(6), Column(5), Column(9), Column(9), Column(8), Column(8),
                 Column(8), Column(9), Column(20), Column(flex=2))  # fmt: skip
_WIDE = 110
_SPARK, _SPARK_WIDE = 30, 100
_CLIENT_FRAMES = 8


class MonitorCallScreen(ConsoleScreen):
    """Follow a call by its frame of snapshots, and the marked client by a frame of its own."""

    def __init__(self, view: View, account: AccountName, call: ObservedCall) -> None:
        super().__init__(view, name="monitor-call")
        self._account = account
        self._call = call
        self._clients: dict[str, ClientQuality] = {one.client: one for one in call.clients}
        self._courses: dict[str, Course] = {}
        self._frames: dict[FrameId, Frame] = {}
        self._asked: list[str] = []
        self._said: set[str] = set()
        self._call_frame: FrameId | None = None
        self._looked_back = False
        self.rows: RowList[ClientQuality] = RowList(
            self._draw, lambda client: client.client, empty="Nobody is in this call yet."
        )
        self.detail = ScrollLines(self.rows, id="client-detail")
        self._box = Vertical(Heading(_heading), self.rows, classes="pane full")

    def compose_body(self) -> Iterable[Widget]:
        self._box.border_title = Content(
            f"CALL {self._call.room or self._call.id} ── Enter all of a client, Esc closes"
        )
        yield self._box
        below = Vertical(self.detail, classes="pane client")
        below.border_title = Content("CLIENT")
        yield below

    def on_mount(self) -> None:
        """Open the call's frame."""
        self.rows.focus()
        self.view.session.listeners.append(self._heard)
        start(self.app, self._open_call, group="open")  # what it opens is closed, come what may
        self._paint()

    def on_unmount(self) -> None:
        """Close the frames that were opened here."""
        self.view.session.listeners.remove(self._heard)
        for frame in self._frames:
            start(self.app, partial(self._close, frame), group="close")

    def show(self, topics: frozenset[Topic]) -> None:
        """Paint what came."""
        super().show(topics)
        if self.is_mounted and topics & {Topic.MONITOR, Topic.CLOCK, Topic.ACCOUNTS}:
            self._paint()

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Show the marked client, and follow it closely."""
        event.stop()
        self._paint_detail()
        self._follow_seen()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Enter shows all of a client, y copies its row, Esc closes."""
        event.stop()
        client = self.rows.row
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif client is None:
            return
        elif event.action_id == "list.open":
            self.app.push_screen(MonitorClientScreen(self.view, self._account, client))
        elif event.action_id == "list.copy":
            self.app.copy_to_clipboard(client.row or client.client)
            self.post_message(Say("Copied the client's row."))

    # ---- following -----------------------------------------------------------------------------

    def _heard(self, event: e.Event) -> None:
        """Take quality as it comes; painting follows at the console's own pace."""
        match event:
            case e.CallObserved(account, _, call) if account == self._account:
                if call.id == self._call.id:
                    self._call = call
                    for client in call.clients:
                        self._take(client)
            case e.ClientObserved(account, _, client) if account == self._account:
                if client.call == self._call.id:
                    self._take(client)
            case e.FrameChanged(frame) if frame.id in self._frames:
                self._frames[frame.id] = frame
                self._look_back_once(frame)
            case _:
                pass

    def _take(self, client: ClientQuality) -> None:
        known = self._clients.get(client.client)
        if known is not None and known.at is not None and (client.at or 0.0) < known.at:
            return
        if known is not None and known.row and not client.row:
            return  # a client's own frame tells more than the call's
        self._clients[client.client] = client
        self._courses.setdefault(client.client, Course()).add(client, self.view.mono())

    async def _open_call(self) -> None:
        await self._open(c.OpenFrame(self._account, c.FrameKind.CALL, self._call.id))
        if not self.gone:
            self._follow_seen()

    def _follow_seen(self) -> None:
        """Follow the marked client and those that are seen, at most eight, each by its frame."""
        marked = [self.rows.row] if self.rows.row is not None else []
        for client in (*marked, *self.rows.seen):
            if client.left_at is not None or client.client in self._asked:
                continue
            if len(self._asked) >= _CLIENT_FRAMES:
                return
            self._asked.append(client.client)
            wanted = c.OpenFrame(self._account, c.FrameKind.CLIENT, self._call.id, client.client)
            start(self.app, partial(self._open, wanted), group=f"client {client.client}")

    async def _open(self, wanted: c.OpenFrame) -> None:
        reply = await self.view.request(wanted)
        if isinstance(reply.value, c.FrameOpened):
            frame = reply.value.frame
            if self.gone:
                start(self.app, partial(self._close, frame.id), group="close")
                return
            self._frames[frame.id] = frame
            if wanted.kind is c.FrameKind.CALL:
                self._call_frame = frame.id
                self._look_back_once(frame)
        elif self.gone:
            return
        elif reply.text not in self._said:
            self._said.add(reply.text)
            self.post_message(Say(reply.text, "warning"))
        self._paint()

    def _look_back_once(self, frame: Frame) -> None:
        """Look back as soon as the call's stored rows are there."""
        fetched = frame.received and not frame.updating
        if frame.id == self._call_frame and fetched and not self._looked_back:
            self._looked_back = True
            start(self, partial(self._look_back, frame.id), group="course")

    async def _look_back(self, frame: FrameId) -> None:
        """Begin the courses with what the service had stored of this call."""
        reply = await self.view.request(c.ReadCourse(self._account, frame))
        if not isinstance(reply.value, c.CourseFound):
            return
        by_client: dict[str, list[CoursePoint]] = {}
        for point in reply.value.points:
            by_client.setdefault(point.client, []).append(point)
        for client, points in by_client.items():
            self._courses.setdefault(client, Course()).precede(points)
        self._paint()

    async def _close(self, frame: FrameId) -> None:
        await self.view.request(c.CloseFrame(self._account, frame))

    # ---- painting ------------------------------------------------------------------------------

    def _paint(self) -> None:
        clients = sorted(
            self._clients.values(),
            key=lambda one: (one.left_at is not None, 9.0 if one.score is None else one.score,
                             one.client),
        )  # fmt: skip
        self.rows.show(clients)
        if self._frames:
            self._follow_seen()
        self._box.border_subtitle = Content(self._below())
        self._paint_detail()

    def _below(self) -> str:
        states = {frame.state for frame in self._frames.values()}
        people = words.plural(len(self._clients), "client")
        if self._call.duration_s is not None:
            people = f"{words.duration(self._call.duration_s)} · {people}"
        if self._stale:
            since = min(f.stale_since or 0.0 for f in self._frames.values() if _is_stale(f))
            return f"{people} · {stale_since(since or None)}"
        if FrameState.CLOSED in states or self._call.ended_at is not None:
            return f"{people} · the call is over"
        return people

    @property
    def _stale(self) -> bool:
        return any(_is_stale(frame) for frame in self._frames.values())

    def _draw(self, client: ClientQuality, width: int) -> Line:
        wide = width >= _WIDE
        line = table_line(self._cells(client, wide), _COLUMNS_WIDE if wide else _COLUMNS, width)
        return dimmed(line) if client.left_at is not None or self._stale else line

    def _cells(self, client: ClientQuality, wide: bool) -> list[Span]:
        odd = set(client.odd)
        loss, out = client.loss_in, client.loss_out
        rtt, most, jitter = client.rtt_ms, client.rtt_max_ms, client.jitter_ms
        flags = [name for name, on in (("TURN", client.turn), ("TCP", client.tcp)) if on]
        flags += ["muted"] if client.muted else []
        flags += [issue.type for issue in client.issues if issue.ended_at is None]
        course = self._courses.get(client.client, Course())
        cells: list[tuple[bool, Span]] = [
            (True, (client.name or client.user or client.client, "plain")),
            (True, score_span(client.score, odd="score" in odd)),
            (True, (words.figure(client.mos, "", 1), "dim")),
            (True, rising_span("rtt", rtt, words.figure(rtt), odd="rtt_ms" in odd)),
            (wide, rising_span("rtt", most, words.figure(most), odd="rtt_max_ms" in odd)),
            (True, rising_span("jitter", jitter, words.figure(jitter), odd="jitter_ms" in odd)),
            (True, rising_span("loss", loss, _percent(loss), odd="loss_in" in odd)),
            (wide, rising_span("loss", out, _percent(out), odd="loss_out" in odd)),
            (True, (f"{kbits(client.audio_in_bps)}/{kbits(client.audio_out_bps)}", "dim")),
            (wide, (sparkline(course.rtt, 20, 0.0, rising_top(course.rtt, 100.0)), "plain")),
            (True, (" ".join(flags) or quality_words(client), "warn" if flags else "dim")),
        ]
        return [span for shown, span in cells if shown]

    def _paint_detail(self) -> None:
        client = self.rows.row
        width = max(20, self.detail.content_size.width)
        lines = self._detail_lines(client, width) if client else []
        self.detail.show_of(client.client if client else None, lines)

    def _detail_lines(self, client: ClientQuality, width: int) -> list[Line]:
        course = self._courses.get(client.client, Course())
        lines: list[Line] = [
            _spark_line("score", course.score, 5.0, words.figure(client.score, "", 1), width),
            _spark_line("rtt", course.rtt, rising_top(course.rtt, 100.0),
                        words.figure(client.rtt_ms, "ms"), width),
            _spark_line("jitter", course.jitter, rising_top(course.jitter, 20.0),
                        words.figure(client.jitter_ms, "ms"), width),
            _spark_line("loss", course.loss, rising_top(course.loss, 0.05),
                        words.DASH if client.loss_in is None else f"{client.loss_in:.1%}", width),
        ]  # fmt: skip
        for reason, points in client.reasons:
            lines.append((("score      ", "dim"), (reason_words(reason, points), "warn")))
        lines += [_issue_line(issue) for issue in client.issues]
        for name, value in client.facts:
            lines += wrap(f"{name}: {value}", width, "dim", 2)
        return lines


def _heading(width: int) -> Line:
    if width < _WIDE:
        names = ("client", "score", "MOS~", "rtt ms", "jitter", "loss %", "kb/s i/o", "state")
        return table_line([(name, "dim") for name in names], _COLUMNS, width)
    wide = ("client", "score", "MOS~", "rtt ms", "at most", "jitter", "loss in", "loss out",
            "kb/s i/o", "course of rtt", "state")  # fmt: skip
    return table_line([(name, "dim") for name in wide], _COLUMNS_WIDE, width)


def _is_stale(frame: Frame) -> bool:
    return frame.state is FrameState.STALE


def _percent(share: float | None) -> str:
    return words.DASH if share is None else f"{share * 100:.1f}"


def _spark_line(title: str, values: Values, top: float, now: str, width: int) -> Line:
    bars = sparkline(values, _SPARK_WIDE if width >= _WIDE else _SPARK, 0.0, top)
    return ((f"{title:<11}", "dim"), (bars, "plain"), (f"  {now}", "strong"))


def _issue_line(issue: Issue) -> Line:
    at = f"{local_time(issue.at):%H:%M:%S}" if issue.at else words.DASH
    state = "over" if issue.ended_at is not None else issue.severity or "open"
    role = "dim" if issue.ended_at is not None else "bad"
    return ((f"{at}   ", "dim"), (f"{issue.type} {state}  ", role), (issue.detail, "dim"))
