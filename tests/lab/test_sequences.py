"""Every message sequence of the Audin reference, section 9, with a bare client."""

from __future__ import annotations

import asyncio

import pytest
from websockets.exceptions import InvalidStatus

from softphone.lab.farends import FAR_ENDS
from softphone.lab.hub import RingRequest
from softphone.lab.world import CALLERS
from tests.lab.conftest import Place
from tests.lab.plain_client import Audio, Presence, eventually

ANSWERING = "+39025559999"


async def test_a_connection_is_greeted_and_its_numbers_confirmed(place: Place) -> None:
    line = await place.presence()

    answer = await line.available("pn_1", "pn_9")

    assert line.said[0]["protocol"] == "v1"
    assert answer == {"type": "available_set", "accepted": ["pn_1"], "rejected": ["pn_9"]}


async def test_a_ping_is_answered(place: Place) -> None:
    line = await place.presence()

    await line.send(type="ping")

    assert await line.next() == {"type": "pong"}


async def test_9_1_the_first_of_two_operators_gets_the_call(place: Place) -> None:
    first, second = await place.desk("op-1"), await place.desk("op-2")

    sid = await place.ring(number="pn_1", caller="+390245871203", name="Anna", far_end="tone")
    offer = await first.until("incoming_call")
    await second.until("incoming_call")
    await first.send(type="accept", callSid=sid)
    assigned, taken = await first.until("call_assigned"), await second.until("call_taken")
    leg = await place.audio(sid)
    heard = await leg.hear(1600)
    await leg.hang_up()

    assert offer["callSid"] == assigned["callSid"] == taken["callSid"] == sid
    assert (offer["from"], offer["displayName"]) == ("+390245871203", "Anna")
    assert (offer["to"], offer["phoneNumberId"]) == ("+390299999999", "pn_1")
    assert 25_000 < offer["ringTimeoutMs"] <= 30_000
    assert set(leg.sizes) == {160}
    assert set(heard) != {0xFF}
    assert (await place.call(sid))["reason"] == "hangup"


async def test_9_1_accepting_after_the_other_says_taken(place: Place) -> None:
    first, second = await place.desk("op-1"), await place.desk("op-2")
    sid = await place.ring()
    await second.until("incoming_call")
    await first.until("incoming_call")
    await first.send(type="accept", callSid=sid)
    await first.until("call_assigned")

    await second.send(type="accept", callSid=sid)

    assert [(await second.next())["type"] for _ in range(2)] == ["call_taken", "call_taken"]


async def test_9_2_the_far_end_hangs_up(place: Place) -> None:
    line = await place.desk()
    sid = await _answered(place, line)
    leg = await place.audio(sid)
    await leg.hear(160)

    await place.control("POST", f"/calls/{sid}/hangup", {})

    assert (await leg.told("ended"))["reason"] == "remote_hangup"
    assert await leg.closed() == 1000
    await line.send(type="ping")
    assert await line.next() == {"type": "pong"}


async def test_9_3_a_call_everybody_rejects_is_over(place: Place) -> None:
    line = await place.desk()
    sid = await place.ring()
    await line.until("incoming_call")

    await line.send(type="reject", callSid=sid)
    await line.send(type="ping")

    assert await line.next() == {"type": "pong"}
    assert (await place.call(sid))["reason"] == "declined"


async def test_9_3_one_rejects_and_it_still_rings_for_the_other(place: Place) -> None:
    first, second = await place.desk("op-1"), await place.desk("op-2")
    sid = await place.ring()
    await first.until("incoming_call")
    await second.until("incoming_call")

    await first.send(type="reject", callSid=sid)
    await second.send(type="accept", callSid=sid)

    assert (await second.next())["type"] == "call_assigned"
    assert await first.nothing_within(0.1)


async def test_9_4_nobody_answers(place: Place) -> None:
    line = await place.desk()

    sid = await place.ring(ring_limit_s=0.2)
    await line.until("incoming_call")

    taken = await line.next()
    assert taken == {"type": "call_taken", "callSid": sid, "reason": "no_answer"}


async def test_9_4_the_caller_gives_up(place: Place) -> None:
    line = await place.desk()
    sid = await place.ring()
    await line.until("incoming_call")

    await place.control("POST", f"/calls/{sid}/hangup", {})

    assert await line.next() == {"type": "call_taken", "callSid": sid, "reason": "cancelled"}


async def test_9_5_an_outbound_call_rings_is_answered_and_hung_up(place: Place) -> None:
    line = await place.desk()

    await line.send(type="start_outbound", to=ANSWERING, callerId="+390299999999")
    started = await line.next()
    leg = await place.audio(started["callSid"])
    await leg.told("answered")
    await leg.hang_up()

    assert started["to"] == ANSWERING
    assert started["callerId"] == "+390299999999"
    call = await place.call(started["callSid"])
    assert (call["direction"], call["answered"], call["reason"]) == ("outbound", True, "hangup")


@pytest.mark.parametrize(
    ("to", "caller_id", "code"),
    [
        (FAR_ENDS["reject"], "+390299999999", "REJECTED"),
        ("12", "+390299999999", "BAD_NUMBER"),
        (ANSWERING, "+390211111111", "BAD_CALLER_ID"),
        (FAR_ENDS["operator_2"], "+390299999999", "NOT_REACHABLE"),
    ],
)
async def test_9_6_a_refused_dial_is_told_by_error(
    place: Place, to: str, caller_id: str, code: str
) -> None:
    line = await place.desk()

    await line.send(type="start_outbound", to=to, callerId=caller_id)

    answer = await line.next()
    assert (answer["type"], answer["code"], answer["re"]) == ("error", code, "start_outbound")


@pytest.mark.parametrize(
    ("far_end", "close_code"),
    [("no_answer", 4480), ("busy", 4486)],
)
async def test_9_6_no_answer_and_busy_close_the_audio_with_a_code(
    place: Place, far_end: str, close_code: int
) -> None:
    line = await place.desk()

    leg = await place.dial(line, FAR_ENDS[far_end])

    assert await leg.closed() == close_code


async def test_9_7_an_offer_comes_also_during_a_call(place: Place) -> None:
    line = await place.desk()
    await place.audio(await _answered(place, line))

    second = await place.ring()

    assert (await line.until("incoming_call"))["callSid"] == second


async def test_9_8_the_call_stays_up_when_presence_is_lost(place: Place) -> None:
    line = await place.desk()
    leg = await place.audio(await _answered(place, line))
    await leg.hear(160)

    await place.control("POST", "/drop", {"user": "op-1", "code": 1006})
    assert await line.closed() == 1006
    again = await place.desk()

    before = len(leg.heard)
    await leg.hear(before + 1600)
    await again.send(type="ping")
    assert await again.next() == {"type": "pong"}


async def test_9_8_a_ringing_call_is_offered_again_after_a_reconnect(place: Place) -> None:
    line = await place.desk()
    sid = await place.ring()
    await line.until("incoming_call")
    await place.control("POST", "/drop", {"user": "op-1", "code": 1011})
    await line.closed()

    again = await place.desk()

    assert (await again.until("incoming_call"))["callSid"] == sid


async def test_9_9_after_set_unavailable_nothing_is_offered(place: Place) -> None:
    line = await place.desk()

    await line.send(type="set_unavailable")
    await line.send(type="ping")
    await line.until("pong")
    await place.ring()

    assert await line.nothing_within(0.1)
    await line.socket.close(1000)


async def test_a_second_connection_closes_the_first_with_4409(place: Place) -> None:
    first = await place.presence()

    await place.presence()

    assert await first.closed() == 4409


@pytest.mark.parametrize("place", [{"idle_limit_s": 0.3}], indirect=True)
async def test_a_silent_connection_is_closed_with_4408(place: Place) -> None:
    line = await place.presence()

    assert await asyncio.wait_for(line.closed(), 2.0) == 4408


@pytest.mark.parametrize("place", [{"idle_limit_s": 0.3}], indirect=True)
async def test_pings_keep_a_connection_alive(place: Place) -> None:
    line = await place.presence()

    for _ in range(6):
        await line.send(type="ping")
        await line.until("pong")
        await asyncio.sleep(0.1)


async def test_sockets_ask_for_a_token(place: Place) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await Presence.open(place.url, "wrong")
    with pytest.raises(InvalidStatus) as audio_refused:
        await Audio.open(place.url, "CA1", "wrong")

    assert refused.value.response.status_code == 401
    assert audio_refused.value.response.status_code == 401


async def test_audio_of_someone_elses_call_is_not_found(place: Place) -> None:
    sid = await _answered(place, await place.desk())

    with pytest.raises(InvalidStatus) as refused:
        await place.audio(sid, "op-2")

    assert refused.value.response.status_code == 404


async def test_operators_call_each_other(place: Place) -> None:
    first, second = await place.desk("op-1"), await place.desk("op-2")
    await first.send(type="start_outbound", to=FAR_ENDS["operator_2"], callerId="+390299999999")
    near = await place.audio((await first.until("outbound_started"))["callSid"], "op-1")
    offer = await second.until("incoming_call")
    await second.send(type="accept", callSid=offer["callSid"])
    await second.until("call_assigned")
    far = await place.audio(offer["callSid"], "op-2")
    await near.told("answered")

    near.talk(b"\x2a" * 8000)
    far.talk(b"\x3b" * 8000)
    await eventually(lambda: 0x2A in far.heard and 0x3B in near.heard)
    await far.hang_up()

    assert offer["from"] == "+390299999999"
    assert (await near.told("ended"))["reason"] == "remote_hangup"
    assert await near.closed() == 1000


async def test_calling_an_operator_who_declines_is_busy(place: Place) -> None:
    first, second = await place.desk("op-1"), await place.desk("op-2")
    leg = await place.dial(first, FAR_ENDS["operator_2"])
    offer = await second.until("incoming_call")

    await second.send(type="reject", callSid=offer["callSid"])

    assert await leg.closed() == 4486


async def test_hanging_up_before_the_other_operator_answers_withdraws_the_offer(
    place: Place,
) -> None:
    first, second = await place.desk("op-1"), await place.desk("op-2")
    leg = await place.dial(first, FAR_ENDS["operator_2"])
    offer = await second.until("incoming_call")

    await leg.hang_up()

    taken = await second.next()
    assert taken == {"type": "call_taken", "callSid": offer["callSid"], "reason": "cancelled"}


async def test_two_operators_race_200_times_and_exactly_one_wins(place: Place) -> None:
    desks = [await place.desk("op-1"), await place.desk("op-2")]

    for _ in range(200):
        sid = place.lab.hub.services[0].ring(_request())
        assert sid is not None
        for desk in desks:
            await desk.until("incoming_call")
        await asyncio.gather(*(desk.send(type="accept", callSid=sid[0]) for desk in desks))
        answers = [await _answer_for(desk, sid[0]) for desk in desks]
        assert sorted(answers) == ["call_assigned", "call_taken"]
        place.lab.hub.services[0].hang_up(sid[0], None)


def _request() -> RingRequest:
    return RingRequest("pn_1", CALLERS[0])


async def _answer_for(desk: Presence, sid: str) -> str:
    while True:
        message = await desk.next()
        if message["callSid"] == sid and message["type"] != "incoming_call":
            kind: str = message["type"]
            return kind


async def _answered(place: Place, line: Presence) -> str:
    """Let someone ring and answer it."""
    sid = await place.ring(far_end="tone")
    await line.until("incoming_call")
    await line.send(type="accept", callSid=sid)
    await line.until("call_assigned")
    return sid
