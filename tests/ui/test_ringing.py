"""A call comes in: what keys do, and above all what they do not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from softphone.config import UiConfig
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId, CallState, EndReason, Party
from softphone.model.command import Answer, Decline
from softphone.model.desk import Desk

if TYPE_CHECKING:
    from tests.ui.conftest import Console, OpenConsole


@pytest.mark.parametrize("wanted", [True, False])
async def test_banner_turns_its_colours_round_each_second_when_that_is_wanted(
    open_console: OpenConsole, wanted: bool
) -> None:
    async with open_console(settings=UiConfig(bell=False, tour=False, flash=wanted)) as console:
        await console.emit(e.CallChanged(console.make.offer("c1")))
        banner = console.app.main.banner
        seen = []
        for _ in range(4):
            seen.append(banner.has_class("flash"))
            console.clock.advance(1.0)
            await console.settle()

        assert seen == ([False, True, False, True] if wanted else [False] * 4)
        assert console.focused == "dialer"


async def test_typing_while_a_call_rings_never_answers(console: Console) -> None:
    await console.focus("dialer")

    await console.show_calls(console.make.offer("c1", caller="[/]"))
    await console.press("0", "enter", "space", "a", "d", "2")

    assert not console.commands(Answer)
    assert not console.commands(Decline)
    assert console.focused == "dialer"


@pytest.mark.parametrize("pane", ["presence", "dialer", "calls", "contacts", "events"])
async def test_banner_shows_the_caller_and_never_takes_the_focus(
    console: Console, pane: str
) -> None:
    await console.focus(pane)

    await console.show_calls(console.make.offer("c1"))

    text = console.screen_text()
    assert "RING  ACME Srl   +39 02 123 4567" in text
    assert "to Milano · audin" in text
    assert console.focused == pane


async def test_banner_pushes_nothing(console: Console) -> None:
    before = {name: pane.region for name, pane in console.app.main.panes.items()}

    await console.show_calls(console.make.offer("c1"))

    assert {name: pane.region for name, pane in console.app.main.panes.items()} == before


async def test_f2_answers_and_f9_declines_the_shown_offer(console: Console) -> None:
    await console.show_calls(console.make.offer("c1"))

    await console.press("f9")
    await console.press("f2")

    assert console.commands(Decline) == [Decline(CallId("c1"))]
    assert console.commands(Answer) == [Answer(CallId("c1"))]


async def test_key_within_300_ms_after_the_offer_changed_is_ignored_with_a_bell(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    bells: list[int] = []
    monkeypatch.setattr(console.app, "bell", lambda: bells.append(1))

    await console.emit(e.CallChanged(console.make.offer("c1")))
    console.clock.advance(0.29)
    await console.press("f2")
    assert not console.commands(Answer)
    assert bells

    console.clock.advance(0.31)
    await console.press("f2")
    assert console.commands(Answer) == [Answer(CallId("c1"))]


async def test_call_that_changes_under_the_finger_is_not_answered(console: Console) -> None:
    first = console.make.offer("c1")
    await console.show_calls(first, console.make.offer("c2"))

    await console.emit(e.CallChanged(first.ended(EndReason.CANCELLED, 0.0, 0.0)))
    await console.press("f2")

    assert not console.commands(Answer)


async def test_taken_by_another_operator_stays_three_seconds(console: Console) -> None:
    offer = console.make.offer("c1")
    await console.show_calls(offer)

    await console.emit(e.CallChanged(offer.ended(EndReason.TAKEN_BY_OTHER, 0.0, 0.0)))
    assert "taken by another operator" in console.app.main.banner.text

    console.clock.advance(2.9)
    console.app.changed(frozenset())
    console.app.main.banner.update()
    assert console.app.main.banner.display

    console.clock.advance(0.2)
    console.app.main.banner.update()
    assert not console.app.main.banner.display


async def test_several_offers_are_chosen_in_the_call_bar_oldest_first(console: Console) -> None:
    await console.show_calls(console.make.offer("c1", caller="First"))
    await console.show_calls(console.make.offer("c2", caller="Second"))
    await console.press("ctrl+g")
    assert console.focused == "callbar"
    lines = console.app.main.callbar.text.splitlines()
    assert "First" in lines[0]
    assert "Second" in lines[1]

    await console.press("down")
    console.clock.advance(1)
    await console.press("f2")

    assert console.commands(Answer) == [Answer(CallId("c2"))]


async def test_letters_act_only_while_the_call_bar_has_the_focus(console: Console) -> None:
    await console.show_calls(console.make.offer("c1"))
    await console.focus("calls")
    await console.press("a", "d", "x")
    assert console.engine.sent[-1:] != [Answer(CallId("c1"))]
    assert not console.commands(Decline)

    await console.press("ctrl+g", "a")
    assert console.commands(Answer) == [Answer(CallId("c1"))]

    await console.press("escape")
    assert console.focused == "calls"
    assert not console.app.main.callbar.display


async def test_end_and_answer_stands_in_the_call_bar(console: Console) -> None:
    await console.show_calls(console.make.call("c1"), console.make.offer("c2"))
    assert "hold and answer" in console.app.main.banner.text

    await console.press("ctrl+g", "e")

    assert console.commands(Answer) == [Answer(CallId("c2"), end_others=True)]


async def test_answered_call_becomes_the_one_in_focus(
    console: Console,
) -> None:
    first = console.make.call("c1")
    offer = console.make.offer("c2")
    await console.show_calls(first, offer)

    await console.press("f2")
    await console.show_calls(
        replace(first, state=CallState.HELD), replace(offer, state=CallState.ACTIVE)
    )
    await console.press("f8")

    assert console.commands(c.HangUp) == [c.HangUp(CallId("c2"))]


async def test_hang_up_never_declines(console: Console) -> None:
    await console.show_calls(console.make.offer("c1"))

    await console.press("f8")

    assert not console.commands(c.HangUp)
    assert not console.commands(Decline)
    assert "only ringing" in console.screen_text()


async def test_offer_without_a_number_says_so(console: Console) -> None:
    await console.show_calls(console.make.offer("c1", remote=Party()))

    assert "number withheld" in console.app.main.banner.text


async def test_banner_is_seen_over_other_screens(console: Console) -> None:
    await console.press("f1")
    await console.show_calls(console.make.offer("c1"))
    assert "RING  ACME Srl" in console.screen_text()

    await console.press("f2")

    assert console.commands(Answer) == [Answer(CallId("c1"))]


@pytest.mark.parametrize(
    ("bell", "silent", "rings"), [(True, False, 1), (False, False, 0), (True, True, 0)]
)
async def test_terminal_bell_rings_once_an_offer_when_wanted(
    open_console: OpenConsole, monkeypatch: pytest.MonkeyPatch, bell: bool, silent: bool, rings: int
) -> None:
    async with open_console(settings=UiConfig(bell=bell, tour=False)) as console:
        await console.emit(e.DeskChanged(Desk(quiet=silent)))
        rung: list[int] = []
        monkeypatch.setattr(console.app, "bell", lambda: rung.append(1))

        offer = console.make.offer("c1")
        await console.emit(e.CallChanged(offer), e.CallChanged(replace(offer, native_id="n")))

        assert len(rung) == rings
