"""A call's report: its steps with their times, metrics, and live figures of its media."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual import events
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from softphone.model import codec
from softphone.model.call import CallId, Parameters
from softphone.model.command import (
    FiguresFound,
    QualityFound,
    ReportFound,
    ShowQuality,
    ShowReport,
    ShowStatistics,
)
from softphone.model.report import CallReport, ReportEvent
from softphone.ui import words
from softphone.ui.monitoring import rising_top, score_span, sparkline, squeezed
from softphone.ui.panes.pane import OpenFor, Say
from softphone.ui.session import Topic
from softphone.ui.spans import Column, Line, Span, cut, spread, table_line
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import ConsoleScreen

_EVERY_S = 1.0
_COURSE_S = 60
_SPARK = 20
_COLUMNS = (Column(9, right=True), Column(9, right=True))
_TIMES = 19
_WIDE = 100


@dataclass(frozen=True, slots=True)
class Step:
    """One row: a step, seconds after the first one, and how deep it stands."""

    event: ReportEvent
    at_s: float
    depth: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of figures."""

    key: str
    name: str
    value: Span


class ReportScreen(ConsoleScreen):
    """Show a report; while the call is up it is asked for again each second."""

    def __init__(self, view: View, call: CallId) -> None:
        super().__init__(view, name="report")
        self._call = call
        self.steps: RowList[Step] = RowList(
            _draw_step, lambda step: step.event.id, empty="The report is being asked for."
        )
        self.figures: RowList[Figure] = RowList(
            lambda row, width: spread([(row.name, "plain")], [(" ", "plain"), row.value], width),
            lambda row: row.key,
            empty="No figures yet.",
        )
        self._timer: Timer | None = None
        self._native = ""
        self._report: CallReport | None = None
        self._quality: QualityFound | None = None

    def compose_body(self) -> Iterable[Widget]:
        left = Vertical(self.steps, classes="pane full")
        copy, quality = self.view.key("list.copy"), self.view.key("list.quality")
        left.border_title = Content(f"REPORT ── {quality} quality, {copy} copies it, Esc closes")
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
        """y copies the report, q shows the course of the quality, Esc closes."""
        event.stop()
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif event.action_id == "list.quality":
            self.app.pop_screen()
            self.post_message(OpenFor("quality.open", self._call))
        elif event.action_id == "list.copy":
            text = self._as_json()
            if text:
                self.app.copy_to_clipboard(text)
                self.post_message(Say("Copied the report."))
            else:
                self.post_message(Say("There is no report to copy.", "warning"))

    def _as_json(self) -> str:
        """Return the platform's own report, else ours with the quality; nothing before it came."""
        if self._report is None or self._report.native:
            return self._native
        quality = codec.encode_plain(self._quality) if self._quality else None
        return codec.dumps({**codec.encode_plain(self._report), "quality": quality})

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
        after = 0.0
        if call is not None and call.live:
            newest = self.view.state.quality.get(self._call)
            after = newest.at - _COURSE_S if newest else 0.0
            found = await self.view.request(ShowStatistics(self._call))
            live = found.value.figures if isinstance(found.value, FiguresFound) else ()
        quality = await self.view.request(ShowQuality(self._call, after))
        if isinstance(quality.value, QualityFound):
            self._quality = quality.value
        self._paint_figures(
            live, quality.value if isinstance(quality.value, QualityFound) else None
        )

    def _paint(self) -> None:
        if self._report is not None:
            self.steps.show(steps_of(self._report), "Nothing is in this report.")

    def _paint_figures(self, live: Parameters, quality: QualityFound | None) -> None:
        rows = quality_figures(quality) if quality else []
        rows += [Figure(f"live {name}", name, (value, "strong")) for name, value in live]
        for metric in self._report.metrics if self._report else ():
            key = f"{metric.type} {metric.operation} {','.join(metric.events)}"
            value = f"{metric.value_ms:,.0f} ms"
            rows.append(Figure(key, _words(metric.type), (value, "strong")))
        self.figures.show(rows)


def quality_figures(found: QualityFound) -> list[Figure]:
    """Return how the call sounds, or sounded, with the course of its last minute."""
    quality, last = found.summary, found.samples[-_COURSE_S:]

    def scores(values: list[float | None]) -> Span:
        return sparkline(squeezed(values, _SPARK, min), _SPARK, 1.0, 4.5), "dim"

    def shares(values: list[float | None]) -> Span:
        worst = squeezed(values, _SPARK, max)
        return sparkline(worst, _SPARK, 0.0, rising_top(worst, 0.05)), "dim"

    rows = [
        ("MOS heard here", score_span(quality.mos)),
        ("  last minute", scores([one.mos for one in last])),
        ("MOS heard there", score_span(quality.mos_out)),
        ("  last minute", scores([one.mos_out for one in last])),
        ("loss heard here", _share(quality.loss)),
        ("  last minute", shares([one.loss for one in last])),
        ("loss heard there", _share(quality.loss_out)),
        ("delay", _ms(quality.mean_delay_ms)),
        ("round trip", _ms(quality.mean_round_trip_ms)),
        ("jitter", _ms(quality.mean_jitter_ms)),
        ("made up", _ms(quality.concealed_ms)),
    ]
    way = quality.desk
    if way is not None:
        rows += [
            ("desk: delay one way", _ms(way.delay_ms)),
            ("desk: jitter", _ms(way.jitter_ms)),
            ("desk: dropped", _ms(way.lost_in_ms + way.lost_out_ms)),
        ]
    figures = [Figure(f"quality {n}", name, value) for n, (name, value) in enumerate(rows)]
    warned = [one.replace("_", " ") for one in quality.warned]
    return figures + [Figure(f"warned {one}", "warned of", (one, "warn")) for one in warned]


def _share(value: float | None) -> Span:
    return words.figure(None if value is None else value * 100, "%", 1), "strong"


def _ms(value: float | None) -> Span:
    return words.figure(value, "ms"), "strong"


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
