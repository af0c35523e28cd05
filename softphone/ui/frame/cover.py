"""One sentence instead of a console that would not fit."""

from __future__ import annotations

from softphone.ui.layout import MIN_HEIGHT, MIN_WIDTH
from softphone.ui.spans import wrap
from softphone.ui.widgets.lines import Lines


class Cover(Lines):
    """Cover everything while the terminal is too small; calls and keys go on."""

    def __init__(self) -> None:
        super().__init__(id="cover")
        self.display = False

    def fit_to(self, width: int, height: int) -> None:
        """Come or go with the size of the terminal."""
        small = width < MIN_WIDTH or height < MIN_HEIGHT
        if small:
            text = f"Terminal too small: {MIN_WIDTH} x {MIN_HEIGHT} is needed."
            self.show(wrap(text, max(1, width)))
        if self.display != small:
            self.display = small
