"""Audin calls: the odd cases of section 11, losses and leaving, without a socket."""

from __future__ import annotations

import pytest

from softphone.adapters.audin import wire
from softphone.adapters.audin.steps import CloseAudio, EndUnwanted, OpenAudio, SendAudio
from softphone.model import event as e
from softphone.model.call import CallId
from softphone.model.error import Refused
from tests.adapters.audin.operator_rig import Rig


@pytest.fixture
def rig() -> Rig:
    return Rig().online()


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


def test_without_a_list_of_numbers_a_caller_id_is_taken_as_it_is() -> None:
    rig = Rig(caller_id="+390200000000").online()
    rig.protocol.numbers = ()

    rig.dial()

    assert rig.sent(wire.StartOutbound)[0].caller_id == "+390200000000"


def test_an_assignment_that_comes_too_late_is_ended_at_the_server(rig: Rig) -> None:
    call = rig.offer()
    rig.do(rig.calls.accept(call, rig.now))
    rig.later(10.0)

    rig.hear(wire.CallAssigned("CA1"))
    rig.hear(wire.CallAssigned("CA7"))

    assert rig.of(EndUnwanted) == [EndUnwanted("CA1")]
