"""Help: the tour, the console's rules, and every key from the registry."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from textual import events
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone import __version__
from softphone.ui.actions import ACTIONS, Action, Scope
from softphone.ui.keymap import shown_key
from softphone.ui.spans import Line, fit, wrap
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
    "An incoming call never takes the focus, and typing never answers it.",
    "A key pressed within a third of a second after the ringing call changed is ignored with "
    "a bell, so that the wrong call is never answered.",
    "A call that is put into the dialer from a list is dialled by Enter there, never by itself.",
)
_KEYS = 14
_TITLE = 18


class HelpScreen(ConsoleScreen):
    """Show all there is to know at the keyboard."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="help")
        self.rows: RowList[Row] = RowList(
            lambda row, width: row[1], lambda row: row[0], empty="Nothing in the help holds this."
        )
        self.list = FilteredList(self.rows)

    def compose_body(self) -> Iterable[Widget]:
        box = Vertical(self.list, classes="pane full")
        title = f"HELP ── Esc or {self.view.key('help.open')} closes, / filters"
        box.border_title = Content(title)
        yield box

    def on_mount(self) -> None:
        """Start on the first line."""
        self.rows.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Write the lines for the new width."""
        self.call_after_refresh(lambda: self._fill(self.list.filter_text.casefold()))

    def on_filtered_list_filtered(self, event: FilteredList.Filtered) -> None:
        """Show only lines with the text."""
        event.stop()
        self._fill(event.text.casefold())

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Esc closes the help."""
        if event.action_id == "list.clear":
            self.app.pop_screen()

    def _fill(self, wanted: str) -> None:
        lines = list(enumerate(help_lines(self.view, max(40, self.rows.content_size.width - 2))))
        if wanted:
            lines = [r for r in lines if wanted in "".join(t for t, _ in r[1]).casefold()]
        self.rows.show(lines)


def help_lines(view: View, width: int) -> Iterator[Line]:
    """Yield the help, line by line."""
    yield (("THE TWO-MINUTE TOUR", "title"),)
    for step, text in enumerate(tour_lines(view), 1):
        for index, line in enumerate(wrap(text, width - 4, limit=4)):
            yield ((f" {step}  " if index == 0 else "    ", "key"), *line)
    yield ()
    yield (("RULES", "title"),)
    for text in _RULES:
        for index, line in enumerate(wrap(text, width - 4, limit=4)):
            yield ((" ·  " if index == 0 else "    ", "key"), *line)
    for scope, heading in _SCOPES.items():
        yield ()
        yield ((heading, "title"),)
        for action in ACTIONS:
            if action.scope is scope:
                yield from _action_lines(action, view, width)
    yield ()
    yield from wrap("Keys are changed in the config file, section [keys], by these ids:", width)
    for action in ACTIONS:
        yield ((fit(f" {action.id}", _KEYS + _TITLE), "dim"), (action.title, "dim"))
    yield ()
    python = ".".join(map(str, sys.version_info[:3]))
    yield ((f"softphone {__version__}, Python {python}", "dim"),)


def _action_lines(action: Action, view: View, width: int) -> Iterator[Line]:
    keys = "  ".join(shown_key(key) for key in view.keys.get(action.id, ()))
    room = max(20, width - _KEYS - _TITLE)
    for index, line in enumerate(wrap(action.help, room, "dim", 3)):
        first = index == 0
        yield (
            (fit(f" {keys}" if first else "", _KEYS), "key"),
            (fit(action.title if first else "", _TITLE), "plain"),
            *line,
        )
