"""The second line of defence: no control character reaches the terminal as content.

The first is `model.text.clean()` at the adapters' edge.
"""

from __future__ import annotations

import re

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


class ControlFilter(LineFilter):
    """Replace what a terminal could act on in everything that is painted."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with harmless text."""
        if not any(_CONTROL.search(text) for text, _, _ in segments):
            return segments
        return [
            Segment(_CONTROL.sub(_replacement, text), style, control)
            for text, style, control in segments
        ]


def _replacement(found: re.Match[str]) -> str:
    """Keep the width that was reckoned with: wide unknowns become a mark, zero-width ones go."""
    return " " if found.group() in "\t\n\r" else "\N{REPLACEMENT CHARACTER}"
