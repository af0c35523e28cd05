"""Small dialogs: a question with a few answers, and a question for one line of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual import events
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from softphone.model.text import clean
from softphone.ui.spans import Line, wrap
from softphone.ui.view import View
from softphone.ui.widgets.lines import Lines
from softphone.ui.widgets.rowlist import RowList

from .base import Dialog

_WIDTH = 52


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its letter, its words and what it means."""

    key: str
    words: str
    value: str


class Question(Dialog[str]):
    """Ask; the last answer is marked at first, and it is the harmless one."""

    def __init__(self, view: View, title: str, text: str, answers: Sequence[Answer]) -> None:
        super().__init__(view, name="question")
        self._title = title
        self._text = text
        self.answers = tuple(answers)
        self.rows: RowList[Answer] = RowList(_draw_answer, lambda answer: answer.key)

    def compose_dialog(self) -> Iterable[Widget]:
        text = Lines(classes="dialog-text")
        text.show(wrap(self._text, _WIDTH, limit=8))
        box = Vertical(text, self.rows, classes="dialog")
        box.border_title = Content(self._title)
        self.rows.styles.height = len(self.answers)
        yield box

    def on_mount(self) -> None:
        """Mark the harmless answer."""
        self.rows.show(self.answers)
        self.rows.mark(self.answers[-1].key)
        self.rows.focus()

    def on_key(self, event: events.Key) -> None:
        """A letter answers at once."""
        found = next((a.value for a in self.answers if a.key == event.character), None)
        if found is not None:
            event.stop()
            event.prevent_default()
            self.dismiss(found)

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Enter gives the marked answer."""
        event.stop()
        if event.action_id == "list.open" and self.rows.row:
            self.dismiss(self.rows.row.value)


class AskLine(Dialog[str]):
    """Ask for one line of text, such as where to transfer to."""

    def __init__(self, view: View, title: str, text: str) -> None:
        super().__init__(view, name="askline")
        self._title = title
        self._text = text
        self.field = Input(select_on_focus=False)
        self.field.cursor_blink = False

    def compose_dialog(self) -> Iterable[Widget]:
        text = Lines(classes="dialog-text")
        text.show([*wrap(self._text, _WIDTH, limit=4)])
        keys = Lines(classes="dialog-keys")
        keys.show([(("Enter", "key"), (" go   ", "dim"), ("Esc", "key"), (" leave", "dim"))])
        box = Vertical(text, self.field, keys, classes="dialog")
        box.border_title = Content(self._title)
        yield box

    def on_mount(self) -> None:
        """Go to the field."""
        self.field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter gives the text."""
        event.stop()
        if text := clean(event.value.strip()):
            self.dismiss(text)


def _draw_answer(answer: Answer, _width: int) -> Line:
    return ((f"{answer.key}  ", "key"), (answer.words, "plain"))
