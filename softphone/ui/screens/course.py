"""Why a call sounded bad: its figures and what happened, on one axis of time."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from softphone.model.call import CallId
from softphone.model.command import QualityFound, RecordFound, ShowQuality, ShowRecord
from softphone.model.quality import QualitySample
from softphone.model.record import CallRecord
from softphone.ui import words
from softphone.ui.clock import local_time
from softphone.ui.course import GAP_S, METRICS, SIGNS, Course, Mark, course_of, worst
from softphone.ui.panes.pane import OpenFor
from softphone.ui.session import Topic
from softphone.ui.spans import Line, Span, cut
from softphone.ui.view import View
from softphone.ui.widgets.lines import Lines
from softphone.ui.widgets.strip import CourseStrip
from softphone.ui.working import start

from .base import ConsoleScreen

_EVERY_S = 1.0
_PAGE = 1_000
_PAGES = 90  # a day of seconds
_NEIGHBOURS = 2
_LEGEND = "! warning · S stall · L link · D device · H hold · M mute · | call"


class CourseScreen(ConsoleScreen):
    """Show a call's strip, and under it what is where the cursor stands."""

    def __init__(self, view: View, call: CallId) -> None:
        super().__init__(view, name="course")
        self._call = call
        self._record: CallRecord | None = None
        self._samples: list[QualitySample] = []
        self._timer: Timer | None = None
        self.strip = CourseStrip()
        self.detail = Lines(id="course-detail")
        self._box = Vertical(self.strip, classes="pane full")

    def compose_body(self) -> Iterable[Widget]:
        self._box.border_subtitle = Content(_LEGEND)
        self._box.border_title = Content("QUALITY ── the call is being asked for, Esc closes")
        yield self._box
        below = Vertical(self.detail, classes="pane course")
        below.border_title = Content("UNDER THE CURSOR")
        yield below

    def on_mount(self) -> None:
        """Ask now, and each second while the call is up."""
        self.strip.focus()
        self._ask()
        self._timer = self.set_interval(_EVERY_S, self._ask_again)

    def show(self, topics: frozenset[Topic]) -> None:
        """Bring the frame up to date, and draw the detail for the width there is."""
        super().show(topics)
        if self._record is not None:
            self._show_detail()

    def on_course_strip_moved(self, event: CourseStrip.Moved) -> None:
        """Tell what is under the cursor now."""
        event.stop()
        self._show_detail()

    def on_course_strip_wanted(self, event: CourseStrip.Wanted) -> None:
        """i opens the report, Esc closes."""
        event.stop()
        if event.action_id in ("list.clear", "list.quality"):
            self.app.pop_screen()
        elif event.action_id == "list.report":
            self.app.pop_screen()
            self.post_message(OpenFor("report.open", self._call))

    @property
    def _newest(self) -> float:
        """Return when the last second that is here was measured (epoch seconds)."""
        return self._samples[-1].at if self._samples else 0.0

    def _ask_again(self) -> None:
        call = self.view.state.calls.get(self._call)
        if call is not None and call.live:
            self._ask()

    def _ask(self) -> None:
        start(self, self._load, group="course")

    async def _load(self) -> None:
        """Fetch the record, and the seconds that are not here yet."""
        reply = await self.view.request(ShowRecord(self._call))
        found = reply.value.record if isinstance(reply.value, RecordFound) else None
        if found is None and self._record is None:
            text = reply.text or "There is no record of this call."
            self.detail.show([((text, "warn"),)])
            return
        self._record = found or self._record
        for _ in range(_PAGES):
            answer = await self.view.request(ShowQuality(self._call, self._newest, _PAGE))
            fresh = answer.value.samples if isinstance(answer.value, QualityFound) else ()
            newest = self._newest  # asked only now: a later load may have been faster
            self._samples += [sample for sample in fresh if sample.at > newest]
            if len(fresh) < _PAGE:
                break
        self._paint()

    def _paint(self) -> None:
        if self._record is None:
            return
        call = self._record.call
        now = self.view.clock.wall() if call.live else 0.0
        if now - self._newest <= GAP_S:
            now = 0.0  # the second that is being measured has no figures yet
        self.strip.show(course_of(self._record.timeline, self._samples, now))
        key = self.view.key
        self._box.border_title = Content(
            f"QUALITY of {call.remote.label} ── ← → move, {key('list.up')} {key('list.down')} "
            f"scale, {key('list.next')} {key('list.previous')} marks, "
            f"{key('list.report')} report, Esc closes"
        )
        self._show_detail()

    def _show_detail(self) -> None:
        width = max(20, self.detail.content_size.width)
        room = max(1, self.detail.content_size.height - 3)
        first, after = self.strip.span
        self.detail.show(detail_lines(self.strip.course, first, after, width, room))


def detail_lines(course: Course, first: int, after: int, width: int, room: int) -> list[Line]:
    """Return the time and figures of some seconds, and the marks there or the nearest ones."""
    at = local_time(course.began + first)
    samples = course.between(first, after)
    when: Line = ((f"{words.duration(first)}  ", "strong"), (f"{at:%H:%M:%S}", "dim"))
    spans: list[Span] = []
    for metric in METRICS:
        value = worst(metric, samples)
        role = "dim" if value is None else metric.role(value)
        spans += [
            (f"{metric.name} ", "dim"),
            (f"{words.figure(value, metric.unit, metric.digits)}  ", role),
        ]
    lines = [cut(when, width), cut(spans, width)]
    if not course.samples:
        lines.append((("No sound of this call was measured here.", "dim"),))
    here = course.marks_between(first, after)
    shown = here or _around(course, first)
    lines += [_mark_line(mark, bool(here), first, width) for mark in shown[:room]]
    if here and len(here) > room:
        lines.append(((f"{len(here) - room} more; a finer scale shows them apart", "dim"),))
    return lines


def _around(course: Course, second: int) -> list[Mark]:
    """Return the nearest marks on both sides."""
    before = [mark for mark in course.marks if mark.at < second][-_NEIGHBOURS:]
    after = [mark for mark in course.marks if mark.at >= second][:_NEIGHBOURS]
    return [*before, *after]


def _mark_line(mark: Mark, here: bool, second: int, width: int) -> Line:
    sign, role = SIGNS[mark.kind]
    away = mark.at - second
    where = words.duration(mark.at) if here else f"{away:+.0f} s"
    text = (mark.words, "plain" if here else "dim")
    return cut([(f"{sign} ", role), (f"{where:>8}  ", "dim"), text], width)
