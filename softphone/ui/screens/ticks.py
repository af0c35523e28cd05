"""A dialog with a list to tick several things in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.ui.spans import Line, spread
from softphone.ui.view import View
from softphone.ui.widgets.lines import Lines
from softphone.ui.widgets.rowlist import RowList

from .base import Dialog

Entry = tuple[str, str, str]


class Ticks(Dialog[tuple[str, ...]]):
    """Tick some of (value, words, detail); each change is shown by `preview`."""

    def __init__(
        self,
        view: View,
        title: str,
        choices: Sequence[Entry],
        ticked: Iterable[str],
        preview: Callable[[tuple[str, ...]], None],
    ) -> None:
        super().__init__(view, name="ticks")
        self._title = title
        self._choices = tuple(choices)
        self._ticked = set(ticked)
        self._preview = preview
        self.rows: RowList[Entry] = RowList(self._draw, lambda choice: choice[0])
        self.rows.styles.height = len(self._choices)

    @property
    def ticked(self) -> tuple[str, ...]:
        """Return what is ticked, in the order of the list."""
        return tuple(value for value, _, _ in self._choices if value in self._ticked)

    def compose_dialog(self) -> Iterable[Widget]:
        keys = Lines(classes="dialog-keys")
        hint: Line = (
            (self.view.key("list.tick"), "key"), (" on or off   ", "dim"), ("Enter", "key"),
            (" take it   ", "dim"), ("Esc", "key"), (" leave", "dim"),
        )  # fmt: skip
        keys.show([hint])
        box = Vertical(self.rows, keys, classes="dialog preview")
        box.border_title = Content(self._title)
        yield box

    def on_mount(self) -> None:
        """Show what is ticked now."""
        self.rows.show(self._choices)
        self.rows.focus()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Space ticks, Enter takes all that is ticked."""
        event.stop()
        if event.action_id == "list.tick" and self.rows.row:
            self._ticked ^= {self.rows.row[0]}
            self.rows.repaint_changed()
            self._preview(self.ticked)
        elif event.action_id == "list.open":
            self.dismiss(self.ticked)
        elif event.action_id == "list.clear":
            self.dismiss(None)

    def _draw(self, choice: Entry, width: int) -> Line:
        box = "[x] " if choice[0] in self._ticked else "[ ] "
        return spread([(box, "key"), (choice[1], "plain")], [(f" {choice[2]}", "dim")], width)
