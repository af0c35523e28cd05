"""The footer: the keys that matter now, from the registry; or one line for a first day."""

from __future__ import annotations

from softphone.ui.actions import ACTIONS
from softphone.ui.keymap import main_key
from softphone.ui.spans import Span, length
from softphone.ui.view import View
from softphone.ui.widgets.lines import Lines

_FOOTER = sorted((a for a in ACTIONS if a.footer), key=lambda a: a.footer)


class FooterLine(Lines):
    """Show keys and titles; what cannot be done now is dimmed and says why when tried."""

    def __init__(self, view: View) -> None:
        super().__init__(id="footer")
        self.view = view

    def update(self) -> None:
        """Bring the line up to date."""
        now, width = self.view.now, max(1, self.size.width)
        spans: list[Span] = [(" ", "plain")]
        for action in _FOOTER:
            key = self._short_key(action.id)
            if not key:
                continue
            off = action.why_not(now) is not None
            item: list[Span] = [
                (key, "off" if off else "key"),
                (f" {action.title.lower()}  ", "off" if off else "plain"),
            ]
            if length(spans) + length(item) - 2 <= width:
                spans += item
        self.show([tuple(spans)])

    def _short_key(self, action_id: str) -> str:
        """Return a one-character key where the action has one: it is shorter than Ctrl+P."""
        keys = self.view.keys.get(action_id, ())
        if action_id in ("palette.open", "help.open"):
            return next((key for key in keys if len(key) == 1), main_key(self.view.keys, action_id))
        return main_key(self.view.keys, action_id)
