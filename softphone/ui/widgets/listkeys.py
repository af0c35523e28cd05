"""What the lists' keys act on while it has the focus."""

from __future__ import annotations

from .lines import Painted


class ListKeys(Painted, can_focus=True):
    """A widget that does the actions of the scope "lists"."""

    def act(self, action_id: str) -> None:
        """Do a list action, or ask the owner for it."""
        raise NotImplementedError
