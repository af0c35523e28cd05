"""Slips of a key: the end of a held call and a blind transfer can be taken back for a moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from softphone.config import CallsConfig
from softphone.lab.farends import FAR_ENDS
from softphone.model import command as c
from softphone.model.call import Call, CallState, EndReason, PendingKind
from softphone.model.presence import LinkState
from tests.engine.office import RIBBON, Office, Seat, an_office, until

ECHO = "echo@lab.test"
SHORT_S = 0.4
LONG_S = 20.0


def pending(desk: Seat, call: Call) -> PendingKind | None:
    found = desk.state.calls.get(call.id)
    return found.pending.kind if found and found.pending else None


async def held(desk: Seat, to: str = FAR_ENDS["tone"]) -> Call:
    call = await desk.dial(to)
    await desk.do(c.Hold(call.id))
    return await desk.until_state(call.id, CallState.HELD)


async def signed_in(office: Office) -> Seat:
    desk = await office.sit()
    await until(lambda: desk.state.accounts[RIBBON].link is LinkState.ONLINE)
    return desk


@pytest.fixture
async def office(folder: Path) -> AsyncIterator[Office]:
    """An office whose operator has all the time there is to undo."""
    async with an_office(folder, gateway=True, calls=CallsConfig(undo_s=LONG_S)) as made:
        yield made


async def test_a_held_call_ends_a_moment_after_the_key_and_only_once(folder: Path) -> None:
    async with an_office(folder, calls=CallsConfig(undo_s=SHORT_S)) as office:
        desk = await office.at_work()
        call = await held(desk)

        await desk.do(c.HangUp(call.id))
        shown = desk.seen(call.id)[0]
        await until(lambda: pending(desk, call) is PendingKind.END)
        again = await desk.ask(c.HangUp(call.id))
        over = await desk.over(call.id)

    assert shown.live
    assert again.ok or again.code == "NO_CALL"  # a slow machine came too late
    assert over.end_reason is EndReason.HANGUP
    assert over.pending is None
    assert desk.log().count(" ended:") == 1


async def test_the_end_of_a_held_call_can_be_taken_back(office: Office) -> None:
    desk = await office.at_work()
    call = await held(desk)
    await desk.do(c.HangUp(call.id))
    await until(lambda: pending(desk, call) is PendingKind.END)

    await desk.do(c.Undo())
    await until(lambda: pending(desk, call) is None)
    late = await desk.ask(c.Undo())

    assert desk.state.calls[call.id].state is CallState.HELD
    assert office.call()["received"]["frames"] > 0
    assert late.code == "LATE"


@pytest.mark.nightly
async def test_taking_the_call_back_undoes_its_end_too(office: Office) -> None:
    desk = await office.at_work()
    call = await held(desk)
    await desk.do(c.HangUp(call.id))

    await desk.do(c.Resume(call.id))
    await until(lambda: desk.state.calls[call.id].state is CallState.ACTIVE)

    assert pending(desk, call) is None


@pytest.mark.nightly
async def test_a_call_that_is_talked_on_and_a_script_wait_for_nothing(office: Office) -> None:
    desk = await office.at_work()
    script = await office.command()
    talking = await desk.dial(FAR_ENDS["tone"])
    await desk.do(c.HangUp(talking.id))
    await desk.over(talking.id)
    aside = await held(desk)

    await script.do(c.HangUp(aside.id))

    await desk.over(aside.id)


async def test_a_console_that_goes_in_the_moment_leaves_nothing_half_done(folder: Path) -> None:
    async with an_office(folder, calls=CallsConfig(undo_s=SHORT_S)) as office:
        desk = await office.at_work()
        watcher = await office.command()
        call = await held(desk)
        await desk.do(c.HangUp(call.id))

        await desk.leave()
        office.seats.remove(desk)
        over = await watcher.over(call.id)

    assert over.end_reason is EndReason.HANGUP


@pytest.mark.nightly
async def test_a_blind_transfer_goes_out_after_its_moment(folder: Path) -> None:
    async with an_office(folder, gateway=True, calls=CallsConfig(undo_s=SHORT_S)) as office:
        desk = await signed_in(office)
        call = await desk.dial(ECHO, account=RIBBON)

        await desk.do(c.Transfer(call.id, "speech@lab.test"))
        await until(lambda: pending(desk, call) is PendingKind.TRANSFER)
        over = await desk.over(call.id)

    assert over.end_reason is EndReason.TRANSFERRED


async def test_a_blind_transfer_can_be_taken_back_and_the_call_goes_on(office: Office) -> None:
    desk = await signed_in(office)
    call = await desk.dial(ECHO, account=RIBBON)
    await desk.do(c.Transfer(call.id, "speech@lab.test"))
    waiting = await until(lambda: desk.state.calls[call.id].pending)

    await desk.do(c.Undo(call.id))
    await until(lambda: pending(desk, call) is None)

    assert waiting.to == "speech@lab.test"
    assert desk.state.calls[call.id].state is CallState.ACTIVE


@pytest.mark.nightly
async def test_a_transfer_to_nowhere_is_refused_at_once(office: Office) -> None:
    desk = await signed_in(office)
    call = await desk.dial(ECHO, account=RIBBON)

    reply = await desk.ask(c.Transfer(call.id, "112"))

    assert reply.code == "EMERGENCY"
    assert pending(desk, call) is None


async def test_an_engine_that_stops_does_first_what_waited(folder: Path) -> None:
    async with an_office(folder, gateway=True, calls=CallsConfig(undo_s=LONG_S)) as office:
        desk = await signed_in(office)
        call = await desk.dial(ECHO, account=RIBBON)
        await desk.do(c.Transfer(call.id, "speech@lab.test"))

        office.engine.stop("test")
        over = await desk.over(call.id)

    assert over.end_reason is EndReason.TRANSFERRED


async def test_a_key_that_is_held_ends_one_call_only(office: Office) -> None:
    desk = await signed_in(office)
    first = await held(desk)
    second = await desk.dial(ECHO, account=RIBBON)
    now = office.engine.monotonic()
    office.engine.monotonic = lambda: now

    ended = await desk.ask(c.HangUp(second.id))
    repeats = [await desk.ask(c.HangUp(first.id)) for _ in range(20)]
    office.engine.monotonic = lambda: now + 1.0
    let_go = await desk.ask(c.HangUp(first.id))

    assert ended.ok and let_go.ok
    assert {reply.code for reply in repeats} == {"HELD_KEY"}


@pytest.mark.nightly
async def test_a_held_key_keeps_the_other_call_for_as_long_as_it_is_down(office: Office) -> None:
    desk = await signed_in(office)
    first = await held(desk)
    second = await desk.dial(ECHO, account=RIBBON)
    start = office.engine.monotonic()
    await desk.do(c.HangUp(second.id))

    for step in range(1, 40):  # four seconds of a key that repeats every tenth of one
        office.engine.monotonic = lambda step=step: start + step / 10  # type: ignore[misc]
        reply = await desk.ask(c.HangUp(first.id))
        assert reply.code == "HELD_KEY"

    assert desk.state.calls[first.id].live


async def test_quitting_ends_all_calls_without_waiting(office: Office) -> None:
    desk = await signed_in(office)
    first = await held(desk)
    second = await desk.dial(ECHO, account=RIBBON)

    for call in (first, second):
        await desk.do(c.HangUp(call.id, now=True))

    await desk.over(first.id)
    await desk.over(second.id)
