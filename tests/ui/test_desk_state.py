"""The operator's own state in the console: countdown, undo, break, results, reminders."""

from __future__ import annotations

from dataclasses import replace

import pytest

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId, CallState, Pending, PendingKind
from softphone.model.desk import Desk, DeskState, NextState
from softphone.model.device import AudioStatus
from softphone.model.reminder import Reminder
from tests.ui.conftest import NOW, START, Console, FakeEngine, OpenConsole

CODES = c.CodedNames((c.CodedName("sold", "Sold"), c.CodedName("12", "Call later", "", "hub")))


async def choose(console: Console, words: str) -> None:
    await console.press("ctrl+p", *words, "enter")


async def test_after_call_work_counts_down_in_header_and_presence(console: Console) -> None:
    working = Desk(DeskState.AFTER_CALL, since_mono=START, until_mono=START + 30)
    await console.emit(e.DeskChanged(working))
    assert "after-call 00:30" in console.screen_text().splitlines()[0]
    assert "00:30 left" in console.screen_text()

    console.clock.advance(7)
    await console.until(lambda: "after-call 00:23" in console.screen_text())
    await console.until(lambda: "00:23 left" in console.screen_text())


async def test_time_in_state_and_what_comes_next_are_shown(console: Console) -> None:
    away = Desk(
        DeskState.NOT_ROUTABLE, "[b]lunch", START - 125,
        queued=NextState(DeskState.NOT_ROUTABLE, "training"),
    )  # fmt: skip
    await console.emit(e.DeskChanged(away))

    text = console.screen_text()
    assert "  [b]lunch" in text
    assert "2 min" in text
    assert "next    training" in text
    assert "next: training" in text.splitlines()[0]


async def test_what_can_be_undone_is_a_band_with_its_key_and_seconds(console: Console) -> None:
    pending = Pending(PendingKind.END, START + 2.0)
    held = replace(console.make.call("c1", CallState.HELD), pending=pending)
    await console.emit(e.CallChanged(held))
    assert "ENDS in 2 s  Bob Rossi" in console.screen_text().splitlines()[1]
    assert "Ctrl+O undoes" in console.screen_text().splitlines()[1]

    console.clock.advance(1)
    await console.until(lambda: "ENDS in 1 s" in console.screen_text())
    await console.press("ctrl+o")
    assert console.commands(c.Undo) == [c.Undo()]
    await console.emit(e.CallChanged(replace(held, pending=None)))

    assert "undoes" not in console.screen_text()


async def test_the_band_stands_below_a_ringing_call_and_takes_no_focus(console: Console) -> None:
    goes = Pending(PendingKind.TRANSFER, START + 2.0, "+39[b]1")
    await console.press("0", "6")
    await console.emit(
        e.CallChanged(replace(console.make.call("c1"), pending=goes)),
        e.CallChanged(console.make.offer("c2")),
    )

    lines = console.screen_text().splitlines()
    assert "RING" in lines[1]
    assert "GOES to +39[b]1 in 2 s" in lines[2]
    assert console.focused == "dialer"


@pytest.mark.parametrize(
    ("words", "when_free"),
    [pytest.param("break take", False, marks=pytest.mark.nightly), ("break after this", True)],
)
async def test_a_break_is_chosen_by_its_reason(
    console: Console, words: str, when_free: bool
) -> None:
    await choose(console, words)
    await console.press("down", "enter")

    asked = [c.SetDesk(DeskState.NOT_ROUTABLE, "lunch", when_free)]
    assert console.commands(c.SetDesk) == asked


@pytest.mark.nightly
async def test_another_reason_can_be_typed(console: Console) -> None:
    await choose(console, "break take")
    await console.press("end", "enter")
    await console.press(*"dentist", "enter")

    assert console.commands(c.SetDesk) == [c.SetDesk(DeskState.NOT_ROUTABLE, "dentist")]


async def test_a_required_result_is_asked_when_the_operator_ended_the_call(
    console: Console, engine: FakeEngine
) -> None:
    engine.reply(c.ListCodes, c.Reply(value=CODES))
    await console.show_calls(console.make.call("c1"))
    await console.press("f8")
    await console.emit(e.DeskChanged(Desk(DeskState.AFTER_CALL, undisposed=(CallId("c1"),))))

    await console.until(lambda: console.app.screen.name == "pick")
    assert "Call later" in console.screen_text()
    assert "hub" in console.screen_text()
    await console.press("enter")
    assert [one.code for one in console.commands(c.Dispose)] == ["sold"]


async def test_a_required_result_never_takes_the_focus_by_itself(
    console: Console, engine: FakeEngine
) -> None:
    engine.reply(c.ListCodes, c.Reply(value=CODES))
    await console.emit(e.DeskChanged(Desk(DeskState.AFTER_CALL, undisposed=(CallId("c1"),))))

    assert console.app.screen.name == "main"
    assert "1 result missing Ctrl+G g" in console.screen_text().splitlines()[0]
    await console.press("ctrl+g", "g")
    await console.until(lambda: console.app.screen.name == "pick")


async def test_the_number_shown_to_those_called_is_chosen_from_a_list(console: Console) -> None:
    await choose(console, "caller id")
    await console.press("down", "enter")

    assert console.commands(c.ChooseCallerId) == [
        c.ChooseCallerId(console.make.account().name, "pn_2")
    ]


async def test_sound_processing_and_the_echo_test_are_in_the_palette(console: Console) -> None:
    await choose(console, "cancel echo")
    await console.emit(e.AudioChanged(AudioStatus(noise_suppression=True)))
    await choose(console, "suppress")
    await choose(console, "test echo")

    assert console.commands(c.SelectDevices) == [
        c.SelectDevices(echo_cancellation=True),
        c.SelectDevices(noise_suppression=False),
    ]
    assert console.commands(c.TestEcho)


# ---- reminders ----------------------------------------------------------------------------------

LATER = (
    Reminder(1, NOW - 60, "+390655501012", "Bob Rossi", CallId("c9")),
    Reminder(2, NOW + 3600, "+39021234567", "[b]ACME"),
)


async def test_reminders_are_listed_put_off_and_dropped(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    engine.reply(c.ListReminders, c.Reply(value=c.RemindersFound(LATER)))
    async with open_console((80, 24)) as console:
        await console.press("tab", "@")
        await console.until(lambda: "[b]ACME" in console.screen_text())
        assert "due" in console.screen_text()
        assert "1 h 00 min" in console.screen_text()

        await console.press("space")
        assert console.engine.sent[-3:-1] == [
            c.Remind("10m", CallId(""), "+390655501012", "Bob Rossi"), c.DropReminder(1)
        ]  # fmt: skip
        await console.press("down", "e", *"15:30", "enter")
        assert console.commands(c.Remind)[-1].when == "15:30"
        await console.press("D")
        assert console.commands(c.DropReminder)[-1] == c.DropReminder(2)
        await console.press("enter")
        assert console.app.main.dialer.field.value == "+39021234567"


async def test_a_time_that_cannot_be_read_loses_no_reminder(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    engine.reply(c.ListReminders, c.Reply(value=c.RemindersFound(LATER)))
    engine.reply(c.Remind, c.Reply(False, "REFUSED", "When is that?"))
    async with open_console((80, 24)) as console:
        await console.press("tab", "@")
        await console.press("e", *"soon", "enter")

        await console.until(lambda: "When is that?" in console.screen_text())
        assert not console.commands(c.DropReminder)
