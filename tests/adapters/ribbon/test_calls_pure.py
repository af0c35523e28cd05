"""The call machine without network: order, lateness, glare, time."""

from __future__ import annotations

import pytest

from softphone.adapters.ribbon import negotiation as n
from softphone.adapters.ribbon import operations as o
from softphone.adapters.ribbon import wire
from softphone.adapters.ribbon.ends import end_reason
from softphone.adapters.ribbon.states import (
    MOVES,
    NEXT,
    Input,
    Op,
    Operation,
    State,
    Status,
    Transition,
    next_state,
)
from softphone.adapters.ribbon.steps import (
    CallAsk,
    CloseMedia,
    MakeAnswer,
    MakeOffer,
    StartMedia,
    TakeAnswer,
    Withdraw,
)
from softphone.model import event as e
from softphone.model.call import CallId, EndReason
from softphone.model.error import OutOfOrder, ProtocolError, Refused, RequestError
from softphone.webrtc.description import Direction
from softphone.webrtc.peer import PeerState
from tests.adapters.ribbon.rig import Rig, sdp

EVENT = wire.EventType


@pytest.fixture
def rig() -> Rig:
    return Rig().online()


def request(ask: CallAsk) -> dict[str, object]:
    assert ask.body is not None
    found: dict[str, object] = ask.body["callControlRequest"]
    return found


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("what", Input)
def test_every_input_goes_by_the_table_or_is_out_of_order(state: State, what: Input) -> None:
    if (state, what) in NEXT:
        assert next_state(state, what) is NEXT[state, what]
    else:
        with pytest.raises(OutOfOrder):
            next_state(state, what)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("move", Transition)
def test_operations_go_by_their_table_or_stay(status: Status, move: Transition) -> None:
    op = Operation(1, Op.HOLD, status=status)
    if (status, move) in MOVES:
        op.move(move)
        assert op.status is MOVES[status, move]
    else:
        with pytest.raises(OutOfOrder):
            op.move(move)
        assert op.status is status


def test_a_local_negotiation_is_ongoing_pending_resolving(rig: Rig) -> None:
    call = rig.talking()
    rig.hold(call)
    (op,) = call.operations.values()
    seen = [op.status]
    rig.made(sdp("inactive"))
    rig.answer(rig.last(CallAsk))
    seen.append(op.status)
    rig.hear(EVENT.RESPOND_UPDATE, "A1", sdp=sdp("inactive", version=2))
    seen.append(op.status)
    rig.taken()
    seen.append(op.status)

    assert seen == [Status.ONGOING, Status.PENDING, Status.RESOLVING, Status.FINISHED]
    assert call.state is State.ON_HOLD


def test_an_answer_that_overtakes_the_rest_response_is_kept_for_it(rig: Rig) -> None:
    call = rig.talking()
    hold = rig.hold(call)
    rig.made(sdp("inactive"))
    taken = len(rig.of(TakeAnswer))

    rig.hear(EVENT.RESPOND_UPDATE, "A1", sdp=sdp("inactive", version=2))
    assert len(rig.of(TakeAnswer)) == taken
    rig.answer([ask for ask in rig.of(CallAsk) if ask.ticket][-1])
    rig.taken()

    assert rig.outcome(hold) == ""


def test_what_is_told_before_the_session_is_known_is_not_lost(rig: Rig) -> None:
    call = rig.dial()
    ask = rig.last(CallAsk)
    rig.hear(EVENT.RINGING, "A1")
    rig.hear(EVENT.RESPOND_UPDATE, "A1", sdp=sdp())

    rig.answer(ask, sessionData="A1")
    rig.taken()

    assert [p.what.value for p in rig.events(e.CallProgressed)] == [
        "dial_accepted",
        "alert",
        "connect",
    ]
    assert call.state is State.CONNECTED


def test_early_media_is_heard_before_the_answer_and_told_once(rig: Rig) -> None:
    rig.placed()
    for _ in range(2):
        rig.hear(EVENT.SESSION_PROGRESS, "A1", sdp=sdp())
        rig.taken()
    assert rig.last(TakeAnswer).provisional
    rig.hear(EVENT.RESPOND_UPDATE, "A1", sdp=sdp())
    rig.taken()

    progress = [p.what.value for p in rig.events(e.CallProgressed)]
    assert progress == ["dial_accepted", "early_media", "connect"]
    assert len(rig.of(StartMedia)) == 1


def test_a_remote_offer_during_a_local_one_is_refused_with_491(rig: Rig) -> None:
    call = rig.talking()
    rig.hold(call)

    rig.hear(EVENT.START_UPDATE, "A1", sdp=sdp("inactive", version=2))

    ask = rig.last(CallAsk)
    assert request(ask) == {"type": "respondCallUpdate", "statusCode": "491"}


def test_a_second_remote_offer_waits_and_is_refused_after_three_seconds(rig: Rig) -> None:
    rig.talking()
    rig.hear(EVENT.START_UPDATE, "A1", sdp=sdp("inactive", version=2))
    rig.hear(EVENT.START_UPDATE, "A1", sdp=sdp("sendrecv", version=3))
    assert len(rig.of(MakeAnswer)) == 1

    rig.later(3.1)

    assert {"type": "respondCallUpdate", "statusCode": "491"} in [
        request(ask) for ask in rig.of(CallAsk) if ask.ticket is None
    ]


def test_a_waiting_remote_offer_is_taken_when_the_first_is_done(rig: Rig) -> None:
    call = rig.talking()
    rig.hear(EVENT.START_UPDATE, "A1", sdp=sdp("inactive", version=2))
    rig.hear(EVENT.START_UPDATE, "A1", sdp=sdp("sendrecv", version=3))
    rig.made(sdp("inactive"))
    assert call.remote_hold
    rig.answer(rig.last(CallAsk))
    rig.made()

    assert [held.held for held in rig.events(e.CallHeldByPeer)] == [True, False]
    assert call.state is State.CONNECTED


def test_a_refused_offer_is_taken_back_and_the_call_stays(rig: Rig) -> None:
    call = rig.talking()
    hold = rig.hold(call)
    rig.made(sdp("inactive"))
    rig.answer(rig.last(CallAsk))

    rig.hear(EVENT.RESPOND_UPDATE, "A1", envelope_code=49, retry_after=1.0)

    assert rig.outcome(hold) == "GLARE"
    assert rig.of(Withdraw)
    assert call.state is State.CONNECTED


def test_a_missing_answer_is_undone_after_45_seconds(rig: Rig) -> None:
    call = rig.talking()
    hold = rig.hold(call)
    rig.made(sdp("inactive"))
    rig.answer(rig.last(CallAsk))

    rig.later(44.0)
    assert rig.outcome(hold) is None
    rig.later(2.0)

    assert rig.outcome(hold) == "NO_ANSWER"
    assert call.state is State.CONNECTED
    rig.hear(EVENT.RESPOND_UPDATE, "A1", sdp=sdp("inactive", version=2))
    assert call.operations == {}


def test_while_holding_the_far_ends_unhold_is_answered_inactive(rig: Rig) -> None:
    call = rig.talking()
    rig.hear(EVENT.START_UPDATE, "A1", sdp=sdp("inactive", version=2))
    rig.made(sdp("inactive"))
    rig.answer(rig.last(CallAsk))
    rig.hold(call)
    rig.made(sdp("inactive"))
    rig.answer(rig.last(CallAsk))
    rig.hear(EVENT.RESPOND_UPDATE, "A1", sdp=sdp("inactive", version=3))
    rig.taken()

    rig.hear(EVENT.START_UPDATE, "A1", sdp=sdp("sendrecv", version=4))
    rig.made(sdp("inactive"))

    assert rig.last(MakeAnswer).direction is Direction.INACTIVE
    assert (call.local_hold, call.remote_hold) == (True, False)
    assert call.state is State.ON_HOLD


def test_slow_start_in_a_call_offers_on_a_fresh_peer_and_takes_the_answer(rig: Rig) -> None:
    call = rig.talking()
    rig.hear(EVENT.START_UPDATE, "A1", names=wire.Names(remote_number="carol@example.com"))
    offer = rig.last(MakeOffer)
    assert offer.fresh
    rig.made()
    assert request(rig.last(CallAsk))["type"] == "respondCallUpdate"
    rig.answer(rig.last(CallAsk))
    rig.hear(EVENT.RESPOND_UPDATE, "A1", sdp=sdp(session=9))
    rig.taken()

    assert call.remote.address == "carol@example.com"
    assert call.operations == {}


def test_an_offer_without_a_description_rings_until_our_offer_is_answered(rig: Rig) -> None:
    call = rig.offered("B1", "")
    operation = rig.begin(n.answer(call, rig.now))
    rig.made()
    assert request(rig.last(CallAsk))["type"] == "callAnswer"
    rig.answer(rig.last(CallAsk))
    assert call.ringing

    rig.hear(EVENT.RESPOND_UPDATE, "B1", sdp=sdp())
    rig.taken()

    assert call.state is State.CONNECTED
    assert rig.outcome(operation) == ""


def test_a_cancel_is_nothing_to_the_device_that_answers(rig: Rig) -> None:
    call = rig.offered()
    rig.begin(n.answer(call, rig.now))
    rig.hear(EVENT.CALL_CANCEL, "B1")
    assert call.live
    rig.made()
    rig.answer(rig.last(CallAsk))
    rig.hear(EVENT.CALL_CANCEL, "B1")

    assert call.state is State.CONNECTED


def test_a_cancel_ends_ringing_as_taken_elsewhere(rig: Rig) -> None:
    rig.offered()

    rig.hear(EVENT.CALL_CANCEL, "B1")

    assert rig.ends() == [("c1", "taken_by_other")]


def test_a_call_given_up_before_its_session_is_deleted_when_it_has_one(rig: Rig) -> None:
    call = rig.dial()
    ask = rig.last(CallAsk)
    rig.do(rig.calls.sorted_out(o.hang_up(call, rig.now)))
    assert rig.calls.withdrawn

    rig.answer(ask, sessionData="A9")

    assert (rig.last(CallAsk).method, rig.last(CallAsk).path[-3:]) == ("DELETE", "/A9")
    assert not rig.calls.withdrawn


def test_audits_come_at_once_then_regularly_and_sooner_after_a_failure(rig: Rig) -> None:
    rig.placed()

    def audits() -> list[CallAsk]:
        return [ask for ask in rig.of(CallAsk) if ask.ticket and ask.ticket.part == "audit"]

    rig.later(0.0)
    assert len(audits()) == 1
    rig.later(24.9)
    assert len(audits()) == 1
    rig.later(0.2)
    assert len(audits()) == 2
    rig.do(rig.calls.failed(audits()[-1], RequestError("no"), rig.now))
    rig.later(5.1)
    assert len(audits()) == 3
    rig.answer(audits()[-1], 404, 42)
    assert rig.ends() == [("c1", "lost_by_server")]


def test_a_completed_transfer_ends_the_call_with_a_delete(rig: Rig) -> None:
    call = rig.talking()
    with pytest.raises(Refused):
        o.transfer(call, "carol", rig.now)
    call.local_hold, call.state = True, State.ON_HOLD
    operation = rig.begin(o.transfer(call, "carol", rig.now))
    assert request(rig.last(CallAsk))["address"] == "sip:carol@example.com"
    transfer = rig.last(CallAsk)

    rig.hear(EVENT.SESSION_COMPLETE, "A1", code="9905")  # overtakes the answer
    rig.answer(transfer)

    assert rig.outcome(operation) == ""
    assert rig.ends() == [("c1", "transferred")]
    assert rig.last(CallAsk).method == "DELETE"


def test_a_failed_join_ends_the_new_call_and_keeps_the_old_ones(rig: Rig) -> None:
    one = rig.talking("A1")
    two = rig.talking("A2")
    for call in (one, two):
        call.local_hold, call.state = True, State.ON_HOLD
    joined, operation, steps = rig.calls.join(one.id, two.id, rig.now)
    rig.do(steps)
    rig.made()
    rig.answer(rig.last(CallAsk), sessionData="A3")

    rig.hear(EVENT.SESSION_FAIL, "A1", code="500", reason="No mixer")

    assert rig.outcome(operation.id) == "JOIN_FAILED"
    assert rig.ends() == [(joined.id, "failed")]
    assert one.live
    assert two.live


def test_a_restart_waits_for_the_line_and_for_the_active_side(rig: Rig) -> None:
    call = rig.talking()
    call.active_role = False
    rig.do(rig.calls.line_changed(False, rig.now))
    operation = rig.begin(n.restart(call, rig.now))
    assert rig.of(MakeOffer)[1:] == []

    rig.do(rig.calls.line_changed(True, rig.now))
    assert rig.last(MakeOffer).restart
    rig.do(n.not_made(call, call.operations[operation], ProtocolError("no way"), rig.now))
    assert rig.outcome(operation) == "PROTOCOL_ERROR"

    rig.begin(n.restart(call, rig.now))
    count = len(rig.of(MakeOffer))
    rig.later(3.1)
    assert len(rig.of(MakeOffer)) == count + 1


def test_a_restart_without_a_line_gives_up_after_a_minute(rig: Rig) -> None:
    call = rig.talking()
    rig.do(rig.calls.line_changed(False, rig.now))
    operation = rig.begin(n.restart(call, rig.now))

    rig.later(61.0)

    assert rig.outcome(operation) == "NO_ANSWER"
    assert call.live


def test_a_lost_connection_is_restarted_on_a_fresh_peer(rig: Rig) -> None:
    call = rig.talking()
    call.active_role = True
    for state in (PeerState.CHECKING, PeerState.COMPLETED, PeerState.FAILED):
        rig.do(rig.calls.peer_changed(call.id, state))

    rig.begin(n.restart(call, rig.now))

    assert rig.last(MakeOffer).fresh
    assert "is lost" in rig.events(e.Remarked)[-1].text


def test_names_keep_what_is_missing_and_conferences_use_the_callers(rig: Rig) -> None:
    call = rig.talking()
    rig.hear(EVENT.START_UPDATE, "A1", names=wire.Names(remote_name="Bob", remote_number="bob"))
    assert (call.remote.address, call.remote.name) == ("bob@example.com", "Bob")
    rig.do(call.named(wire.Names(told=False)))
    rig.do(call.named(wire.Names(remote_name="")))
    assert call.remote.name == "Bob"

    rig.do(call.named(wire.Names("All", "conference@example.com", "", "x", "x@example.com")))
    assert (call.remote.address, call.remote.name) == ("conference@example.com", "All")


def test_numbers_of_the_own_domain_are_shown_without_it(rig: Rig) -> None:
    call, _, _ = rig.calls.dial("+39 02 5550-0101", "", (), rig.now)

    assert call.remote.address == "+390255500101"
    assert call.target == "sip:+390255500101@example.com"


@pytest.mark.parametrize(
    ("code", "incoming", "connected", "reason"),
    [
        ("486", False, False, EndReason.BUSY),
        ("480", False, False, EndReason.NO_ANSWER),
        ("487", False, False, EndReason.NO_ANSWER),
        ("603", False, False, EndReason.DECLINED),
        ("404", False, False, EndReason.FAILED),
        ("", False, False, EndReason.REMOTE_HANGUP),
        ("487", True, False, EndReason.CANCELLED),
        ("", True, True, EndReason.REMOTE_HANGUP),
        ("9904", True, False, EndReason.TAKEN_BY_OTHER),
        ("9905", False, True, EndReason.TRANSFERRED),
    ],
)
def test_codes_of_an_end_become_reasons(
    code: str, incoming: bool, connected: bool, reason: EndReason
) -> None:
    assert end_reason(code, incoming=incoming, connected=connected) is reason


def test_leaving_ends_calls_and_leaves_offers_to_other_devices(rig: Rig) -> None:
    rig.talking()
    rig.offered()
    count = len(rig.of(CallAsk))

    rig.do(rig.calls.leave(rig.now))

    assert [ask.method for ask in rig.of(CallAsk)[count:]] == ["DELETE"]
    assert sorted(reason for _, reason in rig.ends()) == ["offline", "offline"]
    assert len(rig.of(CloseMedia)) == 2


@pytest.mark.parametrize("to", ["", "  ", "a\nb", "x" * 300])
def test_what_is_no_address_is_refused(rig: Rig, to: str) -> None:
    with pytest.raises(Refused):
        rig.calls.dial(to, "", (), rig.now)
    assert not rig.calls.live


def test_an_unknown_call_and_strays_are_counted_not_acted_on(rig: Rig) -> None:
    rig.hear(EVENT.CALL_END, "Z9")

    assert rig.calls.strays == 1
    with pytest.raises(Refused):
        rig.calls.get(CallId("nobody"))
