"""Help: the tour, the console's rules, and every key from the registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.ui.actions import ACTIONS, Scope
from softphone.ui.keymap import shown_key
from softphone.ui.spans import Line, fit
from softphone.ui.tour import tour_lines
from softphone.ui.view import View
from softphone.ui.widgets.filtered import FilteredList
from softphone.ui.widgets.rowlist import RowList

from .base import ConsoleScreen

Row = tuple[int, Line]
_SCOPES = {
    Scope.CALL: "CALLS: function keys anywhere, also while typing; letters in the call bar",
    Scope.CONSOLE: "CONSOLE: letters work outside text fields",
    Scope.LIST: "LISTS: while a list has the focus",
}
_RULES = (
    "Digits, * # and + always go to the dialer, or out as tones while the tone keypad is on.",
    "An incoming call never takes the focus. A key pressed within a third of a second after the",
    "ringing call changed is ignored with a bell, so that the wrong call is never answered.",
)


class HelpScreen(ConsoleScreen):
    """Show all there is to know at the keyboard."""

    def __init__(self, view: View) -> None:
        super().__init__(view, id="help")
        self.rows: RowList[Row] = RowList(
            lambda row, width: row[1], lambda row: row[0], empty="Nothing in the help holds this."
        )
        self.list = FilteredList(self.rows)

    def compose_body(self) -> Iterable[Widget]:
        box = Vertical(self.list, classes="pane full")
        title = f" HELP ── Esc or {self.view.key('help.open')} closes, / filters "
        box.border_title = Content(title)
        yield box

    def on_mount(self) -> None:
        """Fill in the lines."""
        self._fill("")
        self.rows.focus()

    def on_filtered_list_filtered(self, event: FilteredList.Filtered) -> None:
        """Show only lines with the text."""
        event.stop()
        self._fill(event.text.casefold())

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Esc closes the help."""
        if event.action_id == "list.clear":
            self.app.pop_screen()

    def _fill(self, wanted: str) -> None:
        lines = list(enumerate(help_lines(self.view)))
        if wanted:
            lines = [r for r in lines if wanted in "".join(t for t, _ in r[1]).casefold()]
        self.rows.show(lines)


def help_lines(view: View) -> Iterator[Line]:
    """Yield the help, line by line."""
    yield (("THE TWO-MINUTE TOUR", "title"),)
    for line in tour_lines(view):
        yield ((line, "plain"),)
    yield ()
    yield (("RULES", "title"),)
    for line in _RULES:
        yield ((line, "plain"),)
    for scope, heading in _SCOPES.items():
        yield ()
        yield ((heading, "title"),)
        for action in ACTIONS:
            if action.scope is scope:
                keys = "  ".join(shown_key(key) for key in view.keys.get(action.id, ()))
                yield (
                    (fit(keys, 16), "key"),
                    (fit(action.title, 20), "plain"),
                    (action.help, "dim"),
                )
    yield ()
    yield (("Keys are changed in the config file: [keys] with the ids of the palette.", "dim"),)
