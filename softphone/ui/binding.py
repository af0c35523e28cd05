"""The keys that textual itself watches for: those that work anywhere, also while typing."""

from __future__ import annotations

from textual.binding import Binding

from .actions import ACTIONS, Scope
from .keymap import KeyMap, is_character


def bindings_of(keys: KeyMap) -> list[Binding]:
    """Return the keys that work anywhere, also while typing: all but characters and the lists'."""
    return [
        Binding(key, f"app.act('{action.id}')", action.title, show=False, priority=True)
        for action in ACTIONS
        if action.scope is not Scope.LIST
        for key in keys[action.id]
        if not is_character(key)
    ]
