"""The palette: every action by name, with its key; one that cannot be done says why."""

from __future__ import annotations

from collections.abc import Iterable

from textual import events
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from softphone.ui.actions import ACTIONS, Action
from softphone.ui.keymap import shown_key
from softphone.ui.spans import Column, Line, table_line
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList

from .base import Dialog

_HIDDEN = ("palette.open", "pane.", "list.", "contact.edit", "contact.delete")
_SHORT = 3
_COLUMNS = (Column(18), Column(11), Column(flex=1))


class PaletteScreen(Dialog[str]):
    """Find an action by its name and do it."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="palette")
        self.field = Input(placeholder="type a command", select_on_focus=False)
        self.field.cursor_blink = False
        self.rows: RowList[Action] = RowList(
            self._draw, lambda action: action.id, empty="No command has this in its name."
        )
        self.rows.can_focus = False

    def compose_dialog(self) -> Iterable[Widget]:
        box = Vertical(self.field, self.rows, classes="dialog palette")
        box.border_title = Content("COMMANDS")
        yield box

    def on_mount(self) -> None:
        """Show all commands."""
        self._fill("")
        self.field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show those that fit what is typed."""
        event.stop()
        self._fill(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do the marked one."""
        event.stop()
        action = self.rows.row
        self.dismiss(action.id if action else None)

    def on_key(self, event: events.Key) -> None:
        """Arrows move in the list while the field keeps the focus."""
        moves = {"down": "list.down", "up": "list.up", "pagedown": "list.page_down",
                 "pageup": "list.page_up"}  # fmt: skip
        if event.key in moves:
            event.stop()
            self.rows.act(moves[event.key])

    def _fill(self, text: str) -> None:
        self.rows.show(matches(text))
        self.rows.move_to(0)

    def _draw(self, action: Action, width: int) -> Line:
        why = action.why_not(self.view.now)
        keys = "  ".join(shown_key(key) for key in self.view.keys.get(action.id, ()))
        cells = (
            (action.title, "off" if why else "strong"),
            (keys, "off" if why else "key"),
            (why or action.help, "off" if why else "dim"),
        )
        return table_line(cells, _COLUMNS, width)


def matches(text: str) -> list[Action]:
    """Return the actions that hold every typed word, those that start with it first."""
    wanted = text.casefold().split()
    ranked = []
    for place, action in enumerate(a for a in ACTIONS if not a.id.startswith(_HIDDEN)):
        title = action.title.casefold()
        whole = f"{title} {action.id} {action.help.casefold()}"
        if not all(word in (title if len(word) < _SHORT else whole) for word in wanted):
            continue
        starts = all(any(part.startswith(w) for part in title.split()) for w in wanted)
        rank = (0 if starts else 1 if all(w in title for w in wanted) else 2, place)
        ranked.append((rank, action))
    return [action for _rank, action in sorted(ranked, key=lambda entry: entry[0])]
