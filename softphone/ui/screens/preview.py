"""A choice whose rows are tried out as they are marked: themes, layouts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.ui.spans import Line
from softphone.ui.view import View
from softphone.ui.widgets.lines import Lines
from softphone.ui.widgets.rowlist import RowList

from .pick import Pick

_SAMPLE: tuple[Line, ...] = (
    ((" RING ", "ringing"), (" DIAL ", "dialing"), (" TALK ", "active"), (" HOLD ", "held"),
     (" ENDED ", "ended")),
    ((" ok ", "ok"), (" warning ", "warn"), (" bad ", "bad"), (" stale ", "stale"),
     (" key ", "key"), (" badge ", "badge")),
)  # fmt: skip


class PreviewPick(Pick):
    """Choose one; `preview` is called for each row that is marked, Esc goes back to the first."""

    def __init__(
        self,
        view: View,
        title: str,
        choices: Sequence[tuple[str, str, str]],
        marked: str,
        preview: Callable[[str], None],
    ) -> None:
        super().__init__(view, title, choices, marked)
        self._preview = preview

    def compose_dialog(self) -> Iterable[Widget]:
        sample = Lines(classes="sample")
        sample.show(_SAMPLE)
        keys = Lines(classes="dialog-keys")
        keys.show(
            [(("Enter", "key"), (" take it   ", "dim"), ("Esc", "key"), (" as before", "dim"))]
        )
        box = Vertical(self.rows, sample, keys, classes="dialog preview")
        box.border_title = Content(self._title)
        yield box

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Try what is marked."""
        event.stop()
        if self.rows.row:
            self._preview(self.rows.row[0])
