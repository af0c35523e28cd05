"""Where the panes stand, for every size of the terminal. Pure arithmetic."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

MIN_WIDTH = 60
MIN_HEIGHT = 16
_WIDE = (118, 32)
_MEDIUM_WIDTH = 80


class Shape(StrEnum):
    """How much of the console is seen at once."""

    WIDE = "wide"
    MEDIUM = "medium"
    NARROW = "narrow"


class Box(NamedTuple):
    """A rectangle on the screen."""

    x: int
    y: int
    width: int
    height: int


TABS = {
    Shape.WIDE: (),
    Shape.MEDIUM: ("call", "contacts", "events"),
    Shape.NARROW: ("call", "presence", "contacts", "events"),
}
"""The panes that share one place, of which one is seen."""


def shape_of(width: int, height: int) -> Shape:
    """Return how the console is laid out in a terminal of this size."""
    if width >= _WIDE[0] and height >= _WIDE[1]:
        return Shape.WIDE
    return Shape.MEDIUM if width >= _MEDIUM_WIDTH else Shape.NARROW


def boxes(shape: Shape, tab: str, width: int, height: int) -> dict[str, Box]:
    """Return the place of every pane that is seen, within the body of the screen."""
    width, height = max(0, width), max(0, height)
    if shape is Shape.WIDE:
        return _wide(width, height)
    return _medium(tab, width, height) if shape is Shape.MEDIUM else _narrow(tab, width, height)


def _wide(width: int, height: int) -> dict[str, Box]:
    left = max(32, width * 23 // 100)
    right = max(34, width * 27 // 100)
    middle = width - left - right
    events = min(12, max(7, height // 5))
    top = height - events
    dialer = 9
    calls = max(8, top * 42 // 100)
    return {
        "presence": Box(0, 0, left, top - dialer),
        "dialer": Box(0, top - dialer, left, dialer),
        "calls": Box(left, 0, middle, calls),
        "call": Box(left, calls, middle, top - calls),
        "contacts": Box(left + middle, 0, right, top),
        "events": Box(0, top, width, events),
    }


def _medium(tab: str, width: int, height: int) -> dict[str, Box]:
    left = min(34, max(30, width * 30 // 100))
    dialer = min(9, max(5, height * 36 // 100))
    calls = max(5, height * 36 // 100)
    return {
        "presence": Box(0, 0, left, height - dialer),
        "dialer": Box(0, height - dialer, left, dialer),
        "calls": Box(left, 0, width - left, calls),
        tab: Box(left, calls, width - left, height - calls),
    }


def _narrow(tab: str, width: int, height: int) -> dict[str, Box]:
    calls = max(4, height * 28 // 100)
    dialer = 5 if height < 20 else 6
    return {
        "calls": Box(0, 0, width, calls),
        tab: Box(0, calls, width, max(0, height - calls - dialer)),
        "dialer": Box(0, max(0, height - dialer), width, dialer),
    }
