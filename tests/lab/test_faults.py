"""Fault switches do what they are called."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from softphone.lab.farends import FAR_ENDS
from softphone.lab.faults import FAULTS, Faults
from softphone.lab.server import running_lab
from softphone.model.error import Refused
from tests.lab.conftest import QUICK, Place
from tests.lab.plain_client import Audio, Presence, eventually, in_thread


async def answered(place: Place, line: Presence) -> Audio:
    sid = await place.ring(far_end="tone")
    await line.until("incoming_call")
    await line.send(type="accept", callSid=sid)
    await line.until("call_assigned")
    return await place.audio(sid)


async def next_raw(line: Presence) -> str | bytes:
    return await asyncio.wait_for(line.socket.recv(), 5.0)


@pytest.mark.parametrize(
    "name", [name for name, kind in FAULTS.items() if kind.now and "audin" in kind.services]
)
async def test_a_fault_at_once_leaves_the_lab_in_order(place: Place, name: str) -> None:
    line = await place.desk()
    leg = await answered(place, line)

    done = await place.fault(name)

    assert done["done"] == 1
    if name != "drop_audio":
        await leg.hang_up()
    await line.send(type="ping")
    await line.until("pong")


@pytest.mark.parametrize("count", [1, 12])
async def test_malformed_json_is_no_object_with_a_type(place: Place, count: int) -> None:
    line = await place.desk()

    await place.fault("malformed_json", count=count)

    for _ in range(count):
        raw = await next_raw(line)
        try:
            message: Any = json.loads(raw)
        except ValueError:
            continue
        usable = isinstance(message, dict) and isinstance(message.get("type"), str)
        assert not usable or "x" in message


async def test_binary_oversize_and_deep_messages_arrive(place: Place) -> None:
    line = await place.desk()

    for name in ("binary_on_presence", "oversize", "deep_json"):
        await place.fault(name)
    raws = [await next_raw(line) for _ in range(3)]

    assert isinstance(raws[0], bytes)
    assert len(raws[1]) > 65_536
    assert raws[2].count("[" if isinstance(raws[2], str) else b"[") == 30_000  # type: ignore[arg-type]  # str or bytes, matched above


async def test_raw_text_is_sent_as_it_is(place: Place) -> None:
    line = await place.desk()

    await place.fault("raw", text='{"type":"x\\u0000"}')

    assert await next_raw(line) == '{"type":"x\\u0000"}'


async def test_odd_frames_have_odd_sizes_and_the_same_sound(place: Place) -> None:
    line = await place.desk()
    await place.fault("odd_frames")

    leg = await answered(place, line)
    heard = await leg.hear(16_000)

    assert len(set(leg.sizes)) > 4
    assert 0 in leg.sizes
    period = heard[-2000:][:2000]
    assert period in heard[:-2000] or len(set(period)) > 20


async def test_silence_sends_nothing_while_the_socket_stays_open(place: Place) -> None:
    line = await place.desk()
    leg = await answered(place, line)
    await leg.hear(160)

    await place.fault("silence")
    before = len(leg.heard)
    await asyncio.sleep(0.2)
    still = len(leg.heard) - before
    await place.control("DELETE", "/faults")
    await leg.hear(before + 3200)

    assert still <= 160 * 3


async def test_a_freeze_holds_audio_back_and_then_sends_it_at_once(place: Place) -> None:
    line = await place.desk()
    leg = await answered(place, line)
    await leg.hear(1600)

    await place.fault("freeze_audio", ms=300)
    before = len(leg.heard)
    await asyncio.sleep(0.15)
    during = len(leg.heard) - before
    await leg.hear(before + 300 * 8)

    assert during <= 160 * 3


async def test_dropping_audio_cuts_it_without_a_close(place: Place) -> None:
    line = await place.desk()
    leg = await answered(place, line)

    await place.fault("drop_audio")

    assert await leg.closed() == 1006


@pytest.mark.parametrize(
    ("step", "code"),
    [("now", 4401), ("incoming_call", 1011), ("accept", 4403), ("start_outbound", 1013)],
)
async def test_a_close_happens_at_its_step_with_its_code(
    place: Place, step: str, code: int
) -> None:
    line = await place.desk()

    await place.fault("close", step=step, code=code)
    if step in ("incoming_call", "accept"):
        sid = await place.ring()
        await line.until("incoming_call")
        with suppress(ConnectionClosed):
            await line.send(type="accept", callSid=sid)
    elif step == "start_outbound":
        await line.send(type="start_outbound", to="+39021111", callerId="+390299999999")

    assert await line.closed() == code


async def test_a_close_of_the_audio_socket_at_its_opening(place: Place) -> None:
    line = await place.desk()
    await place.fault("close", step="audio_open", socket="audio", code=4401)

    leg = await answered(place, line)

    assert await leg.closed() == 4401


async def test_tokens_of_a_short_life_expire(place: Place) -> None:
    await place.fault("token_life", seconds=-5)

    with pytest.raises(InvalidStatus) as refused:
        await Presence.open(place.url, await place.token())

    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(("name", "status"), [("token_401", 401), ("token_500", 500)])
async def test_the_token_endpoint_fails_as_often_as_told(
    place: Place, name: str, status: int
) -> None:
    url = place.lab.ready()["audin"]["token_url"]
    await place.fault(name, count=2)

    answers = [(await in_thread("POST", url))[0] for _ in range(3)]

    assert answers == [status, status, 200]


async def test_the_list_of_numbers_refuses_once(place: Place) -> None:
    token = await place.token()
    headers = {"Authorization": f"Bearer {token}"}
    await place.fault("numbers_401", count=1)

    url = f"{place.url}/operator/phone-numbers"
    answers = [await in_thread("GET", url, None, headers) for _ in range(2)]

    assert [answer[0] for answer in answers] == [401, 200]
    assert answers[1][1][1]["displayName"] is None


async def test_messages_come_twice(place: Place) -> None:
    line = await place.desk()
    await place.fault("duplicate")

    await line.send(type="ping")

    assert [await line.next() for _ in range(2)] == [{"type": "pong"}] * 2


async def test_assigning_comes_late(place: Place) -> None:
    line = await place.desk()
    await place.fault("delay_assigned", seconds=0.2)
    sid = await place.ring()
    await line.until("incoming_call")

    await line.send(type="accept", callSid=sid)

    assert await line.nothing_within(0.1)
    assert (await line.next())["type"] == "call_assigned"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_pong", {"type": "ping"}),
        ("no_available_set", {"type": "set_available", "phoneNumberIds": ["pn_1"]}),
        (
            "no_outbound_started",
            {"type": "start_outbound", "to": "+39021111", "callerId": "+390299999999"},
        ),
    ],
)
async def test_what_is_switched_off_is_not_answered(
    place: Place, name: str, message: dict[str, Any]
) -> None:
    line = await place.presence()
    await place.fault(name)

    await line.send(**message)

    assert await line.nothing_within(0.1)


async def test_no_greeting(place: Place) -> None:
    await place.fault("no_connected")

    line = await Presence.open(place.url, await place.token())

    assert await line.nothing_within(0.1)
    await line.socket.close()


async def test_a_cancelled_offer_can_be_told_by_the_extension(place: Place) -> None:
    line = await place.desk()
    await place.fault("gone_extension")
    sid = await place.ring()
    await line.until("incoming_call")

    await place.control("POST", f"/calls/{sid}/hangup", {})

    gone = await line.next()
    assert gone == {"type": "call_cancelled", "callSid": sid, "reason": "cancelled"}


async def test_the_winner_is_told_taken_as_well(place: Place) -> None:
    line = await place.desk()
    await place.fault("taken_after_assigned")
    sid = await place.ring()
    await line.until("incoming_call")

    await line.send(type="accept", callSid=sid)

    kinds = [(await line.next())["type"] for _ in range(2)]
    assert kinds == ["call_assigned", "call_taken"]


async def test_a_client_close_that_is_never_answered(place: Place) -> None:
    line = await place.desk()
    await place.fault("never_answer_close")

    line.socket.close_timeout = 0.2
    start = asyncio.get_running_loop().time()
    await line.socket.close()

    assert asyncio.get_running_loop().time() - start >= 0.2
    assert line.socket.close_code == 1006


async def test_a_handshake_answers_a_status(place: Place) -> None:
    await place.fault("handshake", status=429, count=1)

    with pytest.raises(InvalidStatus) as refused:
        await place.presence()
    await place.presence()

    assert refused.value.response.status_code == 429


async def test_a_late_outbound_start_comes_late(place: Place) -> None:
    line = await place.desk()
    await place.fault("late_outbound_started", seconds=0.2)

    await line.send(type="start_outbound", to=FAR_ENDS["tone"], callerId="+390299999999")

    assert await line.nothing_within(0.1)
    assert (await line.next())["type"] == "outbound_started"


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(Refused, match="malformed_json"):
        Faults().check("malformed_jsn", {})


@pytest.mark.parametrize("given", [{"cod": 1}, {"code": "x"}, {"code": None}, {"step": 7}])
def test_wrong_arguments_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(Refused, match="close"):
        Faults().check("close", given)


def test_arguments_may_come_as_text_from_a_command_line() -> None:
    assert Faults().check("delay_assigned", {"seconds": "2"}) == {"seconds": 2.0}


def test_a_fault_for_one_operator_leaves_the_others_alone() -> None:
    faults = Faults()

    faults.set("no_pong", "op-1", {})

    assert faults.on("no_pong", "op-1")
    assert not faults.on("no_pong", "op-2")
    assert faults.clear(who="op-1") == 1
    assert not faults.on("no_pong", "op-1")


async def test_the_losers_can_be_told_before_the_winner(place: Place) -> None:
    first, second = await place.desk("op-1"), await place.desk("op-2")
    await place.fault("swap_assigned_taken")
    await place.fault("delay_assigned", seconds=0.2)
    sid = await place.ring()
    await first.until("incoming_call")
    await second.until("incoming_call")

    await first.send(type="accept", callSid=sid)

    assert (await second.next())["type"] == "call_taken"
    assert await first.nothing_within(0.05)
    assert (await first.next())["type"] == "call_assigned"


async def test_a_call_whose_audio_never_opens_is_cleaned_up() -> None:
    settings = replace(QUICK, audio_open_limit_s=0.1)
    async with running_lab(settings) as lab, AsyncExitStack() as stack:
        place = Place(lab, stack)
        line = await place.desk()
        await line.send(type="start_outbound", to="+39021111", callerId="+390299999999")
        sid = (await line.until("outbound_started"))["callSid"]

        await eventually(lambda: lab.hub.services[0].state()["calls"][0]["phase"] == "over")

        with pytest.raises(InvalidStatus) as refused:
            await place.audio(sid)
        assert refused.value.response.status_code == 404


async def test_rubbish_from_a_client_is_answered_or_ignored(place: Place) -> None:
    line = await place.presence()

    await line.socket.send("{")
    await line.socket.send(b"binary")
    await line.send(type="from_the_future")
    await line.send(type="accept", callSid="CAnever")
    await line.send(type="reject", callSid="CAnever")

    first, second = await line.next(), await line.next()
    assert (first["type"], first["code"]) == ("error", "BAD_MESSAGE")
    assert (second["code"], second["re"], second["callSid"]) == (
        "UNKNOWN_CALL",
        "accept",
        "CAnever",
    )


async def test_a_message_above_the_limit_closes_with_1009(place: Place) -> None:
    line = await place.presence()

    await line.send(type="ping", more="x" * 70_000)

    assert await line.closed() == 1009
