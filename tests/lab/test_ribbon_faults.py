"""Faults of the lab's gateway do what they say, and the lab goes on."""

from __future__ import annotations

import json
import time
from typing import Any

import aiohttp
import pytest

from softphone.lab.faults import FAULTS
from softphone.lab.ribbon_faults import SDP_FORMS
from tests.lab.plain_ribbon_client import until
from tests.lab.ribbon_place import ECHO, Gateway

AT_ONCE = [name for name, kind in FAULTS.items() if kind.now and "ribbon" in kind.services]


@pytest.mark.parametrize("name", [name for name in AT_ONCE if name != "vanish"])
async def test_a_fault_at_once_reaches_the_socket_and_the_lab_goes_on(
    gateway: Gateway, name: str
) -> None:
    alice = gateway.bare("alice")
    await alice.subscribe()
    channel = alice.subscription["subscriptionParams"]["notificationChannel"]
    address = gateway.url.replace("http", "ws", 1) + channel

    async with alice.http.ws_connect(address, max_msg_size=0) as socket:
        args = {"text": "as it is"} if name == "raw" else {}
        done = await gateway.fault(name, "alice", **args)
        frame = await socket.receive(5.0)

    assert done["done"] == 1
    assert frame.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)
    assert (await alice.rest("GET", "voicemail"))[0] == 200


@pytest.mark.parametrize(
    ("resource", "request_of"),
    [
        ("callStart", ("POST", "callControl", {"callControlRequest": {"type": "callStart"}})),
        ("GET voicemail", ("GET", "voicemail", None)),
        ("voicemail", ("GET", "voicemail", None)),
        ("", ("GET", "voicemail", None)),
        (
            "reject",
            ("POST", "calldisposition", {"callDispositionRequest": {"action": "reject"}}),
        ),
    ],
)
async def test_rest_answers_with_the_status_and_number_of_a_fault(
    gateway: Gateway, resource: str, request_of: tuple[str, str, Any]
) -> None:
    alice = await gateway.device("alice")
    await gateway.fault("rest", "alice", resource=resource, status=500, code=26, count=1)

    status, said = await alice.rest(*request_of)

    (inside,) = said.values()
    assert (status, inside["statusCode"]) == (500, 26)
    assert (await alice.rest("GET", "voicemail"))[0] == 200


async def test_rest_answers_late(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    await gateway.fault("rest_slow", resource="voicemail", seconds=0.3, count=1)
    began = time.monotonic()

    assert (await alice.rest("GET", "voicemail"))[0] == 200
    late_s = time.monotonic() - began
    assert (await alice.rest("GET", "voicemail"))[0] == 200

    assert late_s >= 0.3


async def test_a_403_without_a_body(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    await gateway.fault("rest", code=-1)

    assert await alice.rest("GET", "voicemail") == (403, None)


@pytest.mark.parametrize("form", ["header", "date", "body", "authorization", "none"])
async def test_unavailable_in_every_form(gateway: Gateway, form: str) -> None:
    alice = await gateway.device("alice")
    await gateway.fault("rest_unavailable", form=form, seconds=30.0)
    address = f"{gateway.url}/rest/version/1/user/alice@lab.test/voicemail"

    async with alice.http.get(address, headers=alice.headers) as answer:
        said = await answer.json()

    assert answer.status == 503
    assert ("Retry-After" in answer.headers) == (form in ("header", "date"))
    assert bool(said) == (form in ("body", "authorization"))


@pytest.mark.parametrize(
    "form", ["malformed", "empty", "html", "list", "deep", "wrong_types", "huge"]
)
async def test_success_that_cannot_be_read(gateway: Gateway, form: str) -> None:
    alice = await gateway.device("alice")
    await gateway.fault("rest_garbage", form=form)
    address = f"{gateway.url}/rest/version/1/user/alice@lab.test/voicemail"

    async with alice.http.get(address, headers=alice.headers) as answer:
        said = await answer.text()

    assert answer.status == 200
    assert '"mwiresponse": {' not in said


async def test_lost_doubled_late_and_swapped_notifications(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    await gateway.fault("notice_drop", event="IM", count=1)
    await gateway.act("message", "alice", text="lost")
    await gateway.fault("notice_duplicate", event="IM", count=1)
    await gateway.act("message", "alice", text="twice")
    await gateway.fault("notice_swap", event="IM", count=1)
    await gateway.act("message", "alice", text="second")
    await gateway.act("message", "alice", text="first")
    await gateway.fault("notice_delay", event="IM", count=1, seconds=0.1)
    await gateway.act("message", "alice", text="late")

    await until(lambda: len(alice.said) == 5, "five messages")
    texts = [one["imnotificationParams"]["msgText"] for one in alice.said]
    assert texts == ["twice", "twice", "first", "second", "late"]
    assert alice.said[0]["eventId"] == alice.said[1]["eventId"]


async def test_notifications_without_names_or_ids_and_with_hostile_ones(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    await gateway.fault("notice_bare", "bob", event="call", count=1)
    await gateway.fault("notice_no_id", "bob", event="call", count=1)
    await alice.call("bob@lab.test")
    bare = await bob.told("call")
    await gateway.fault("notice_hostile", "bob", event="call")
    await alice.call("bob@lab.test")
    hostile = await bob.told("call")

    assert "callNotificationParams" not in bare
    assert "eventId" not in bare
    assert hostile["callNotificationParams"]["callerName"] != "Alice Romano"
    assert hostile["customParameters"]


@pytest.mark.parametrize("form", sorted(SDP_FORMS))
async def test_descriptions_are_spoilt(gateway: Gateway, form: str) -> None:
    bob = await gateway.device("bob")
    await gateway.ring("bob@lab.test", far_end="tone")
    whole = (await bob.told("call"))["sessionParams"]["sdp"]
    await gateway.fault("sdp", "bob", event="call", form=form)

    await gateway.ring("bob@lab.test", far_end="tone")
    spoilt = (await bob.told("call"))["sessionParams"]["sdp"]

    assert whole.startswith("v=0")
    assert "m=audio" in whole and "a=candidate" in whole
    expected = {
        "malformed": "m=" not in spoilt,
        "empty": spoilt == "",
        "no_audio": "m=audio" not in spoilt,
        "unsupported": "EVS" in spoilt and "opus" not in spoilt.lower(),
        "other_origin": spoilt.startswith("v=0"),
        "no_candidates": "a=candidate" not in spoilt,
        "huge": len(spoilt) > 64 * 1024,
        "hostile": "\x1b" in spoilt,
        "cut": 0 < len(spoilt) < len(whole),
    }
    assert expected[form]


async def test_an_update_that_is_never_answered(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    call = await alice.call(ECHO)
    await call.answered()
    await gateway.fault("notice_drop", event="respondCallUpdate", count=1)

    await call.put(type="startCallUpdate", sdp=await call.media.offer("inactive"))
    await gateway.act("message", "alice", text="after it")
    await alice.told("IM")

    assert "respondCallUpdate" not in alice.events()


async def test_every_change_refused_as_glare(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    call = await alice.call(ECHO)
    await call.answered()
    await gateway.fault("glare", "alice", count=1)

    await call.put(type="startCallUpdate", sdp=await call.media.offer("inactive"))

    assert (await call.told("respondCallUpdate"))["statusCode"] == 49


async def test_a_far_end_vanishes_without_a_word(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    call = await alice.call(ECHO, 440.0)
    await call.answered()
    await call.media.hears(440.0)

    assert (await gateway.fault("vanish", "alice"))["done"] == 1

    await until(lambda: call.media.pc.connectionState in ("closed", "failed"), "no media", 20.0)
    assert "callEnd" not in alice.events()
    await call.put(type="audit")


async def test_a_caller_without_a_description_is_answered_with_an_offer(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    await gateway.fault("slow_start", "alice", count=1)
    await gateway.ring("alice@lab.test", far_end="tone")

    rung = await alice.incoming()
    await rung.answer(440.0)
    await rung.answered()

    assert "sdp" not in rung.notice["sessionParams"]
    await rung.media.hears(1004.0)


async def test_a_caller_who_offers_video_too_gets_its_lines_answered(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    await gateway.fault("offer_video", "alice", count=1)
    sid = await gateway.ring("alice@lab.test", far_end="tone")

    rung = await alice.incoming()
    await rung.answer(440.0)
    await rung.media.hears(1004.0)

    assert "m=video" in rung.notice["sessionParams"]["sdp"]
    far = next(one for one in await gateway.calls() if one["sid"] == sid)
    assert "a=inactive" in far["video_answer"]


async def test_far_ends_speak_one_codec_only(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    await gateway.fault("far_end_codec", name="PCMA")

    call = await alice.call(ECHO, 440.0)
    notice = await call.answered()

    assert "PCMA" in notice["sessionParams"]["sdp"]
    assert "opus" not in notice["sessionParams"]["sdp"]
    await call.media.hears(440.0)


async def test_short_and_partial_subscriptions(gateway: Gateway) -> None:
    alice = gateway.bare("alice")
    await gateway.fault("short_expiry", seconds=7)
    await gateway.fault("services_refused", services="IM,Presence")

    said = await alice.subscribe("call", "IM", "Presence")

    granted = said["subscriptionParams"]
    assert (granted["expires"], granted["service"]) == (7, ["call"])


async def test_an_upgrade_that_is_refused(gateway: Gateway) -> None:
    alice = gateway.bare("alice")
    await alice.subscribe()
    await gateway.fault("handshake", "alice", socket="notification", status=404, count=1)

    with pytest.raises(aiohttp.WSServerHandshakeError):
        await alice.connect()
    await alice.connect()

    assert alice.socket is not None


@pytest.mark.parametrize("code", [1000, 1001, 4000, 1006])
async def test_sockets_are_closed_with_any_code(gateway: Gateway, code: int) -> None:
    alice = await gateway.device("alice")

    await gateway.control("POST", "/drop", {"service": "ribbon", "user": "alice", "code": code})

    await until(lambda: alice.closed_with == code, f"close {code}")


@pytest.mark.parametrize(("verb", "event"), [("gone", "gone"), ("override", "websocketOverridden")])
async def test_a_subscription_is_lost_on_demand(gateway: Gateway, verb: str, event: str) -> None:
    alice = await gateway.device("alice")

    await gateway.act(verb, "alice")

    await alice.told(event)
    wanted = {"subscribeRequest": {"expires": 60, "service": ["call"]}}
    status, said = await alice.rest("PUT", alice.subscription["subscription"], wanted)
    assert (status, said["subscribeResponse"]["statusCode"]) == (404, 39)


async def test_a_subscription_that_was_forgotten_says_so_at_its_refresh(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    await gateway.act("expire", "alice")

    wanted = {"subscribeRequest": {"expires": 60, "service": ["call"]}}
    status, said = await alice.rest("PUT", alice.subscription["subscription"], wanted)
    assert (status, said["subscribeResponse"]["statusCode"]) == (404, 39)
    assert alice.said == [] and alice.closed_with is None


async def test_a_fault_for_one_user_leaves_the_others_alone(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    await gateway.fault("rest", "alice", status=500, code=26)

    assert (await alice.rest("GET", "voicemail"))[0] == 500
    assert (await bob.rest("GET", "voicemail"))[0] == 200
    assert json.dumps(await gateway.control("GET", "/faults")).count("alice@lab.test") == 1
