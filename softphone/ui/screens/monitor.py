"""Ongoing calls of a monitored service, the worst first; the line above sums them up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.capability import Capability
from softphone.model.monitor import Frame, ObservedCall, SummaryPoint
from softphone.model.presence import LinkState
from softphone.ui import words
from softphone.ui.clock import local_time
from softphone.ui.monitoring import (
    ORDERS,
    CallBoard,
    Followed,
    score_span,
    sparkline,
    stale_since,
)
from softphone.ui.panes.pane import Say
from softphone.ui.session import Topic
from softphone.ui.situation import accounts_that
from softphone.ui.spans import Column, Line, Span, dimmed, table_line
from softphone.ui.view import View
from softphone.ui.widgets.filtered import FilteredList
from softphone.ui.widgets.heading import Heading
from softphone.ui.widgets.lines import Lines
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import ConsoleScreen
from .monitor_call import MonitorCallScreen
from .monitor_lookup import look_up
from .monitor_summary import SummaryScreen

_CALLS_EVERY_S, _FOLLOW_EVERY_S, _LATELY_S = 5.0, 0.5, 300.0
_NEVER = ("UNSUPPORTED", "FORBIDDEN")
_SUMMARY_EVERY_CALLS = 2
_WIDE = 110
_COLUMNS = (Column(flex=3), Column(flex=2), Column(8), Column(3, right=True),
            Column(4, right=True), Column(7), Column(7), Column(4, right=True))  # fmt: skip
_COLUMNS_WIDE = (*_COLUMNS, Column(40))
_FIGURES = (
    ("currentActiveCalls", "calls"),
    ("currentNumberOfClients", "clients"),
    ("currentNumberOfClientsUsingTURN", "on TURN"),
    ("averageScore", "score"),
)


class MonitorScreen(ConsoleScreen):
    """Enter opens a call; / filters; s sorts; l looks up any id, in past calls too."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="monitor")
        self.board = CallBoard()
        self.overview = Lines(id="monitor-overview")
        self.rows: RowList[ObservedCall] = RowList(
            self._draw, lambda call: (call.id, call.started_at), empty="The service is being asked."
        )
        self.list = FilteredList(self.rows)
        self._turn = 0
        self._summary: c.SummaryFound | None = None
        self._asked_mono: float | None = None
        self._asked_at: float | None = None
        self._order = ORDERS[0]
        self._followed = Followed()
        self._frames: dict[str, Frame] = {}
        self._frames_refused = False
        self._changed = False
        self._problem = ""
        self._box = Vertical(Heading(_heading), self.list, classes="pane full")

    def compose_body(self) -> Iterable[Widget]:
        yield self.overview
        self._entitle()
        yield self._box

    def on_mount(self) -> None:
        """Ask now and every few seconds."""
        self.rows.focus()
        self.view.session.listeners.append(self._heard)
        self._ask()
        self.set_interval(_CALLS_EVERY_S, self._ask)
        self.set_interval(_FOLLOW_EVERY_S, self._follow_seen)

    def on_unmount(self) -> None:
        """Close the frames that were opened here."""
        self.view.session.listeners.remove(self._heard)
        for frame in self._frames.values():
            self._leave(frame)

    def show(self, topics: frozenset[Topic]) -> None:
        """Show ages as they grow."""
        super().show(topics)
        if self.is_mounted and topics & {Topic.CLOCK, Topic.ACCOUNTS, Topic.ENGINE}:
            self._paint()

    @property
    def account(self) -> AccountName | None:
        """Return the first account that monitors a service, one that is online before others."""
        able = accounts_that(self.view.now, Capability.MONITORING)
        able.sort(key=lambda account: account.link is not LinkState.ONLINE)
        return able[0].name if able else None

    def on_filtered_list_filtered(self, event: FilteredList.Filtered) -> None:
        """Show only calls with what is typed."""
        event.stop()
        self._paint()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Enter opens the marked call."""
        event.stop()
        call = self.rows.row
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif event.action_id == "list.find" and self.account is not None:
            look_up(self, self.account, self._open)
        elif event.action_id == "list.sort":
            self._sort()
        elif event.action_id == "list.report":
            self.app.push_screen(SummaryScreen(self.view))
        elif call is None:
            return
        elif event.action_id == "list.open":
            self._open(call)
        elif event.action_id == "list.copy":
            self.app.copy_to_clipboard(call.id)
            self.post_message(Say("Copied the call's id."))

    def _open(self, call: ObservedCall) -> None:
        if self.account is not None:
            self.app.push_screen(MonitorCallScreen(self.view, self.account, call))

    def _sort(self) -> None:
        self._order = ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)]
        self._entitle()
        self._paint()

    # ---- asking --------------------------------------------------------------------------------

    def _ask(self) -> None:
        start(self, self._load, group="calls", latest=True)

    async def _load(self) -> None:
        account = self.account
        if account is None:
            self.rows.show((), "No account monitors a service.")
            return
        reply = await self.view.request(c.ListObserved(account))
        if isinstance(reply.value, c.ObservedFound):
            self._problem = ""
            self._asked_mono, self._asked_at = self.view.mono(), self.view.clock.wall()
            self.board.take(reply.value.calls, self.view.mono())
        else:
            self._problem = reply.text or "The service gives no answer."
        if self._turn % _SUMMARY_EVERY_CALLS == 0:
            await self._load_summary(account)
        self._turn += 1
        self._paint()

    async def _load_summary(self, account: AccountName) -> None:
        reply = await self.view.request(c.FetchSummary(account))
        if isinstance(reply.value, c.SummaryFound):
            self._summary = reply.value

    # ---- following the calls that are seen -----------------------------------------------------

    def _follow_seen(self) -> None:
        """Keep frames of the calls on the screen; paint what they brought."""
        account = self.account
        if account is None or self._problem or self._frames_refused:
            return
        seen = [call.id for call in self.rows.seen if not self.board.ended(call)]
        fresh, old = self._followed.look(seen, self.view.mono())
        for call_id in fresh:
            start(self.app, partial(self._follow, account, call_id), group=f"follow {call_id}")
        for call_id in old:
            self._leave(self._frames.pop(call_id, None))
        if self._changed:
            self._paint()

    async def _follow(self, account: AccountName, call_id: str) -> None:
        reply = await self.view.request(c.OpenFrame(account, c.FrameKind.CALL, call_id))
        if isinstance(reply.value, c.FrameOpened):
            if call_id in self._followed.seen and not self.gone:
                self._frames[call_id] = reply.value.frame
            else:
                self._leave(reply.value.frame)
        elif reply.code in _NEVER:
            self._frames_refused = True

    def _leave(self, frame: Frame | None) -> None:
        if frame is not None:
            start(self.app, partial(self._close, frame), group="close")

    async def _close(self, frame: Frame) -> None:
        await self.view.request(c.CloseFrame(frame.account, frame.id))

    def _heard(self, event: e.Event) -> None:
        """Take a followed call's figures; they are painted twice a second."""
        if isinstance(event, e.CallObserved) and event.account == self.account:
            self._changed |= self.board.update(event.call, self.view.mono())

    # ---- painting ------------------------------------------------------------------------------

    def _entitle(self) -> None:
        key = self.view.key
        order = "" if self._order == ORDERS[0] else f" · by {self._order}"
        self._box.border_title = Content(
            f"MONITOR{order} ── {key('list.find')} any id, {key('list.filter')} filter, "
            f"{key('list.sort')} sort, {key('list.report')} summary, Esc closes"
        )

    def _paint(self) -> None:
        self._changed = False
        self.overview.show([self._overview_line()])
        wanted = self.list.filter_text.casefold()
        calls = [
            call
            for call in self.board.rows(self._order)
            if wanted in f"{call.room} {call.id} {call.service}".casefold()
        ]
        none = "No call fits." if wanted else self._problem or "No call goes on."
        self.rows.show(calls, none)
        count = words.plural(len(self.board.calls), "call")
        self._box.border_subtitle = Content(f"{len(calls)} of {count}" if wanted else count)

    def _overview_line(self) -> Line:
        spans: list[Span] = [(" ", "plain")]
        figures = dict(self._summary.figures) if self._summary else {}
        for name, title in _FIGURES:
            if name in figures:
                spans += [(f"{title} ", "dim"), (f"{figures[name] or words.DASH}  ", "strong")]
        if self._summary and self._summary.series:
            issues = _lately(self._summary.series)
            spans += [("issues 5 min ", "dim"), (f"{words.figure(issues)}  ", "strong")]
        if self._problem:
            spans.append((f"{stale_since(self._asked_at)}  {self._problem}", "bad"))
        elif self._asked_at is not None:
            spans.append((f"online, as of {local_time(self._asked_at):%H:%M:%S}", "dim"))
        return tuple(spans)

    def _draw(self, call: ObservedCall, width: int) -> Line:
        ended = self.board.ended(call)
        cells: list[Span] = [
            (call.room or words.DASH, "plain"),
            (call.id, "dim"),
            ("ended" if ended else self._age(call), "dim"),
            (words.figure(call.clients_now), "plain"),
            (words.figure(call.clients_peak), "dim"),
            score_span(call.score),
            score_span(call.worst_score),
            (words.figure(call.issues), "warn" if call.issues else "dim"),
        ]
        if width < _WIDE:
            line = table_line(cells, _COLUMNS, width)
        else:
            course = self.board.courses.get(call.id)
            cells.append((sparkline(course.score, 40, 0.0, 5.0) if course else "", "plain"))
            line = table_line(cells, _COLUMNS_WIDE, width)
        return dimmed(line) if ended or self._problem else line

    def _age(self, call: ObservedCall) -> str:
        if call.duration_s is None:
            return words.DASH
        since = self.view.mono() - (self._asked_mono or self.view.mono())
        return words.duration(call.duration_s + since)


def _lately(series: Sequence[SummaryPoint]) -> int | None:
    """Return the issues of the last five minutes; None when none was counted."""
    newest = series[-1].at
    counted = [p.issues for p in series if p.issues is not None and newest - p.at < _LATELY_S]
    return sum(counted) if counted else None


def _heading(width: int) -> Line:
    names = ("room", "call", "age", "now", "peak", "score", "worst", "iss.", "course of the score")
    wide = width >= _WIDE
    columns = _COLUMNS_WIDE if wide else _COLUMNS
    cells = [(name, "dim") for name in (names if wide else names[:-1])]
    return table_line(cells, columns, width)
