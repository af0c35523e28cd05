"""Defects, ours or a program's: each is told, closes what was under way, and harms nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from softphone.adapters.ribbon import negotiation as n
from softphone.adapters.ribbon import operations as o
from softphone.adapters.ribbon import wire
from softphone.adapters.ribbon.steps import CallAsk
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import EndReason
from softphone.model.error import Refused, SoftphoneError
from softphone.model.presence import LinkState
from tests.adapters.ribbon.rig import Rig, sdp
from tests.adapters.ribbon.seat import Floor, until
from tests.adapters.ribbon.test_calls import two_talking

DEFECT = Refused("It failed inside.", code="INTERNAL")


def raises(text: str) -> str:
    raise ZeroDivisionError(text[:1])


def forgets(text: str) -> str:
    return None  # type: ignore[return-value]  # a handler without a return statement


@pytest.mark.parametrize("handler", [raises, forgets])
async def test_a_handler_that_fails_ends_the_dial_with_a_sentence(
    floor: Floor, handler: Callable[[str], str]
) -> None:
    alice = await floor.at_work()
    alice.adapter.sdp_handlers.append(handler)

    with pytest.raises(SoftphoneError, match="own handler failed"):
        await alice.dial("echo@lab.test")

    assert alice.of(e.CallOver)[0].reason is EndReason.FAILED
    alice.adapter.sdp_handlers.clear()
    await alice.dial("echo@lab.test")


async def test_a_handler_that_fails_at_a_hold_leaves_the_call_and_the_next_hold_works(
    floor: Floor,
) -> None:
    alice = await floor.at_work()
    fails = False

    def sometimes(text: str) -> str:
        return raises(text) if fails else text

    alice.adapter.sdp_handlers.append(sometimes)
    call = await alice.talk("echo@lab.test")
    fails = True
    with pytest.raises(Refused, match="own handler failed"):
        await alice.do(c.Hold(call))
    fails = False

    await alice.do(c.Hold(call))

    assert alice.progress(call)[-1] == "hold"
    assert alice.end_of(call) is None


async def test_a_handler_that_fails_at_the_far_ends_change_refuses_that_change(
    floor: Floor,
) -> None:
    alice = await floor.at_work()
    fails = False
    alice.adapter.sdp_handlers.append(lambda text: raises(text) if fails else text)
    _, call, bob, other = await two_talking(floor, alice)
    fails = True

    with pytest.raises(Refused, match="did not accept the change"):
        await bob.do(c.Hold(other))

    fails = False
    await bob.do(c.Hold(other))
    await until(lambda: alice.held_there(call) == [True])
    assert "a change by the far end was refused" in alice.remarks()


async def test_a_defect_while_a_notification_is_taken_is_told_and_the_socket_lives_on(
    floor: Floor,
) -> None:
    alice = await floor.at_work()
    alice.fails_once_on = e.PlatformEvent

    await floor.ask(floor.control.act, "message", "alice@lab.test", text="lost", **{"from": "bob"})
    await until(lambda: "INTERNAL" in alice.codes())
    await floor.ask(floor.control.act, "message", "alice@lab.test", text="taken", **{"from": "bob"})

    await until(lambda: [m for m in alice.of(e.MessageChanged) if m.message.text == "taken"])
    assert alice.link is LinkState.ONLINE


async def test_a_defect_in_one_step_keeps_no_other_step_back(floor: Floor) -> None:
    alice = await floor.at_work()
    alice.fails_once_on = e.CallWorking  # before the offer is made

    await alice.dial("echo@lab.test")

    assert alice.codes() == ["INTERNAL"]


def test_a_defect_in_a_change_closes_it_and_the_call_goes_on() -> None:
    rig = Rig().online()
    call = rig.talking()
    hold = rig.hold(call)

    rig.do(rig.calls.faulted(call.id, DEFECT, rig.now))

    assert rig.outcome(hold) == "INTERNAL"
    assert call.negotiation is None
    assert call.up
    again = rig.hold(call)
    assert rig.outcome(again) is None


def test_a_defect_in_a_dial_ends_the_call_once() -> None:
    rig = Rig().online()
    call = rig.placed()

    rig.do(rig.calls.faulted(call.id, DEFECT, rig.now))

    assert rig.ends() == [(str(call.id), "failed")]
    assert [ask.method for ask in rig.of(CallAsk)][-1] == "DELETE"


def test_a_defect_refuses_what_waits_for_the_change_and_what_the_far_end_asked() -> None:

    rig = Rig().online()
    call = rig.talking()
    rig.hear(wire.EventType.START_UPDATE, "A1", sdp=sdp("inactive", version=2))
    rig.hear(wire.EventType.START_UPDATE, "A1", sdp=sdp("sendrecv", version=3))
    before = len(rig.of(CallAsk))

    rig.do(rig.calls.faulted(call.id, DEFECT, rig.now))

    refusals = [ask.body for ask in rig.of(CallAsk)[before:]]
    assert len(refusals) == 2
    assert call.negotiation is None
    assert call.up


def test_a_defect_in_a_call_that_is_over_is_nothing() -> None:
    rig = Rig().online()
    call = rig.talking()
    rig.do(rig.calls.leave(rig.now))

    assert rig.calls.faulted(call.id, DEFECT, rig.now) == []


def test_a_defect_beside_a_change_that_ends_the_call_ends_it_once() -> None:
    rig = Rig().online()
    call = rig.offered()
    answer = rig.begin(n.answer(call, rig.now))
    checked = rig.begin(o.resync(call, rig.now))

    rig.do(rig.calls.faulted(call.id, DEFECT, rig.now))

    assert rig.ends() == [(str(call.id), "failed")]
    assert (rig.outcome(answer), rig.outcome(checked)) == ("INTERNAL", "NO_CALL")
