"""The screens of the operator's desk as pictures, at 80x24 and 140x45; see test_snapshots."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, CallId, CallState, Pending, PendingKind
from softphone.model.desk import Desk, DeskState, NextState
from softphone.model.message import Voicemail
from tests.ui.conftest import NOW, START, Console, FakeEngine, OpenConsole
from tests.ui.test_course import furnish as furnish_course
from tests.ui.test_course import opened as open_course
from tests.ui.test_desk_state import LATER
from tests.ui.test_snapshots import SIZES, _busy, _compare, _furnish

Scene = Callable[[Console, FakeEngine], Awaitable[None]]


async def course(console: Console, engine: FakeEngine) -> None:
    furnish_course(engine, 300)
    await open_course(console)


async def keys(console: Console, engine: FakeEngine) -> None:
    console.app.custom.take_keys({"call.mute": ("f10",), "call.hold": ()})
    console.app.act("keys.edit")
    await console.press("down", "down")


async def reminders(console: Console, engine: FakeEngine) -> None:
    engine.reply(c.ListReminders, c.Reply(value=c.RemindersFound(LATER)))
    await console.press("tab", "@")
    await console.until(lambda: "ACME" in console.screen_text())


async def accounts(console: Console, engine: FakeEngine) -> None:
    console.app.act("accounts.open")
    await console.settle()


async def voicemail(console: Console, engine: FakeEngine) -> None:
    mail = Voicemail(AccountName("ribbon"), True, 2, 7, (("urgent", "1"),), NOW - 60)
    await console.emit(e.VoicemailChanged(mail))
    console.app.act("voicemail.open")
    await console.settle()


async def theme_choice(console: Console, engine: FakeEngine) -> None:
    await _busy(console)
    console.app.act("theme.choose")
    await console.settle()


async def layout_of_calls(console: Console, engine: FakeEngine) -> None:
    await _busy(console)
    await console.press("ctrl+l", "ctrl+t")
    console.clock.advance(6)
    console.app.clear_notifications()


async def undo_and_after_call(console: Console, engine: FakeEngine) -> None:
    pending = Pending(PendingKind.END, START + 2.0)
    held = replace(console.make.call("c1", CallState.HELD), pending=pending)
    working = Desk(
        DeskState.AFTER_CALL, since_mono=START - 20, until_mono=START + 10,
        queued=NextState(DeskState.NOT_ROUTABLE, "lunch"), undisposed=(CallId("c9"),),
    )  # fmt: skip
    await console.emit(e.DeskChanged(working), e.CallChanged(held))


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        course, keys, reminders, accounts, voicemail, theme_choice, layout_of_calls,
        undo_and_after_call,
    )
}  # fmt: skip


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
