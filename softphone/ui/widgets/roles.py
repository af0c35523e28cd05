"""What the roles of spans look like: a role is a word's meaning, the theme gives its colour.

Kept out of the style sheets because each would be a component class of each widget, and a
restyled widget works all of them out again: two thirds of the console's start.
"""

from __future__ import annotations

from functools import lru_cache

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

# role: (variable of the text, variable of the background, bold)
_LOOKS: dict[str, tuple[str, str, bool]] = {
    "plain": ("", "", False),
    "dim": ("dim", "", False),
    "strong": ("", "", True),
    "title": ("title", "", True),
    "key": ("key", "", False),
    "off": ("stale", "", False),
    "mark": ("cursor", "", True),
    "ringing": ("call-ringing", "call-ringing-back", True),
    "dialing": ("call-dialing", "", True),
    "active": ("call-active", "", True),
    "held": ("call-held", "", True),
    "ended": ("call-ended", "", False),
    "stale": ("stale", "", False),
    "ok": ("state-ok", "", False),
    "warn": ("state-warn", "", False),
    "bad": ("state-bad", "", True),
    "badge": ("badge", "badge-back", True),
    "level-ok": ("level-ok", "", False),
    "level-hot": ("level-hot", "", False),
    "level-off": ("level-off", "", False),
    "cursor": ("cursor", "cursor-back", False),
    "cursor-off": ("", "cursor-off-back", False),
}


def role_style(theme: Theme, role: str) -> Style:
    """Return the style of a role in a theme, to be laid over a base style."""
    front, back, bold = _LOOKS[role]
    known = theme.variables
    return _style(known.get(front, ""), known.get(back, ""), bold)


@lru_cache(256)
def _style(front: str, back: str, bold: bool) -> Style:
    return Style(
        color=Color.parse(front).rich_color if front else None,
        bgcolor=Color.parse(back).rich_color if back else None,
        bold=True if bold else None,
    )
