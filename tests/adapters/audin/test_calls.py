"""Audin calls: the sequences of section 9, without a socket."""

from __future__ import annotations

import pytest

from softphone.adapters.audin import wire
from softphone.adapters.audin.steps import CloseAudio, EndUnwanted, OpenAudio
from softphone.model import event as e
from softphone.model.call import CallInput, EndReason
from softphone.model.error import Refused
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
