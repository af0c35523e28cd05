"""One value out of a few, on one line: left and right, or space, change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from textual.message import Message
from textual.strip import Strip

from softphone.ui.spans import Span

from .lines import Painted

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Option(Generic[V]):
    """A value and how it is shown."""

    value: V
    label: str


class Choice(Painted, Generic[V], can_focus=True):
    """Show `title` and the chosen option; keep the choice when the options change."""

    class Changed(Message):
        """Another option was chosen."""

        def __init__(self, choice: Choice[Any]) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice[Any]:
            return self.choice

    def __init__(self, title: str, options: Sequence[Option[V]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = title
        self._options = list(options)
        self._at = 0

    @property
    def value(self) -> V | None:
        """Return the chosen value."""
        return self._options[self._at].value if self._options else None

    def offer(self, options: Sequence[Option[V]]) -> None:
        """Offer other options; the chosen value stays chosen if it is still there."""
        if list(options) == self._options:
            return
        chosen = self.value
        self._options = list(options)
        values = [option.value for option in self._options]
        self._at = values.index(chosen) if chosen in values else 0
        self.refresh()

    def choose(self, value: V) -> None:
        """Choose a value without telling anybody."""
        values = [option.value for option in self._options]
        if value in values and values.index(value) != self._at:
            self._at = values.index(value)
            self.refresh()

    def take_key(self, key: str) -> bool:
        """Left and right change the choice, space goes on; tell whether it was one of them.

        The screen asks, once it knows where the focus is: keys typed in one go behind one that
        moves the focus pass by here first.
        """
        step = {"left": -1, "right": 1, "space": 1}.get(key)
        if step is None or not self._options:
            return False
        self._at = (self._at + step) % len(self._options)
        self.refresh()
        self.post_message(self.Changed(self))
        return True

    def on_click(self) -> None:
        """A click goes on to the next option."""
        if self._options:
            self._at = (self._at + 1) % len(self._options)
            self.refresh()
            self.post_message(self.Changed(self))

    def render_line(self, y: int) -> Strip:
        """Return the one line."""
        label = self._options[self._at].label if self._options else "none"
        spans: list[Span] = [(f"{self._title} ", "dim")] if self._title else []
        many = len(self._options) > 1
        spans += [("< " if many else "", "key"), (label, "plain"), (" >" if many else "", "key")]
        base = self.rich_style
        if self.has_focus:
            base = base + self.role_style("cursor")
            spans = [(text, "mark") for text, _ in spans]
        return self.strip_of(spans if y == 0 else (), base)
