"""Long work as a bar that can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.ui.monitoring import progress_bar
from softphone.ui.view import View
from softphone.ui.widgets.lines import Lines

from .base import Dialog

_BAR = 30


class Progress(Dialog[None]):
    """Show how far something is; Esc calls `stop`."""

    def __init__(self, view: View, title: str, stop: Callable[[], None]) -> None:
        super().__init__(view, name="progress")
        self._title = title
        self._stop = stop
        self.body = Lines(classes="dialog-text")
        self.body.show([(("beginning", "dim"),), ()])

    def compose_dialog(self) -> Iterable[Widget]:
        keys = Lines(classes="dialog-keys")
        keys.show([(("Esc", "key"), (" stops it", "dim"))])
        box = Vertical(self.body, keys, classes="dialog")
        box.border_title = Content(self._title)
        yield box

    def tell(self, text: str, share: float | None = None) -> None:
        """Show what has been done, and how much of it all that is where it is known."""
        self.body.show([((text, "plain"),), ((progress_bar(share, _BAR), "key"),)])

    def on_unmount(self) -> None:
        """Leave the work alone only when it is over; closing stops it."""
        self._stop()
