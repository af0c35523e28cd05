"""The adapter at a gateway that shares no code with it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from softphone.adapters.ribbon import wire
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import EndReason
from tests.adapters.ribbon.plain_gateway import PASSWORD, USER, PlainGateway
from tests.adapters.ribbon.seat import NAME, Seat, until


@pytest.fixture
async def gateway() -> AsyncIterator[PlainGateway]:
    made = PlainGateway()
    yield made
    await made.close()


@pytest.fixture
async def alice(gateway: PlainGateway) -> AsyncIterator[Seat]:
    seat = Seat(
        url=await gateway.start(),
        user=USER,
        password=PASSWORD,
        online_at_start=False,
        ice_ideal_s=0.0,
        ice_limit_s=0.5,
        ping_s=0.2,
    )
    await seat.start()
    await seat.ready()
    yield seat
    await seat.stop()


async def test_an_aiortc_echo_is_heard_before_and_after_a_hold(
    gateway: PlainGateway, alice: Seat
) -> None:
    call = await alice.talk("+1 (214) 555-0100")
    alice.pumps[call].hums = True
    await alice.heard(call)

    await alice.do(c.Hold(call))
    await alice.do(c.Resume(call))
    await alice.heard(call)
    await alice.do(c.HangUp(call))

    await until(lambda: gateway.deleted)
    start = next(b for m, r, b in gateway.seen if r == "callControl")["callControlRequest"]
    assert start["to"] == "sip:+12145550100@example.com"
    assert start["from"] == f"sip:{USER}"
    assert start["supported"] == ["earlymedia"]
    kinds = [
        b["callControlRequest"]["type"] for _, _, b in gateway.seen if "callControlRequest" in b
    ]
    assert kinds.count("startCallUpdate") == 2
    assert "audit" in kinds
    origins = {
        b["callControlRequest"]["sdp"].split("o=- ")[1].split()[0]
        for _, _, b in gateway.seen
        if b.get("callControlRequest", {}).get("sdp")
    }
    assert len(origins) == 1  # a re-offer keeps its session id (4.13)


async def test_an_aiortc_caller_is_answered_and_gets_sound(
    gateway: PlainGateway, alice: Seat
) -> None:
    session = await gateway.ring()
    offer = await alice.offered()
    assert offer.remote.name == "Plain Echo"

    await alice.do(c.Answer(offer.call))
    await alice.active(offer.call)

    await until(lambda: gateway.rings[session].frames > 10)
    await gateway.tell("callEnd", session, {"statusCode": "603", "reasonText": "Declined"})
    assert (await alice.over(offer.call)).reason is EndReason.REMOTE_HANGUP
    assert session not in gateway.deleted  # no DELETE after callEnd (4.9)
    assert {"type": "ringing"} in [b.get("callControlRequest") for _, _, b in gateway.seen]


async def test_keep_alive_and_leaving_are_as_the_reference_has_them(
    gateway: PlainGateway, alice: Seat
) -> None:
    await until(lambda: gateway.frames)

    await alice.do(c.GoOffline(NAME))

    assert set(gateway.frames) == {wire.PING_TEXT}
    assert gateway.seen[-1][:2] == ("DELETE", "subscription/s1")
    assert alice.of(e.LinkChanged)[-1].link.value == "offline"
