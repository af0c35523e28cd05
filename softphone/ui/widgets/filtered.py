"""A list with a filter line that opens on demand."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from softphone.model.text import clean

from .rowlist import RowList


class FilteredList(Vertical):
    """Hold a RowList and, above it, the line in which its filter is typed."""

    class Filtered(Message):
        """The operator changed the filter."""

        def __init__(self, owner: FilteredList, text: str) -> None:
            super().__init__()
            self.owner = owner
            self.text = text

        @property
        def control(self) -> FilteredList:
            return self.owner

    def __init__(self, rows: RowList[Any], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows = rows
        rows.open_filter = self.open_filter
        self.line = Input(placeholder="filter", classes="filter", select_on_focus=False)
        self.line.cursor_blink = False
        self.line.display = False

    def compose(self) -> ComposeResult:
        yield self.line
        yield self.rows

    @property
    def filter_text(self) -> str:
        """Return the filter, empty when there is none."""
        return clean(self.line.value.strip())

    def open_filter(self) -> None:
        """Show the filter line and go there."""
        self.line.display = True
        self.screen.set_focus(self.line)

    def clear_filter(self) -> None:
        """Take the filter away and show all rows."""
        self.screen.set_focus(self.rows)
        self.line.display = False
        self.line.value = ""

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell the owner what is being typed."""
        event.stop()
        self.rows.search = self.filter_text
        self.post_message(self.Filtered(self, self.filter_text))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes from the filter to the rows."""
        event.stop()
        self.screen.set_focus(self.rows)

    def on_key(self, event: events.Key) -> None:
        """Esc clears the filter, down goes to the rows."""
        if not self.line.has_focus:
            return
        if event.key == "escape":
            event.stop()
            self.clear_filter()
        elif event.key == "down":
            event.stop()
            self.screen.set_focus(self.rows)

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Open and clear the filter by the lists' own keys."""
        if event.action_id == "list.clear" and self.line.display:
            event.stop()
            self.clear_filter()
