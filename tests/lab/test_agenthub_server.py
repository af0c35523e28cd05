"""The lab's AgentHub as a bare client meets it: upgrade, tokens, frames, channels, presence."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.adapters.agenthub.agent import Floor, a_floor, until
from tests.lab.plain_agenthub import PlainAgent

SCRIPT = Path(__file__).parent / "plain_agenthub.py"


@pytest.fixture
async def floor(request: pytest.FixtureRequest) -> AsyncIterator[Floor]:
    changed: dict[str, Any] = getattr(request, "param", {})
    async with a_floor(**changed) as opened:
        yield opened


async def plain(floor: Floor, user: str = "boss", **options: Any) -> PlainAgent:
    url = floor.lab.ready()["agenthub"]["socket"]
    return await PlainAgent.open(url, floor.token(user), **options)


async def refusal(floor: Floor, token: str, **options: Any) -> tuple[int, bytes]:
    """Return status and body of a refused upgrade."""
    url = floor.lab.ready()["agenthub"]["socket"]
    with pytest.raises(InvalidStatus) as problem:
        await PlainAgent.open(url, token, **options)
    response = problem.value.response
    return response.status_code, bytes(response.body or b"")


async def test_a_plain_client_joins_sees_the_list_and_is_answered(floor: Floor) -> None:
    url = floor.lab.ready()["agenthub"]["socket"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(SCRIPT), url, floor.token("boss")), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 10.0)

    said = [json.loads(line) for line in out.splitlines()]
    assert said[0]["joined"]["username"] == "boss"
    assert said[1] == {"online": ["7"]}
    assert said[2]["heartbeat"] == [
        None,
        "3",
        "phoenix",
        "phx_reply",
        {"status": "ok", "response": {}},
    ]


async def test_every_bad_token_gets_the_same_empty_403(floor: Floor) -> None:
    good = floor.token()
    claims = jwt.decode(good, options={"verify_signature": False})
    public = floor.hub._tokens.public_key()
    other = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")

    def hs256() -> str:
        import hashlib
        import hmac

        head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
        signed = hmac.new(public, f"{head}.{other}".encode(), hashlib.sha256).digest()
        return f"{head}.{other}.{base64.urlsafe_b64encode(signed).decode().rstrip('=')}"

    bad = {
        "none": "",
        "garbage": "a.b.c",
        "alg none": jwt.encode(claims, "", algorithm="none"),
        "HS256 with the public key": hs256(),
        "expired": floor.token(ttl_s=-60),
        "changed": good[:-6] + "AAAAAA",
    }
    for what, token in bad.items():
        assert await refusal(floor, token) == (403, b""), what


@pytest.mark.parametrize("claim", ["exp", "iat", "iss", "sub", "tid"])
async def test_a_token_without_a_needed_claim_is_refused(floor: Floor, claim: str) -> None:
    claims = jwt.decode(floor.token(), options={"verify_signature": False})
    del claims[claim]
    token = jwt.encode(claims, floor.hub._tokens._key_pair(), algorithm="RS256")

    assert await refusal(floor, token) == (403, b"")


async def test_another_issuer_is_refused(floor: Floor) -> None:
    claims = jwt.decode(floor.token(), options={"verify_signature": False})
    claims["iss"] = "https://elsewhere.test"
    token = jwt.encode(claims, floor.hub._tokens._key_pair(), algorithm="RS256")

    assert await refusal(floor, token) == (403, b"")


@pytest.mark.parametrize("vsn", ["1.0.0", "nonsense", "3.0.0"])
async def test_other_versions_are_refused(floor: Floor, vsn: str) -> None:
    assert await refusal(floor, floor.token(), vsn=vsn) == (403, b"")


async def test_the_token_may_be_offered_as_a_subprotocol_and_is_never_echoed(floor: Floor) -> None:
    coded = base64.b64encode(floor.token("boss").encode()).decode().rstrip("=")
    offered = ["phoenix", f"base64url.bearer.phx.{coded}"]

    agent = await PlainAgent.open(
        floor.lab.ready()["agenthub"]["socket"], "ignored", subprotocols=offered
    )

    assert agent.socket.subprotocol == "phoenix"
    await agent.socket.close()


async def test_leaving_is_answered_and_then_the_channel_is_closed(floor: Floor) -> None:
    agent = await plain(floor)
    ref = await agent.join("agent:acme:7")
    await agent.until("agent:acme:7", "phx_reply", ref)

    left = await agent.say(ref, "agent:acme:7", "phx_leave")

    assert await agent.until("agent:acme:7", "phx_reply", left)
    assert await agent.frame() == [ref, ref, "agent:acme:7", "phx_close", {}]
    await agent.socket.close()


async def test_what_is_not_joined_or_not_there_is_unmatched(floor: Floor) -> None:
    agent = await plain(floor)

    ref = await agent.say("1", "agent:acme:7", "do_it")
    unmatched = {"status": "error", "response": {"reason": "unmatched topic"}}
    assert await agent.frame() == [None, ref, "agent:acme:7", "phx_reply", unmatched]
    ref = await agent.join("room:lobby")
    assert await agent.frame() == [None, ref, "room:lobby", "phx_reply", unmatched]
    await agent.socket.close()


async def test_a_second_join_closes_the_older_channel(floor: Floor) -> None:
    agent = await plain(floor)
    first = await agent.join("online:acme")
    await agent.until("online:acme", "phx_reply", first)

    second = await agent.join("online:acme")

    assert (await agent.until("online:acme", "phx_close"))[:2] == [first, first]
    assert (await agent.until("online:acme", "phx_reply", second))[4]["status"] == "ok"
    await agent.socket.close()


async def test_others_topics_and_the_list_are_closed_to_those_without_the_role(
    floor: Floor,
) -> None:
    agent = await plain(floor, "adams")

    for topic in ("agent:acme:7", "agent:globex:61", "online:acme", "online:globex"):
        ref = await agent.join(topic)
        reply = await agent.until(topic, "phx_reply", ref)
        assert reply[4] == {"status": "error", "response": {"reason": "unauthorized"}}
    await agent.socket.close()


@pytest.mark.parametrize("text", ["{", '{"topic":"t"}', '["1","1","t"]', '[1,2,"t","e",{}]'])
async def test_a_malformed_frame_ends_this_socket_with_1011_and_no_other(
    floor: Floor, text: str
) -> None:
    bad, good = await plain(floor), await plain(floor)

    await bad.socket.send(text)
    with pytest.raises(ConnectionClosed) as closed:
        await bad.frame()
    await good.say(None, "phoenix", "heartbeat")

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
    assert (await good.frame())[4]["status"] == "ok"
    await good.socket.close()


async def test_a_message_above_the_limit_ends_the_socket_with_1009(floor: Floor) -> None:
    agent = await plain(floor)

    with pytest.raises(ConnectionClosed) as closed:
        await agent.say(None, "phoenix", "heartbeat", {"x": "x" * 1_100_000})
        await agent.frame()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize("floor", [{"idle_limit_s": 0.3}], indirect=True)
async def test_silence_for_too_long_ends_the_socket(floor: Floor) -> None:
    agent = await plain(floor)

    with pytest.raises(ConnectionClosed) as closed:
        await agent.frame()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000


async def test_references_of_presence_are_made_as_the_original_makes_them(floor: Floor) -> None:
    agent = await plain(floor)
    await agent.join("agent:acme:7")
    await agent.join("online:acme")

    state = await agent.until("online:acme", "presence_state")

    ref = state[4]["7"]["metas"][0]["phx_ref"]
    nanoseconds = int.from_bytes(base64.urlsafe_b64decode(ref)[:8], "big")
    assert len(ref) == 16
    assert abs(nanoseconds / 1e9 - time.time()) < 60
    await agent.socket.close()


async def test_ids_of_events_only_grow(floor: Floor) -> None:
    agent = await plain(floor)
    await agent.join("agent:acme:7")
    await floor.act("emit", "boss", type="X", data={}, count=50)
    ids: list[Any] = []

    while len(ids) < 50:
        frame = await agent.until("agent:acme:7", "event")
        if frame[4]["eventType"] == "X":
            ids.append(tuple(map(int, frame[4]["eventId"].split("-"))))

    assert ids == sorted(set(ids))
    await agent.socket.close()


async def test_who_reads_too_slowly_is_cut_off_and_the_others_go_on(floor: Floor) -> None:
    slow = await plain(floor, "adams", max_queue=1)
    await slow.join("agent:acme:52")
    await until(lambda: floor.hub.state()["sockets"][0]["topics"])
    other = await plain(floor, "boss")

    await floor.act("emit", "adams", type="X", data={"x": "x" * 2000}, count=15_000)
    await until(lambda: len(floor.hub.state()["sockets"]) == 1)
    await other.say(None, "phoenix", "heartbeat")

    assert (await other.frame())[4]["status"] == "ok"
    await other.socket.close()
    slow.socket.transport.abort()
