"""The console's picture: every event folded in, twice the same as once."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.model import event as e
from softphone.model.agent import AgentGroup, AgentStatus
from softphone.model.call import AccountName, Call, CallId, CallState, Direction
from softphone.model.device import AudioStatus
from softphone.model.message import Channel, Delivery, Message, MessageId, ScreenPop, Voicemail
from softphone.model.presence import Account, OnlineUser, Presence
from softphone.model.quality import Levels, QualitySample
from softphone.model.state import NOTES_KEPT, POPS_KEPT, ConsoleState
from tests.model.examples import members, values

DESK = AccountName("desk")
C1 = CallId("c1")


def a_call(name: str = "c1", state: CallState = CallState.ACTIVE, mono: float = 0.0) -> Call:
    return Call(CallId(name), DESK, Direction.INBOUND, state, created_mono=mono)


def note(text: str) -> e.Noted:
    return e.Noted(1.0, "desk", e.Level.INFO, text)


def applied(*events: e.Event) -> ConsoleState:
    state = ConsoleState()
    for event in events:
        state.apply(event)
    return state


@pytest.mark.parametrize("kind", members(e.Event), ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_an_event_applied_twice_ends_like_once(kind: Any, data: st.DataObject) -> None:
    state = applied(*data.draw(st.lists(values(kind), max_size=2)))
    event = data.draw(values(kind))
    state.apply(event)
    once = copy.deepcopy(state)

    state.apply(event)

    assert state == once


@given(st.lists(values(e.Event), max_size=12))
def test_replaying_the_latest_events_changes_nothing(events: list[Any]) -> None:
    values_only = [event for event in events if isinstance(event, e.AccountChanged | e.CallChanged)]
    latest = {type(v).__name__ + str(key(v)): v for v in values_only}

    assert applied(*values_only, *latest.values()) == applied(*latest.values())


def key(event: e.AccountChanged | e.CallChanged) -> str:
    return event.account.name if isinstance(event, e.AccountChanged) else event.call.id


def test_an_account_is_replaced_by_its_new_value() -> None:
    account = Account(DESK, "kind", cause="gone")

    assert applied(e.AccountChanged(Account(DESK, "kind")), e.AccountChanged(account)).accounts == {
        DESK: account
    }


def test_a_removed_call_takes_its_quality_along() -> None:
    state = applied(e.CallChanged(a_call()), e.QualityMeasured(QualitySample(C1, 1.0)))

    state.apply(e.CallRemoved(C1))

    assert (state.calls, state.quality) == ({}, {})


def test_a_late_removal_or_measurement_of_an_unknown_call_is_harmless() -> None:
    state = applied(e.CallRemoved(C1), e.QualityMeasured(QualitySample(C1, 1.0)))

    assert state == ConsoleState()


def test_the_small_figures_are_kept_as_told() -> None:
    state = applied(
        e.AudioChanged(AudioStatus("mic")),
        e.LevelsMeasured(None, Levels(-20.0)),
        e.HistoryChanged(3),
        e.ContactsChanged(7),
        e.StoreChanged("disk full", 12),
        e.ControlChanged("console-1", 2),
        e.EngineStopping("asked to"),
    )

    assert state == ConsoleState(
        audio=AudioStatus("mic"),
        levels=Levels(-20.0),
        missed=3,
        contacts=7,
        store_problem="disk full",
        store_waiting=12,
        controller="console-1",
        consoles=2,
        stopping="asked to",
    )


def test_what_platforms_tell_is_kept_by_account_and_person() -> None:
    presence = Presence(DESK, "bob", True)
    users = (OnlineUser("r1", "u1", "bob"),)
    status = AgentStatus(DESK, AgentGroup.PAUSED, "Lunch")
    lamp = Voicemail(DESK, True)

    state = applied(
        e.PresenceChanged(presence),
        e.OnlineUsersChanged(DESK, users),
        e.AgentStatusChanged(status),
        e.VoicemailChanged(lamp),
    )

    assert state.presence == {"desk bob": presence}
    assert (state.online_users, state.agents) == ({DESK: users}, {DESK: status})
    assert state.voicemail == {DESK: lamp}


def test_messages_and_raw_events_are_streamed_not_kept() -> None:
    message = Message(
        MessageId("m"),
        DESK,
        "bob",
        Channel.IM,
        Direction.INBOUND,
        "hi",
        1.0,
        Delivery.RECEIVED,
    )

    assert applied(e.MessageChanged(message), e.PlatformEvent(DESK, "x", 1.0, "{}")) == (
        ConsoleState()
    )


def test_the_event_log_keeps_the_newest_lines() -> None:
    state = applied(*(note(str(number)) for number in range(NOTES_KEPT + 7)))

    assert [line.text for line in state.notes] == [str(n) for n in range(7, NOTES_KEPT + 7)]


def test_screen_pops_keep_the_newest_and_the_same_one_once() -> None:
    pops = [ScreenPop(str(number), DESK, 1.0, "customer") for number in range(POPS_KEPT + 3)]

    state = applied(*map(e.ScreenPopped, pops), e.ScreenPopped(pops[10]))

    assert len(state.pops) == POPS_KEPT
    assert [pop.id for pop in state.pops].count("10") == 1
    assert state.pops[-1].id == "10"


def test_offers_are_the_ringing_calls_with_the_oldest_first() -> None:
    ringing = CallState.RINGING
    state = applied(
        e.CallChanged(a_call("b", ringing, 2.0)),
        e.CallChanged(a_call("a", ringing, 2.0)),
        e.CallChanged(a_call("z", ringing, 1.0)),
        e.CallChanged(a_call("x")),
    )

    assert [call.id for call in state.offers()] == ["z", "a", "b"]


def test_live_calls_are_neither_ringing_nor_over() -> None:
    state = applied(
        e.CallChanged(a_call("new", mono=5.0)),
        e.CallChanged(a_call("old", CallState.HELD, 1.0)),
        e.CallChanged(a_call("over", CallState.ENDED)),
        e.CallChanged(a_call("rings", CallState.RINGING)),
    )

    assert [call.id for call in state.live_calls()] == ["old", "new"]
