"""Calls: the transition table, how a call ends, what counts as missed, how long it took."""

from __future__ import annotations

from dataclasses import replace

import pytest

from softphone.model.call import (
    MISSED_REASONS,
    NEXT,
    AccountName,
    Call,
    CallId,
    CallInput,
    CallState,
    Direction,
    EndReason,
    MediaState,
    Party,
    next_state,
)
from softphone.model.error import OutOfOrder

S, I = CallState, CallInput  # noqa: E741  # as in the table under test

LEGAL = {
    S.RINGING: {I.ANSWER: S.CONNECTING, I.CONNECT: S.ACTIVE},
    S.DIALING: {
        I.DIAL_ACCEPTED: S.CONNECTING,
        I.ALERT: S.ALERTING,
        I.EARLY_MEDIA: S.EARLY_MEDIA,
        I.CONNECT: S.ACTIVE,
    },
    S.ALERTING: {I.EARLY_MEDIA: S.EARLY_MEDIA, I.CONNECT: S.ACTIVE},
    S.EARLY_MEDIA: {I.ALERT: S.EARLY_MEDIA, I.CONNECT: S.ACTIVE},
    S.CONNECTING: {I.ALERT: S.ALERTING, I.EARLY_MEDIA: S.EARLY_MEDIA, I.CONNECT: S.ACTIVE},
    S.ACTIVE: {I.HOLD: S.HELD},
    S.HELD: {I.HOLD: S.HELD, I.RESUME: S.ACTIVE},
    S.ENDED: {},
}


def a_call(state: CallState = S.RINGING, direction: Direction = Direction.INBOUND) -> Call:
    return Call(CallId("c1"), AccountName("desk"), direction, state, created_mono=100.0)


@pytest.mark.parametrize("what", I)
@pytest.mark.parametrize("state", S)
def test_every_pair_of_state_and_input_has_its_verdict(state: CallState, what: CallInput) -> None:
    legal = LEGAL[state] | ({I.END: S.ENDED} if state is not S.ENDED else {})

    if what in legal:
        assert next_state(state, what) is legal[what]
    else:
        with pytest.raises(OutOfOrder, match=f"{what} does not fit state {state}"):
            next_state(state, what)


def test_the_table_holds_nothing_but_the_legal_pairs() -> None:
    assert len(NEXT) == sum(map(len, LEGAL.values())) + len(S) - 1


def test_an_illegal_step_leaves_the_call_as_it_was() -> None:
    call = a_call(S.RINGING)

    with pytest.raises(OutOfOrder):
        call.stepped(I.HOLD)

    assert call == a_call(S.RINGING)


@pytest.mark.parametrize("state", [state for state in S if state is not S.ENDED])
def test_a_live_call_can_end_from_every_state(state: CallState) -> None:
    ended = replace(a_call(state), media=MediaState.FLOWING).ended(
        EndReason.FAILED, 50.0, 150.0, "E1", "socket closed"
    )

    assert (ended.state, ended.end_reason) == (S.ENDED, EndReason.FAILED)
    assert (ended.ended_at, ended.ended_mono) == (50.0, 150.0)
    assert (ended.end_code, ended.end_detail) == ("E1", "socket closed")
    assert ended.media is MediaState.NONE
    assert not ended.live


def test_the_first_reason_of_an_end_stays() -> None:
    ended = a_call().ended(EndReason.TAKEN_BY_OTHER, 1.0, 2.0, "taken")

    again = ended.ended(EndReason.HANGUP, 3.0, 4.0, "x", "y")

    assert again is ended


@pytest.mark.parametrize("reason", EndReason)
def test_an_unanswered_inbound_call_is_missed_for_these_reasons(reason: EndReason) -> None:
    missed = {
        EndReason.NO_ANSWER,
        EndReason.CANCELLED,
        EndReason.IGNORED,
        EndReason.OFFLINE,
        EndReason.LINK_LOST,
        EndReason.FAILED,
        EndReason.OPERATOR_LOST,
        EndReason.INTERRUPTED,
    }

    assert a_call().ended(reason, 1.0, 2.0).missed is (reason in missed)
    assert missed == MISSED_REASONS


def test_a_call_declined_because_of_another_one_is_missed() -> None:
    assert a_call().ended(EndReason.DECLINED, 1.0, 2.0, "busy").missed


def test_an_answered_call_is_never_missed() -> None:
    call = replace(a_call(S.ACTIVE), answered_at=1.0, answered_mono=101.0)

    assert not call.ended(EndReason.FAILED, 2.0, 102.0).missed


def test_a_call_of_ones_own_is_never_missed() -> None:
    call = a_call(S.DIALING, Direction.OUTBOUND)

    assert not call.ended(EndReason.NO_ANSWER, 2.0, 102.0).missed


def test_an_unanswered_call_counts_the_seconds_it_rang() -> None:
    assert a_call().seconds(112.5) == 12.5


def test_an_answered_call_counts_the_seconds_it_talked() -> None:
    call = replace(a_call(S.ACTIVE), answered_at=1.0, answered_mono=110.0)

    assert call.seconds(112.5) == 2.5


def test_an_ended_call_counts_no_further() -> None:
    assert a_call().ended(EndReason.HANGUP, 1.0, 105.0).seconds(500.0) == 5.0


def test_seconds_are_never_negative() -> None:
    assert a_call().seconds(99.0) == 0.0


@pytest.mark.parametrize(
    ("party", "label"),
    [
        (Party("+391", "Remote", "Known"), "Known"),
        (Party("+391", "Remote"), "Remote"),
        (Party("+391"), "+391"),
        (Party(), "unknown caller"),
    ],
)
def test_a_party_is_shown_by_the_best_that_is_known(party: Party, label: str) -> None:
    assert party.label == label


@pytest.mark.parametrize("reason", EndReason)
def test_every_end_reason_has_words(reason: EndReason) -> None:
    assert reason.words
    assert "_" not in reason.words
