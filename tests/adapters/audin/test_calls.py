"""Audin calls: the sequences of section 9 and the odd cases of section 11, without a socket."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.adapters.audin import wire
from softphone.adapters.audin.calls import NEXT, AudinCall, Move, Phase
from softphone.adapters.audin.steps import CloseAudio, EndUnwanted, OpenAudio, SendAudio
from softphone.model import event as e
from softphone.model.call import CallId, CallInput, EndReason
from softphone.model.error import OutOfOrder, Refused, SoftphoneError
from tests.adapters.audin.operator_rig import Rig


@pytest.fixture
def rig() -> Rig:
    return Rig().online()


# ---- 9.1 to 9.4: inbound ---------------------------------------------------------------------


def test_an_accepted_call_opens_audio_once_it_is_assigned(rig: Rig) -> None:
    call = rig.offer("CA1", from_="+393331234567", phone_number_id="pn_1")

    rig.do(rig.calls.accept(call, rig.now))
    rig.hear(wire.CallAssigned("CA1"))

    assert rig.sent(wire.Accept) == [wire.Accept("CA1")]
    assert rig.of(OpenAudio) == [OpenAudio(call, "CA1")]
    assert rig.events(e.CallOffered)[0].local.name == "Milano"


def test_a_call_is_active_when_audio_is_open(rig: Rig) -> None:
    rig.talk()

    progress = [p.what for p in rig.events(e.CallProgressed)]
    assert progress == [CallInput.ANSWER, CallInput.CONNECT]


def test_second_accept_loses_and_says_taken(rig: Rig) -> None:
    call = rig.offer()
    rig.do(rig.calls.accept(call, rig.now))

    rig.hear(wire.CallTaken("CA1"))

    assert rig.ends() == [(call, "taken_by_other")]


def test_taken_after_assigned_changes_nothing(rig: Rig) -> None:
    rig.talk()

    rig.hear(wire.CallTaken("CA1"))

    assert rig.ends() == []
    assert rig.calls.talking


@pytest.mark.parametrize(
    ("reason", "ended"), [(None, "taken_by_other"), (wire.REASON_NO_ANSWER, "no_answer")]
)
def test_an_offer_told_as_taken_ends_with_its_reason(
    rig: Rig, reason: str | None, ended: str
) -> None:
    call = rig.offer()

    rig.hear(wire.CallTaken("CA1", reason))

    assert rig.ends() == [(call, ended)]


def test_a_declined_offer_is_rejected_and_over(rig: Rig) -> None:
    call = rig.offer()

    rig.do(rig.calls.decline(call, rig.now))

    assert rig.sent(wire.Reject) == [wire.Reject("CA1")]
    assert rig.ends() == [(call, "declined")]


def test_an_ignored_offer_is_left_to_the_others(rig: Rig) -> None:
    call = rig.offer()

    rig.do(rig.calls.ignore(call, rig.now))

    assert rig.sent(wire.Reject) == []
    assert rig.ends() == [(call, "ignored")]


def test_an_offer_nobody_answers_ends_by_itself_and_sends_nothing(rig: Rig) -> None:
    call = rig.offer("CA3", ring_timeout_ms=20_000)

    rig.later(19.9)
    assert rig.ends() == []
    rig.later(0.2)

    assert rig.ends() == [(call, "no_answer")]
    assert rig.sent(wire.Reject) == []


def test_the_extension_for_a_caller_who_gave_up_ends_the_offer(rig: Rig) -> None:
    call = rig.offer()

    rig.hear(wire.CallGone("CA1", "cancelled"))
    rig.hear(wire.CallGone("CA1", "cancelled"))

    assert rig.ends() == [(call, "no_answer")]


def test_an_accept_without_an_answer_fails_after_ten_seconds(rig: Rig) -> None:
    call = rig.offer()
    rig.do(rig.calls.accept(call, rig.now))

    rig.later(10.0)

    over = rig.events(e.CallOver)[-1]
    assert (over.call, over.reason, over.code) == (call, EndReason.FAILED, "ACCEPT_TIMEOUT")


def test_the_far_end_hanging_up_ends_the_call_as_such(rig: Rig) -> None:
    call = rig.talk()

    rig.do(rig.calls.audio_closed(call, wire.AudioClose.REMOTE_HANGUP, rig.now))

    assert rig.ends() == [(call, "remote_hangup")]


# ---- 9.5, 9.6: outbound ----------------------------------------------------------------------


def test_a_dial_is_done_when_the_platform_has_taken_it(rig: Rig) -> None:
    call = rig.dial()

    rig.hear(wire.OutboundStarted("CA4"))

    assert rig.sent(wire.StartOutbound) == [wire.StartOutbound("+39021234567", "+390299999999")]
    assert rig.of(OpenAudio) == [OpenAudio(call, "CA4")]
    assert rig.dial_errors() == [None]
    assert rig.events(e.CallNamed) == [e.CallNamed(call, "CA4")]


@pytest.mark.parametrize(
    ("close", "reason"),
    [
        (wire.AudioClose.NO_ANSWER, "no_answer"),
        (wire.AudioClose.BUSY, "busy"),
        (wire.AudioClose.FAILED, "failed"),
        (wire.AudioClose.AUTH, "failed"),
        (wire.AudioClose.REMOTE_HANGUP, "failed"),
    ],
)
def test_an_outbound_call_that_never_had_audio_ends_with_its_reason(
    rig: Rig, close: wire.AudioClose, reason: str
) -> None:
    call = rig.dial()
    rig.hear(wire.OutboundStarted("CA4"))

    rig.do(rig.calls.audio_closed(call, close, rig.now))

    assert rig.ends() == [(call, reason)]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("no_answer", "no_answer"),
        ("busy", "busy"),
        ("hangup", "remote_hangup"),
        ("whatever", "remote_hangup"),
    ],
)
def test_a_reason_told_before_the_close_counts(rig: Rig, told: str, reason: str) -> None:
    call = rig.talk()

    rig.do(rig.calls.audio_said(call, wire.Ended(told)))
    rig.do(rig.calls.audio_closed(call, wire.AudioClose.REMOTE_HANGUP, rig.now))

    assert rig.ends() == [(call, reason)]


def test_a_drop_in_mid_call_is_a_failure(rig: Rig) -> None:
    call = rig.talk()

    rig.do(rig.calls.audio_closed(call, wire.AudioClose.FAILED, rig.now))

    assert rig.ends() == [(call, "failed")]


def test_a_refused_dial_raises_the_servers_own_words(rig: Rig) -> None:
    call = rig.dial()

    rig.hear(wire.ServerError("NO_CREDIT", "No credit left.", re=wire.START_OUTBOUND))

    assert rig.ends() == [(call, "failed")]
    assert rig.dial_errors() == ["NO_CREDIT"]


def test_a_dial_without_any_reply_fails_after_thirty_seconds(rig: Rig) -> None:
    rig.dial()

    rig.later(30.0)

    assert rig.dial_errors() == ["DIAL_TIMEOUT"]


def test_a_late_outbound_started_ends_the_call_at_the_far_end(rig: Rig) -> None:
    rig.dial()
    rig.later(30.0)

    rig.hear(wire.OutboundStarted("CA9"))

    assert rig.of(EndUnwanted) == [EndUnwanted("CA9")]


def test_outbound_started_with_the_id_of_another_call_fails_the_dial(rig: Rig) -> None:
    rig.offer("CA1")
    rig.dial()

    rig.hear(wire.OutboundStarted("CA1"))

    assert rig.dial_errors() == ["PROTOCOL_ERROR"]


def test_outbound_started_twice_changes_nothing(rig: Rig) -> None:
    rig.dial()
    rig.hear(wire.OutboundStarted("CA4"))

    rig.hear(wire.OutboundStarted("CA4"))

    assert len(rig.of(OpenAudio)) == 1


def test_the_talk_time_starts_again_when_the_far_end_picks_up(rig: Rig) -> None:
    call = rig.dial()
    rig.hear(wire.OutboundStarted("CA4"))
    rig.do(rig.calls.audio_opened(call))

    rig.do(rig.calls.audio_said(call, wire.Answered()))
    rig.do(rig.calls.audio_said(call, wire.Unknown("news")))

    assert rig.events(e.CallRestarted) == [e.CallRestarted(call)]


def test_dial_needs_the_line_and_no_other_call(rig: Rig) -> None:
    rig.talk()

    with pytest.raises(Refused) as busy:
        rig.dial()
    rig.do(rig.protocol.closed(rig.now))
    with pytest.raises(Refused) as offline:
        rig.dial()

    assert (busy.value.code, offline.value.code) == ("BUSY", "NOT_ONLINE")


@pytest.mark.parametrize("given", ["pn_2", "+390288888888"])
def test_the_caller_id_is_taken_as_id_or_number(rig: Rig, given: str) -> None:
    rig.dial(from_number=given)

    assert rig.sent(wire.StartOutbound)[0].caller_id == "+390288888888"


def test_a_caller_id_that_is_not_ours_is_refused(rig: Rig) -> None:
    with pytest.raises(Refused) as refused:
        rig.dial(from_number="+391111111111")

    assert refused.value.code == "BAD_NUMBER"


# ---- 8.2: hanging up at any moment -------------------------------------------------------------


def test_a_call_hung_up_before_it_was_assigned_is_ended_at_the_server_later(rig: Rig) -> None:
    call = rig.offer()
    rig.do(rig.calls.accept(call, rig.now))

    rig.do(rig.calls.hang_up(call, rig.now))
    rig.hear(wire.CallAssigned("CA1"))

    assert rig.ends() == [(call, "cancelled")]
    assert rig.of(EndUnwanted) == [EndUnwanted("CA1")]
    assert rig.of(OpenAudio) == []


def test_a_dial_hung_up_before_it_started_is_ended_at_the_server_later(rig: Rig) -> None:
    call = rig.dial()

    rig.do(rig.calls.hang_up(call, rig.now))
    rig.hear(wire.OutboundStarted("CA4"))

    assert rig.ends() == [(call, "cancelled")]
    assert rig.of(EndUnwanted) == [EndUnwanted("CA4")]
    assert len(rig.dial_errors()) == 1


@pytest.mark.parametrize("what", ["taken", "error", "time"])
def test_a_withdrawn_call_may_also_end_without_us(rig: Rig, what: str) -> None:
    call = rig.offer()
    rig.do(rig.calls.accept(call, rig.now))
    rig.do(rig.calls.hang_up(call, rig.now))

    if what == "taken":
        rig.hear(wire.CallTaken("CA1"))
    elif what == "error":
        rig.hear(wire.ServerError("GONE", call_sid="CA1"))
    else:
        rig.later(10.0)

    assert rig.ends() == [(call, "cancelled")]
    assert rig.protocol.next_wake() is not None
    assert rig.calls.get(call) is None


def test_a_new_dial_waits_for_the_withdrawn_one(rig: Rig) -> None:
    rig.do(rig.calls.hang_up(rig.dial(), rig.now))

    with pytest.raises(Refused):
        rig.dial()


def test_hanging_up_while_audio_opens_closes_it(rig: Rig) -> None:
    call = rig.dial()
    rig.hear(wire.OutboundStarted("CA4"))

    rig.do(rig.calls.hang_up(call, rig.now))

    assert rig.of(CloseAudio) == [CloseAudio(call)]
    assert rig.ends() == [(call, "cancelled")]
    assert rig.calls.audio_opened(call) == []


def test_hanging_up_a_live_call_is_a_hang_up(rig: Rig) -> None:
    call = rig.talk()

    rig.do(rig.calls.hang_up(call, rig.now))
    rig.do(rig.calls.audio_closed(call, wire.AudioClose.REMOTE_HANGUP, rig.now))

    assert rig.ends() == [(call, "hangup")]


def test_hang_up_never_declines_and_decline_never_hangs_up(rig: Rig) -> None:
    ringing = rig.offer("CA1")
    with pytest.raises(Refused):
        rig.calls.hang_up(ringing, rig.now)
    rig.do(rig.calls.accept(ringing, rig.now))
    rig.hear(wire.CallAssigned("CA1"))

    for act in (rig.calls.decline, rig.calls.ignore, rig.calls.accept):
        with pytest.raises(Refused):
            act(ringing, rig.now)

    assert rig.ends() == []


# ---- 9.7 and section 11: more than one offer, repeats, nonsense --------------------------------


def test_an_offer_during_a_call_is_declined_without_ringing(rig: Rig) -> None:
    rig.talk("CA1")

    rig.hear(wire.IncomingCall("CA5", "+39333000000"))

    assert rig.sent(wire.Reject) == [wire.Reject("CA5")]
    assert [declined.native_id for declined in rig.events(e.CallAutoDeclined)] == ["CA5"]
    assert len(rig.events(e.CallOffered)) == 1


def test_offers_wait_beside_each_other_by_default(rig: Rig) -> None:
    rig.offer("CA1")
    rig.offer("CA2")

    assert rig.sent(wire.Reject) == []


def test_a_second_offer_can_be_declined_by_config() -> None:
    rig = Rig(second_offer="decline").online()
    rig.offer("CA1")

    rig.hear(wire.IncomingCall("CA2"))

    assert rig.sent(wire.Reject) == [wire.Reject("CA2")]


def test_answering_one_offer_leaves_the_others_to_other_operators(rig: Rig) -> None:
    first, second = rig.offer("CA1"), rig.offer("CA2")
    rig.do(rig.calls.accept(first, rig.now))
    assert rig.ends() == []

    rig.hear(wire.CallAssigned("CA1"))

    assert rig.sent(wire.Reject) == [wire.Reject("CA2")]
    assert rig.ends() == [(second, "declined")]


def test_only_one_call_can_be_answered_at_a_time(rig: Rig) -> None:
    first, second = rig.offer("CA1"), rig.offer("CA2")
    rig.do(rig.calls.accept(first, rig.now))

    with pytest.raises(Refused) as refused:
        rig.calls.accept(second, rig.now)

    assert refused.value.code == "BUSY"


def test_a_repeated_offer_is_the_same_call_with_fresh_names(rig: Rig) -> None:
    first = rig.offer("CA1", from_="+391")

    again = rig.offer("CA1", from_="+392")

    assert first == again
    assert rig.events(e.CallOffered)[-1].remote.address == "+392"


def test_an_offer_with_the_id_of_the_live_call_is_ignored(rig: Rig) -> None:
    rig.talk("CA1")

    assert rig.hear(wire.IncomingCall("CA1")) == []


@pytest.mark.parametrize(("ending", "rings"), [("declined", False), ("no_answer", True)])
def test_an_offer_that_ended_rings_again_only_when_nobody_decided(
    rig: Rig, ending: str, rings: bool
) -> None:
    call = rig.offer("CA1")
    if ending == "declined":
        rig.do(rig.calls.decline(call, rig.now))
    else:
        rig.later(60.0)

    rig.hear(wire.IncomingCall("CA1"))

    assert (len(rig.events(e.CallOffered)) == 2) is rings


def test_an_old_id_may_be_used_again_after_five_minutes(rig: Rig) -> None:
    rig.do(rig.calls.decline(rig.offer("CA1"), rig.now))
    rig.now += 301.0

    rig.hear(wire.IncomingCall("CA1"))

    assert len(rig.events(e.CallOffered)) == 2


@pytest.mark.parametrize(
    "message",
    [
        wire.CallAssigned("CA7"),
        wire.CallTaken("CA7"),
        wire.CallGone("CA7"),
        wire.Pong(),
        wire.Unknown("news"),
    ],
)
def test_what_nobody_asked_for_opens_no_microphone(rig: Rig, message: wire.ServerMessage) -> None:
    assert rig.hear(message) == []


def test_an_outbound_call_nobody_asked_for_is_ended(rig: Rig) -> None:
    rig.hear(wire.OutboundStarted("CA7"))

    assert rig.of(EndUnwanted) == [EndUnwanted("CA7")]
    assert rig.of(OpenAudio) == []


def test_call_assigned_twice_opens_one_audio_socket(rig: Rig) -> None:
    rig.talk("CA1")

    rig.hear(wire.CallAssigned("CA1"))

    assert len(rig.of(OpenAudio)) == 1


# ---- 6.5: who an error is about ---------------------------------------------------------------


def test_an_error_for_nobody_is_only_told(rig: Rig) -> None:
    rig.hear(wire.ServerError("ODD", "Something.", re="set_available"))

    assert [error.code for error in rig.events(e.ErrorRaised)] == ["ODD"]


def test_an_error_without_address_is_the_dials_before_the_accepts(rig: Rig) -> None:
    ringing = rig.offer("CA1")
    rig.dial()
    rig.hear(wire.ServerError())
    rig.do(rig.calls.accept(ringing, rig.now))

    rig.hear(wire.ServerError("LATE", re=wire.ACCEPT))

    assert rig.dial_errors() == ["SERVER_ERROR"]
    assert rig.ends()[-1] == (ringing, "failed")


def test_an_error_about_a_live_call_does_not_end_it(rig: Rig) -> None:
    rig.talk("CA1")

    rig.hear(wire.ServerError("ODD", call_sid="CA1"))

    assert rig.calls.talking
    assert rig.ends() == []


# ---- sound, losses, leaving --------------------------------------------------------------------


def test_mute_and_tones_go_out_once_the_call_is_up(rig: Rig) -> None:
    call = rig.talk()

    rig.do(rig.calls.mute(call, True))
    rig.do(rig.calls.tones(call, "5#"))

    sent = [step.message for step in rig.of(SendAudio)]
    assert sent == [wire.MuteControl(True), wire.DtmfControl("5"), wire.DtmfControl("#")]


def test_mute_before_the_call_is_up_is_kept_to_ourselves(rig: Rig) -> None:
    call = rig.offer()

    assert rig.calls.mute(call, True) == []
    with pytest.raises(Refused):
        rig.calls.tones(call, "5")


def test_audio_that_cannot_start_fails_the_call_with_its_code(rig: Rig) -> None:
    call = rig.dial()
    rig.hear(wire.OutboundStarted("CA4"))

    rig.do(rig.calls.audio_failed(call, "MIC_FAILED", "no microphone", rig.now))

    assert rig.ends() == [(call, "failed")]
    assert [error.code for error in rig.events(e.ErrorRaised)] == ["MIC_FAILED"]


def test_sounds_of_a_call_that_is_over_change_nothing(rig: Rig) -> None:
    gone = CallId("c99")

    assert rig.calls.audio_closed(gone, wire.AudioClose.FAILED, rig.now) == []
    assert rig.calls.audio_failed(gone, "X", "", rig.now) == []
    assert rig.calls.audio_said(gone, wire.Ended("busy")) == []
    with pytest.raises(Refused):
        rig.calls.hang_up(gone, rig.now)


def test_losing_the_line_ends_offers_and_spares_the_live_call(rig: Rig) -> None:
    rig.talk("CA1")
    rig.do(rig.protocol.closed(rig.now))
    assert rig.ends() == []

    other = Rig().online()
    ringing = other.offer("CA2")
    other.do(other.protocol.closed(other.now))

    assert other.ends() == [(ringing, "offline")]


def test_an_assignment_after_a_short_loss_still_counts(rig: Rig) -> None:
    call = rig.offer()
    rig.do(rig.calls.accept(call, rig.now))
    rig.do(rig.protocol.closed(rig.now))
    rig.do(rig.protocol.opened(rig.now))

    rig.hear(wire.CallAssigned("CA1"))

    assert rig.of(OpenAudio) == [OpenAudio(call, "CA1")]


def test_leaving_declines_offers_hangs_up_and_withdraws(rig: Rig) -> None:
    call = rig.talk("CA1")

    rig.do(rig.protocol.leave(rig.now))

    assert rig.of(CloseAudio) == [CloseAudio(call)]
    assert rig.ends() == [(call, "offline")]
    assert rig.sent(wire.SetUnavailable) == [wire.SetUnavailable()]


def test_leaving_while_it_rings_or_dials_ends_both(rig: Rig) -> None:
    ringing = rig.offer("CA1")
    dialling = rig.dial()

    rig.do(rig.protocol.leave(rig.now))

    assert rig.sent(wire.Reject) == [wire.Reject("CA1")]
    assert dict(rig.ends()) == {ringing: "offline", dialling: "offline"}
    assert rig.dial_errors() == ["NOT_ONLINE"]


def test_leaving_forgets_a_withdrawn_call(rig: Rig) -> None:
    rig.do(rig.calls.hang_up(rig.dial(), rig.now))

    rig.do(rig.protocol.leave(rig.now))

    assert len(rig.ends()) == 1


# ---- the table, and any order of things ---------------------------------------------------------


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("move", list(Move))
def test_an_illegal_move_raises_and_changes_nothing(phase: Phase, move: Move) -> None:
    call = AudinCall(CallId("c1"), phase, outbound=False)

    if (phase, move) in NEXT:
        call.move(move)
        assert call.phase is NEXT[phase, move]
    else:
        with pytest.raises(OutOfOrder):
            call.move(move)
        assert call.phase is phase


_SIDS = st.sampled_from(["CA1", "CA2", "CA3"])
_MESSAGES = st.one_of(
    st.builds(wire.IncomingCall, _SIDS),
    st.builds(wire.CallTaken, _SIDS, st.sampled_from([None, "no_answer"])),
    st.builds(wire.CallGone, _SIDS),
    st.builds(wire.CallAssigned, _SIDS),
    st.builds(wire.OutboundStarted, _SIDS),
    st.builds(wire.ServerError, st.none(), st.none(), st.none() | _SIDS),
)
_ACTS = st.sampled_from(
    ["accept", "decline", "hang_up", "dial", "open", "close", "wait", "lose", "back", "leave"]
)


@given(st.lists(st.one_of(_MESSAGES, st.tuples(_ACTS, st.integers(0, 5))), max_size=40))
def test_any_order_of_things_gives_each_call_exactly_one_end(script: list[object]) -> None:
    rig = Rig().online()

    for entry in script:
        if isinstance(entry, tuple):
            _act(rig, *entry)
        else:
            rig.hear(entry)  # type: ignore[arg-type]  # one of the messages above
        live = [c for c in rig.calls._calls.values() if c.phase in (Phase.OPENING, Phase.ACTIVE)]
        assert len(live) <= 1
    rig.do(rig.protocol.leave(rig.now))

    offered, dialed = rig.events(e.CallOffered), rig.events(e.CallDialed)
    begun = {*(x.call for x in offered), *(x.call for x in dialed)}
    ended = [call for call, _ in rig.ends()]
    assert sorted(ended) == sorted(begun)


def _act(rig: Rig, act: str, which: int) -> None:
    calls = list(rig.calls._calls)
    call = calls[which % len(calls)] if calls else CallId("c0")
    doings: dict[str, Callable[[], object]] = {
        "accept": lambda: rig.do(rig.calls.accept(call, rig.now)),
        "decline": lambda: rig.do(rig.calls.decline(call, rig.now)),
        "hang_up": lambda: rig.do(rig.calls.hang_up(call, rig.now)),
        "dial": rig.dial,
        "open": lambda: rig.do(rig.calls.audio_opened(call)),
        "close": lambda: rig.do(rig.calls.audio_closed(call, list(wire.AudioClose)[which % 5], 0)),
        "wait": lambda: rig.later(which * 7.0),
        "lose": lambda: rig.do(rig.protocol.closed(rig.now)),
        "back": lambda: rig.do(rig.protocol.opened(rig.now)),
        "leave": lambda: rig.do(rig.protocol.leave(rig.now)),
    }
    try:
        doings[act]()
    except SoftphoneError as refused:
        assert str(refused)
