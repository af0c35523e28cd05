"""Every screen and pane as a picture, at 80x24 and 140x45, with the clock standing still.

`SNAPSHOT_UPDATE=1 pytest tests/ui/test_snapshots.py` writes the pictures again; look at them
before they are committed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from softphone.config import UiConfig
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId, CallState, EndReason, MediaState, Party
from softphone.model.device import AudioStatus, Device
from softphone.model.message import ScreenPop
from softphone.model.presence import Account, Availability, LinkState, OnlineUser
from softphone.model.quality import Levels, QualitySample, QualitySummary, Warned
from softphone.model.record import CallRecord, TimelineEntry
from softphone.model.shift import ShiftRow
from softphone.ui.widgets.rowlist import RowList

if TYPE_CHECKING:
    from tests.ui.conftest import Console, FakeEngine, OpenConsole, World

Scene = Callable[["Console"], Awaitable[None]]
FOLDER = Path(__file__).parent / "snapshots"
SIZES = ((80, 24), (140, 45))
NOW = 1_790_000_000.0


async def idle(console: Console) -> None:
    await console.emit(*_notes(console))


async def ringing(console: Console) -> None:
    await console.emit(*_notes(console))
    await console.show_calls(console.make.offer("c1"), console.make.offer("c2", caller="Carol"))
    console.clock.advance(5)
    await console.press("ctrl+t")


async def talking(console: Console) -> None:
    await _busy(console)


async def call_bar(console: Console) -> None:
    await _busy(console)
    await console.show_calls(console.make.offer("c8"), console.make.offer("c9", caller="Carol"))
    await console.press("ctrl+g", "down")


async def dialing(console: Console) -> None:
    await console.press("0", "6", "5", "5")
    await console.pilot.pause(0.2)


async def tones(console: Console) -> None:
    await _busy(console)
    await console.press("f6", "1", "2")


async def contacts(console: Console) -> None:
    await console.press("tab", "C")
    await console.press("down")


async def events(console: Console) -> None:
    await console.emit(*_notes(console))
    await console.press("tab", "E")


async def note(console: Console) -> None:
    await _busy(console)
    await console.press("tab", "W", *"wants the contract")


async def lost_line(console: Console) -> None:
    make = console.make
    lost = make.account(
        link=LinkState.RECONNECTING,
        cause="Server closed the connection (1006).",
        retry_mono=console.clock.mono() + 5,
        since_mono=console.clock.mono() - 42,
        insecure=True,
    )
    await console.emit(e.AccountChanged(lost), e.CallChanged(make.call(link_lost=True)))


async def read_only(console: Console) -> None:
    await _busy(console)
    await console.emit(e.ControlChanged("c7", 2))
    await console.press("f8")


async def history(console: Console) -> None:
    await console.press("tab", "H")


async def shift(console: Console) -> None:
    days = [
        ShiftRow(f"2026-09-{15 + n:02}", account, taken=3 * n + 2, missed=n % 3, placed=9 - n,
                 declined=n % 2, blocked=n % 2, reached=8 - n, talk_s=700.0 * (n + 1),
                 longest_s=600.0, wait_s=30.0 + 9 * n, wait_longest_s=21.0)
        for n in range(7) for account in ("audin", "ribbon")
    ]  # fmt: skip
    console.engine.reply(c.ShowShift, c.Reply(value=c.ShiftFound(tuple(days))))
    await console.press("tab", "P")


async def help_screen(console: Console) -> None:
    await console.press("f1")


async def palette(console: Console) -> None:
    await console.press("ctrl+p", "h", "o")
    rows = console.app.screen.query_one(RowList)
    await console.until(lambda: any(entry.action is None for entry in rows.rows))


async def contact_editor(console: Console) -> None:
    await console.press("tab", "C")
    await console.press("down")  # the list is there by now
    await console.press("e")


async def devices(console: Console) -> None:
    await console.press("tab", "A")


async def quit_dialog(console: Console) -> None:
    await _busy(console)
    await console.press("ctrl+q")


async def ask_line(console: Console) -> None:
    await _busy(console)
    await console.press("ctrl+p", *"dial", "enter", *"065")


async def narrow_ringing(console: Console) -> None:
    await console.pilot.resize_terminal(64, 20)
    await ringing(console)


async def too_small(console: Console) -> None:
    await console.pilot.resize_terminal(40, 10)
    await console.settle()


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        idle, ringing, talking, call_bar, dialing, tones, contacts, events, note, lost_line,
        read_only, history, shift, help_screen, palette, contact_editor, devices, quit_dialog,
        ask_line,
    )
}  # fmt: skip


@pytest.mark.parametrize("scene", list(SCENES))
async def test_screen_looks_as_it_did(
    open_console: OpenConsole, engine: FakeEngine, scene: str
) -> None:
    _furnish(engine)
    async with open_console(SIZES[0]) as console:
        await SCENES[scene](console)
        _compare(console, f"{scene}-80x24")

        await console.pilot.resize_terminal(*SIZES[1])
        await console.settle()
        _compare(console, f"{scene}-140x45")


@pytest.mark.parametrize("theme", ["day", "high-contrast", "colour-blind", "mono", "ansi"])
async def test_theme_looks_as_it_did(
    open_console: OpenConsole, engine: FakeEngine, theme: str
) -> None:
    _furnish(engine)
    settings = UiConfig(bell=False, tour=False, theme=theme)
    async with open_console((80, 24), settings=settings) as console:
        await _busy(console)
        await console.show_calls(console.make.offer("c8"))
        await console.press("tab", "L")

        _compare(console, f"theme-{theme}")


@pytest.mark.parametrize("scene", [narrow_ringing, too_small], ids=lambda scene: scene.__name__)
async def test_small_terminal_looks_as_it_did(
    open_console: OpenConsole, engine: FakeEngine, scene: Scene
) -> None:
    _furnish(engine)
    async with open_console((80, 24)) as console:
        await scene(console)

        _compare(console, scene.__name__)


async def test_first_run_looks_as_it_did(open_console: OpenConsole, engine: FakeEngine) -> None:
    _furnish(engine)
    engine.lab = "http://127.0.0.1:1234"
    async with open_console((80, 24), settings=UiConfig(bell=False)) as console:
        await idle(console)

        _compare(console, "first-run")


def _compare(console: Console, name: str) -> None:
    picture = _normal(console.app.export_screenshot(title="softphone", simplify=True))
    file = FOLDER / f"{name}.svg"
    if os.environ.get("SNAPSHOT_UPDATE"):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(picture, encoding="utf-8")
    assert file.exists(), f"no picture {file.name}; run with SNAPSHOT_UPDATE=1 and look at it"
    assert picture == file.read_text(encoding="utf-8"), f"{file.name} looks different"


def _normal(svg: str) -> str:
    """Take the random ids out, and the fonts that would be fetched from the net."""
    svg = re.sub(r"terminal-\d+", "terminal-0", svg)
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def _notes(console: Console) -> list[e.Event]:
    at = console.clock.wall()
    return [
        e.Noted(at - 90, "softphone", e.Level.INFO, "started, 2 accounts"),
        e.Noted(at - 80, "audin", e.Level.GOOD, "online on Milano"),
        e.Noted(at - 30, "audin", e.Level.WARNING, "Roma rejected: another operator has it"),
        e.Noted(at - 3, "ribbon", e.Level.ERROR, "token refused (401). Ask for a new key."),
    ]


async def _busy(console: Console) -> None:
    make = console.make
    ended = make.call("c3", account="ribbon", remote=Party("+12125550188")).ended(
        EndReason.BUSY, console.clock.wall(), console.clock.mono()
    )
    talking = make.call("c1", media=MediaState.FLOWING, tones="12#")
    held = replace(
        make.call("c2", CallState.HELD, account="ribbon", created_mono=4900.0),
        remote=Party("sip:carol@example.com", "Carol Danvers"), held_by_us=True,
    )  # fmt: skip
    sample = QualitySample(
        CallId("c1"),
        NOW,
        62.0,
        4.0,
        40.0,
        30.0,
        0.002,
        4.3,
        loss_out=0.04,
        mos_out=3.4,
        warnings=(Warned.LOSS_OUT,),
    )
    pop = ScreenPop("p1", make.account().name, NOW, "voice", "+39", "8812", "22",
                    body="contract renewal", call=CallId("c1"))  # fmt: skip
    await console.emit(
        *_notes(console),
        *(e.CallChanged(call) for call in (talking, held, ended)),
        e.QualityMeasured(sample),
        e.LevelsMeasured(CallId("c1"), Levels(-18.0, -30.0)),
        e.ScreenPopped(pop),
        e.HistoryChanged(2),
    )
    console.clock.advance(1)
    await console.settle()


def _furnish(engine: FakeEngine) -> None:
    from softphone.model.agent import AgentGroup, AgentStatus

    make: World = _world()
    both = Availability(("pn_1", "pn_2"), ("pn_1",), ("pn_2",), True)
    no_dial = (("dial", "AgentHub reports calls, it cannot place them."),)
    accounts = (
        make.account(availability=both),
        make.account("ribbon", numbers=(), availability=Availability(), refusals=()),
        make.account("agenthub", numbers=(), availability=Availability(), refusals=no_dial),
    )
    engine.state.accounts = {account.name: account for account in accounts}
    agent = accounts[2].name
    engine.state.agents[agent] = AgentStatus(agent, AgentGroup.PAUSED, "Pausa", "almoço", "Livre")
    engine.state.online_users[agent] = (
        OnlineUser("r1", "52", "adams"), OnlineUser("r2", "52", "adams"),
        OnlineUser("r3", "53", "baker"),
    )  # fmt: skip
    engine.state.audio = AudioStatus(
        "alsa:headset", "alsa:headset", "alsa:speaker", echo_cancellation=True,
        echo_test="Echo test: after 42 ms, 18 dB below what is played; "
        "cancelling takes 31 dB of it.",
    )  # fmt: skip
    records = tuple(_records(make, accounts))
    engine.reply(c.ListHistory, c.Reply(value=c.HistoryPage(records)))
    engine.reply(c.ShowRecord, lambda asked: c.Reply(value=c.RecordFound(
        next((r for r in records if r.call.id == asked.call), None))))  # fmt: skip
    headset = Device("alsa:headset", "USB headset", True, True, True)
    speaker = Device("alsa:speaker", "Built-in speaker", False, True)
    engine.reply(c.Ask, c.Reply(value=c.DeviceList((headset, speaker))))


def _records(make: World, accounts: tuple[Account, ...]) -> list[CallRecord]:
    found = []
    for index, (name, reason) in enumerate((
        ("Anna Bianchi", EndReason.HANGUP), ("", EndReason.CANCELLED),
        ("Bob Rossi", EndReason.REMOTE_HANGUP), ("ACME Srl", EndReason.TAKEN_BY_OTHER),
    )):  # fmt: skip
        at = NOW - 3600 * (index + 1)
        party = Party(f"+39065550101{index + 1}", name)
        call = make.offer(f"h{index}", remote=party, created_at=at)
        if index % 2 == 0:
            call = replace(call, state=CallState.ACTIVE, answered_at=at + 4, answered_mono=1.0)
        call = call.ended(reason, at + 75 * (index + 1), 80.0)
        line = (
            TimelineEntry(at, "ringing", "on Milano"),
            TimelineEntry(at + 4, "answered"),
            TimelineEntry(at + 75, "ended", reason.words),
        )
        quality = QualitySummary(60, 3.2, 9.0, 41.0, 0.004, 4.1)
        text = "asked for the contract" if index == 0 else ""
        call = replace(call, disposition="sold" if index == 0 else "")
        found.append(CallRecord(call, quality, text, line))
    return found


def _world() -> World:
    from softphone.model.call import AccountName, Call, Direction
    from softphone.model.presence import OwnNumber

    class Made:
        def account(self, name: str = "audin", **changes: object) -> Account:
            given: dict[str, object] = {
                "kind": "audin", "link": LinkState.ONLINE, "since_mono": 4940.0,
                "numbers": (OwnNumber("pn_1", "+390212345678", "Milano"),
                            OwnNumber("pn_2", "+390655501010", "Roma")),
                "refusals": (("blind_transfer", "Audin has no transfer."),
                             ("join", "Audin cannot join calls.")),
            }  # fmt: skip
            return Account(AccountName(name), **{**given, **changes})  # type: ignore[arg-type]  # test data

        def offer(self, call_id: str, **changes: object) -> Call:
            given: dict[str, object] = {"local": Party("+390212345678", "Milano")}
            return Call(CallId(call_id), AccountName("audin"), Direction.INBOUND,
                        CallState.RINGING, **{**given, **changes})  # type: ignore[arg-type]  # test data  # fmt: skip

    return Made()  # type: ignore[return-value]  # stands in for the fixture's world
