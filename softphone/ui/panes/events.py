"""The event log: what happened, newest at the bottom."""

from __future__ import annotations

from textual.app import ComposeResult

from softphone.model.event import Noted
from softphone.ui import words
from softphone.ui.clock import local_time
from softphone.ui.session import Topic
from softphone.ui.spans import Column, Line, table_line
from softphone.ui.view import View
from softphone.ui.widgets.filtered import FilteredList
from softphone.ui.widgets.rowlist import RowList

from .pane import Pane, Say

_COLUMNS = (Column(8), Column(10), Column(flex=1))
_NARROW = (Column(5), Column(flex=1))
_NARROW_UNDER = 44
_CUTS_UNDER = 100


class EventsPane(Pane):
    """Show the notes of the engine; the cursor follows the newest until it is moved up."""

    TITLE = "EVENTS"
    topics = frozenset({Topic.NOTES, Topic.ENGINE})

    def __init__(self, view: View, *, id: str) -> None:
        super().__init__(view, id=id)
        self.rows: RowList[Noted] = RowList(
            draw_note, _identity, empty="Nothing has happened yet.", follow=True
        )
        self.list = FilteredList(self.rows)

    def compose(self) -> ComposeResult:
        yield self.list

    @property
    def main_widget(self) -> RowList[Noted]:
        return self.rows

    def show(self) -> None:
        """Bring the log up to date."""
        wanted = self.list.filter_text.casefold()
        notes = self.view.state.notes
        if wanted:
            self.rows.show(
                [n for n in notes if wanted in f"{n.source} {n.text}".casefold()],
                "Nothing in the log holds this text.",
            )
        else:
            connected = self.view.session.connected
            empty = "Nothing has happened yet." if connected else "Waiting for the engine."
            self.rows.show(list(notes), empty)
        self.set_below("Enter shows a line in full" if self.size.width < _CUTS_UNDER else "")

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Enter shows a line that is cut off in full."""
        note = self.rows.row
        if event.action_id == "list.open" and note is not None:
            event.stop()
            self.post_message(Say(f"{note.source}: {note.text}"))

    def on_filtered_list_filtered(self, event: FilteredList.Filtered) -> None:
        """Show only what holds the typed text."""
        event.stop()
        self.show()


def _identity(note: Noted) -> int:
    """Two equal lines are still two lines."""
    return id(note)


def draw_note(note: Noted, width: int) -> Line:
    """Return one line of the log."""
    role = words.LEVEL_ROLES[note.level]
    at = local_time(note.at)
    if width < _NARROW_UNDER:
        cells = ((f"{at:%H:%M}", "dim"), (f"{note.source}: {note.text}", role))
        return table_line(cells, _NARROW, width)
    cells3 = ((f"{at:%H:%M:%S}", "dim"), (note.source, "dim"), (note.text, role))
    return table_line(cells3, _COLUMNS, width)
