"""Any size of terminal: a place for everything, or one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.ui.layout import EVERY_PANE, Shape, boxes, shape_of, tabs_of

if TYPE_CHECKING:
    from tests.ui.conftest import Console, OpenConsole


@given(
    st.integers(0, 300),
    st.integers(0, 120),
    st.sampled_from(Shape),
    st.frozensets(st.sampled_from(sorted(EVERY_PANE))),
)
def test_panes_never_overlap_nor_leave_the_body(
    width: int, height: int, shape: Shape, shown: frozenset[str]
) -> None:
    tab = next(iter(tabs_of(shape, shown)), "call")

    found = boxes(shape, tab, width, height, shown)

    assert {"calls", "dialer"} <= set(found) <= {"calls", "dialer", *shown}

    seen = [box for box in found.values() if box.width > 0 and box.height > 0]
    if width >= 80 and height >= 30:
        assert sum(box.width * box.height for box in seen) == width * height
        assert all(box.x + box.width <= width and box.y + box.height <= height for box in seen)


def test_shape_follows_the_size() -> None:
    assert shape_of(140, 45) is Shape.WIDE
    assert shape_of(140, 24) is Shape.MEDIUM
    assert shape_of(80, 24) is Shape.MEDIUM
    assert shape_of(79, 50) is Shape.NARROW


async def test_too_small_terminal_says_so_and_everything_comes_back(console: Console) -> None:
    await console.focus("calls")

    covered = []
    for size in ((59, 24), (80, 15), (20, 5), (1, 1), (2, 40)):
        await console.pilot.resize_terminal(*size)
        await console.settle()
        covered.append(console.app.main.cover.display)
    assert covered == [True] * 5
    await console.pilot.resize_terminal(140, 45)
    await console.settle()

    covered.append(console.app.main.cover.display)
    assert covered[-1] is False
    assert console.focused == "calls"
    assert "PRESENCE" in console.screen_text()


async def test_keys_go_on_working_in_a_terminal_that_is_too_small(console: Console) -> None:
    from softphone.model.command import Answer
    from softphone.model.event import CallChanged

    await console.pilot.resize_terminal(10, 3)
    await console.emit(CallChanged(console.make.offer("c1")))
    console.clock.advance(1)
    await console.press("f2")

    assert console.commands(Answer)


@pytest.mark.parametrize(("key", "tab"), [("C", "contacts"), ("E", "events")])
async def test_tabs_share_one_place_at_80x24(open_console: OpenConsole, key: str, tab: str) -> None:
    async with open_console((80, 24)) as console:
        await console.focus("calls")
        assert "contacts C" in console.screen_text()

        await console.press(key)
        seen = [console.focused, console.app.main.call.display]
        await console.press("L")
        seen += [console.focused, console.app.main.call.display]

        assert seen == [tab, False, "calls", True]


async def test_focused_pane_stays_in_sight_when_the_terminal_shrinks(console: Console) -> None:
    await console.focus("contacts")

    await console.pilot.resize_terminal(80, 24)
    await console.settle()

    assert console.focused == "contacts"
    assert console.app.main.contacts.display


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (140, 45)])
async def test_a_sentence_that_is_said_is_read_to_its_end(
    open_console: OpenConsole, size: tuple[int, int]
) -> None:
    async with open_console(size) as console:
        console.app.say("The transfer failed: Not Found (404).")
        await console.settle()

        assert "(404)." in console.screen_text()
