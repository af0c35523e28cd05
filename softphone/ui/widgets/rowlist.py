"""A list over any sequence: rows of one line, only the visible ones drawn.

The cursor stays on its row (by key) when rows come and go, and the row stays where it is on
the screen. One changed row repaints one line.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from softphone.ui.spans import Line, wrap

from .listkeys import ListKeys

R = TypeVar("R")
_GUTTER = 2
_WHEEL_ROWS = 3


class RowList(ListKeys, Generic[R], can_focus=True):
    """Show rows of `R`: `draw(row, width)` gives a row's line, `key(row)` its identity."""

    class Moved(Message):
        """The cursor stands on another row because the operator moved it."""

        def __init__(self, rows: RowList[Any]) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> RowList[Any]:
            return self.rows

    class Wanted(Message):
        """The operator asked for an action on the row under the cursor."""

        def __init__(self, rows: RowList[Any], action_id: str) -> None:
            super().__init__()
            self.rows = rows
            self.action_id = action_id

        @property
        def control(self) -> RowList[Any]:
            return self.rows

    def __init__(
        self,
        draw: Callable[[R, int], Line],
        key: Callable[[R], Hashable],
        *,
        empty: str = "",
        follow: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.search = ""
        self.open_filter: Callable[[], None] | None = None
        self._draw = draw
        self._key = key
        self._empty = empty
        self._follow = follow
        self._rows: Sequence[R] = ()
        self._keys: list[Hashable] = []
        self._cursor = 0
        self._top = 0
        self._painted: dict[int, tuple[Line, bool]] = {}

    @property
    def rows(self) -> Sequence[R]:
        """Return all rows."""
        return self._rows

    @property
    def cursor(self) -> int:
        """Return the index of the marked row."""
        return self._cursor

    @property
    def row(self) -> R | None:
        """Return the marked row."""
        return self._rows[self._cursor] if self._cursor < len(self._rows) else None

    @property
    def seen(self) -> Sequence[R]:
        """Return the rows that are seen."""
        return self._rows[self._top : self._top + self._height]

    @property
    def text(self) -> str:
        """Return the visible rows as plain text."""
        lines = [self._line(y)[0] for y in range(self._height)]
        return "\n".join("".join(t for t, _ in line).rstrip() for line in lines)

    def show(self, rows: Sequence[R], empty: str | None = None) -> None:
        """Show these rows; the cursor stays on its row, and its row on its line."""
        at_end = self._follow and self._cursor >= len(self._rows) - 1
        marked = self._keys[self._cursor] if self._cursor < len(self._keys) else None
        on_line = self._cursor - self._top
        self._rows, self._keys = rows, [self._key(row) for row in rows]
        if empty is not None:
            self._empty = empty
        if at_end:
            self._cursor = max(0, len(rows) - 1)
        elif marked is not None:
            self._cursor = self._place_of(marked)
            self._top = self._cursor - on_line
        self._keep_in_view()
        self.repaint_changed()

    def mark(self, key: Hashable) -> None:
        """Put the cursor on the row with this key, if it is there."""
        if key in self._keys:
            self._cursor = self._keys.index(key)
            self._keep_in_view()
            self.repaint_changed()

    def move_to(self, index: int) -> None:
        """Move the cursor because the operator asked."""
        self._cursor = max(0, min(len(self._rows) - 1, index))
        self._keep_in_view()
        self.repaint_changed()
        self.post_message(self.Moved(self))

    def act(self, action_id: str) -> None:
        """Do a list action: moves are done here, the rest is asked of the owner."""
        page = max(1, self._height - 1)
        steps = {
            "list.down": self._cursor + 1,
            "list.up": self._cursor - 1,
            "list.top": 0,
            "list.bottom": len(self._rows) - 1,
            "list.page_down": self._cursor + page,
            "list.page_up": self._cursor - page,
        }
        if action_id in steps:
            self.move_to(steps[action_id])
        elif action_id == "list.filter" and self.open_filter is not None:
            self.open_filter()  # no message: what is typed next belongs to the filter
        elif action_id in ("list.next", "list.previous"):
            self._find(1 if action_id == "list.next" else -1)
        else:
            self.post_message(self.Wanted(self, action_id))

    def render_line(self, y: int) -> Strip:
        """Return one line of the content."""
        line, marked = self._painted[y] = self._line(y)
        base = self.rich_style
        strip = self.strip_of(line, base)
        if marked:
            focused = self.has_focus
            over = self.role_style("cursor" if focused else "cursor-off")
            strip = Strip([seg._replace(style=(seg.style or base) + over) for seg in strip])
        return strip

    def repaint_changed(self) -> None:
        """Paint again the lines that would look different now, and no other."""
        width = self.content_size.width
        for y in range(self._height):
            if self._painted.get(y) != self._line(y):
                self.refresh(Region(0, y, width, 1))

    def on_resize(self) -> None:
        """Keep the cursor visible in the new size."""
        self._painted.clear()
        self._keep_in_view()
        self.refresh()

    def on_focus(self) -> None:
        """Show the cursor as the one that keys act on."""
        self._repaint_cursor()

    def on_blur(self) -> None:
        """Show the cursor as resting."""
        self._repaint_cursor()

    def on_click(self, event: events.Click) -> None:
        """Mark the clicked row."""
        if self._top + event.y < len(self._rows):
            self.move_to(self._top + event.y)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll by the wheel."""
        event.stop()
        self.move_to(self._cursor + _WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll by the wheel."""
        event.stop()
        self.move_to(self._cursor - _WHEEL_ROWS)

    @property
    def _height(self) -> int:
        return self.content_size.height

    def _line(self, y: int) -> tuple[Line, bool]:
        width = self.content_size.width
        if not self._rows:
            hint = wrap(self._empty, max(1, width - _GUTTER), "dim")
            return ((("  ", "plain"), *hint[y]) if y < len(hint) else (), False)
        index = self._top + y
        if index >= len(self._rows):
            return (), False
        marked = index == self._cursor
        sign = (("> " if marked else "  "), "key")
        return (sign, *self._draw(self._rows[index], max(0, width - _GUTTER))), marked

    def _repaint_cursor(self) -> None:
        self.refresh(Region(0, self._cursor - self._top, self.content_size.width, 1))

    def _place_of(self, key: Hashable) -> int:
        if self._cursor < len(self._keys) and self._keys[self._cursor] == key:
            return self._cursor
        try:
            return self._keys.index(key)
        except ValueError:
            return max(0, min(self._cursor, len(self._keys) - 1))

    def _keep_in_view(self) -> None:
        height = max(1, self._height)
        self._cursor = max(0, min(self._cursor, len(self._rows) - 1))
        lowest = max(0, len(self._rows) - height)
        self._top = max(0, min(self._top, self._cursor, lowest))
        if self._cursor >= self._top + height:
            self._top = self._cursor - height + 1

    def _find(self, step: int) -> None:
        wanted = self.search.casefold()
        count = len(self._rows)
        for distance in range(1, count + 1):
            index = (self._cursor + step * distance) % count
            line = self._draw(self._rows[index], 400)
            if wanted in "".join(text for text, _ in line).casefold():
                self.move_to(index)
                return
        self.app.bell()
