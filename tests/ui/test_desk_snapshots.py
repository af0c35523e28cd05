"""The screens of the operator's desk as pictures, at 80x24 and 140x45; see test_snapshots."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.ui.conftest import Console, FakeEngine, OpenConsole
from tests.ui.test_course import furnish as furnish_course
from tests.ui.test_course import opened as open_course
from tests.ui.test_snapshots import SIZES, _compare, _furnish

Scene = Callable[[Console, FakeEngine], Awaitable[None]]


async def course(console: Console, engine: FakeEngine) -> None:
    furnish_course(engine, 300)
    await open_course(console)


SCENES: dict[str, Scene] = {scene.__name__: scene for scene in (course,)}


@pytest.mark.parametrize("scene", list(SCENES))
async def test_desk_screen_looks_as_it_did(
    open_console: OpenConsole, engine: FakeEngine, scene: str
) -> None:
    _furnish(engine)
    async with open_console(SIZES[0]) as console:
        await SCENES[scene](console, engine)
        await console.settle()
        _compare(console, f"{scene}-80x24")

        await console.pilot.resize_terminal(*SIZES[1])
        await console.settle()
        _compare(console, f"{scene}-140x45")
