"""Confirming what cannot be undone by typing a word, so that no key pressed too fast does it."""

from __future__ import annotations

from collections.abc import Callable

from softphone.ui.panes.pane import Say

from .base import ConsoleScreen
from .dialogs import AskLine


def confirm_typed(
    screen: ConsoleScreen, title: str, text: str, word: str, do: Callable[[], object]
) -> None:
    """Ask for `word`; `do` it only when exactly that was typed."""

    def done(typed: str | None) -> None:
        if typed == word:
            do()
        else:
            screen.post_message(Say(f"Nothing was done: {word} was not typed.", "warning"))

    question = f"{text} Type {word} to do it."
    screen.app.push_screen(AskLine(screen.view, title, question), done)
