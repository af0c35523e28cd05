"""The line mode is complete: every action of the registry is reached by something to type."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator, Sequence

import pytest

from softphone.model import command as c
from softphone.model.agent import AgentGroup, AgentStatus
from softphone.model.call import AccountName, CallId, Pending, PendingKind
from softphone.model.desk import Desk, DeskState, NextState
from softphone.model.presence import OwnNumber
from softphone.ui.actions import ACTIONS, Action
from softphone.ui.plain import Say, run_plain
from softphone.ui.plain_words import LISTS, WORDS, is_of_the_screen, line_for, shown
from softphone.ui.telling import desk_line
from tests.ui.conftest import Console, FakeEngine, FrozenClock


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: str(action.id))
def test_every_action_is_reached_or_is_about_the_screen(action: Action) -> None:
    assert line_for(action) or is_of_the_screen(action), f"{action.id}: say it in plain_words"


def test_every_word_is_an_action_of_its_own() -> None:
    ids = {action.id for action in ACTIONS}

    assert {word.action for word in WORDS.values()} <= ids
    assert not set(WORDS) & set(LISTS)


async def typed(engine: FakeEngine, clock: FrozenClock, *lines: str) -> str:
    """Type lines and return what was printed; commands of the command line are only named."""
    said: list[str] = []

    async def shell(arguments: Sequence[str], say: Say) -> None:
        say(f"ran {'|'.join(arguments)}")

    await run_plain(
        engine.connect, lines=lines, say=said.append, clock=clock, shell=shell,
        commands=("shift", "history", "contacts", "remind", "report", "events", "block"),
    )  # fmt: skip
    return "\n".join(said)


async def test_any_action_is_done_by_its_id(
    engine: FakeEngine, clock: FrozenClock, console: Console
) -> None:
    engine.state.calls[CallId("c1")] = console.make.call("c1")

    text = await typed(
        engine, clock, "do call.play file=/tmp/x.wav", "call.stop_file", "do call.hodl",
        "do theme.next", "do history.open", "do tones.send", "do x", "actions", "do call.dial to",
    )  # fmt: skip

    assert c.PlayFile(CallId("c1"), "/tmp/x.wav") in engine.sent
    assert c.PlayFile(CallId("c1"), "") in engine.sent
    assert "did you mean call.hold" in text
    assert "That is about the screen only." in text
    assert "Type: history TEXT." in text or "Type: history." in text
    assert "tones.send needs digits=..." in text
    assert "'to' is not KEY=VALUE" in text
    for action in ACTIONS:
        assert not shown(action) or f"{action.id:24} {line_for(action)}" in text


async def test_what_the_console_has_as_a_screen_is_a_command(
    engine: FakeEngine, clock: FrozenClock
) -> None:
    text = await typed(
        engine, clock, "shift --from 2026-01-01", 'history --export "my calls"', "report",
        "contacts import book.vcf", "contacts bob", "history", "remind", "block", "remind 20m",
        "block +391", 'report "', "events --follow",
    )  # fmt: skip

    assert "ran shift|--from|2026-01-01" in text
    assert "ran history|--export|my calls" in text
    assert "ran contacts|import|book.vcf" in text
    assert text.count("ran remind") == text.count("ran block") == text.count("ran report") == 1
    assert "Bob Rossi" in text
    assert c.Remind("20m") in engine.sent
    assert c.BlockNumber("+391") in engine.sent
    assert "A quotation mark is missing." in text
    assert "never ends" in text


async def test_the_operators_state_is_said_and_changed(
    engine: FakeEngine, clock: FrozenClock, console: Console
) -> None:
    pending = Pending(PendingKind.END, clock.mono() + 2.0)
    engine.state.calls[CallId("c1")] = console.make.call("c1", pending=pending)
    engine.state.desk = Desk(
        DeskState.AFTER_CALL, until_mono=clock.mono() + 9.0, undisposed=(CallId("c0"),),
        queued=NextState(DeskState.NOT_ROUTABLE, "lunch"), quiet=True,
    )  # fmt: skip
    number = next(iter(engine.state.accounts[AccountName("audin")].numbers), OwnNumber("", ""))

    text = await typed(
        engine, clock, "status", "break lunch", "next break", "nobreak", "finish", "longer",
        "quiet", "undo", f"callerid {number.id}", "callerid 999", "available", "wrapup",
    )  # fmt: skip

    assert "you are after-call work, 9 s left, a disposition is needed, then lunch" in text
    assert [sent for sent in engine.sent if isinstance(sent, c.OperatorCommand)] == [
        c.SetDesk(DeskState.NOT_ROUTABLE, "lunch"),
        c.SetDesk(DeskState.NOT_ROUTABLE, "break", when_free=True),
        c.DropQueued(),
        c.FinishWrapUp(),
        c.ExtendWrapUp(60.0),
        c.SetQuiet(),
        c.Undo(),
        c.ChooseCallerId(AccountName("audin"), number.id),
        c.SetDesk(DeskState.ROUTABLE),
        c.SetDesk(DeskState.AFTER_CALL),
    ]
    assert "is none of your numbers" in text


async def test_the_contact_centre_and_the_sound_are_asked(
    engine: FakeEngine, clock: FrozenClock, console: Console
) -> None:
    account = AccountName("audin")
    engine.state.accounts[account] = console.make.account(refusals=())
    engine.state.agents[account] = AgentStatus(
        account, AgentGroup.BUSY, "Talking", campaign_id="7", native_call="99"
    )

    text = await typed(
        engine, clock, "platform dial 123", "platform hangup", "platform idle",
        "platform pause LUNCH", "platform fly", "sound echo on", "sound hiss on", "echo",
        "letters 1-800-FLOWERS", "pops", "users", "events",
    )  # fmt: skip

    for command in (
        c.PlaceAgentCall(account, "123", "7"),
        c.HangUpAgentCall(account, "99"),
        c.SetAgentStatus(account, "idle"),
        c.SetAgentStatus(account, "pause", "LUNCH"),
        c.SelectDevices(echo_cancellation=True),
        c.TestEcho(),
    ):
        assert command in engine.sent
    assert text.count("Usage: ") == 2
    assert "1-800-3569377" in text


def test_a_quiet_desk_is_said_in_few_words() -> None:
    assert desk_line(Desk(DeskState.ROUTABLE), 0.0) == "you are available"
    away = Desk(DeskState.NOT_ROUTABLE, "lunch")
    assert desk_line(away, 0.0) == "you are not available (lunch)"


async def test_a_key_that_is_no_digit_ends_nothing(engine: FakeEngine, clock: FrozenClock) -> None:
    text = await typed(engine, clock, "quick ²", "quick " + "1" * 5_000, "calls")

    assert text.count("No contact has the key") == 2
    assert text.endswith("No call.")


async def test_input_that_cannot_be_read_any_more_is_the_end_of_it(
    engine: FakeEngine, clock: FrozenClock
) -> None:
    def lines() -> Iterator[str]:
        yield "calls"
        raise OSError("the terminal is gone")

    said: list[str] = []
    async with asyncio.timeout(10.0):
        code = await run_plain(engine.connect, lines=lines(), say=said.append, clock=clock)

    assert (code, said[-1]) == (0, "No call.")


async def test_a_byte_that_is_no_text_ends_nothing(
    engine: FakeEngine, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\ncalls\n"), "utf-8"))
    said: list[str] = []

    await run_plain(engine.connect, say=said.append, clock=clock)

    assert said[-2:] == ["Unknown: \N{REPLACEMENT CHARACTER}. Type help.", "No call."]
