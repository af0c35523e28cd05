"""A widget of fixed lines made of spans; only lines that changed are painted again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from softphone.ui.spans import Line, cut, length

from .roles import role_style


class Painted(Widget):
    """What every widget that draws spans shares: roles become styles here."""

    def role_style(self, role: str) -> Style:
        """Return the style of a role, to be laid over a base style."""
        return role_style(self.app.current_theme, role)

    def strip_of(self, line: Iterable[tuple[str, str]], base: Style) -> Strip:
        """Return a line as something that can be painted, exactly as wide as the content."""
        width = self.content_size.width
        spans = cut(line, width)
        return Strip([Segment(text, base + self.role_style(role)) for text, role in spans], width)


class Lines(Painted):
    """Show a few lines."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()

    @property
    def text(self) -> str:
        """Return what is shown as plain text."""
        return "\n".join("".join(text for text, _ in line).rstrip() for line in self._lines)

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines; repaint those that differ."""
        before, self._lines = self._lines, tuple(lines)
        if before == self._lines:
            return
        if len(before) != len(self._lines) and self.styles.is_auto_height:
            self.refresh(layout=True)
            return
        for y in range(max(len(before), len(self._lines))):
            if before[y : y + 1] != self._lines[y : y + 1]:
                self.refresh(Region(0, y, self.content_size.width, 1))

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Return the cells of the longest line."""
        return max((length(line) for line in self._lines), default=0)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines."""
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        """Return one line of the content."""
        line = self._lines[y] if y < len(self._lines) else ()
        return self.strip_of(line, self.rich_style)
