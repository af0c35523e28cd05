"""Where the panes stand, for every size of the terminal and every layout. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple

from softphone.config import LAYOUT_PANES

MIN_WIDTH = 60
MIN_HEIGHT = 16
_WIDE = (118, 32)
_MEDIUM_WIDTH = 80
_DIALER_ROWS = 9
EVERY_PANE = frozenset(LAYOUT_PANES)


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


_TABS = {
    Shape.WIDE: (),
    Shape.MEDIUM: ("call", "contacts", "events"),
    Shape.NARROW: ("call", "presence", "contacts", "events"),
}


def tabs_of(shape: Shape, shown: Collection[str] = EVERY_PANE) -> tuple[str, ...]:
    """Return the panes that share one place, of which one is seen."""
    return tuple(pane for pane in _TABS[shape] if pane in shown)


def shape_of(width: int, height: int) -> Shape:
    """Return how the console is laid out in a terminal of this size."""
    if width >= _WIDE[0] and height >= _WIDE[1]:
        return Shape.WIDE
    return Shape.MEDIUM if width >= _MEDIUM_WIDTH else Shape.NARROW


def boxes(
    shape: Shape, tab: str, width: int, height: int, shown: Collection[str] = EVERY_PANE
) -> dict[str, Box]:
    """Return the place of every pane that is seen, within the body of the screen.

    `shown` are the panes of the layout; the list of calls and the dialer are always there.
    """
    width, height = max(0, width), max(0, height)
    tab = tab if tab in tabs_of(shape, shown) else ""
    if shape is Shape.WIDE:
        return _wide(width, height, shown)
    if shape is Shape.MEDIUM and "presence" in shown:
        return _medium(tab, width, height)
    return _narrow(tab, width, height)


def _wide(width: int, height: int, shown: Collection[str]) -> dict[str, Box]:
    left = max(32, width * 23 // 100) if "presence" in shown else 0
    right = max(34, width * 27 // 100) if "contacts" in shown else 0
    middle = width - left - right
    events = min(12, max(7, height // 5)) if "events" in shown else 0
    top = height - events
    below = 0 if left else _DIALER_ROWS  # without its column the dialer goes under the calls
    room = top - below
    calls = max(8, room * 42 // 100) if "call" in shown else room
    found = {"calls": Box(left, 0, middle, calls)}
    if "call" in shown:
        found["call"] = Box(left, calls, middle, room - calls)
    if left:
        found["presence"] = Box(0, 0, left, top - _DIALER_ROWS)
        found["dialer"] = Box(0, top - _DIALER_ROWS, left, _DIALER_ROWS)
    else:
        found["dialer"] = Box(0, room, middle, below)
    if right:
        found["contacts"] = Box(left + middle, 0, right, top)
    if events:
        found["events"] = Box(0, top, width, events)
    return found


def _medium(tab: str, width: int, height: int) -> dict[str, Box]:
    left = min(34, max(30, width * 30 // 100))
    dialer = min(_DIALER_ROWS, max(5, height * 36 // 100))
    calls = max(5, height * 36 // 100) if tab else height
    found = {
        "presence": Box(0, 0, left, height - dialer),
        "dialer": Box(0, height - dialer, left, dialer),
        "calls": Box(left, 0, width - left, calls),
    }
    return found | ({tab: Box(left, calls, width - left, height - calls)} if tab else {})


def _narrow(tab: str, width: int, height: int) -> dict[str, Box]:
    dialer = 5 if height < 20 else 6
    room = max(0, height - dialer)
    calls = min(room, max(4, height * 28 // 100)) if tab else room
    found = {"calls": Box(0, 0, width, calls), "dialer": Box(0, room, width, dialer)}
    return found | ({tab: Box(0, calls, width, room - calls)} if tab else {})
