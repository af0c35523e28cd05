"""Totals of a monitored service over a time: figures, small charts, TURN servers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model import command as c
from softphone.model.call import AccountName
from softphone.model.capability import Capability
from softphone.model.monitor import SummaryPoint, TurnServer
from softphone.ui import words
from softphone.ui.clock import local_time
from softphone.ui.monitoring import (
    kbits,
    rising_top,
    score_span,
    sparkline,
    squeezed,
    stale_since,
)
from softphone.ui.situation import accounts_that
from softphone.ui.spans import Column, Line, Span, dimmed, fit, table_line
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import ConsoleScreen
from .pick import Pick

_EVERY_S = 10.0
_RANGES = {
    "last hour": (3600.0, "1m"),
    "last 6 hours": (6 * 3600.0, "5m"),
    "last 24 hours": (24 * 3600.0, "5m"),
    "last 7 days": (7 * 24 * 3600.0, "1h"),
}
_TITLE = 10
_NOW = 12
_TURN = (Column(flex=1), Column(12, right=True), Column(12, right=True), Column(10, right=True),
         Column(10, right=True))  # fmt: skip
_Worst = Callable[[Iterable[float]], float]


class SummaryScreen(ConsoleScreen):
    """l chooses the time; everything is asked again every ten seconds."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="summary")
        self.rows: RowList[tuple[int, Line]] = RowList(
            lambda row, width: self._draw(row[1]),
            lambda row: row[0],
            empty="The service is being asked.",
        )
        self._range = "last hour"
        self._found: c.SummaryFound | None = None
        self._turn: tuple[TurnServer, ...] | None = None
        self._turn_problem = ""
        self._problem = ""
        self._at: float | None = None
        self._box = Vertical(self.rows, classes="pane full")

    def compose_body(self) -> Iterable[Widget]:
        yield self._box

    def on_mount(self) -> None:
        """Ask now and every ten seconds."""
        self.rows.focus()
        self._ask()
        self.set_interval(_EVERY_S, self._ask)

    @property
    def account(self) -> AccountName | None:
        """Return the first account that monitors a service."""
        able = accounts_that(self.view.now, Capability.MONITORING)
        return able[0].name if able else None

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Choose the time, or leave."""
        event.stop()
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif event.action_id == "list.find":
            self._choose()

    def on_resize(self, event: object) -> None:
        """Draw the charts in the new width."""
        self.call_after_refresh(self._paint)

    def _choose(self) -> None:
        def chosen(name: str | None) -> None:
            if name is not None:
                self._range = name
                self._ask()

        choices = [(name, name, f"every {every}") for name, (_, every) in _RANGES.items()]
        self.app.push_screen(Pick(self.view, "TIME", choices, self._range), chosen)

    # ---- asking --------------------------------------------------------------------------------

    def _ask(self) -> None:
        start(self, self._load, group="summary", latest=True)

    async def _load(self) -> None:
        account = self.account
        if account is None:
            self._problem = "No account monitors a service."
            self._paint()
            return
        length, interval = _RANGES[self._range]
        now = self.view.clock.wall()
        reply = await self.view.request(c.FetchSummary(account, now - length, now, interval))
        if isinstance(reply.value, c.SummaryFound):
            self._found, self._problem, self._at = reply.value, "", now
        else:
            self._problem = reply.text or "The service gives no answer."
        turn = await self.view.request(c.FetchTurn(account))
        if isinstance(turn.value, c.TurnFound):
            self._turn, self._turn_problem = turn.value.servers, ""
        else:
            self._turn_problem = turn.text
        self._paint()

    # ---- painting ------------------------------------------------------------------------------

    def _paint(self) -> None:
        self._box.border_title = Content(
            f"SUMMARY · {self._range} ── {self.view.key('list.find')} other time, Esc closes"
        )
        stale = f"{stale_since(self._at)} · {self._problem}" if self._problem else ""
        self._box.border_subtitle = Content(stale)
        width = max(40, self.rows.content_size.width - 2)
        lines = self._lines(width) if self._found is not None else []
        self.rows.show(list(enumerate(lines)), self._problem or None)

    def _draw(self, line: Line) -> Line:
        return dimmed(line) if self._problem else line

    def _lines(self, width: int) -> list[Line]:
        assert self._found is not None, "asked only when something was found"
        lines = [*_charts(self._found.series, width), ()]
        for name, value in self._found.figures:
            lines.append(((fit(name, 44), "dim"), (value or words.DASH, "strong")))
        return [*lines, (), *self._turn_lines(width)]

    def _turn_lines(self, width: int) -> list[Line]:
        if self._turn is None or self._turn_problem:
            return [(("TURN servers  ", "dim"), (self._turn_problem or words.DASH, "dim"))]
        names = ("TURN server", "sent MB", "received MB", "out kbit/s", "in kbit/s")
        found = [table_line([(name, "dim") for name in names], _TURN, width)]
        for server in self._turn:
            cells: tuple[Span, ...] = (
                (server.address or words.DASH, "plain"),
                (_megabytes(server.sent_bytes), "plain"),
                (_megabytes(server.received_bytes), "plain"),
                (kbits(server.out_bps), "plain"),
                (kbits(server.in_bps), "plain"),
            )
            found.append(table_line(cells, _TURN, width))
        return found


def _charts(series: Sequence[SummaryPoint], width: int) -> list[Line]:
    """Return a chart a line: title, course, the newest value and the scale."""
    if not series:
        return [(("The service tells no course of this time.", "dim"),)]
    room = max(10, min(len(series), width - _TITLE - _NOW))

    def chart(title: str, values: list[float | None], worst: _Worst, top: float) -> Line:
        bars = sparkline(squeezed(values, room, worst), room, 0.0, top)
        last = values[-1]
        now = score_span(last) if title == "score" else (words.figure(last), "strong")
        return ((fit(title, _TITLE), "dim"), (bars, "plain"), (" ", "plain"), now,
                (f" /{top:g}", "dim"))  # fmt: skip

    calls: list[float | None] = [point.calls for point in series]
    clients: list[float | None] = [point.clients for point in series]
    issues: list[float | None] = [point.issues for point in series]
    first, last = local_time(series[0].at), local_time(series[-1].at)
    gap = " " * max(1, room - 22)
    return [
        chart("calls", calls, max, rising_top(calls, 1.0)),
        chart("clients", clients, max, rising_top(clients, 1.0)),
        chart("score", [point.score for point in series], min, 5.0),
        chart("issues", issues, max, rising_top(issues, 1.0)),
        ((f"{'':<{_TITLE}}{first:%d %b %H:%M}{gap}{last:%H:%M}", "dim"),),
    ]


def _megabytes(value: float | None) -> str:
    return words.figure(None if value is None else value / 1e6, "", 1)
