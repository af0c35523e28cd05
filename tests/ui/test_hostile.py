"""Text from outside is shown literally and can do nothing, wherever it appears."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from textual.color import Color

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.agent import AgentGroup, AgentStatus
from softphone.model.call import AccountName, CallId, EndReason, Party
from softphone.model.device import AudioStatus, Device
from softphone.model.message import ScreenPop
from softphone.model.presence import Availability, LinkState, OnlineUser, OwnNumber
from softphone.model.record import CallRecord, TimelineEntry
from softphone.ui import notify, spans
from softphone.ui.linefilter import ControlFilter

if TYPE_CHECKING:
    from tests.ui.conftest import Console, FakeEngine

NASTY = (
    "[/]",
    "[/",
    "[@click=app.quit]x[/]",
    "[b]bold[/b]",
    "\\[red]",
    "a\x1b]52;c;QUFB\x07b",
    "\x9b31m",
    "\u202egnp.exe",
    "\ud800",
    "家族" * 30,
    "e" + "\u0301" * 20,
    "$error",
    "x" * 500,
)
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


async def test_nasty_text_in_every_surface_is_shown_and_does_nothing(
    console: Console, engine: FakeEngine
) -> None:
    for text in NASTY:
        _everywhere(console, engine, text)
        await console.settle()
        assert not _CONTROL.search(_painted(console)), text

    for keys in (["ctrl+g"], ["escape"], ["tab", "H"], ["escape"], ["A"], ["escape"]):
        await console.press(*keys)
        assert not _CONTROL.search(_painted(console))
    assert console.app.return_code is None


async def test_markup_is_shown_literally(console: Console, engine: FakeEngine) -> None:
    _everywhere(console, engine, "[@click=app.quit]x[/]")
    await console.settle()

    text = console.screen_text()

    assert text.count("[@click=app.quit]x[/]") >= 4
    for strip in console.app.screen._compositor.render_strips():
        assert not any(segment.style and segment.style.meta.get("@click") for segment in strip)


async def test_notice_shows_markup_literally(console: Console) -> None:
    console.app.say("[/] [@click=app.quit]no[/]\x1b[31m", "warning")
    await console.settle()

    assert "[/] [@click=app.quit]no[/]" in console.screen_text()
    assert not _CONTROL.search(_painted(console))


async def test_megabyte_of_a_name_does_not_stop_the_console(console: Console) -> None:
    await console.show_calls(console.make.call("c1", remote=Party("+39", "n" * 1_000_000)))

    await console.press("7")

    assert console.app.main.dialer.field.value == "7"


@given(st.text(max_size=60), st.integers(0, 80))
def test_fit_gives_exactly_the_wanted_cells(text: str, width: int) -> None:
    from rich.cells import cell_len

    assert cell_len(spans.fit(text, width)) == width


@given(st.lists(st.tuples(st.text(max_size=20), st.just("plain")), max_size=5), st.integers(0, 60))
def test_cut_gives_exactly_the_wanted_cells(line: list[tuple[str, str]], width: int) -> None:
    assert spans.length(spans.cut(line, width)) == width


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text())
def test_filter_lets_no_control_character_through(text: str) -> None:
    found = ControlFilter().apply([Segment(text)], Color(0, 0, 0))

    assert not _CONTROL.search(found[0].text)


@given(st.text(), st.sampled_from(["osc9", "osc777", "osc99"]), st.booleans())
def test_notification_cannot_be_ended_from_within(text: str, kind: str, tmux: bool) -> None:
    out = notify.sequence(kind, text, {"TMUX": "1"} if tmux else {})

    inner = out.removeprefix("\x1bPtmux;").removesuffix("\x1b\\" if tmux else "")
    assert inner.count("\x1b") == (4 if tmux else 2)
    assert "\x07" not in out


def test_notification_is_off_by_default_and_never_names_the_caller() -> None:
    assert notify.sequence("off", "x", {}) == ""
    assert notify.ringing_text(1) == "Incoming call"
    assert notify.ringing_text(3) == "3 calls are ringing"


def _painted(console: Console) -> str:
    """The screen after the line filter, as the terminal gets it."""
    filters = console.app.get_line_filters()
    strips = console.app.screen._compositor.render_strips()
    painted = [strip.apply_filter(filters[0], Color(0, 0, 0)) for strip in strips]
    return "\n".join("".join(segment.text for segment in strip) for strip in painted)


def _everywhere(console: Console, engine: FakeEngine, text: str) -> None:
    """Put a text into every field that the console shows."""
    make = console.make
    party = Party(text, text, text)
    own = (OwnNumber("pn_1", text, text),)
    agent = AccountName("agenthub")
    record = CallRecord(
        make.offer("h1", remote=party).ended(EndReason.FAILED, 1.0, 1.0, text, text),
        note=text, timeline=(TimelineEntry(0.0, text, text),),
    )  # fmt: skip
    engine.reply(c.ListHistory, c.Reply(value=c.HistoryPage((record,))))
    people = (make.contact(text, text, company=text, note=text),)
    engine.reply(c.SearchContacts, c.Reply(value=c.ContactPage(people, 1)))
    devices = (Device(text, text, True, True),)
    engine.reply(c.Ask, c.Reply(value=c.DeviceList(devices, text)))
    engine.emit(
        e.AccountChanged(make.account(numbers=own, availability=Availability(("pn_1",)),
                                      cause=text, link=LinkState.RECONNECTING)),
        e.AccountChanged(make.account("agenthub", identity=text, numbers=())),
        e.AgentStatusChanged(AgentStatus(agent, AgentGroup.PAUSED, text, text, text)),
        e.OnlineUsersChanged(agent, (OnlineUser("r", text, text),)),
        e.CallChanged(make.call("c1", remote=party, local=party, tones=text)),
        e.CallChanged(make.offer("c2", remote=party, local=party)),
        e.ScreenPopped(ScreenPop("p", agent, 0.0, "voice", text, text, text, body=text,
                                 call=CallId("c1"))),
        e.Noted(0.0, text, e.Level.ERROR, text),
        e.AudioChanged(AudioStatus(text, text, text, text, text)),
        e.ContactsChanged(1),
        e.HistoryChanged(1),
    )  # fmt: skip
