"""The footer: the keys that matter now, from the registry; or one line for a first day."""

from __future__ import annotations

from softphone.ui.actions import ACTIONS
from softphone.ui.keymap import main_key
from softphone.ui.spans import Span, cut, length
from softphone.ui.view import View
from softphone.ui.widgets.lines import Lines

_FOOTER = sorted((a for a in ACTIONS if a.footer), key=lambda a: a.footer)
_DROPPED = ("status.toggle", "palette.open", "tones.toggle", "call.mute")
"""What gives way first where the line is short: shown elsewhere, or found by help."""


class FooterLine(Lines):
    """Show keys and titles; what cannot be done now is dimmed and says why when tried."""

    def __init__(self, view: View) -> None:
        super().__init__(id="footer")
        self.view = view

    def update(self) -> None:
        """Bring the line up to date."""
        width = max(1, self.size.width)
        for gap, dropped in ((2, ()), (1, _DROPPED[:1]), (1, _DROPPED[:2]), (1, _DROPPED)):
            spans = self._spans(gap, dropped)
            if length(spans) <= width + gap:
                break
        self.show([cut(spans, width)])

    def _spans(self, gap: int, dropped: tuple[str, ...]) -> list[Span]:
        now = self.view.now
        spans: list[Span] = [(" ", "plain")]
        for action in _FOOTER:
            key = self._short_key(action.id)
            if key and action.id not in dropped:
                off = action.why_not(now) is not None
                spans.append((key, "off" if off else "key"))
                spans.append((f" {action.title.lower()}{' ' * gap}", "off" if off else "plain"))
        return spans

    def _short_key(self, action_id: str) -> str:
        """Return a one-character key where the action has one: it is shorter than Ctrl+P."""
        keys = self.view.keys.get(action_id, ())
        if action_id in ("palette.open", "help.open"):
            return next((key for key in keys if len(key) == 1), main_key(self.view.keys, action_id))
        return self.view.keys_to(action_id)
