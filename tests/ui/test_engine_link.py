"""The engine is lost and comes back; the line mode; crashes; terminals that cannot."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from softphone.config import CallsConfig, UiConfig
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, CallId, CallState, Party
from softphone.model.error import LinkError
from softphone.model.presence import LinkState
from softphone.model.state import ConsoleState
from softphone.ui import crash
from softphone.ui.plain import run_plain
from softphone.ui.run import run_console, terminal_problem

if TYPE_CHECKING:
    from tests.ui.conftest import Console, FakeEngine, FrozenClock, OpenConsole


async def test_lost_engine_is_told_and_a_new_snapshot_replaces_the_state(
    console: Console, engine: FakeEngine
) -> None:
    await console.show_calls(console.make.call("c1"))
    engine.refuse = LinkError("The engine does not answer.")

    engine.lose()
    await console.settle()
    await console.pilot.pause(0.05)
    await console.settle()
    assert "The engine does not answer." in console.screen_text()
    await console.press("f8")
    assert not console.commands(c.HangUp)

    engine.refuse = None
    engine.state.calls.clear()
    await console.pilot.pause(0.1)
    await console.settle()
    assert "No call. Type a number" in console.screen_text()
    assert len(engine.links) == 2


async def test_an_engine_started_anew_tells_how_many_calls_the_old_one_took_along(
    console: Console, engine: FakeEngine
) -> None:
    gone = console.make.call("c2", remote=Party("+390255500102", "Bob"))
    await console.show_calls(console.make.call("c1"), gone)
    engine.pid, engine.state = 4712, ConsoleState()

    engine.lose()
    await console.pilot.pause(0.1)
    await console.settle()

    (note,) = console.app.session.state.notes
    assert "2 calls were lost with the old engine" in note.text
    assert note.text.endswith("Bob")
    assert "2 calls were lost" in console.screen_text()


async def test_calls_the_same_engine_ended_meanwhile_are_not_called_lost(
    console: Console, engine: FakeEngine
) -> None:
    await console.show_calls(console.make.call("c1"))
    engine.state = ConsoleState()

    engine.lose()
    await console.pilot.pause(0.1)
    await console.settle()

    assert not console.app.session.state.notes


async def test_console_that_finds_no_engine_says_so_and_tries_again(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    engine.refuse = LinkError("No engine, and none could be started.")
    async with open_console() as console:
        assert "No engine, and none could be started." in console.screen_text()

        engine.refuse = None
        await console.pilot.pause(0.1)
        await console.settle()
        assert "audin" in console.screen_text()


async def test_first_run_line_follows_what_happens(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    engine.lab = "http://127.0.0.1:1"
    async with open_console(settings=UiConfig(bell=False)) as console:
        tour = console.app.main.tour
        assert "Type echo" in tour.text
        await console.show_calls(console.make.offer("c1"))
        assert "F2 answers" in tour.text
        await console.show_calls(console.make.call("c1"))
        assert "F8 hangs up" in tour.text
        await console.show_calls(console.make.call("c1", CallState.HELD))
        assert "F3 takes it back" in tour.text


async def test_events_are_painted_at_most_ten_times_a_second(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[int] = []
    show = console.app.main.events.show

    def counted() -> None:
        painted.append(1)
        show()

    monkeypatch.setattr(console.app.main.events, "show", counted)

    for n in range(2000):
        console.engine.emit(e.Noted(float(n), "audin", e.Level.INFO, f"line {n}"))
    await console.settle()

    assert len(painted) <= 6
    assert console.app.main.events.rows.row == console.app.view.state.notes[-1]


async def test_line_mode_does_what_is_typed_and_prints_what_happens(
    engine: FakeEngine, clock: FrozenClock, console: Console
) -> None:
    make = console.make
    engine.state.calls[CallId("c1")] = make.offer("c1")
    said: list[str] = []

    def lines() -> list[str]:
        return [
            "calls", "numbers", "status", "answer", "dial", "dial 123", "tones 1", "transfer 5",
            "online pn_2", "online nope", "online", "contacts bob", "history", "what", "help", "",
            "offline", "takeover", "quit", "hangup",
        ]  # fmt: skip

    code = await run_plain(engine.connect, lines=lines(), say=said.append, clock=clock)

    text = "\n".join(said)
    assert code == 0
    assert "RING  ACME Srl  +39021234567  in  audin" in text
    assert "pn_1  +390212345678  Milano  audin  accepted" in text
    assert "Usage: dial NUMBER or NAME." in text
    assert "The call is only ringing" in text
    assert "No number nope" in text
    assert "Bob Rossi  +390655501012" in text
    assert "Unknown: what." in text
    assert c.Answer(CallId("c1")) in engine.sent
    assert c.Dial("123") in engine.sent
    assert c.GoOnline(AccountName("audin"), ("pn_2",)) in engine.sent
    assert c.GoOffline(AccountName("audin")) in engine.sent
    assert not console.commands(c.HangUp)


def test_line_mode_says_a_state_once(clock: FrozenClock) -> None:
    from softphone.model.call import Call, Direction
    from softphone.ui.telling import Teller

    teller = Teller()
    call = Call(CallId("1"), AccountName("a"), Direction.OUTBOUND, CallState.DIALING)

    told = [
        teller.line(event, clock.mono())
        for event in (
            e.CallChanged(call), e.CallChanged(call), e.CallRemoved(call.id),
            e.Noted(0.0, "a", e.Level.INFO, "text"), e.ControlChanged("c2", 2),
            e.EngineStopping("asked to"), e.HistoryChanged(1),
        )
    ]  # fmt: skip

    assert told[0].startswith("DIAL")
    assert told[1] == told[2] == told[6] == ""
    assert told[3].endswith("a: text")
    assert told[4] == "control: c2, 2 consoles"
    assert told[5] == "engine stops: asked to"


def test_line_mode_tells_links_and_sound_once() -> None:
    from softphone.model.device import AudioStatus
    from softphone.model.presence import Account
    from softphone.ui.telling import Teller

    teller = Teller()
    account = Account(AccountName("a"), "audin", LinkState.ONLINE)

    assert teller.line(e.AccountChanged(account), 0.0) == "a  online"
    assert teller.line(e.AccountChanged(account), 0.0) == ""
    assert "no card" in teller.line(e.AudioChanged(AudioStatus(problem="no card")), 0.0)


async def test_crash_leaves_a_private_file_without_locals_or_secrets(
    engine: FakeEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from softphone.ui.app import SoftphoneApp

    file = tmp_path / "crash.log"
    app = SoftphoneApp(
        engine.connect, UiConfig(bell=False), {}, calls=CallsConfig(), crash_file=file
    )

    def fail() -> None:
        token = "local-canary"  # noqa: F841  # must not be printed
        raise ValueError("https://x/?token=secret-canary")

    with pytest.raises(ValueError, match="secret-canary"):
        async with app.run_test() as pilot:
            app.call_later(fail)
            await pilot.pause()

    report = file.read_text(encoding="utf-8")
    assert "ValueError" in report
    assert "secret-canary" not in report
    assert "local-canary" not in report
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert app.return_code == 1
    printed = capsys.readouterr()
    assert "canary" not in printed.out + printed.err


def test_crash_report_that_cannot_be_written_is_no_second_crash(tmp_path: Path) -> None:
    assert not crash.write(tmp_path / "no" / "folder", "x")
    assert "Details" not in crash.sentence(ValueError(), None)


def test_without_a_terminal_one_sentence_and_exit_code_2(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = run_console(engine.connect, UiConfig(), {}, calls=CallsConfig())
    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1

    monkeypatch.setattr(os, "isatty", lambda _descriptor: True)
    monkeypatch.setenv("TERM", "dumb")
    assert "TERM" in (terminal_problem() or "")
    monkeypatch.setenv("TERM", "xterm")
    assert terminal_problem() is None
