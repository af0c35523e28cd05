"""Keys do what the registry says, say why when they cannot, and can be remapped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from textual import events

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, CallId, CallState
from softphone.model.presence import LinkState
from softphone.ui.actions import ACTIONS, Scope

if TYPE_CHECKING:
    from tests.ui.conftest import Console, FakeEngine, OpenConsole

ONE = CallId("c1")
TWO = CallId("c2")


@pytest.mark.parametrize(
    ("key", "state", "command"),
    [
        ("f3", CallState.ACTIVE, c.Hold(ONE)),
        ("f3", CallState.HELD, c.Resume(ONE)),
        ("f4", CallState.ACTIVE, c.Mute(ONE)),
        ("f8", CallState.ACTIVE, c.HangUp(ONE)),
        ("f8", CallState.ALERTING, c.HangUp(ONE)),
        ("f7", CallState.ACTIVE, c.SetAvailable(AccountName("audin"), False)),
    ],
)
async def test_function_key_sends_its_command_also_while_typing(
    console: Console, key: str, state: CallState, command: c.Command
) -> None:
    await console.show_calls(console.make.call("c1", state))
    await console.focus("dialer")

    await console.press(key)

    assert console.engine.sent[-1] == command


async def test_call_bar_letters_send_their_commands(console: Console) -> None:
    plain = console.make.account(refusals=())
    await console.emit(e.AccountChanged(plain))
    await console.show_calls(console.make.call("c1"), console.make.call("c2", CallState.HELD))
    await console.press("ctrl+g")

    for letter, command in {
        "h": c.Hold(ONE), "m": c.Mute(ONE), "s": c.Resume(TWO), "j": c.Join(ONE, TWO),
        "c": c.Join(ONE, TWO), "o": c.TransferTo(ONE, TWO), "r": c.Record(ONE),
        "p": c.PauseRecording(ONE), "b": c.Replay(ONE), "v": c.SaveReplay(ONE),
        "x": c.HangUp(ONE),
    }.items():  # fmt: skip
        console.clock.advance(1)
        await console.press(letter)
        assert console.engine.sent[-1] == command


async def test_calls_of_two_platforms_are_mixed_here(console: Console) -> None:
    sip = replace(console.make.call("c2", CallState.HELD), account=AccountName("ribbon"))
    await console.show_calls(console.make.call("c1"), sip)
    await console.press("ctrl+g")

    both = c.Conference((ONE, TWO))
    sent: dict[str, list[c.Command]] = {"j": [both], "c": [both], "o": [both, c.StepOut(ONE, True)]}
    for letter, commands in sent.items():
        console.clock.advance(1)
        await console.press(letter)
        assert console.engine.sent[-len(commands) :] == commands


async def test_a_conference_is_shown_left_to_itself_and_left(console: Console) -> None:
    one = replace(console.make.call("c1"), joined=frozenset({TWO}), aside=True)
    two = replace(console.make.call("c2"), joined=frozenset({ONE}))
    await console.show_calls(one, two)
    await console.press("ctrl+g")

    for letter, command in {"o": c.StepOut(ONE), "l": c.LeaveConference(ONE)}.items():
        console.clock.advance(1)
        await console.press(letter)
        assert console.engine.sent[-1] == command

    text = console.screen_text()
    assert "AWAY" in text
    assert "CONF" in text
    assert "you neither hear nor are heard" in text


async def test_a_paused_recording_is_said(console: Console) -> None:
    call = replace(console.make.call("c1"), recording=True, recording_paused=True)

    await console.show_calls(call)

    assert "recording paused" in console.screen_text()


async def test_after_a_call_its_last_half_minute_is_kept_by_key(console: Console) -> None:
    await console.press("ctrl+g", "v")

    assert console.engine.sent[-1] == c.SaveReplay()


async def test_every_letter_is_in_the_call_bar_of_the_smallest_screen(
    open_console: OpenConsole,
) -> None:
    async with open_console(size=(80, 24)) as console:
        await console.show_calls(console.make.call("c1"))
        await console.press("ctrl+g")

        text = console.screen_text()

    letters = [a for a in ACTIONS if a.scope is Scope.CALL and any(len(k) == 1 for k in a.keys)]
    assert [a.title for a in letters if a.title.lower() not in text] == []


async def test_held_key_cannot_end_two_calls(console: Console) -> None:
    first = console.make.call("c1")
    await console.show_calls(first, console.make.call("c2", CallState.HELD))

    await console.press("f8")
    await console.emit(e.CallChanged(replace(first, state=CallState.ENDED)))
    for _ in range(5):
        console.clock.advance(0.03)
        await console.press("f8")

    assert console.commands(c.HangUp) == [c.HangUp(ONE)]


async def test_disabled_action_says_why_where_it_was_pressed(console: Console) -> None:
    await console.show_calls(console.make.call("c1"))

    await console.press("f5")

    assert not console.commands(c.Transfer)
    assert "Audin has no transfer." in console.screen_text()


async def test_transfer_asks_where_to_and_sends_e164(open_console: OpenConsole) -> None:
    async with open_console(region="IT") as console:
        await console.emit(e.AccountChanged(console.make.account(refusals=())))
        await console.show_calls(console.make.call("c1"))

        await console.press("f5", *"06 5550 1010", "enter")

        assert console.commands(c.Transfer) == [c.Transfer(ONE, "+390655501010")]


async def test_transfer_of_a_call_that_ended_meanwhile_does_nothing(console: Console) -> None:
    await console.emit(e.AccountChanged(console.make.account(refusals=())))
    first = console.make.call("c1")
    await console.show_calls(first, console.make.call("c2", CallState.HELD))

    await console.press("f5", *"1001")
    await console.emit(e.CallRemoved(ONE))
    await console.press("enter")

    assert not console.commands(c.Transfer)


async def test_esc_leaves_the_transfer_and_nothing_else(console: Console) -> None:
    await console.emit(e.AccountChanged(console.make.account(refusals=())))
    await console.show_calls(console.make.call("c1"))

    await console.press("f5", *"10", "escape")

    assert console.app.screen is console.app.main
    assert not console.commands(c.Transfer)


async def test_refused_command_shows_the_engines_sentence(
    console: Console, engine: FakeEngine
) -> None:
    engine.reply(c.Hold, c.Reply(False, "REFUSED", "The platform says no [/]."))
    await console.show_calls(console.make.call("c1"))

    await console.press("f3")

    assert "The platform says no [/]." in console.screen_text()


async def test_operators_own_keys_replace_the_defaults(open_console: OpenConsole) -> None:
    keys = {"call.hold": ("ctrl+y", "w"), "calls.focus": ("%",)}
    async with open_console(keys=keys) as console:
        await console.show_calls(console.make.call("c1"))

        await console.press("f3")
        assert not console.commands(c.Hold)
        await console.press("ctrl+y")
        assert console.commands(c.Hold) == [c.Hold(ONE)]
        console.clock.advance(1)
        await console.press("ctrl+g", "w")
        assert len(console.commands(c.Hold)) == 2

        await console.press("escape")
        await console.focus("contacts")
        await console.press("%")
        assert console.focused == "calls"
        assert "Ctrl+Y hold" in console.screen_text()


async def test_palette_finds_and_does_an_action_and_says_why_not(console: Console) -> None:
    await console.show_calls(console.make.call("c1"))

    await console.press("ctrl+p", *"mute", "enter")
    assert console.commands(c.Mute) == [c.Mute(ONE)]

    await console.press("ctrl+p", *"answer", "enter")
    assert "No call is ringing." in console.screen_text()


async def test_screens_open_and_close_by_their_keys(console: Console) -> None:
    await console.focus("calls")
    for key, place in (("H", "history"), ("A", "devices"), ("question_mark", "help")):
        await console.press(key)
        assert console.app.screen.name == place
        await console.press("escape")
        assert console.app.screen.name == "main"


async def test_esc_empties_the_dialer_and_then_leaves_it_so_that_letters_are_keys(
    console: Console,
) -> None:
    await console.focus("dialer")
    await console.press("x", "escape")
    assert console.app.main.dialer.field.value == ""
    assert console.focused == "dialer"

    await console.press("escape", "H")

    assert console.app.main.dialer.field.value == ""
    assert console.app.screen.name == "history"


async def test_pane_keys_go_to_their_panes(console: Console) -> None:
    await console.show_calls(console.make.call("c1"))
    for key, place in (("L", "calls"), ("C", "contacts"), ("E", "events"), ("S", "presence")):
        await console.press(key)
        assert console.focused == "dialer" or console.focused == place
        await console.focus("calls")

    await console.press("W")
    assert console.focused == "call"
    await console.press("L")
    assert console.app.main.call.note.text == "L"


async def test_quit_without_a_call_just_leaves(console: Console) -> None:
    await console.press("ctrl+q")

    assert console.app.return_code == 0
    assert not console.app.is_running or console.app._exit


@pytest.mark.parametrize(("key", "hung_up", "left"), [("h", 1, True), ("k", 0, True)])
async def test_quit_in_a_call_hangs_up_or_keeps(
    console: Console, key: str, hung_up: int, left: bool
) -> None:
    await console.show_calls(console.make.call("c1"))

    await console.press("ctrl+q", key)

    assert len(console.commands(c.HangUp)) == hung_up
    assert console.app._exit is left


@pytest.mark.parametrize("key", ["s", "escape", "enter"])
async def test_quit_in_a_call_can_be_left_by_staying(console: Console, key: str) -> None:
    await console.show_calls(console.make.call("c1"))

    await console.press("ctrl+q", key)

    assert console.app.screen.name == "main"
    assert not console.app._exit
    assert not console.commands(c.HangUp)


async def test_read_only_console_says_so_and_takes_over_after_asking(console: Console) -> None:
    await console.show_calls(console.make.call("c1"))
    await console.emit(e.ControlChanged("c9", 2))
    await console.focus("calls")
    assert "READ-ONLY" in console.screen_text()

    await console.press("f8")
    assert not console.commands(c.HangUp)
    assert "read-only" in console.screen_text()

    await console.press("T", "n")
    assert not console.commands(c.TakeOver)
    await console.press("T", "y")
    assert console.commands(c.TakeOver) == [c.TakeOver()]


async def test_retry_is_offered_only_while_a_line_is_lost(console: Console) -> None:
    await console.focus("calls")
    await console.press("R")
    assert not console.commands(c.RetryNow)

    lost = console.make.account(link=LinkState.RECONNECTING, retry_mono=console.clock.mono() + 9)
    await console.emit(e.AccountChanged(lost))
    assert "retry in 9 s" in console.screen_text()
    await console.press("R")

    assert console.commands(c.RetryNow) == [c.RetryNow(AccountName("audin"))]


async def test_keys_that_come_in_one_piece_go_where_the_first_one_leads(console: Console) -> None:
    await console.focus("contacts")

    await _type(console, "/Dan")
    assert console.app.main.contacts.list.filter_text == "Dan"
    assert console.app.screen.name == "main"  # the D of the lists deletes

    await console.press("escape")
    await console.focus("calls")
    await _type(console, "4711")
    assert console.app.main.dialer.field.value == "4711"


async def _type(console: Console, text: str) -> None:
    """Type faster than the console looks, as a slow connection delivers it."""
    for character in text:
        console.app.post_message(events.Key(character, character))
    await console.settle()


async def test_keys_that_open_and_close_faster_than_screens_come_and_go(console: Console) -> None:
    await console.focus("calls")

    for _ in range(20):  # as when a key is held down: nothing waits for what was there before
        for key in ("help.open", "help.open", "history.open", "history.open", "devices.open"):
            console.app.act(key)
    console.app.to_main()
    await console.settle()

    assert console.app.return_code is None
    assert console.app.screen.name == "main"


async def test_text_typed_in_one_go_behind_a_key_all_goes_where_the_key_led(
    console: Console,
) -> None:
    await console.show_calls(console.make.call("c1"))
    await console.press("ctrl+t", "tab")
    choice = console.app.main.dialer.sender
    before = choice.value

    for typed in "Wa b c":
        key = "space" if typed == " " else typed
        console.app.post_message(events.Key(key, typed))
    await console.until(lambda: console.app.main.call.note.text == "a b c")

    assert choice.value == before
