"""Events of the platforms as they came, newest last, with the marked one in full."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model.event import PlatformEvent
from softphone.ui.clock import local_time
from softphone.ui.jsontext import spread_out
from softphone.ui.panes.pane import Say
from softphone.ui.session import Topic
from softphone.ui.spans import Column, Line, table_line, wrap
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.widgets.scrolling import ScrollLines

from .base import ConsoleScreen

_COLUMNS = (Column(8), Column(12), Column(26), Column(flex=1))
_DETAIL_LINES = 200


class PlatformEventsScreen(ConsoleScreen):
    """Show the raw events this console has seen since it started."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="platform-events")
        self.rows: RowList[tuple[int, PlatformEvent]] = RowList(
            self._draw,
            lambda row: row[0],
            follow=True,
            empty="No platform has said anything since this console was opened.",
        )
        self.detail = ScrollLines(self.rows, id="event-detail")

    def compose_body(self) -> Iterable[Widget]:
        box = Vertical(self.rows, classes="pane full")
        box.border_title = Content(
            f"PLATFORM EVENTS ── {self.view.key('list.copy')} copy, Esc closes"
        )
        yield box
        below = Vertical(self.detail, classes="pane detail")
        below.border_title = Content("EVENT")
        yield below

    def on_mount(self) -> None:
        """Show what there is."""
        self.rows.focus()
        self._paint()

    def show(self, topics: frozenset[Topic]) -> None:
        """Show what came."""
        super().show(topics)
        if Topic.RAW in topics and self.is_mounted:
            self._paint()

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Show the marked event in full."""
        event.stop()
        self._paint_detail()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """y copies, Esc closes."""
        event.stop()
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif event.action_id == "list.copy" and self.rows.row:
            self.app.copy_to_clipboard(self.rows.row[1].body)
            self.post_message(Say("Copied the event."))

    def _paint(self) -> None:
        self.rows.show(list(self.view.session.platform_events))
        self._paint_detail()

    def _paint_detail(self) -> None:
        row = self.rows.row
        width = max(20, self.detail.content_size.width)
        self.detail.show_of(row[0] if row else None, _detail(row[1], width) if row else [])

    def _draw(self, row: tuple[int, PlatformEvent], width: int) -> Line:
        _, event = row
        at = f"{local_time(event.at):%H:%M:%S}"
        cells = (
            (at, "dim"), (event.account, "plain"), (event.name, "strong"), (event.body, "dim"),
        )  # fmt: skip
        return table_line(cells, _COLUMNS, width)


def _detail(event: PlatformEvent, width: int) -> list[Line]:
    """Return the body with one member a line where it is JSON."""
    lines: list[Line] = []
    for line in spread_out(event.body).split("\n")[:_DETAIL_LINES]:
        indent = len(line) - len(line.lstrip())
        parts = wrap(line, max(8, width - indent), "plain", 8)
        lines += [((" " * indent, "plain"), *part) for part in parts]
    return lines
