"""Transfer, join and bridges of the lab's gateway: who hears whom afterwards."""

from __future__ import annotations

import numpy as np
import pytest

from softphone.audio.g711 import decode_mulaw, encode_mulaw
from tests.lab.conftest import Place
from tests.lab.plain_ribbon_client import Call, Client, until
from tests.lab.ribbon_place import ECHO, Gateway
from tests.lab.test_ribbon_calls import talking

OPERATOR_1 = "+390255500901@lab.test"
ALICE_FROM_AUDIN = "+390255501001"


async def hold(call: Call, other: Call | None = None) -> None:
    """Put a call on hold; `other` is the far side when that is a client."""
    await call.put(type="startCallUpdate", sdp=await call.media.offer("inactive"))
    if other is not None:
        await other.respond()
    await call.answered()


async def completed(call: Call) -> dict[str, object]:
    """Wait until a transfer or join took a call over, and end it as a client does."""
    notice = await call.told("sessionComplete")
    await call.end()
    said: dict[str, object] = notice["sessionParams"]
    return said


async def hear_each_other(one: Call, other: Call, one_hz: float, other_hz: float) -> None:
    await one.media.hears(other_hz)
    await other.media.hears(one_hz)


async def test_a_direct_transfer_connects_the_others(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    carol = await gateway.device("carol")
    call, rung = await talking(alice, bob, 440.0, 700.0)
    await hold(call, rung)

    await call.put(type="transfer", address="sip:carol@lab.test")
    third = await carol.incoming()
    assert "sdp" not in third.notice["sessionParams"]
    assert third.notice["callNotificationParams"]["callerDisplayNumber"] == "bob@lab.test"
    await third.answer(900.0)
    offered = await rung.respond()
    await third.answered()
    done = await completed(call)

    assert offered["callNotificationParams"]["remoteDisplayNumber"] == "carol@lab.test"
    assert str(done["statusCode"]) == "9905"
    await hear_each_other(rung, third, 700.0, 900.0)
    await hold(rung, third)


async def test_a_direct_transfer_that_is_declined_leaves_the_call(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    carol = await gateway.device("carol")
    call, rung = await talking(alice, bob, 440.0, 700.0)

    await call.put(type="transfer", address="sip:carol@lab.test")
    third = await carol.incoming()
    request = {"action": "reject", "sessionData": third.session}
    await carol.ok("POST", "calldisposition", {"callDispositionRequest": request})
    failed = await call.told("sessionFail")

    assert failed["sessionParams"]["statusCode"] == "603"
    assert "startCallUpdate" not in bob.events()
    await hear_each_other(call, rung, 440.0, 700.0)


async def test_hanging_up_during_a_transfer_stops_the_ringing(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    carol = await gateway.device("carol")
    call, rung = await talking(alice, bob, 440.0, 700.0)
    await call.put(type="transfer", address="sip:carol@lab.test")
    third = await carol.incoming()

    await call.end()

    await third.told("callEnd")
    await rung.told("callEnd")


async def test_a_user_is_transferred_to_a_far_end(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call, rung = await talking(alice, bob, 440.0, 700.0)
    await hold(call, rung)

    await call.put(type="transfer", address="sip:tone@lab.test")
    await rung.respond()

    await completed(call)
    await rung.media.hears(1004.0)


async def test_a_far_end_is_transferred_to_a_user(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call = await alice.call(ECHO)
    await call.answered()
    await hold(call)

    await call.put(type="transfer", address="sip:bob@lab.test")
    third = await bob.incoming()
    await third.answer(900.0)
    await third.answered()

    await completed(call)
    await third.media.hears(900.0)


async def test_a_transfer_to_nobody_fails_with_its_code(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    call = await alice.call(ECHO)
    await call.answered()

    await call.put(type="transfer", address="sip:carol@lab.test")

    assert (await call.told("sessionFail"))["sessionParams"]["statusCode"] == "480"


async def test_an_attended_transfer_connects_the_others(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    carol = await gateway.device("carol")
    call, rung = await talking(alice, bob, 440.0, 700.0)
    await hold(call, rung)
    second, third = await talking(alice, carol, 440.0, 900.0)
    await hold(second, third)

    request = {"sessionData": second.session, "address": "sip:carol@lab.test"}
    await call.put(type="transfer", **request)
    asked = await rung.respond()
    await third.respond()
    await rung.answered()
    first_done, second_done = await completed(call), await completed(second)

    assert "sdp" not in asked["sessionParams"]
    assert {str(x["statusCode"]) for x in (first_done, second_done)} == {"9905"}
    await hear_each_other(rung, third, 700.0, 900.0)


async def test_an_attended_transfer_brings_a_user_to_a_far_end(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call, rung = await talking(alice, bob, 440.0, 700.0)
    await hold(call, rung)
    second = await alice.call(ECHO)
    await second.answered()
    await hold(second)

    await call.put(type="transfer", sessionData=second.session, address=f"sip:{ECHO}")
    await rung.respond()
    await rung.answered()

    await completed(call)
    await rung.media.hears(700.0)


async def test_three_who_are_joined_hear_each_other_and_not_themselves(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    carol = await gateway.device("carol")
    call, rung = await talking(alice, bob, 440.0, 700.0)
    await hold(call, rung)
    second, third = await talking(alice, carol, 440.0, 900.0)
    await hold(second, third)

    joined = await join(alice, call, second)
    notice = await joined.answered()
    await rung.respond()
    await third.respond()
    codes = {str((await completed(one))["statusCode"]) for one in (call, second)}

    assert notice["callNotificationParams"]["callerDisplayNumber"].startswith("conference@")
    assert codes == {"9906"}
    for own, hears in ((joined, (700, 900)), (rung, (440, 900)), (third, (440, 700))):
        await own.media.hears(float(hears[0]))
        await own.media.hears(float(hears[1]))
        itself, _ = own.media.strength(own.media.tone.hz)
        other, _ = own.media.strength(float(hears[0]))
        assert itself < 0.2 * other


async def test_who_stays_in_a_conference_is_not_cut_off(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    carol = await gateway.device("carol")
    call, rung = await talking(alice, bob, 440.0, 700.0)
    second, third = await talking(alice, carol, 440.0, 900.0)
    joined = await join(alice, call, second)
    await joined.answered()
    await rung.respond()
    await third.respond()
    await rung.media.hears(900.0)

    await joined.end()
    await rung.end()

    await third.told("callEnd")
    assert all(one["phase"] == "over" for one in await gateway.calls())


async def test_a_far_end_and_a_user_are_joined(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call, rung = await talking(alice, bob, 440.0, 700.0)
    await hold(call, rung)
    second = await alice.call("tone@lab.test")
    await second.answered()
    await hold(second)

    joined = await join(alice, call, second)
    await joined.answered()
    await rung.respond()

    await joined.media.hears(1004.0)
    await rung.media.hears(1004.0)
    await rung.media.hears(440.0)


async def join(client: Client, first: Call, second: Call) -> Call:
    media = client._new_media(first.media.tone.hz)
    request = {
        "type": "join",
        "firstSessionData": first.session,
        "secondSessionData": second.session,
        "sdp": await media.offer(),
    }
    said = await client.ok("POST", "callControl", {"callControlRequest": request})
    return Call(client, said["callControlResponse"]["sessionData"], media)


async def test_click_to_call_rings_both_and_connects_them(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    wanted = {"callingParty": "alice@lab.test", "calledParty": "bob"}

    await alice.ok("POST", "clicktocall", {"clickToCallRequest": wanted})
    own = await alice.incoming()
    await own.answer(440.0)
    rung = await bob.incoming()
    await rung.answer(700.0)
    await own.answered()

    assert own.notice["callNotificationParams"]["callerDisplayNumber"] == "bob@lab.test"
    await hear_each_other(own, rung, 440.0, 700.0)


# ---- across platforms ------------------------------------------------------------------------


def mu_law_tone(hz: float) -> bytes:
    at = np.arange(160 * 1000) / 8000
    return encode_mulaw((8000 * np.sin(2 * np.pi * hz * at)).astype("<i2").tobytes())


def has_hz(codes: bytes, hz: float) -> bool:
    sound = np.frombuffer(decode_mulaw(codes[-4000:]), np.int16).astype(float)
    if len(sound) < 4000:
        return False
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return abs(float(np.argmax(spectrum)) * 8000 / len(sound) - hz) < 8


@pytest.fixture
async def both(gateway: Gateway) -> tuple[Gateway, Place]:
    """The gateway and the Audin side of the same lab."""
    return gateway, Place(gateway.lab, gateway._stack)


async def test_a_ribbon_user_calls_an_audin_operator(both: tuple[Gateway, Place]) -> None:
    gateway, audin = both
    desk, alice = await audin.desk(), await gateway.device("alice")

    call = await alice.call(OPERATOR_1, 466.0)
    offer = await desk.until("incoming_call")
    await desk.send(type="accept", callSid=offer["callSid"])
    await desk.until("call_assigned")
    leg = await audin.audio(offer["callSid"])
    await call.answered()
    leg.talk(mu_law_tone(600.0))

    await call.media.hears(600.0)
    await until(lambda: has_hz(bytes(leg.heard), 466.0), "466 Hz at the operator")
    await hold(call)
    mark = len(leg.heard)
    await until(lambda: len(leg.heard) > mark + 12_000, "a second of hold")
    music = np.frombuffer(decode_mulaw(bytes(leg.heard[-8000:])), np.int16).astype(float)
    await call.end()

    assert not has_hz(bytes(leg.heard), 466.0)
    assert np.sqrt(np.mean(music**2)) > 100
    await leg.told("ended")


async def test_an_audin_operator_calls_a_ribbon_user(both: tuple[Gateway, Place]) -> None:
    gateway, audin = both
    desk, alice = await audin.desk(), await gateway.device("alice")

    leg = await audin.dial(desk, ALICE_FROM_AUDIN)
    rung = await alice.incoming()
    await rung.answer(466.0)
    await leg.told("answered")
    leg.talk(mu_law_tone(600.0))

    await rung.media.hears(600.0)
    await until(lambda: has_hz(bytes(leg.heard), 466.0), "466 Hz at the operator")
    await rung.end()

    await leg.told("ended")


async def test_an_operator_who_calls_nobody_is_not_reachable(both: tuple[Gateway, Place]) -> None:
    _gateway, audin = both
    desk = await audin.desk()

    await desk.send(type="start_outbound", to=ALICE_FROM_AUDIN, callerId="+390299999999")

    assert (await desk.until("error"))["code"] == "NOT_REACHABLE"


# ---- far ends that change a call by themselves -----------------------------------------------


async def test_a_far_end_holds_plays_music_and_resumes(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    call = await alice.call("tone@lab.test")
    await call.answered()
    await call.media.hears(1004.0)

    directions = []
    for what in ("hold", "music", "resume"):
        await gateway.act("far-end", "alice", what=what)
        offered = (await call.respond())["sessionParams"]["sdp"]
        directions.append(next(x for x in ("inactive", "sendonly", "sendrecv") if x in offered))

    assert directions == ["inactive", "sendonly", "sendrecv"]
    call.media.heard.clear()
    await call.media.hears(1004.0)


async def test_a_far_end_asks_for_an_offer_in_a_call(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    call = await alice.call("tone@lab.test")
    await call.answered()

    await gateway.act("far-end", "alice", what="ask")
    asked = await call.respond()
    await call.answered()

    assert "sdp" not in asked["sessionParams"]
    await call.media.hears(1004.0)


# ---- what goes wrong -------------------------------------------------------------------------


async def test_who_stays_refuses_the_target_and_the_transfer_fails(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    carol = await gateway.device("carol")
    call, rung = await talking(alice, bob, 440.0, 700.0)
    await call.put(type="transfer", address="sip:carol@lab.test")
    third = await carol.incoming()
    await third.answer(900.0)

    await rung.told("startCallUpdate")
    await rung.put(type="respondCallUpdate", statusCode="488")

    assert (await call.told("sessionFail"))["sessionParams"]["statusCode"] == "488"
    await third.told("callEnd")
    await hear_each_other(call, rung, 440.0, 700.0)


async def test_a_target_that_forwards_declines_the_transfer(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call = await alice.call(ECHO)
    await call.answered()
    await call.put(type="transfer", address="sip:bob@lab.test")
    third = await bob.incoming()

    request = {"action": "forward", "sessionData": third.session, "address": "sip:carol@lab.test"}
    await bob.ok("POST", "calldisposition", {"callDispositionRequest": request})

    assert (await call.told("sessionFail"))["sessionParams"]["statusCode"] == "487"


async def test_an_attended_transfer_that_is_refused_leaves_both_calls(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call, rung = await talking(alice, bob, 440.0, 700.0)
    second = await alice.call(ECHO)
    await second.answered()

    await call.put(type="transfer", sessionData=second.session, address=f"sip:{ECHO}")
    await rung.told("startCallUpdate")
    await rung.put(type="respondCallUpdate", statusCode="491")

    assert (await call.told("sessionFail"))["sessionParams"]["statusCode"] == "491"
    await call.put(type="audit")
    await second.put(type="audit")


async def test_a_join_that_cannot_be_ends_the_new_call_only(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    first, second = await alice.call(ECHO), await alice.call(ECHO)
    await first.answered()
    await second.answered()
    request = {
        "type": "join",
        "firstSessionData": first.session,
        "secondSessionData": second.session,
        "sdp": "v=0\r\nrubbish",
    }

    said = await alice.ok("POST", "callControl", {"callControlRequest": request})

    await alice.told("callEnd", said["callControlResponse"]["sessionData"])
    await first.put(type="audit")
    await second.put(type="audit")


async def test_a_call_is_not_joined_with_itself_or_while_it_rings(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    await gateway.device("bob")
    call, ringing = await alice.call(ECHO), await alice.call("bob@lab.test")
    await call.answered()

    for second in (call, ringing):
        request = {
            "type": "join",
            "firstSessionData": call.session,
            "secondSessionData": second.session,
            "sdp": "v=0",
        }
        status, said = await alice.rest("POST", "callControl", {"callControlRequest": request})
        assert (status, said["callControlResponse"]["statusCode"]) == (400, 37)


async def test_a_second_transfer_of_the_same_kind_is_possible(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call, rung = await talking(alice, bob, 440.0, 700.0)
    await call.put(type="transfer", address="sip:echo@lab.test")
    await rung.respond()
    await completed(call)
    await rung.media.hears(700.0)

    await rung.put(type="transfer", address="sip:alice@lab.test")
    again = await alice.incoming()
    await again.answer(440.0)
    await again.answered()

    await completed(rung)
    await again.media.hears(440.0)


@pytest.mark.parametrize(
    ("first", "second"), [("alice", "nobody"), ("nobody", "alice"), ("carol", "alice")]
)
async def test_click_to_call_with_nobody_leaves_nothing_behind(
    gateway: Gateway, first: str, second: str
) -> None:
    alice = await gateway.device("alice")
    wanted = {"callingParty": first, "calledParty": second}

    await alice.ok("POST", "clicktocall", {"clickToCallRequest": wanted})

    await until(lambda: len(gateway.service.state()["calls"]) > 0, "something that is over")
    assert all(one["phase"] == "over" for one in gateway.service.state()["calls"])


async def test_click_to_call_that_is_declined_ends_the_first(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    wanted = {"callingParty": "alice", "calledParty": "bob"}
    await alice.ok("POST", "clicktocall", {"clickToCallRequest": wanted})
    own = await alice.incoming()
    await own.answer()
    rung = await bob.incoming()

    request = {"action": "reject", "sessionData": rung.session}
    await bob.ok("POST", "calldisposition", {"callDispositionRequest": request})

    assert (await own.told("callEnd"))["sessionParams"]["statusCode"] == "603"


async def test_a_user_who_declines_is_busy_for_an_operator(both: tuple[Gateway, Place]) -> None:
    gateway, audin = both
    desk, alice = await audin.desk(), await gateway.device("alice")
    leg = await audin.dial(desk, ALICE_FROM_AUDIN)
    rung = await alice.incoming()

    request = {"action": "reject", "sessionData": rung.session}
    await alice.ok("POST", "calldisposition", {"callDispositionRequest": request})

    assert await leg.closed() == gateway.lab.settings.names.busy_close_code


async def test_an_operator_who_gives_up_ends_the_ringing(both: tuple[Gateway, Place]) -> None:
    gateway, audin = both
    desk, alice = await audin.desk(), await gateway.device("alice")
    leg = await audin.dial(desk, ALICE_FROM_AUDIN)
    rung = await alice.incoming()

    await leg.hang_up()

    assert (await rung.told("callEnd"))["sessionParams"]["statusCode"] == "487"


async def test_an_operator_who_is_not_there_is_480(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    call = await alice.call(OPERATOR_1)

    assert (await call.told("callEnd"))["sessionParams"]["statusCode"] == "480"


async def test_the_lab_ends_a_call_with_a_code(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call, rung = await talking(alice, bob, 440.0, 700.0)

    await gateway.control("POST", f"/calls/{call.session}/hangup", {"code": 4000})

    for side in (call, rung):
        assert (await side.told("callEnd"))["sessionParams"]["statusCode"] == "4000"


async def test_a_caller_gives_up_after_its_time(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    await gateway.ring("alice@lab.test", ring_limit_s=0.2)

    rung = await alice.incoming()

    assert (await rung.told("callEnd"))["sessionParams"]["statusCode"] == "487"


async def test_a_far_end_that_drops_says_nothing(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    call = await alice.call("+390255500801@lab.test")
    await call.answered()

    await until(lambda: call.media.pc.connectionState in ("closed", "failed"), "no media", 20.0)

    assert "callEnd" not in alice.events()


async def test_a_far_end_hangs_up_by_itself(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    call = await alice.call("+390255500701@lab.test")
    await call.answered()

    await call.told("callEnd")
