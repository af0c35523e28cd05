"""The screens of a monitored service as pictures, at 80x24 and 140x45; see test_snapshots."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.monitor import Frame, FrameState, Happening, Issue, SummaryPoint, TurnServer
from tests.ui.conftest import NOW, Console, FakeEngine, OpenConsole
from tests.ui.test_monitor_screens import (
    ANNA,
    BAD,
    CALL,
    FRAME,
    WATCH,
    jobs,
    watching,
)
from tests.ui.test_rows_screen import asked_for_rows
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


async def monitor_client(console: Console, engine: FakeEngine) -> None:
    await watching(console, engine)
    await console.press("tab", "O", "enter")
    over = Issue("congestion", NOW - 30, NOW - 10, "major", "scene far away")
    joined = Happening("CLIENT_JOINED", NOW - 60)
    await console.emit(
        e.ClientObserved(WATCH, FRAME, replace(BAD, issues=(over,), happened=(joined,)))
    )
    await console.press("g", "enter")


async def summary(console: Console, engine: FakeEngine) -> None:
    await watching(console, engine)
    series = tuple(
        SummaryPoint(NOW - 60 * n, n % 7, n % 11, 5 - n % 4 if n % 9 else None, n % 3)
        for n in range(60, 0, -1)
    )
    figures = (("currentActiveCalls", "3"), ("totalClientIssues", "12"), ("averageScore", ""))
    engine.reply(c.FetchSummary, c.Reply(value=c.SummaryFound(figures, series)))
    server = TurnServer("192.0.2.7", NOW, sent_bytes=5e6, received_bytes=7e6)
    engine.reply(c.FetchTurn, c.Reply(value=c.TurnFound((server,))))
    await console.press("tab", "O", "i")


async def database(console: Console, engine: FakeEngine) -> None:
    await watching(console, engine)
    going = Frame(FRAME, WATCH, "callEvents", FrameState.OPEN, 1500, 1500, True, 0.3)
    rows = tuple(f'{{"timestamp": {n}, "name": "CLIENT_JOINED", "value": null}}' for n in range(9))
    engine.reply(
        c.ReadFrame,
        lambda asked: c.Reply(value=c.FrameRows(() if asked.after else rows, 9, going)),
    )
    await asked_for_rows(console, engine)


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (monitor, monitor_call, monitor_client, summary, jobs_and_machines, database)
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
