"""Marks and guards: what the operator has in hand, whatever arrives."""

from __future__ import annotations

from dataclasses import replace

from softphone.model.call import AccountName, Call, CallId, CallState, Direction, EndReason
from softphone.model.state import ConsoleState
from softphone.ui.desk import Desk
from softphone.ui.panes.pane import Pane
from softphone.ui.session import Topic, topics_of
from softphone.ui.situation import Situation
from softphone.ui.ticking import needs_seconds, wait_s


def _call(name: str, state: CallState, mono: float = 0.0) -> Call:
    direction = Direction.INBOUND if state is CallState.RINGING else Direction.OUTBOUND
    return Call(CallId(name), AccountName("a"), direction, state, created_mono=mono)


def _state(*calls: Call) -> ConsoleState:
    return ConsoleState(calls={call.id: call for call in calls})


def test_marked_offer_stays_marked_when_others_come_and_go() -> None:
    desk = Desk()
    desk.follow(_state(_call("b", CallState.RINGING, 2.0)), 10.0)

    desk.follow(_state(_call("a", CallState.RINGING, 1.0), _call("b", CallState.RINGING, 2.0)), 11)

    assert desk.offer_id == "b"


def test_guard_counts_from_when_the_offer_is_on_the_screen() -> None:
    desk = Desk()
    desk.follow(_state(_call("a", CallState.RINGING)), 10.0)
    desk.painted(10.1)

    assert desk.too_soon("call.answer", 10.35)
    desk = Desk()
    desk.follow(_state(_call("a", CallState.RINGING)), 10.0)
    desk.painted(10.1)
    assert not desk.too_soon("call.answer", 10.45)


def test_operators_own_move_among_offers_is_guarded_too_only_for_the_moment() -> None:
    state = _state(_call("a", CallState.RINGING, 1.0), _call("b", CallState.RINGING, 2.0))
    desk = Desk()
    desk.follow(state, 10.0)

    desk.move_offer(state, 1)
    desk.move_offer(state, 5)

    assert desk.offer_id == "b"


def test_call_that_takes_the_place_of_an_ended_one_is_guarded() -> None:
    one, two = _call("1", CallState.ACTIVE, 1.0), _call("2", CallState.HELD, 2.0)
    desk = Desk()
    desk.follow(_state(one, two), 10.0)
    assert not desk.too_soon("call.hold", 20.0)

    desk.follow(_state(replace(one, state=CallState.ENDED), two), 21.0)

    assert desk.call_id == "2"
    assert desk.too_soon("call.mute", 21.2)
    assert not desk.too_soon("call.mute", 21.4)


def test_expected_call_comes_into_focus_when_it_is_up() -> None:
    one, offer = _call("1", CallState.ACTIVE, 1.0), _call("2", CallState.RINGING, 2.0)
    desk = Desk()
    desk.follow(_state(one, offer), 10.0)
    desk.expect(CallId("2"))
    desk.follow(_state(one, offer), 10.1)
    assert desk.call_id == "1"

    desk.follow(_state(one, replace(offer, state=CallState.ACTIVE)), 10.2)

    assert desk.call_id == "2"


def test_declined_offer_says_no_farewell_but_a_withdrawn_one_does() -> None:
    for reason, said in ((EndReason.DECLINED, False), (EndReason.CANCELLED, True)):
        offer = _call("1", CallState.RINGING)
        desk = Desk()
        desk.follow(_state(offer), 10.0)
        desk.follow(_state(offer.ended(reason, 0.0, 0.0)), 11.0)
        assert (desk.farewell_at(13.9) is not None) is said
        assert desk.farewell_at(14.0) is None


def test_situation_prefers_the_talking_call() -> None:
    held, talking = _call("1", CallState.HELD, 1.0), _call("2", CallState.ACTIVE, 2.0)

    now = Situation(_state(held, talking))

    assert now.call == talking
    assert now.other == held
    assert Situation(_state()).other is None


def test_clock_ticks_by_the_minute_when_nothing_counts_seconds() -> None:
    idle, busy = _state(), _state(_call("1", CallState.ACTIVE))

    assert not needs_seconds(idle)
    assert 50 < wait_s(idle, 65.0, 3.25) < 56
    assert wait_s(busy, 65.0, 3.25) == 0.75


def test_raw_platform_events_repaint_nothing() -> None:
    from softphone.model.event import CallRemoved, PlatformEvent

    assert topics_of(PlatformEvent(AccountName("a"), "x", 0.0, "{}")) == {Topic.RAW}
    assert not [pane for pane in Pane.__subclasses__() if Topic.RAW in pane.topics]
    assert topics_of(CallRemoved(CallId("1"))) == {Topic.CALLS}
