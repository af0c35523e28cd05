"""Calls through the lab's gateway with real sound: placed, offered, held, moved, joined."""

from __future__ import annotations

import asyncio

import pytest

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId, EndReason, MediaState
from softphone.model.error import Refused, SoftphoneError
from tests.adapters.ribbon.seat import Floor, Seat, until


async def two_talking(floor: Floor, alice: Seat | None = None) -> tuple[Seat, CallId, Seat, CallId]:
    """Return alice and bob in a call with each other, both humming."""
    alice = alice or await floor.at_work("alice")
    bob = await floor.at_work("bob")
    dialling = asyncio.create_task(alice.talk("bob"))
    offer = await bob.offered()
    await bob.do(c.Answer(offer.call))
    call = await dialling
    await bob.flowing(offer.call)
    alice.pumps[call].hums = bob.pumps[offer.call].hums = True
    return alice, call, bob, offer.call


async def test_a_report_shows_when_the_sound_was_connected(floor: Floor) -> None:
    alice = await floor.at_work()
    call = await alice.talk("echo@lab.test")

    await alice.do(c.HangUp(call))
    await alice.over(call)

    steps = {event.type: event for event in alice.of(e.CallReported)[-1].report.events}
    sound, make = steps["GET_USER_MEDIA"], steps["MAKE"]
    assert sound.end is not None and sound.start >= make.start and not sound.error


async def test_a_far_end_that_echoes_is_heard(floor: Floor) -> None:
    alice = await floor.at_work()

    call = await alice.talk("echo@lab.test")
    alice.pumps[call].hums = True
    await alice.heard(call)
    await alice.do(c.HangUp(call))

    assert alice.progress(call) == ["dial_accepted", "alert", "connect"]
    assert (await alice.over(call)).reason is EndReason.HANGUP
    assert alice.adapter.media(call) is None
    await until(lambda: not [x for x in floor.calls() if x["phase"] != "over"])


async def test_two_users_hear_each_other_and_one_hangs_up(floor: Floor) -> None:
    alice, call, bob, offered = await two_talking(floor)

    await asyncio.gather(alice.heard(call), bob.heard(offered))
    await bob.do(c.HangUp(offered))

    assert (await alice.over(call)).reason is EndReason.REMOTE_HANGUP
    assert bob.of(e.CallOffered)[0].remote.address == "alice@lab.test"
    assert bob.of(e.CallOffered)[0].remote.name == "Alice Romano"


async def test_hold_on_both_sides_silences_and_each_side_takes_back_its_own(floor: Floor) -> None:
    alice, call, bob, offered = await two_talking(floor)

    await alice.do(c.Hold(call))
    await until(lambda: bob.held_there(offered) == [True])
    await bob.do(c.Hold(offered))
    await until(lambda: alice.held_there(call) == [True])
    await alice.do(c.Resume(call))
    await until(lambda: bob.held_there(offered) == [True, False])
    assert alice.progress(call)[-2:] == ["hold", "resume"]
    await bob.do(c.Resume(offered))
    await until(lambda: alice.held_there(call) == [True, False])

    await asyncio.gather(alice.heard(call), bob.heard(offered))


async def test_both_holding_at_the_same_moment_ends_in_a_state_both_know(floor: Floor) -> None:
    alice, call, bob, offered = await two_talking(floor)

    results = await asyncio.gather(
        alice.do(c.Hold(call)), bob.do(c.Hold(offered)), return_exceptions=True
    )

    refused = [x for x in results if isinstance(x, BaseException)]
    assert all(isinstance(x, SoftphoneError) and x.code == "GLARE" for x in refused)
    for seat, own in ((alice, call), (bob, offered)):
        if "hold" in seat.progress(own):
            await seat.do(c.Resume(own))
    await asyncio.gather(alice.heard(call), bob.heard(offered))


async def test_a_declined_call_says_so_to_the_caller(floor: Floor) -> None:
    alice, bob = await floor.at_work("alice"), await floor.at_work("bob")
    call = await alice.dial("bob")
    offer = await bob.offered()

    await bob.do(c.Decline(offer.call))

    assert (await alice.over(call)).reason is EndReason.DECLINED
    assert (await bob.over(offer.call)).reason is EndReason.DECLINED


async def test_an_ignored_call_rings_on_for_the_caller(floor: Floor) -> None:
    alice, bob = await floor.at_work("alice"), await floor.at_work("bob")
    call = await alice.dial("bob")
    offer = await bob.offered()
    await until(lambda: "alert" in alice.progress(call))

    await bob.do(c.Ignore(offer.call))

    assert (await bob.over(offer.call)).reason is EndReason.IGNORED
    assert alice.end_of(call) is None
    await alice.do(c.HangUp(call))


async def test_a_caller_who_gives_up_leaves_a_missed_call(floor: Floor) -> None:
    alice, bob = await floor.at_work("alice"), await floor.at_work("bob")
    call = await alice.dial("bob")
    offer = await bob.offered()

    await alice.do(c.HangUp(call))

    assert (await bob.over(offer.call)).reason is EndReason.CANCELLED


async def test_a_call_is_forwarded_to_somebody_else(floor: Floor) -> None:
    alice, bob = await floor.at_work("alice"), await floor.at_work("bob")
    call = await alice.dial("bob")
    offer = await bob.offered()

    await bob.do(c.Forward(offer.call, "echo@lab.test"))

    assert (await bob.over(offer.call)).reason is EndReason.FORWARDED
    await alice.active(call)
    alice.pumps[call].hums = True
    await alice.heard(call)


async def test_two_terminals_of_a_user_ring_and_the_second_learns_who_answered(
    floor: Floor,
) -> None:
    alice = await floor.at_work("alice")
    desk, mobile = await floor.at_work("bob"), await floor.at_work("bob")
    call = await alice.dial("bob")
    first, second = await desk.offered(), await mobile.offered()

    await desk.do(c.Answer(first.call))

    assert (await mobile.over(second.call)).reason is EndReason.TAKEN_BY_OTHER
    await alice.active(call)
    assert desk.end_of(first.call) is None


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("+390255500486", EndReason.BUSY),
        ("+390255500403", EndReason.FAILED),
        ("nobody-here@lab.test", EndReason.FAILED),
        ("dave@lab.test", EndReason.NO_ANSWER),
    ],
)
async def test_a_call_that_reaches_nobody_says_why(
    floor: Floor, to: str, reason: EndReason
) -> None:
    alice = await floor.at_work()

    call = await alice.dial(to)

    over = await alice.over(call)
    assert over.reason in (reason, EndReason.DECLINED)
    assert over.code


async def test_parameters_travel_with_calls_both_ways(floor: Floor) -> None:
    alice, bob = await floor.at_work("alice"), await floor.at_work("bob")
    call = await alice.dial("bob", parameters=(("X-Order", "42"),))
    offer = await bob.offered()
    assert offer.parameters == (("X-Order", "42"),)

    await bob.do(c.Answer(offer.call, parameters=(("X-Desk", "7"),)))
    await alice.active(call)

    told = await until(lambda: [x for x in alice.of(e.CallParameters) if x.call == call])
    assert told[-1].parameters == (("X-Desk", "7"),)
    await bob.do(c.SetParameters(offer.call, (("X-Desk", "8"),), send=True))
    await bob.do(c.Hold(offer.call))
    await until(lambda: ("X-Desk", "8") in alice.of(e.CallParameters)[-1].parameters)


async def test_digits_reach_the_far_end_as_events(floor: Floor) -> None:
    alice, call, bob, offered = await two_talking(floor)

    await alice.do(c.SendTones(call, "15#", 80, 60))

    await until(lambda: bob.legs[offered].stats().digits == "15#")


async def test_sound_goes_on_after_a_restart_from_either_side(floor: Floor) -> None:
    alice, call, bob, offered = await two_talking(floor)

    await alice.do(c.RestartMedia(call))
    await asyncio.gather(alice.heard(call), bob.heard(offered))
    await bob.do(c.RestartMedia(offered))
    await asyncio.gather(alice.heard(call), bob.heard(offered))

    assert MediaState.LOST not in [*alice.media_of(call), *bob.media_of(offered)]


async def test_a_blind_transfer_connects_the_others_and_ends_the_own_call(floor: Floor) -> None:
    alice, call, bob, offered = await two_talking(floor)
    carol = await floor.at_work("carol")

    transferring = asyncio.create_task(alice.do(c.Transfer(call, "carol")))
    offer = await carol.offered()
    await carol.do(c.Answer(offer.call))
    await transferring

    assert (await alice.over(call)).reason is EndReason.TRANSFERRED
    await until(lambda: offer.call in carol.pumps)
    carol.pumps[offer.call].hums = True
    await asyncio.gather(bob.heard(offered), carol.heard(offer.call))
    names = [x.remote.address for x in bob.of(e.CallNamed) if x.call == offered and x.remote]
    assert names[-1:] == ["carol@lab.test"]
    await carol.do(c.Hold(offer.call))
    await until(lambda: bob.held_there(offered)[-1:] == [True])


async def test_a_transfer_that_is_declined_leaves_the_call_on_hold(floor: Floor) -> None:
    alice, call, bob, offered = await two_talking(floor)
    carol = await floor.at_work("carol")

    transferring = asyncio.create_task(alice.do(c.Transfer(call, "carol")))
    await carol.do(c.Decline((await carol.offered()).call))

    with pytest.raises(Refused, match="transfer failed"):
        await transferring
    await alice.do(c.Resume(call))
    await asyncio.gather(alice.heard(call), bob.heard(offered))


async def test_an_attended_transfer_connects_the_two_far_ends(floor: Floor) -> None:
    alice, call, bob, offered = await two_talking(floor)
    carol = await floor.at_work("carol")
    await alice.do(c.Hold(call))
    dialling = asyncio.create_task(alice.talk("carol"))
    offer = await carol.offered()
    await carol.do(c.Answer(offer.call))
    second = await dialling
    carol.pumps[offer.call].hums = True

    await alice.do(c.TransferTo(call, second))

    assert (await alice.over(call)).reason is EndReason.TRANSFERRED
    await alice.over(second)
    await asyncio.gather(bob.heard(offered), carol.heard(offer.call))


async def test_a_join_makes_one_conversation_of_three(floor: Floor) -> None:
    alice, call, *_ = await two_talking(floor)
    carol = await floor.at_work("carol")
    await alice.do(c.Hold(call))
    dialling = asyncio.create_task(alice.talk("carol"))
    offer = await carol.offered()
    await carol.do(c.Answer(offer.call))
    second = await dialling

    placed = await alice.do(c.Join(call, second))

    assert isinstance(placed, c.CallPlaced)
    await asyncio.gather(alice.over(call), alice.over(second))
    await alice.active(placed.call)
    await until(lambda: placed.call in alice.pumps)
    await asyncio.gather(alice.heard(placed.call), carol.heard(offer.call))  # bob hums
    await alice.do(c.HangUp(placed.call))


async def test_a_video_offer_is_told_and_answered_with_sound(floor: Floor) -> None:
    alice = await floor.at_work()
    await floor.fault("offer_video")

    await floor.ask(floor.control.ring, number="+390255501001")
    offer = await alice.offered()
    assert offer.video
    await alice.do(c.Answer(offer.call))

    await alice.active(offer.call)
    await alice.flowing(offer.call)
    await alice.do(c.Hold(offer.call))
    await alice.do(c.Resume(offer.call))


async def test_an_offer_without_a_description_is_answered_with_our_own(floor: Floor) -> None:
    alice = await floor.at_work()
    await floor.fault("slow_start")

    await floor.ask(floor.control.ring, number="+390255501001")
    offer = await alice.offered()
    await alice.do(c.Answer(offer.call))

    await alice.active(offer.call)
    await alice.flowing(offer.call)


async def test_commands_out_of_state_are_refused_with_a_sentence(floor: Floor) -> None:
    alice = await floor.at_work()
    call = await alice.talk("echo@lab.test")

    for command in (
        c.Resume(call),
        c.Answer(call),
        c.Decline(call),
        c.Forward(call, "bob"),
        c.SendRinging(call),
        c.SendTones(call, "x"),
        c.SendTones(call, "1", 5),
        c.Join(call, call),
        c.TransferTo(call, call),
        c.SetParameters(call, (), send=True),
        c.SetParameters(call, (("a", "b\nc"),)),
    ):
        with pytest.raises(SoftphoneError) as refused:
            await alice.do(command)
        assert refused.value.message.endswith(".")
    await alice.do(c.Hold(call))
    with pytest.raises(Refused, match="already on hold"):
        await alice.do(c.Hold(call))


async def test_a_report_tells_every_step_and_its_time(floor: Floor) -> None:
    alice = await floor.at_work()
    call = await alice.talk("echo@lab.test")
    await alice.do(c.Hold(call))
    await alice.do(c.Resume(call))
    await alice.do(c.HangUp(call))

    (told,) = alice.of(e.CallReported)

    figures = {metric.type: metric.value_ms for metric in told.report.metrics}
    assert {
        "TIME_TO_MAKE",
        "TIME_TO_RINGING",
        "MAKE_CALL_LOCAL_SETUP",
        "MAKE_CALL_REMOTE_SETUP",
        "TIME_TO_COLLECT_ICE_CANDIDATES",
        "TIME_TO_HOLD_LOCAL",
        "TIME_TO_UNHOLD_LOCAL",
        "CALL_DURATION",
    } <= set(figures)
    assert figures["TIME_TO_RINGING"] <= figures["TIME_TO_MAKE"] < figures["CALL_DURATION"]
    assert '"type":"CALL"' in told.report.native


async def test_statistics_name_codec_and_addresses(floor: Floor) -> None:
    alice = await floor.at_work()
    call = await alice.talk("echo@lab.test")

    found = await alice.do(c.ShowStatistics(call))

    assert isinstance(found, c.FiguresFound)
    figures = dict(found.figures)
    assert figures["codec"] == "opus"
    assert figures["local_address"]
    assert figures["platform_state"] == "Connected"
