"""Calls through the lab's Ribbon gateway with real media, by a client that is not ours."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.plain_ribbon_client import Call, Client, until
from tests.lab.ribbon_place import ECHO, TONE, Gateway

NAMES = {
    "callerName",
    "callerDisplayNumber",
    "calleeDisplayNumber",
    "remoteName",
    "remoteDisplayNumber",
}


async def talking(caller: Client, callee: Client, first_hz: float, second_hz: float) -> Any:
    """Return both sides of an answered call between two users."""
    call = await caller.call(callee.user, first_hz)
    rung = await callee.incoming()
    await call.told("ringing")
    await rung.answer(second_hz)
    await call.answered()
    return call, rung


@pytest.fixture
async def pair(gateway: Gateway) -> tuple[Call, Call]:
    """Alice (440 Hz) and Bob (700 Hz) talk."""
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call, rung = await talking(alice, bob, 440.0, 700.0)
    return call, rung


@pytest.mark.parametrize("codec", ["opus", "PCMU"])
async def test_the_echo_gives_back_what_was_said(gateway: Gateway, codec: str) -> None:
    alice = await gateway.device("alice")

    call = await alice.call(ECHO, 440.0, codec)
    notice = await call.answered()

    assert set(notice["callNotificationParams"]) == NAMES
    await call.media.hears(440.0)


async def test_the_tone_is_played_as_mu_law(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    call = await alice.call(TONE)
    notice = await call.answered()

    assert "PCMU" in notice["sessionParams"]["sdp"]
    assert "opus" not in notice["sessionParams"]["sdp"]
    await call.media.hears(1004.0)


async def test_an_announcement_is_heard_before_the_answer(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    call = await alice.call("announcement@lab.test", 440.0)
    early = await call.told("sessionProgress")
    await call.media.accept(early["sessionParams"]["sdp"])
    await until(lambda: call.media.level() > 200, "the announcement")
    final = await call.told("respondCallUpdate")

    assert final["sessionParams"]["sdp"] == early["sessionParams"]["sdp"]
    await call.media.hears(440.0)


async def test_two_users_hear_each_other(pair: tuple[Call, Call]) -> None:
    call, rung = pair

    await call.media.hears(700.0)
    await rung.media.hears(440.0)


async def test_the_caller_is_answered_before_it_is_told_and_rings_once(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    first = await gateway.device("bob", correlator="one")
    second = await gateway.device("bob", correlator="two")

    call = await alice.call("bob@lab.test")
    assert alice.said == []
    rung = await first.incoming()
    again = await second.incoming()
    await call.told("ringing")
    await rung.answer()
    await call.answered()

    assert rung.session == again.session
    assert set(rung.notice["callNotificationParams"]) == NAMES
    assert rung.notice["callNotificationParams"]["callerName"] == "Alice Romano"
    assert "ringing" not in alice.events()


async def test_the_first_answer_wins_and_the_others_are_cancelled(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    first = await gateway.device("bob", correlator="one")
    second = await gateway.device("bob", correlator="two")
    await alice.call("bob@lab.test")
    rung, late = await first.incoming(), await second.incoming()

    await rung.answer()
    request = {"type": "callAnswer", "sdp": "v=0"}
    status, said = await second.rest("PUT", late.path, {"callControlRequest": request})
    state = await second.ok("GET", late.path)

    assert (status, said["callControlResponse"]["statusCode"]) == (409, 55)
    assert state["callControlResponse"]["state"] == "ANSWERED"
    await late.told("callCancel")
    await rung.told("callCancel")


async def test_a_client_without_ringing_feedback_rings_at_once(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    await gateway.device("bob", supported=[])

    call = await alice.call("bob@lab.test")

    await call.told("ringing")


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("nobody@lab.test", "404"),
        ("carol@lab.test", "480"),
        ("busy@lab.test", "486"),
        ("no_answer@lab.test", "487"),
        ("reject@lab.test", "603"),
        ("someone@elsewhere.test", "404"),
    ],
)
async def test_a_call_that_fails_ends_with_its_code(gateway: Gateway, to: str, code: str) -> None:
    alice = await gateway.device("alice")

    call = await alice.call(to)
    notice = await call.told("callEnd")

    assert notice["sessionParams"]["statusCode"] == code
    assert set(notice["callNotificationParams"]) == NAMES


async def test_declined_ends_the_caller_with_603(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call = await alice.call("bob@lab.test")
    rung = await bob.incoming()

    request = {"action": "reject", "sessionData": rung.session}
    await bob.ok("POST", "calldisposition", {"callDispositionRequest": request})

    await rung.told("callCancel")
    assert (await call.told("callEnd"))["sessionParams"]["statusCode"] == "603"


async def test_forwarded_rings_somebody_else(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    carol = await gateway.device("carol")
    call = await alice.call("bob@lab.test", 440.0)
    rung = await bob.incoming()

    request = {"action": "forward", "sessionData": rung.session, "address": "sip:carol@lab.test"}
    await bob.ok("POST", "calldisposition", {"callDispositionRequest": request})
    third = await carol.incoming()
    await third.answer(700.0)
    notice = await call.answered()

    assert notice["callNotificationParams"]["remoteDisplayNumber"] == "carol@lab.test"
    await call.media.hears(700.0)


async def test_a_caller_who_gives_up_ends_the_callee_with_487(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call = await alice.call("bob@lab.test")
    rung = await bob.incoming()

    await call.end()

    assert (await rung.told("callEnd"))["sessionParams"]["statusCode"] == "487"


@pytest.mark.parametrize("gateway", [{"ring_limit_s": 0.5}], indirect=True)
async def test_nobody_answers_ends_both_with_487(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call = await alice.call("bob@lab.test")
    rung = await bob.incoming()

    assert (await rung.told("callEnd"))["sessionParams"]["statusCode"] == "487"
    assert (await call.told("callEnd"))["sessionParams"]["statusCode"] == "487"


async def test_hanging_up_ends_the_other_side_without_a_code(pair: tuple[Call, Call]) -> None:
    call, rung = pair

    await rung.end()

    ended = await call.told("callEnd")
    assert "statusCode" not in ended["sessionParams"]
    status, said = await call.client.rest(
        "PUT", call.path, {"callControlRequest": {"type": "audit"}}
    )
    assert (status, said["callControlResponse"]["statusCode"]) == (404, 42)
    status, said = await call.client.rest("GET", call.path)
    assert (status, said["callControlResponse"]["statusCode"]) == (404, 47)


async def test_hold_and_resume_stop_and_start_the_sound(pair: tuple[Call, Call]) -> None:
    call, rung = pair
    await call.media.hears(700.0)

    await call.put(type="startCallUpdate", sdp=await call.media.offer("inactive"))
    await rung.respond()
    await call.answered()
    frames = call.media.frames
    await call.put(type="startCallUpdate", sdp=await call.media.offer("sendrecv"))
    offered = await rung.respond()
    await call.answered()

    assert set(offered["callNotificationParams"]) == NAMES
    await until(lambda: call.media.frames > frames + 25, "sound after the hold")
    await call.media.hears(700.0)
    await rung.media.hears(440.0)


async def test_the_echo_can_be_held_and_resumed(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    call = await alice.call(ECHO, 440.0)
    await call.answered()
    await call.media.hears(440.0)

    held = await call.change("inactive")
    resumed = await call.change("sendrecv")
    call.media.heard.clear()

    assert "a=inactive" in held["sessionParams"]["sdp"]
    assert "a=sendrecv" in resumed["sessionParams"]["sdp"]
    await call.media.hears(440.0)


async def test_two_holds_that_cross_are_both_served(pair: tuple[Call, Call]) -> None:
    call, rung = pair
    ours, theirs = await call.media.offer("inactive"), await rung.media.offer("inactive")

    await call.put(type="startCallUpdate", sdp=ours)
    await rung.put(type="startCallUpdate", sdp=theirs)
    await rung.told("startCallUpdate")
    await rung.put(type="respondCallUpdate", statusCode="491")

    for side in (call, rung):
        notice = await side.answered()
        assert "a=inactive" in notice["sessionParams"]["sdp"]
        assert "statusCode" not in notice


async def test_offers_that_cross_otherwise_are_refused_once_with_49(
    pair: tuple[Call, Call],
) -> None:
    call, rung = pair
    await call.put(type="startCallUpdate", sdp=await call.media.offer("sendrecv"))
    await rung.put(type="startCallUpdate", sdp=await rung.media.offer("inactive"))
    offered = await rung.told("startCallUpdate")

    await rung.put(type="respondCallUpdate", statusCode="491")
    refused = await rung.told("respondCallUpdate")
    again = await rung.told("startCallUpdate")

    assert refused["statusCode"] == 49
    assert refused["sessionParams"]["retryAfter"] == 1
    assert "sdp" not in refused["sessionParams"]
    assert again["sessionParams"]["sdp"] == offered["sessionParams"]["sdp"]


async def test_offers_one_after_the_other_wait_for_their_turn(pair: tuple[Call, Call]) -> None:
    call, rung = pair
    await call.put(type="startCallUpdate", sdp=await call.media.offer("inactive"))
    await rung.put(type="startCallUpdate", sdp="v=0\r\na=sendrecv\r\n")
    await rung.told("startCallUpdate")

    assert "startCallUpdate" not in call.client.events()

    await rung.put(type="respondCallUpdate", sdp="v=0\r\na=inactive\r\n")
    await call.told("respondCallUpdate")
    await call.told("startCallUpdate")


async def test_a_refused_change_is_told_as_49(pair: tuple[Call, Call]) -> None:
    call, rung = pair
    await call.put(type="startCallUpdate", sdp=await call.media.offer("inactive"))
    await rung.told("startCallUpdate")

    await rung.put(type="respondCallUpdate", statusCode="488")

    assert (await call.told("respondCallUpdate"))["statusCode"] == 49


async def test_custom_parameters_travel_with_every_message(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    given = [{"name": "X-GPS", "value": "42.6,23.3"}]
    call = await alice.call("bob@lab.test", customParameters=given)
    rung = await bob.incoming()
    await rung.answer()
    await call.answered()

    later = [{"name": "X-Later", "value": "1"}]
    await call.put(type="sendCustomHeaders", customParameters=later)
    await call.put(type="startCallUpdate", sdp=await call.media.offer("inactive"))
    offered = await rung.told("startCallUpdate")

    assert rung.notice["customParameters"] == given
    assert offered["customParameters"] == later


@pytest.mark.parametrize("gateway", [{"audit_limit_s": 0.5}], indirect=True)
async def test_a_call_nobody_audits_is_ended(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    call = await alice.call(ECHO)
    await call.answered()

    await call.told("callEnd")

    assert all(one["phase"] == "over" for one in await gateway.calls())


async def test_a_call_without_a_subscription_is_refused_with_35(gateway: Gateway) -> None:
    alice = gateway.bare("alice")
    request = {"type": "callStart", "to": "sip:bob@lab.test", "sdp": "v=0"}

    status, said = await alice.rest("POST", "callControl", {"callControlRequest": request})

    assert (status, said["callControlResponse"]["statusCode"]) == (403, 35)


async def test_a_far_end_that_cannot_use_the_offer_refuses_with_488(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    request = {"type": "callStart", "to": "sip:echo@lab.test", "sdp": "v=0\r\nrubbish"}

    said = await alice.ok("POST", "callControl", {"callControlRequest": request})

    ended = await alice.told("callEnd", said["callControlResponse"]["sessionData"])
    assert ended["sessionParams"]["statusCode"] == "488"


async def test_the_menu_hears_tones(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    call = await alice.call("menu@lab.test")
    await call.answered()

    # aiortc has no telephone events: 770 and 1336 Hz are a five.
    await until(lambda: call.media.level() > 200, "the menu")
    call.media.tone.play_pair(770.0, 1336.0)

    async def digits() -> str:
        return "".join(str(one.get("digits", "")) for one in await gateway.calls())

    for _ in range(400):
        if "5" in await digits():
            break
    else:
        pytest.fail("the menu heard no five")


@pytest.mark.nightly
async def test_twenty_calls_at_once_are_echoed(gateway: Gateway) -> None:
    await echoed_at_once(gateway, 20, 4.0)


async def test_several_calls_at_once_are_echoed(gateway: Gateway) -> None:
    await echoed_at_once(gateway, 4, 1.5)


async def echoed_at_once(gateway: Gateway, count: int, seconds: float) -> None:
    calls = []
    for place in range(count):
        user = await gateway.device(f"user{place + 5:02d}")
        calls.append(await user.call(ECHO, 440.0, "PCMU"))
    for call in calls:
        await call.answered()

    wanted = round(seconds * 50 * 0.9)
    await until(lambda: min(call.media.frames for call in calls) >= wanted, "frames", 60.0)

    assert all(call.media.has_hz(440.0) for call in calls)
    assert len(gateway.service.state()["calls"]) == 2 * count


async def test_a_hold_refused_before_the_other_hold_arrives_is_served_too(
    pair: tuple[Call, Call],
) -> None:
    call, rung = pair
    ours, theirs = await call.media.offer("inactive"), await rung.media.offer("inactive")
    await call.put(type="startCallUpdate", sdp=ours)
    await rung.told("startCallUpdate")

    await rung.put(type="respondCallUpdate", statusCode="491")
    await rung.put(type="startCallUpdate", sdp=theirs)

    for side in (call, rung):
        assert "a=inactive" in (await side.answered())["sessionParams"]["sdp"]


async def test_a_far_end_is_called_by_short_number_name_and_with_a_code(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    for to in ("0101@lab.test", "echo", "+39 02 5550 0101", "*67390255500101@lab.test"):
        call = await alice.call(f"sip:{to}".replace(" ", ""))
        await call.told("respondCallUpdate")
        await call.end()


async def test_a_display_name_and_a_short_user_number(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")

    named: dict[str, Any] = {"from": "Front Desk<sip:alice@lab.test>"}
    await alice.call("1002@lab.test", **named)
    rung = await bob.incoming()

    assert rung.notice["callNotificationParams"]["callerName"] == "Front Desk"
