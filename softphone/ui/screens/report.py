"""A call's report: its steps with their times, metrics, and live figures of its media."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual import events
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from softphone.model.call import CallId, Parameters
from softphone.model.command import FiguresFound, ReportFound, ShowReport, ShowStatistics
from softphone.model.report import CallReport, ReportEvent
from softphone.ui.panes.pane import Say
from softphone.ui.session import Topic
from softphone.ui.spans import Column, Line, Span, cut, spread, table_line
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import ConsoleScreen

_EVERY_S = 1.0
_COLUMNS = (Column(9, right=True), Column(9, right=True))
_TIMES = 19
_WIDE = 100


@dataclass(frozen=True, slots=True)
class Step:
    """One row: a step, seconds after the first one, and how deep it stands."""

    event: ReportEvent
    at_s: float
    depth: int


class ReportScreen(ConsoleScreen):
    """Show a report; while the call is up it is asked for again each second."""

    def __init__(self, view: View, call: CallId) -> None:
        super().__init__(view, name="report")
        self._call = call
        self.steps: RowList[Step] = RowList(
            _draw_step, lambda step: step.event.id, empty="The report is being asked for."
        )
        self.figures: RowList[tuple[str, str, str]] = RowList(
            lambda row, width: spread([(row[1], "plain")], [(f" {row[2]}", "strong")], width),
            lambda row: row[0],
            empty="No figures yet.",
        )
        self._timer: Timer | None = None
        self._native = ""
        self._report: CallReport | None = None

    def compose_body(self) -> Iterable[Widget]:
        left = Vertical(self.steps, classes="pane full")
        copy = self.view.key("list.copy")
        left.border_title = Content(f"REPORT ── {copy} copies it as JSON, Esc closes")
        right = Vertical(self.figures, classes="pane figures")
        right.border_title = Content("FIGURES")
        self._body = Horizontal(left, right, id="report-body")
        yield self._body

    def on_mount(self) -> None:
        """Ask now, and each second while the call is up."""
        self.steps.focus()
        self._ask()
        self._timer = self.set_interval(_EVERY_S, self._ask_again)

    def show(self, topics: frozenset[Topic]) -> None:
        """Bring the frame up to date; the report has its own clock."""
        super().show(topics)

    def on_resize(self, event: events.Resize) -> None:
        """Put the figures below where there is no room beside."""
        self._body.set_class(event.size.width < _WIDE, "narrow")
        super().on_resize(event)

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """y copies the report, Esc closes."""
        event.stop()
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif event.action_id == "list.copy":
            if self._native:
                self.app.copy_to_clipboard(self._native)
                self.post_message(Say("Copied the report."))
            else:
                self.post_message(Say("There is no report to copy.", "warning"))

    def _ask_again(self) -> None:
        call = self.view.state.calls.get(self._call)
        if call is not None and call.live:
            self._ask()

    def _ask(self) -> None:
        start(self, self._load, group="report", latest=True)

    async def _load(self) -> None:
        reply = await self.view.request(ShowReport(self._call))
        if isinstance(reply.value, ReportFound):
            self._report, self._native = reply.value.report, reply.value.report.native
            self._paint()
        elif self._report is None:
            self.steps.show((), reply.text or "There is no report.")
        call = self.view.state.calls.get(self._call)
        live: Parameters = ()
        if call is not None and call.live:
            found = await self.view.request(ShowStatistics(self._call))
            live = found.value.figures if isinstance(found.value, FiguresFound) else ()
        self._paint_figures(live)

    def _paint(self) -> None:
        if self._report is not None:
            self.steps.show(steps_of(self._report), "Nothing is in this report.")

    def _paint_figures(self, live: Parameters) -> None:
        rows = [(f"live {name}", name, value) for name, value in live]
        for metric in self._report.metrics if self._report else ():
            key = f"{metric.type} {metric.operation} {','.join(metric.events)}"
            rows.append((key, _words(metric.type), f"{metric.value_ms:,.0f} ms"))
        self.figures.show(rows)


def steps_of(report: CallReport) -> list[Step]:
    """Return each step with when it began and how deep it belongs to another."""
    began = min((event.start for event in report.events), default=0.0)
    depth: dict[str, int] = {"": -1}
    steps = []
    for event in report.events:
        depth[event.id] = depth.get(event.parent, -1) + 1
        steps.append(Step(event, event.start - began, depth[event.id]))
    return steps


def _draw_step(step: Step, width: int) -> Line:
    event = step.event
    took = "" if event.end is None else f"{(event.end - event.start) * 1000:,.0f} ms"
    name = f"{'  ' * step.depth}{_words(event.type)}"
    what: list[Span] = [(name, "plain" if step.depth else "strong")]
    if event.error:
        what.append((f"  failed: {event.error}", "bad"))
    elif event.data:
        what.append(("  " + "  ".join(f"{name} {value}" for name, value in event.data), "dim"))
    times = table_line(((f"{step.at_s:.3f} s", "dim"), (took, "plain")), _COLUMNS, _TIMES)
    return (*times, (" ", "plain"), *cut(what, max(1, width - _TIMES - 1)))


def _words(name: str) -> str:
    return name.replace("_", " ").lower()
