"""The shift: calls taken and missed, talking and waiting, by day and account, with small charts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model import command as c
from softphone.model.shift import ShiftRow, summed
from softphone.ui import words
from softphone.ui.clock import local_time
from softphone.ui.monitoring import rising_top, sparkline, squeezed
from softphone.ui.spans import Column, Line, Span, fit, table_line
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import ConsoleScreen
from .pick import Pick

_EVERY_S = 30.0
_RANGES = {"today": 1, "last 7 days": 7, "last 30 days": 30, "last 90 days": 90}
_WIDE = 110
_TITLE = 9
_NOW = 18
_HEAD = ("day", "account", "taken", "missed", "placed", "talked", "wait")
_HEAD_WIDE = ("day", "account", "taken", "missed", "declined", "blocked", "placed", "reached",
              "talked", "mean", "wait", "longest")  # fmt: skip


def _columns(count: int) -> tuple[Column, ...]:
    return (Column(10), Column(flex=1), *(Column(9, right=True),) * (count - 2))


class ShiftScreen(ConsoleScreen):
    """l chooses the time; everything is asked again every half minute."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="shift")
        self.rows: RowList[tuple[int, Line]] = RowList(
            lambda row, width: row[1], lambda row: row[0], empty="The calls are being counted."
        )
        self._range = "today"
        self._found: tuple[ShiftRow, ...] | None = None
        self._problem = ""
        self._box = Vertical(self.rows, classes="pane full")

    def compose_body(self) -> Iterable[Widget]:
        yield self._box

    def on_mount(self) -> None:
        """Ask now and every half minute."""
        self.rows.focus()
        self._ask()
        self.set_interval(_EVERY_S, self._ask)

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Choose the time, or leave."""
        event.stop()
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif event.action_id == "list.find":
            self._choose()

    def on_resize(self, event: object) -> None:
        """Draw in the new width."""
        self.call_after_refresh(self._paint)

    def _choose(self) -> None:
        def chosen(name: str | None) -> None:
            if name is not None:
                self._range = name
                self._ask()

        choices = [(name, name, "") for name in _RANGES]
        self.app.push_screen(Pick(self.view, "TIME", choices, self._range), chosen)

    def _ask(self) -> None:
        start(self, self._load, group="shift", latest=True)

    async def _load(self) -> None:
        now = self.view.clock.wall()
        first = local_time(now).replace(hour=0, minute=0, second=0, microsecond=0)
        since = (first - timedelta(days=_RANGES[self._range] - 1)).timestamp()
        reply = await self.view.request(c.ShowShift(since, now + 1))
        if isinstance(reply.value, c.ShiftFound):
            self._found, self._problem = reply.value.rows, ""
        else:
            self._problem = reply.text or "The engine gives no answer."
        self._paint()

    def _paint(self) -> None:
        find = self.view.key("list.find")
        self._box.border_title = Content(f"SHIFT · {self._range} ── {find} other time, Esc closes")
        self._box.border_subtitle = Content(self._problem)
        width = max(40, self.rows.content_size.width - 2)
        lines = shift_lines(self._found, width) if self._found else []
        none = self._problem or ("No call in this time." if self._found is not None else None)
        self.rows.show(list(enumerate(lines)), none)


def shift_lines(rows: Sequence[ShiftRow], width: int) -> list[Line]:
    """Return the total, charts over the days where there are several, and a row for each."""
    names = _HEAD_WIDE if width >= _WIDE else _HEAD
    columns = _columns(len(names))
    lines: list[Line] = [*_charts(rows, width)]
    lines.append(table_line([(name, "dim") for name in names], columns, width))
    lines.append(table_line(_cells(summed(rows, "all"), names, "strong"), columns, width))
    before = ""
    for row in reversed(rows):
        cells = _cells(row, names, "plain")
        if row.day == before:
            cells[0] = ("", "plain")
        before = row.day
        lines.append(table_line(cells, columns, width))
    return lines


def _cells(row: ShiftRow, names: Sequence[str], role: str) -> list[Span]:
    texts = {
        "day": row.day,
        "account": row.account,
        "taken": str(row.taken),
        "missed": str(row.missed),
        "declined": str(row.declined),
        "blocked": str(row.blocked),
        "placed": str(row.placed),
        "reached": str(row.reached),
        "talked": words.duration(row.talk_s),
        "mean": words.DASH if row.talk_mean_s is None else words.duration(row.talk_mean_s),
        "wait": words.figure(row.wait_mean_s, "s"),
        "longest": words.figure(row.wait_longest_s if row.taken else None, "s"),
    }
    warn = {"missed"} if row.missed else set()
    return [(texts[name], "warn" if name in warn else role) for name in names]


def _charts(rows: Sequence[ShiftRow], width: int) -> list[Line]:
    """Return a chart a line: title, its course over the days, and the last day's figure."""
    days = sorted({row.day for row in rows})
    if len(days) < 2:
        return []
    sums = [summed(row for row in rows if row.day == day) for day in days]
    room = max(10, min(len(days), width - _TITLE - _NOW))

    def chart(title: str, values: list[float | None], unit: str = "") -> Line:
        top = rising_top(values, 1.0)
        bars = sparkline(squeezed(values, room, max), room, 0.0, top)
        return (
            (fit(title, _TITLE), "dim"),
            (bars, "plain"),
            (f" {words.figure(values[-1], unit)}", "strong"),
            (f" /{words.figure(top, unit)}", "dim"),
        )

    return [
        chart("taken", [row.taken for row in sums]),
        chart("missed", [row.missed for row in sums]),
        chart("placed", [row.placed for row in sums]),
        chart("talked", [row.talk_s / 60 for row in sums], "min"),
        chart("wait", [row.wait_mean_s for row in sums], "s"),
        ((f"{'':<{_TITLE}}{days[0]} to {days[-1]}", "dim"),),
        (),
    ]
