"""Lines that may be more than fit: with the focus on them, the lists' keys scroll."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from textual import events
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from softphone.ui.spans import Line

from .lines import Lines
from .listkeys import ListKeys
from .rowlist import RowList

_WHEEL_LINES = 3


class ScrollLines(Lines, ListKeys, can_focus=True):
    """Show the detail of a list's row; Tab goes here, other list actions stay the list's."""

    def __init__(self, beside: RowList[Any], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._beside = beside
        self._of: Hashable = None
        self._top = 0

    def show_of(self, of: Hashable, lines: Sequence[Line]) -> None:
        """Show the lines of something; of something else they begin at the top."""
        if of != self._of or tuple(lines) != self._lines:
            self._top = self._top if of == self._of else 0
            self._of, self._lines = of, tuple(lines)
            self.refresh()
        self._move(0)

    def act(self, action_id: str) -> None:
        """Scroll, or let the list do it."""
        page = max(1, self.content_size.height - 1)
        steps = {
            "list.down": 1,
            "list.up": -1,
            "list.page_down": page,
            "list.page_up": -page,
            "list.top": -len(self._lines),
            "list.bottom": len(self._lines),
        }
        if action_id in steps:
            self._move(steps[action_id])
        else:
            self._beside.act(action_id)

    def on_resize(self) -> None:
        """Keep within the lines."""
        self._move(0)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll by the wheel."""
        event.stop()
        self._move(_WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll by the wheel."""
        event.stop()
        self._move(-_WHEEL_LINES)

    def render_line(self, y: int) -> Strip:
        """Return one line of what is seen."""
        return super().render_line(y + self._top)

    def _move(self, step: int) -> None:
        lowest = max(0, len(self._lines) - self.content_size.height)
        top = max(0, min(lowest, self._top + step))
        if top != self._top:
            self._top = top
            self.refresh()
        self._hint(lowest)

    def _hint(self, lowest: int) -> None:
        """Say in the frame how much more there is, and how to get there."""
        frame = self.parent
        if not isinstance(frame, Widget) or not self.content_size.height:
            return
        below = lowest - self._top
        parts = [f"↑ {self._top}" if self._top else "", f"↓ {below} more" if below else ""]
        text = "  ".join(part for part in parts if part)
        if text and not self.has_focus:
            text += " · Tab"
        if str(frame.border_subtitle or "") != text:
            frame.border_subtitle = Content(text)

    def on_focus(self) -> None:
        """The hint needs no way here any more."""
        self._move(0)

    def on_blur(self) -> None:
        """The hint tells the way again."""
        self._move(0)
