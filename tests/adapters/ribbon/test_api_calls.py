"""Calls as the SDK's users know them: states, operations, reports, added media, early sound."""

from __future__ import annotations

import asyncio

import pytest

from softphone.adapters.ribbon import wire
from softphone.adapters.ribbon.states import Op, State, Status, Transition
from softphone.adapters.ribbon.steps import CallAsk, MakeAnswer
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId, MediaState
from softphone.model.error import Refused
from softphone.webrtc.peer import PeerState
from tests.adapters.ribbon.rig import Rig, sdp
from tests.adapters.ribbon.seat import NAME, Floor, Seat, until


@pytest.fixture
def rig() -> Rig:
    return Rig().online()


def test_states_operations_and_connection_states_have_the_sdks_names() -> None:
    assert {state.value for state in State} == {
        *("Initiating", "Initiated", "Early Media", "Ringing", "Cancelled"),
        *("Connected", "On Hold", "Ended"),
    }
    assert {state.value for state in PeerState} == {
        *("new", "checking", "connected", "completed", "disconnected", "failed", "closed"),
    }
    assert {"ONGOING", "PENDING", "RESOLVING"} <= {status.value for status in Status}
    assert {"START", "UPDATE", "RESUME", "FINISH"} == {move.value for move in Transition}
    assert {"MAKE", "HOLD", "UNHOLD", "JOIN", "MEDIA_RESTART"} <= {op.value for op in Op}


async def test_the_platforms_own_state_of_a_call_is_shown(floor: Floor) -> None:
    alice = await floor.at_work()
    call = await alice.talk("echo@lab.test")
    up = await figures(alice, call)
    await alice.do(c.Hold(call))
    held = await figures(alice, call)

    assert up["platform_state"] == "Connected"
    assert up["codec"] == "opus"
    assert held["platform_state"] == "On Hold"


async def figures(seat: Seat, call: object) -> dict[str, str]:
    found = await seat.do(c.ShowStatistics(call))  # type: ignore[arg-type]  # a CallId
    assert isinstance(found, c.FiguresFound)
    return dict(found.figures)


def test_each_operation_of_a_call_is_said_while_it_goes_on(rig: Rig) -> None:
    call = rig.talking()

    rig.hold(call)
    rig.made(sdp("inactive"))
    rig.answer(rig.last(CallAsk))
    rig.hear(wire.EventType.RESPOND_UPDATE, "A1", sdp=sdp("inactive", version=2))
    rig.taken()

    assert [w.operation for w in rig.events(e.CallWorking)][-2:] == ["holding", ""]


def test_video_that_comes_and_goes_in_a_call_is_answered_and_noted(rig: Rig) -> None:
    call = rig.talking()

    rig.hear(wire.EventType.START_UPDATE, "A1", sdp=sdp(version=2, video=True))
    added = rig.last(MakeAnswer)
    rig.made()
    rig.answer(rig.last(CallAsk))
    without = sdp(version=3, video=True).removesuffix("a=sendrecv\r\n") + "a=inactive\r\n"
    rig.hear(wire.EventType.START_UPDATE, "A1", sdp=without)
    rig.made()
    rig.answer(rig.last(CallAsk))

    events = {event.type for event in call.report.snapshot().events}
    told = [remark.text for remark in rig.events(e.Remarked)]
    assert added.offer.count("m=") == 2
    assert {"ADD_MEDIA_REMOTE", "REMOVE_MEDIA_REMOTE"} <= events
    assert "only sound is taken" in told[-2]
    assert "less than before" in told[-1]
    assert rig.ends() == []


def test_a_far_end_that_falls_silent_is_told_and_so_is_its_return(rig: Rig) -> None:
    call = rig.talking()

    rig.do(rig.calls.peer_changed(call.id, PeerState.COMPLETED))
    rig.do(rig.calls.silent(call.id, True))
    rig.do(rig.calls.silent(call.id, False))

    told = [changed.media for changed in rig.events(e.CallMediaChanged)]
    assert told[-3:] == [MediaState.FLOWING, MediaState.SILENT, MediaState.FLOWING]


async def test_an_announcement_is_heard_before_the_answer_and_takes_tones(floor: Floor) -> None:
    alice = await floor.at_work()

    call = await alice.dial("announcement@lab.test")
    await until(lambda: "early_media" in alice.progress(call))
    await alice.heard(call)
    early = list(alice.progress(call))
    await alice.do(c.SendTones(call, "1"))
    await alice.do(c.HangUp(call))

    assert "connect" not in early
    assert (await alice.over(call)).code == ""


async def test_a_report_has_every_step_an_audio_call_can_take(floor: Floor) -> None:
    alice, bob = await floor.at_work("alice"), await floor.at_work("bob")
    call = await alice.dial("bob")
    offer = await bob.offered()
    await bob.do(c.Answer(offer.call))
    await alice.active(call)
    await alice.flowing(call)
    for command in (c.Hold(call), c.Resume(call)):
        await alice.do(command)
    for remote in (c.Hold(offer.call), c.Resume(offer.call)):
        await bob.do(remote)
    await until(lambda: alice.held_there(call) == [True, False])
    await alice.do(c.SetParameters(call, (("X-A", "1"),), send=True))
    await alice.do(c.SendTones(call, "5"))
    await alice.do(c.ShowStatistics(call))
    await alice.do(c.Resync(call))
    await alice.do(c.RestartMedia(call))
    await alice.do(c.HangUp(call))
    await bob.over(offer.call)

    mine = alice.of(e.CallReported)[-1].report
    theirs = bob.of(e.CallReported)[-1].report
    assert {event.type for event in mine.events} >= {
        *("MAKE", "CREATE_OFFER", "PROCESS_MEDIA_LOCAL", "ICE_COLLECTION", "REST_REQUEST"),
        *("REMOTE_RINGING", "PROCESS_MEDIA_REMOTE", "AUDIT_CALL", "HOLD_LOCAL", "UNHOLD_LOCAL"),
        *("HOLD_REMOTE", "UNHOLD_REMOTE", "SEND_CUSTOM_PARAMETERS", "SEND_DTMF", "GET_STATS"),
        *("RESYNC", "MEDIA_RESTART", "END_LOCAL"),
    }
    assert {event.type for event in theirs.events} >= {
        *("RECEIVE_CALL", "SEND_RINGING_FEEDBACK", "ANSWER", "CREATE_ANSWER", "END_REMOTE"),
    }
    assert {metric.type for metric in mine.metrics} >= {
        *("CALL_DURATION", "MAKE_CALL_PRE_LOCAL_SETUP", "MAKE_CALL_LOCAL_SETUP", "TIME_TO_MAKE"),
        *("MAKE_CALL_REMOTE_SETUP", "TIME_TO_RINGING", "TIME_TO_HOLD_LOCAL"),
        *("TIME_TO_HOLD_REMOTE", "TIME_TO_UNHOLD_LOCAL", "TIME_TO_UNHOLD_REMOTE"),
        *("TIME_TO_RESTART_MEDIA", "TIME_TO_SEND_CUSTOM_PARAMETERS"),
        "TIME_TO_COLLECT_ICE_CANDIDATES",
    }
    assert {metric.type for metric in theirs.metrics} >= {
        *("TIME_TO_ANSWER", "TIME_FROM_RECEIVE_TO_ANSWER", "TIME_TO_CALL_SETUP_DURATION"),
        *("ANSWER_CALL_PRE_LOCAL_SETUP", "ANSWER_CALL_LOCAL_SETUP"),
    }


def traffic_of(seat: Seat, call: CallId) -> tuple[int | None, int | None]:
    """Return bandwidth and marking of a call's connection."""
    running = seat.adapter._running
    media = running.legs.get(call) if running is not None else None
    assert media is not None
    return media.settings.audio_kbps, media.settings.dscp


async def test_one_call_may_ask_for_its_own_bandwidth_and_marking(floor: Floor) -> None:
    alice, bob = await floor.at_work("alice", audio_kbps=64), await floor.at_work("bob")

    own = asyncio.create_task(alice.do(c.Dial("bob", NAME, audio_kbps=24, dscp=46)))
    offer = await bob.offered()
    await bob.do(c.Answer(offer.call, audio_kbps=20))
    placed = await own
    usual = await alice.dial("echo@lab.test")

    assert isinstance(placed, c.CallPlaced)
    await alice.flowing(placed.call)
    answered = bob.adapter._running
    assert answered is not None
    assert "b=AS:24" in answered.protocol.calls.get(offer.call).offer
    assert traffic_of(alice, placed.call) == (24, 46)
    assert traffic_of(alice, usual) == (64, None)
    assert traffic_of(bob, offer.call) == (20, None)


@pytest.mark.parametrize(
    ("kbps", "dscp", "words"),
    [(-1, -1, "1 to 510"), (511, -1, "1 to 510"), (0, 64, "0 to 63"), (0, -2, "0 to 63")],
)
async def test_a_bandwidth_or_marking_that_cannot_be_is_refused_before_the_dial(
    floor: Floor, kbps: int, dscp: int, words: str
) -> None:
    alice = await floor.at_work()

    with pytest.raises(Refused, match=words):
        await alice.do(c.Dial("echo@lab.test", NAME, audio_kbps=kbps, dscp=dscp))

    assert not alice.of(e.CallDialed)
