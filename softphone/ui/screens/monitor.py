"""Ongoing calls of a monitored service, the worst first; the line above sums them up."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from softphone.model import command as c
from softphone.model.call import AccountName
from softphone.model.capability import Capability
from softphone.model.monitor import ObservedCall
from softphone.model.presence import LinkState
from softphone.ui import words
from softphone.ui.monitoring import CallBoard, score_span, sparkline
from softphone.ui.panes.pane import Say
from softphone.ui.session import Topic
from softphone.ui.situation import accounts_that
from softphone.ui.spans import Column, Line, Span, table_line
from softphone.ui.view import View
from softphone.ui.widgets.filtered import FilteredList
from softphone.ui.widgets.heading import Heading
from softphone.ui.widgets.lines import Lines
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import ConsoleScreen
from .dialogs import AskLine
from .monitor_call import MonitorCallScreen
from .pick import Pick

_CALLS_EVERY_S = 5.0
_SUMMARY_EVERY_CALLS = 2
_WIDE = 110
_COLUMNS = (Column(flex=2), Column(9), Column(6, right=True), Column(6, right=True), Column(7),
            Column(7), Column(5, right=True))  # fmt: skip
_COLUMNS_WIDE = (*_COLUMNS, Column(60))
_FIGURES = (
    ("currentActiveCalls", "calls"),
    ("currentNumberOfClients", "clients"),
    ("currentNumberOfClientsUsingTURN", "on TURN"),
    ("averageScore", "score"),
    ("totalClientIssues", "issues"),
)


class MonitorScreen(ConsoleScreen):
    """Enter opens a call; / filters; n looks up any id, in past calls too."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="monitor")
        self.board = CallBoard()
        self.overview = Lines(id="monitor-overview")
        self.rows: RowList[ObservedCall] = RowList(
            self._draw, lambda call: (call.id, call.started_at), empty="The service is being asked."
        )
        self.list = FilteredList(self.rows)
        self._timer: Timer | None = None
        self._turn = 0
        self._figures: dict[str, str] = {}
        self._asked_mono: float | None = None
        self._problem = ""
        self._box = Vertical(Heading(_heading), self.list, classes="pane full")

    def compose_body(self) -> Iterable[Widget]:
        yield self.overview
        key = self.view.key
        self._box.border_title = Content(
            f"MONITOR ── Enter opens, {key('list.find')} any id, {key('list.filter')} filter, "
            f"Esc closes"
        )
        yield self._box

    def on_mount(self) -> None:
        """Ask now and every few seconds."""
        self.rows.focus()
        self._ask()
        self._timer = self.set_interval(_CALLS_EVERY_S, self._ask)

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
        elif event.action_id == "list.find":
            self._look_up()
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

    def _look_up(self) -> None:
        def done(text: str | None) -> None:
            if text:
                start(self, partial(self._find, text), group="find", latest=True)

        text = "Which call, room, client, transport, producer, consumer or track?"
        self.app.push_screen(AskLine(self.view, "LOOK UP", text), done)

    async def _find(self, text: str) -> None:
        if self.account is None:
            return
        reply = await self.view.request(c.FindObserved(self.account, anything=text))
        if not isinstance(reply.value, c.ObservedFound):
            self.post_message(Say(reply.text or "The service gives no answer.", "warning"))
            return
        found = {call.id: call for call in reply.value.calls}
        if not found:
            where = "Calls, rooms, clients, transports, producers, consumers and tracks"
            self.post_message(Say(f"No match. {where} were searched.", "warning"))
            return

        def chosen(call_id: str | None) -> None:
            if call_id:
                self._open(found[call_id])

        choices = [
            (one.id, one.room or one.id, ", ".join(one.matched_by)) for one in found.values()
        ]
        self.app.push_screen(Pick(self.view, "FOUND", choices), chosen)

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
            self._problem, self._asked_mono = "", self.view.mono()
            self.board.take(reply.value.calls, reply.value.at, self.view.mono())
        else:
            self._problem = reply.text or "The service gives no answer."
        if self._turn % _SUMMARY_EVERY_CALLS == 0:
            await self._load_summary(account)
        self._turn += 1
        self._paint()

    async def _load_summary(self, account: AccountName) -> None:
        reply = await self.view.request(c.FetchSummary(account))
        if isinstance(reply.value, c.SummaryFound):
            self._figures = dict(reply.value.figures)

    # ---- painting ------------------------------------------------------------------------------

    def _paint(self) -> None:
        self.overview.show([self._overview_line()])
        wanted = self.list.filter_text.casefold()
        calls = [
            call
            for call in self.board.rows()
            if wanted in f"{call.room} {call.id} {call.service}".casefold()
        ]
        none = "No call fits." if wanted else self._problem or "No call goes on."
        self.rows.show(calls, none)
        self._box.border_subtitle = Content(words.plural(len(self.board.calls), "call"))

    def _overview_line(self) -> Line:
        spans: list[Span] = [(" ", "plain")]
        for name, title in _FIGURES:
            if name in self._figures:
                spans += [
                    (f"{title} ", "dim"),
                    (f"{self._figures[name] or words.DASH}   ", "strong"),
                ]
        if self._problem:
            age = words.duration(self.view.mono() - (self._asked_mono or self.view.mono()))
            spans.append((f"stale {age}  {self._problem}", "bad"))
        return tuple(spans)

    def _draw(self, call: ObservedCall, width: int) -> Line:
        ended = self.board.ended(call)
        worst = call.worst_score
        cells: list[Span] = [
            (call.room or call.id, "stale" if ended else "plain"),
            ("ended" if ended else self._age(call), "dim"),
            (words.figure(call.clients_now), "plain"),
            (words.figure(call.clients_peak), "dim"),
            score_span(call.score),
            score_span(worst),
            (words.figure(call.issues), "warn" if call.issues else "dim"),
        ]
        if width < _WIDE:
            return table_line(cells, _COLUMNS, width)
        course = self.board.courses.get(call.id)
        cells.append((sparkline(course.score, 60, 0.0, 5.0) if course else "", "plain"))
        return table_line(cells, _COLUMNS_WIDE, width)

    def _age(self, call: ObservedCall) -> str:
        if call.duration_s is None:
            return words.DASH
        since = self.view.mono() - (self._asked_mono or self.view.mono())
        return words.duration(call.duration_s + since)


def _heading(width: int) -> Line:
    names = ("room", "age", "people", "peak", "score", "worst", "iss.", "course of the score")
    wide = width >= _WIDE
    columns = _COLUMNS_WIDE if wide else _COLUMNS
    cells = [(name, "dim") for name in (names if wide else names[:-1])]
    return table_line(cells, columns, width)
