"""Customer data that came with calls: the newest first, the marked one in full."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model.message import ScreenPop
from softphone.ui.clock import local_time
from softphone.ui.panes.pane import OpenFor, Say, ToDialer
from softphone.ui.poptext import marks, other_numbers, pop_lines
from softphone.ui.session import Topic
from softphone.ui.spans import Column, Line, table_line
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.widgets.scrolling import ScrollLines

from .base import ConsoleScreen
from .pick import Pick

_COLUMNS = (Column(8), Column(18), Column(16), Column(flex=1), Column(10))


class PopsScreen(ConsoleScreen):
    """Show screen pops; Enter puts a number into the dialer, or opens the conversation."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="pops")
        self.rows: RowList[ScreenPop] = RowList(
            self._draw, lambda pop: pop.id, empty="No customer data has come yet."
        )
        self.detail = ScrollLines(self.rows, id="pop-detail")

    def compose_body(self) -> Iterable[Widget]:
        box = Vertical(self.rows, classes="pane full")
        box.border_title = Content("SCREEN POPS ── Enter to dialer or conversation, Esc closes")
        yield box
        below = Vertical(self.detail, classes="pane detail")
        below.border_title = Content("CUSTOMER")
        yield below

    def on_mount(self) -> None:
        """Show what there is."""
        self.rows.focus()
        self._paint()

    def show(self, topics: frozenset[Topic]) -> None:
        """Show what came."""
        super().show(topics)
        if Topic.CALLS in topics and self.is_mounted:
            self._paint()

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Show the marked pop in full."""
        event.stop()
        self._paint_detail()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Enter goes to the dialer or the conversation, y copies the data, Esc closes."""
        event.stop()
        pop = self.rows.row
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif pop is None:
            return
        elif event.action_id == "list.open":
            self._open(pop)
        elif event.action_id == "list.copy":
            self.app.copy_to_clipboard(pop.body)
            self.post_message(Say("Copied the customer's data."))

    def _open(self, pop: ScreenPop) -> None:
        """Go on with a pop: its number, one of its numbers, or what was written."""
        others = other_numbers(pop)
        if pop.number and others:
            self._choose_number((pop.number, *others))
        elif pop.number or others:
            self.post_message(ToDialer(pop.number or others[0]))
        elif pop.customer:
            self.post_message(OpenFor("messages.open", pop.customer))

    def _choose_number(self, numbers: tuple[str, ...]) -> None:
        def chosen(number: str | None) -> None:
            if number:
                self.post_message(ToDialer(number))

        choices = [(number, self.view.number(number), "") for number in numbers]
        self.app.push_screen(Pick(self.view, "WHICH NUMBER", choices), chosen)

    def _paint(self) -> None:
        self.rows.show(list(reversed(self.view.state.pops)))
        self._paint_detail()

    def _paint_detail(self) -> None:
        pop = self.rows.row
        width = max(20, self.detail.content_size.width)
        self.detail.show_of(pop.id if pop else None, pop_lines(pop, width) if pop else [])

    def _draw(self, pop: ScreenPop, width: int) -> Line:
        at = f"{local_time(pop.at):%H:%M:%S}"
        mark = "call" if pop.call else ""
        what = " · ".join(part for part in (*marks(pop), pop.campaign) if part)
        cells = (
            (at, "dim"), (self.view.number(pop.number), "plain"), (pop.customer, "strong"),
            (what, "dim"), (mark, "ok"),
        )  # fmt: skip
        return table_line(cells, _COLUMNS, width)
