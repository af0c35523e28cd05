"""Bell, desktop notification, the terminal's title, sentences told once, screenshots."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets._toast import Toast

from softphone.config import CallsConfig, UiConfig
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, CallState, Direction, EndReason
from softphone.model.desk import Desk, DeskState
from softphone.model.message import Channel, Delivery, Message, MessageId
from softphone.ui import notify
from tests.ui.conftest import NOW, START, Console, OpenConsole

OCCASIONS = ("missed", "message", "reminder", "warning")


class Terminal:
    """What goes to the terminal beside the screen."""

    def __init__(self, console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bells = 0
        self.written: list[str] = []
        monkeypatch.setattr(console.app, "bell", self._ring)
        monkeypatch.setattr(console.app, "write_out", self.written.append)

    def _ring(self) -> None:
        self.bells += 1

    @property
    def text(self) -> str:
        return "".join(self.written)


def occasion(console: Console, name: str) -> e.Event:
    """Return an event for which the console may call the operator."""
    make = console.make
    missed = make.offer("m1").ended(EndReason.CANCELLED, NOW, START)
    events: dict[str, e.Event] = {
        "missed": e.CallChanged(missed),
        "message": e.MessageChanged(Message(
            MessageId("x1"), AccountName("audin"), "bob", Channel.IM, Direction.INBOUND,
            "secret", NOW, Delivery.RECEIVED)),
        "reminder": e.Noted(NOW, "reminder", e.Level.WARNING, "call back Bob", alert=True),
        "warning": e.Noted(NOW, "audin", e.Level.WARNING, "signed out", alert=True),
    }  # fmt: skip
    return events[name]


@pytest.mark.parametrize(
    "wanted",
    [("missed", "reminder"), pytest.param(("message", "warning"), marks=pytest.mark.nightly)],
)
async def test_bell_and_notification_come_on_the_occasions_that_are_set(
    open_console: OpenConsole, monkeypatch: pytest.MonkeyPatch, wanted: tuple[str, ...]
) -> None:
    settings = UiConfig(
        tour=False, notification="osc9", bell_on=wanted, notify_on=wanted, title="off"
    )
    monkeypatch.delenv("TMUX", raising=False)
    async with open_console((80, 24), settings=settings) as console:
        terminal = Terminal(console, monkeypatch)
        for name in OCCASIONS:
            await console.emit(occasion(console, name), occasion(console, name))
            told = 2 if name in ("reminder", "warning", "message") else 1
            assert terminal.bells == (told if name in wanted else 0)
            assert terminal.text.count("\x1b]9;") == terminal.bells
            terminal.bells = 0
            terminal.written.clear()

        assert "secret" not in terminal.text
        assert "Bob" not in terminal.text


async def test_what_came_of_a_call_missed_long_ago_calls_nobody(
    open_console: OpenConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = UiConfig(tour=False, bell_on=("missed",), title="off")
    async with open_console((80, 24), settings=settings) as console:
        terminal = Terminal(console, monkeypatch)
        missed = console.make.offer("m1").ended(EndReason.CANCELLED, NOW, START)

        await console.emit(e.CallChanged(replace(missed, disposition="sold")))
        old = terminal.bells
        await console.emit(occasion(console, "missed"))

        assert (old, terminal.bells) == (0, 1)


async def test_nothing_rings_or_notifies_in_do_not_disturb(
    open_console: OpenConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = ("ringing", *OCCASIONS)
    settings = UiConfig(
        tour=False, notification="osc9", bell_on=every, notify_on=every, title="off"
    )
    async with open_console((80, 24), settings=settings) as console:
        terminal = Terminal(console, monkeypatch)
        await console.emit(e.DeskChanged(Desk(DeskState.ROUTABLE, quiet=True)))
        for name in OCCASIONS:
            await console.emit(occasion(console, name))
        await console.show_calls(console.make.offer("c1"))

        assert terminal.bells == 0
        assert terminal.text == ""


async def test_the_bell_comes_back_when_do_not_disturb_is_switched_off(
    open_console: OpenConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = UiConfig(tour=False, bell_on=("warning",), notify_on=(), title="off")
    configured = CallsConfig(do_not_disturb=True)
    async with open_console((80, 24), settings=settings, calls=configured) as console:
        terminal = Terminal(console, monkeypatch)
        bells = []
        for quiet in (True, False, True):
            await console.emit(e.DeskChanged(Desk(DeskState.ROUTABLE, quiet=quiet)))
            await console.emit(occasion(console, "warning"))
            bells.append(terminal.bells)

        assert bells == [0, 1, 1]


async def test_an_offer_the_rules_silence_calls_for_nobody_until_it_may_be_heard(
    open_console: OpenConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = UiConfig(tour=False, bell_on=("ringing",), notify_on=(), title="off")
    async with open_console((80, 24), settings=settings) as console:
        terminal = Terminal(console, monkeypatch)
        silent = replace(console.make.offer("c1"), silenced=True)
        await console.emit(e.CallChanged(silent))
        before = terminal.bells

        await console.emit(e.CallChanged(replace(silent, silenced=False)))
        await console.emit(e.CallChanged(replace(silent, silenced=False, native_id="x")))

        assert (before, terminal.bells) == (0, 1)


async def test_the_title_follows_the_calls_and_names_nobody_unless_wanted(
    open_console: OpenConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for kind, ringing in (("state", "RING · softphone"), ("caller", "RING [b]ACME · softphone")):
        settings = UiConfig(bell=False, tour=False, title=kind)
        async with open_console((80, 24), settings=settings) as console:
            terminal = Terminal(console, monkeypatch)
            await console.show_calls(console.make.offer("c1", caller="[b]AC\x1bME"))
            assert f"\x1b]2;{ringing}\x1b\\" in terminal.text.replace(
                "\N{REPLACEMENT CHARACTER}", ""
            )
            talking = console.make.call("c1")
            terminal.written.clear()
            await console.emit(e.CallChanged(talking))
            assert "TALK" in terminal.text
            terminal.written.clear()

            console.clock.advance(30)
            await console.emit(e.CallChanged(replace(talking, muted=True)))
            assert terminal.text == ""  # nothing is written for what the title does not show


def test_the_title_counts_what_is_up() -> None:
    from softphone.model.state import ConsoleState
    from tests.ui.conftest import FrozenClock, World

    make, state = World(FrozenClock()), ConsoleState(missed=2)
    assert notify.title_of(state, names=True) == "2 missed · softphone"
    state.calls = {
        call.id: call
        for call in (make.offer("c1"), make.offer("c2"), make.call("c3", CallState.HELD),
                     make.call("c4"))
    }  # fmt: skip
    assert notify.title_of(state, names=False) == "RING +1 · TALK · 2 calls · softphone"
    assert notify.title_sequence("x", {"TERM": "linux"}, first=True) == ""
    assert notify.title_back({"TERM": "linux"}) == ""
    assert notify.title_back({"TERM": "xterm"}).endswith("\x1b[23;2t")


async def test_a_refusal_that_comes_twice_is_told_once(console: Console) -> None:
    app = console.app
    app.say("Reason unknown.", "warning")
    await console.emit(e.Noted(NOW, "hub", e.Level.WARNING, "Reason unknown.", alert=True))
    assert len(app.screen.query(Toast)) == 1

    console.clock.advance(3)
    app.say("Reason unknown.", "warning")
    app.say("Another one.", "warning")
    await console.settle()
    assert [str(t._notification.message) for t in app.screen.query(Toast)] == ["Another one."]


def folder_of(path: Path) -> list[Path]:
    return sorted(path.iterdir())


async def test_a_screenshot_is_a_picture_and_text_for_the_owner_alone(
    open_console: OpenConsole, tmp_path: Path
) -> None:
    folder = tmp_path / "shots"
    async with open_console((80, 24), screenshots=folder) as console:
        await console.press("ctrl+s")
        await console.until(lambda: "Written" in console.screen_text())

        text, picture = sorted(await asyncio.to_thread(folder_of, folder), reverse=True)
        assert picture.suffix == ".svg"
        assert "DIALER" in text.read_text()
        assert "@font-face" not in picture.read_text()
        assert picture.stat().st_mode & 0o077 == 0
        assert not console.commands(c.SaveNote)
