"""The adapter against the lab over real sockets: the sequences of section 9."""

from __future__ import annotations

import pytest

from softphone.lab.farends import FAR_ENDS
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId
from softphone.model.error import Refused, SoftphoneError
from softphone.model.presence import LinkState
from tests.adapters.audin.desk import MILANO, NAME, Desk, Room, until


async def answered(room: Room, desk: Desk, **caller: object) -> tuple[str, CallId]:
    """Let somebody ring, answer, and return the call's id there and here."""
    sid = await room.ring(**{"far_end": "tone", **caller})
    call = (await desk.offered(sid)).call
    await desk.do(c.Answer(call))
    await desk.active(call)
    return sid, call


# ---- 9.1 to 9.4: inbound ---------------------------------------------------------------------


async def test_of_two_operators_one_answers_and_the_other_is_told(room: Room) -> None:
    one, two = await room.at_work("op-1"), await room.at_work("op-2")
    sid = await room.ring(caller="+393331234567", name="Anna", far_end="tone")
    mine, theirs = await one.offered(), await two.offered()

    await one.do(c.Answer(mine.call))
    await one.active(mine.call)
    lost = await two.over(theirs.call)
    await one.do(c.HangUp(mine.call))

    assert (mine.remote.address, mine.remote.name) == ("+393331234567", "Anna")
    assert (mine.local.address, mine.local.name) == (MILANO, "Milano")
    assert one.progress(mine.call) == ["answer", "connect"]
    assert lost.reason.value == "taken_by_other"
    assert (await one.over(mine.call)).reason.value == "hangup"
    assert (await until(lambda: room.call(sid)["reason"])) == "hangup"


async def test_audio_goes_both_ways(room: Room) -> None:
    desk = await room.at_work()
    sid, call = await answered(room, desk)

    desk.pumps[call].hums = True

    await until(lambda: desk.pumps[call].heard_dbfs > -30)
    received = await until(
        lambda: (got := room.call(sid)["received"])["frames"] > 25 and got["level_dbfs"] and got
    )
    assert received["odd_frames"] == 0
    assert received["level_dbfs"] == pytest.approx(-15, abs=3)


async def test_the_far_end_hanging_up_ends_the_call_and_the_line_stays(room: Room) -> None:
    desk = await room.at_work()
    sid, call = await answered(room, desk)

    await room.ask(room.control.hang_up, sid)

    assert (await desk.over(call)).reason.value == "remote_hangup"
    assert desk.link is LinkState.ONLINE


async def test_a_declined_offer_is_over_at_both_ends(room: Room) -> None:
    desk = await room.at_work()
    sid = await room.ring()
    call = (await desk.offered()).call

    await desk.do(c.Decline(call))

    assert (await desk.over(call)).reason.value == "declined"
    assert await until(lambda: room.call(sid)["reason"]) == "declined"


async def test_an_ignored_offer_still_rings_for_the_others(room: Room) -> None:
    one, two = await room.at_work("op-1"), await room.at_work("op-2")
    sid = await room.ring()
    call = (await one.offered()).call
    await two.offered()

    await one.do(c.Ignore(call))

    assert (await one.over(call)).reason.value == "ignored"
    assert room.call(sid)["phase"] == "ringing"
    assert two.of(e.CallOver) == []


async def test_an_offer_nobody_answers_ends_as_such(room: Room) -> None:
    desk = await room.at_work()
    await room.ring(ring_limit_s=0.2)

    over = await desk.over((await desk.offered()).call)

    assert over.reason.value == "no_answer"


@pytest.mark.parametrize("extension", [False, True])
async def test_a_caller_who_gives_up_ends_the_offer(room: Room, extension: bool) -> None:
    if extension:
        await room.fault("gone_extension")
    desk = await room.at_work()
    sid = await room.ring()
    call = (await desk.offered()).call

    await room.ask(room.control.hang_up, sid)

    assert (await desk.over(call)).reason.value == "no_answer"


# ---- 9.5, 9.6: outbound ----------------------------------------------------------------------


async def test_a_dialled_call_is_answered_and_hung_up(room: Room) -> None:
    desk = await room.at_work()

    call = await desk.dial(FAR_ENDS["tone"])
    await desk.active(call)
    await until(lambda: desk.of(e.CallRestarted))
    await until(lambda: desk.pumps[call].heard_dbfs > -30)
    await desk.do(c.HangUp(call))

    assert desk.progress(call) == ["dial_accepted", "connect"]
    assert (await desk.over(call)).reason.value == "hangup"
    named = desk.of(e.CallNamed)[0].native_id
    assert await until(lambda: room.call(named)["reason"]) == "hangup"


@pytest.mark.parametrize(
    ("far_end", "reason"), [("busy", "busy"), ("no_answer", "no_answer"), ("drop", "failed")]
)
async def test_an_outbound_call_ends_with_the_reason_the_platform_gives(
    room: Room, far_end: str, reason: str
) -> None:
    desk = await room.at_work()

    call = await desk.dial(FAR_ENDS.get(far_end, "+390255500800"))

    assert (await desk.over(call)).reason.value == reason
    assert desk.link is LinkState.ONLINE


async def test_a_far_end_that_hangs_up_after_a_while_ends_the_call(room: Room) -> None:
    desk = await room.at_work()

    call = await desk.dial("+390255500700")

    assert (await desk.over(call)).reason.value == "remote_hangup"


async def test_a_number_the_network_refuses_raises_its_words(room: Room) -> None:
    desk = await room.at_work()

    with pytest.raises(SoftphoneError) as refused:
        await desk.dial(FAR_ENDS["reject"])

    assert (refused.value.code, str(refused.value)) == (
        "REJECTED",
        "The network refuses this number.",
    )
    assert desk.of(e.CallOver)[0].reason.value == "failed"


async def test_a_dial_during_a_call_and_one_without_a_line_send_nothing(room: Room) -> None:
    desk = await room.at_work()
    await answered(room, desk)

    with pytest.raises(Refused) as busy:
        await desk.dial(FAR_ENDS["tone"])
    await desk.do(c.GoOffline(NAME))
    with pytest.raises(Refused) as offline:
        await desk.dial(FAR_ENDS["tone"])

    assert (busy.value.code, offline.value.code) == ("BUSY", "NOT_ONLINE")
    assert [call["direction"] for call in room.calls()] == ["inbound"]


# ---- 9.7 to 9.9 ------------------------------------------------------------------------------


async def test_an_offer_during_a_call_is_declined_without_ringing(room: Room) -> None:
    desk = await room.at_work()
    await answered(room, desk)

    second = await room.ring()

    assert await until(lambda: room.call(second)["reason"]) == "declined"
    assert [offer.native_id for offer in desk.of(e.CallAutoDeclined)] == [second]
    assert len(desk.of(e.CallOffered)) == 1


async def test_a_second_offer_waits_while_the_first_rings_unless_configured(room: Room) -> None:
    queueing, strict = (
        await room.at_work("op-1"),
        await room.at_work("op-2", second_offer="decline"),
    )
    await room.ring()
    await strict.offered()

    second = await room.ring()

    await queueing.offered(second)
    await until(lambda: strict.of(e.CallAutoDeclined))
    assert len(strict.of(e.CallOffered)) == 1


async def test_a_lost_line_in_mid_call_comes_back_and_the_call_goes_on(room: Room) -> None:
    desk = await room.at_work()
    sid, call = await answered(room, desk)

    await room.ask(room.control.drop, "audin", "op-1", 1006)
    await until(lambda: desk.links.count("online") == 2)
    await until(lambda: room.available() == ["pn_1"])
    another = await room.ring()

    assert await until(lambda: room.call(another)["reason"]) == "declined"
    assert desk.end_of(call) is None
    before = room.call(sid)["received"]["frames"]
    await until(lambda: room.call(sid)["received"]["frames"] > before + 10)


async def test_going_offline_ends_call_and_offer_and_withdraws(room: Room) -> None:
    desk = await room.at_work()
    _, call = await answered(room, desk)

    await desk.do(c.GoOffline(NAME))

    assert (await desk.over(call)).reason.value == "offline"
    assert desk.link is LinkState.OFFLINE
    assert room.live() == []
    assert {"op-1 unavailable", "op-1 disconnected"} <= set(room.journal()[-4:])


async def test_going_offline_declines_what_rings(room: Room) -> None:
    desk = await room.at_work()
    sid = await room.ring()
    call = (await desk.offered()).call

    await desk.do(c.GoOffline(NAME))

    assert (await desk.over(call)).reason.value == "offline"
    assert room.call(sid)["reason"] == "declined"


async def test_the_end_of_the_program_is_a_good_bye_too(room: Room) -> None:
    desk = await room.at_work()
    _, call = await answered(room, desk)

    await desk.stop()

    assert desk.end_of(call) is not None
    assert room.live() == []
    assert {"op-1 unavailable", "op-1 disconnected"} <= set(room.journal()[-4:])
