"""The screens of a monitored service as pictures, at 80x24 and 140x45; see test_snapshots."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from softphone.model import command as c
from softphone.model import event as e
from tests.ui.conftest import NOW, Console, FakeEngine, OpenConsole
from tests.ui.test_monitor_screens import ANNA, BAD, CALL, FRAME, WATCH, jobs, watching
from tests.ui.test_snapshots import SIZES, _compare

Scene = Callable[[Console, FakeEngine], Awaitable[None]]


async def monitor(console: Console, engine: FakeEngine) -> None:
    await watching(console, engine)
    good = replace(CALL, id="c-2", room="daily", score=4.4, worst_score=4.1, issues=0)
    unknown = replace(CALL, id="c-3", room="", score=None, worst_score=None, issues=None)
    found = c.ObservedFound((CALL, good, unknown), NOW)
    engine.reply(c.ListObserved, c.Reply(value=found))
    await console.press("tab", "O")


async def monitor_call(console: Console, engine: FakeEngine) -> None:
    await watching(console, engine)
    await console.press("tab", "O", "enter")
    for step in range(20):
        at = NOW + step
        for client in (replace(ANNA, name="Anna", at=at), BAD):
            jitter = (client.jitter_ms or 0.0) + step % 5 * 4
            seen = replace(client, at=at, jitter_ms=jitter, loss_in=step % 4 * 0.02)
            console.engine.emit(e.ClientObserved(WATCH, FRAME, seen))
    await console.settle()
    await console.press("g")


async def jobs_and_machines(console: Console, engine: FakeEngine) -> None:
    await jobs(console, engine)
    await console.press("down")


SCENES: dict[str, Scene] = {
    scene.__name__: scene for scene in (monitor, monitor_call, jobs_and_machines)
}


@pytest.mark.parametrize("scene", list(SCENES))
async def test_monitor_screen_looks_as_it_did(
    open_console: OpenConsole, engine: FakeEngine, scene: str
) -> None:
    async with open_console(SIZES[0]) as console:
        await SCENES[scene](console, engine)
        await console.settle()
        _compare(console, f"{scene}-80x24")

        await console.pilot.resize_terminal(*SIZES[1])
        await console.settle()
        _compare(console, f"{scene}-140x45")
