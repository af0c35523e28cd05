"""The course of a call as one strip: a chart a metric, a line of marks, a cursor in time."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.strip import Strip

from softphone.model.quality import QualitySample
from softphone.ui import words
from softphone.ui.course import METRICS, Course, Mark, Metric, bar, sign_of, top_of, worst
from softphone.ui.spans import Line, Span, fit

from .listkeys import ListKeys

SCALES = (1, 2, 3, 5, 10, 15, 30, 60, 120, 300, 600)
"""Seconds a column."""
_LABEL = 14
_HEAD_ROWS = 2
_MOST_ROWS = 4
_RULER_EVERY = 10
_WHEEL_COLUMNS = 5


class CourseStrip(ListKeys):
    """Show a course; the arrows move its cursor, up and down change the scale."""

    class Moved(Message):
        """The cursor stands elsewhere, or the scale changed."""

    class Wanted(Message):
        """The operator asked for a list action that belongs to the owner."""

        def __init__(self, action_id: str) -> None:
            super().__init__()
            self.action_id = action_id

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.course = Course()
        self.scale = 0
        """Seconds a column; 0 until the width is known."""
        self.second = 0
        self._first = 0
        self._whole = True
        self._tops = {metric.name: metric.high for metric in METRICS}
        self._lines: list[Line] = []

    @property
    def text(self) -> str:
        """Return what is shown as plain text."""
        return "\n".join("".join(text for text, _ in line).rstrip() for line in self._lines)

    @property
    def span(self) -> tuple[int, int]:
        """Return the seconds under the cursor: the first, and the one after the last."""
        first = self.second // max(1, self.scale) * max(1, self.scale)
        return first, first + max(1, self.scale)

    def show(self, course: Course) -> None:
        """Show a course; the cursor stays, or follows the end when it stood there."""
        at_end = self.second >= self.course.seconds - 1
        fresh = not self.course.seconds
        self.course = course
        self._tops = {metric.name: top_of(metric, course) for metric in METRICS}
        if fresh:
            self._whole = True
            self.second = _trouble(course)
        elif at_end:
            self.second = max(0, course.seconds - 1)
        self._draw()

    def act(self, action_id: str) -> None:
        """Move, change the scale, or ask the owner."""
        match action_id:
            case "list.top":
                self.move_to(0)
            case "list.bottom":
                self.move_to(self.course.seconds - 1)
            case "list.page_down":
                self.move_to(self.second + self._columns * self.scale)
            case "list.page_up":
                self.move_to(self.second - self._columns * self.scale)
            case "list.up":
                self._rescale(-1)
            case "list.down":
                self._rescale(1)
            case "list.next" | "list.previous":
                self._to_mark(1 if action_id == "list.next" else -1)
            case _:
                self.post_message(self.Wanted(action_id))

    def move_to(self, second: int) -> None:
        """Put the cursor on a second of the call."""
        self.second = max(0, min(self.course.seconds - 1, second))
        self._draw()
        self.post_message(self.Moved())

    def on_key(self, event: events.Key) -> None:
        """Left and right move by a column."""
        step = {"left": -1, "right": 1}.get(event.key)
        if step is not None and self.has_focus:
            event.stop()
            self.move_to(self.second + step * self.scale)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the operator points."""
        if event.x >= _LABEL:
            self.move_to((self._first + event.x - _LABEL) * self.scale)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll by the wheel."""
        event.stop()
        self.move_to(self.second + _WHEEL_COLUMNS * self.scale)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll by the wheel."""
        event.stop()
        self.move_to(self.second - _WHEEL_COLUMNS * self.scale)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw()

    def on_focus(self) -> None:
        """Show the cursor as the one that keys act on."""
        self.refresh()

    def on_blur(self) -> None:
        """Show the cursor as resting."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one line, with the cursor's column marked."""
        line = self._lines[y] if y < len(self._lines) else ()
        strip = self.strip_of(line, self.rich_style)
        column = _LABEL + self.second // max(1, self.scale) - self._first
        if not line or not self.course.seconds:
            return strip
        before, under, after = strip.divide([column, column + 1, strip.cell_length])
        over = self.role_style("cursor" if self.has_focus else "cursor-off")
        shown = [seg._replace(style=(seg.style or self.rich_style) + over) for seg in under]
        return Strip.join([before, Strip(shown), after])

    @property
    def _columns(self) -> int:
        return max(1, self.content_size.width - _LABEL)

    def _rescale(self, step: int) -> None:
        at = SCALES.index(self.scale) if self.scale in SCALES else 0
        self.scale = SCALES[max(0, min(len(SCALES) - 1, at + step))]
        self._whole = False
        self._draw()
        self.post_message(self.Moved())

    def _to_mark(self, step: int) -> None:
        first, after = self.span
        marks = [int(mark.at) for mark in self.course.marks]
        ahead = [at for at in marks if at >= after]
        behind = [at for at in marks if at < first]
        found = ahead[:1] if step > 0 else behind[-1:]
        if found:
            self.move_to(found[0])
        else:
            self.app.bell()

    def _draw(self) -> None:
        if not self.content_size.width:
            return
        if self._whole:
            seconds = self.course.seconds
            fits = (scale for scale in SCALES if seconds <= scale * self._columns)
            self.scale = next(fits, SCALES[-1])
        column = self.second // self.scale
        last = max(0, (self.course.seconds - 1) // self.scale)
        if column < self._first or column >= self._first + self._columns:
            self._first = column - self._columns // 2
        self._first = max(0, min(self._first, last - self._columns + 1))
        self._lines = self._build(max(0, self.content_size.height))
        self.refresh()

    def _build(self, height: int) -> list[Line]:
        columns = range(self._first, self._first + self._columns)
        rows = max(1, min(_MOST_ROWS, (height - _HEAD_ROWS) // len(METRICS)))
        lines = [self._ruler(columns), self._signs(columns)]
        seen = [self.course.between(n * self.scale, (n + 1) * self.scale) for n in columns]
        for metric in METRICS:
            lines += self._chart(metric, seen, rows)
        return lines[:height]

    def _ruler(self, columns: range) -> Line:
        """Return the time axis: minutes and seconds since the beginning, every ten columns."""
        text = " " * (-columns.start % _RULER_EVERY)
        for column in columns[len(text) :: _RULER_EVERY]:
            second = column * self.scale
            known = second < self.course.seconds
            text += fit(words.duration(second) if known else "", _RULER_EVERY)
        return ((fit(f"{self.scale} s/col", _LABEL), "dim"), (text[: len(columns)], "dim"))

    def _signs(self, columns: range) -> Line:
        found: dict[int, list[Mark]] = {}
        for mark in self.course.marks:
            found.setdefault(int(mark.at) // self.scale, []).append(mark)
        return ((fit("marks", _LABEL), "dim"), *(sign_of(found.get(n, ())) for n in columns))

    def _chart(self, metric: Metric, seen: list[list[QualitySample]], rows: int) -> list[Line]:
        top = self._tops[metric.name]
        bars = [bar(metric, worst(metric, samples), top, rows) for samples in seen]
        lines: list[Line] = []
        for row in range(rows):
            scale = f"{top:g} {metric.unit}".strip()
            label = f"{metric.name}{scale:>{_LABEL - 1 - len(metric.name)}}" if row == 0 else ""
            cells: list[Span] = [one[row] for one in bars]
            lines.append(((fit(label, _LABEL), "dim"), *cells))
        return lines


def _trouble(course: Course) -> int:
    """Return where to look first: the first trouble, else the end."""
    kinds = ("stall", "link", "device", "warning")
    found = next((mark for mark in course.marks if mark.kind in kinds), None)
    return int(found.at) if found else max(0, course.seconds - 1)
