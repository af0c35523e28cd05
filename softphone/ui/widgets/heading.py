"""The names of a list's columns, one line above it, drawn for the same width."""

from __future__ import annotations

from collections.abc import Callable

from textual.strip import Strip

from softphone.ui.spans import Line

from .lines import Painted

_GUTTER: Line = (("  ", "plain"),)


class Heading(Painted):
    """Show `draw(width)`, where width is what the rows below get for a row."""

    DEFAULT_CSS = "Heading { height: 1; }"

    def __init__(self, draw: Callable[[int], Line]) -> None:
        super().__init__()
        self._draw = draw

    def render_line(self, y: int) -> Strip:
        """Return the line."""
        line = self._draw(max(0, self.content_size.width - len(_GUTTER[0][0])))
        return self.strip_of((*_GUTTER, *line), self.rich_style)
