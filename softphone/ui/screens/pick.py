"""A dialog with a list to choose one thing from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.ui.spans import Line, spread
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList

from .base import Dialog

_MOST_ROWS = 14


class Pick(Dialog[str]):
    """Choose one of (value, words, detail); Enter takes the marked one."""

    def __init__(
        self, view: View, title: str, choices: Sequence[tuple[str, str, str]], marked: str = ""
    ) -> None:
        super().__init__(view, name="pick")
        self._title = title
        self._choices = tuple(choices)
        self._marked = marked
        self.rows: RowList[tuple[str, str, str]] = RowList(_draw, lambda choice: choice[0])
        self.rows.styles.height = min(_MOST_ROWS, len(self._choices))

    def compose_dialog(self) -> Iterable[Widget]:
        box = Vertical(self.rows, classes="dialog")
        box.border_title = Content(self._title)
        yield box

    def on_mount(self) -> None:
        """Mark what is so now."""
        self.rows.show(self._choices)
        self.rows.mark(self._marked)
        self.rows.focus()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Enter takes the marked one."""
        event.stop()
        if event.action_id in ("list.open", "list.tick") and self.rows.row:
            self.dismiss(self.rows.row[0])
        elif event.action_id == "list.clear":
            self.dismiss(None)


def _draw(choice: tuple[str, str, str], width: int) -> Line:
    return spread([(choice[1], "plain")], [(f" {choice[2]}", "dim")], width)
