"""Signing in at the lab's gateway: credentials, subscriptions, notification sockets."""

from __future__ import annotations

import aiohttp
import pytest

from tests.lab.plain_ribbon_client import Client, until
from tests.lab.ribbon_place import Gateway

REQUEST = {"subscribeRequest": {"expires": 60, "service": ["call"]}}


def code_of(said: dict[str, dict[str, int]]) -> int:
    """Return the number inside whatever envelope it came in."""
    (inside,) = said.values()
    return inside["statusCode"]


async def test_a_subscription_grants_services_and_an_unguessable_channel(gateway: Gateway) -> None:
    alice = gateway.bare("alice")

    said = await alice.subscribe("call", "IM", "event:conference", "weather", correlator="desk-7")

    granted = said["subscriptionParams"]
    assert granted["service"] == ["call", "IM", "event:conference"]
    assert granted["clientCorrelator"] == "desk-7"
    assert len(granted["notificationChannel"].rpartition("/")[2]) > 25
    assert said["subscription"].startswith("/rest/version/1/user/alice@lab.test/subscription/")


async def test_services_that_do_not_exist_are_refused_with_37(gateway: Gateway) -> None:
    alice = gateway.bare("alice")

    status, said = await alice.rest(
        "POST", "subscription", {"subscribeRequest": {"expires": 60, "service": ["weather"]}}
    )

    assert (status, code_of(said)) == (403, 37)


@pytest.mark.parametrize("how", ["authname", "bearer", "hmac", "user"])
async def test_each_kind_of_credential_signs_in(gateway: Gateway, how: str) -> None:
    known = gateway.service.sign_in("alice@lab.test")
    given = {
        "authname": {"authname": known["authname"]},
        "bearer": {"bearer": known["token"]},
        "hmac": {"hmac": known["hmac"]},
        "user": {},
    }[how]
    alice = gateway.bare("alice", **given)

    await alice.start()

    assert await alice.ok("GET", "voicemail")


@pytest.mark.parametrize(
    "how",
    [{"bearer": "wrong"}, {"hmac": "wrong"}, {"authname": "mallory"}, {"session": "wrong"}],
)
async def test_wrong_credentials_are_refused(gateway: Gateway, how: dict[str, str]) -> None:
    alice = gateway.bare("alice", **how)

    status, said = await alice.rest("POST", "subscription", REQUEST)

    assert status in (401, 403)
    assert code_of(said) in (4, 61)


async def test_nobody_reads_for_another_user(gateway: Gateway) -> None:
    alice = gateway.bare("alice")

    status, _ = await alice.rest("GET", "/rest/version/1/user/bob@lab.test/voicemail")

    assert status == 403


async def test_a_refusal_is_json_that_a_page_may_read(gateway: Gateway) -> None:
    page = {"Origin": "http://localhost:3000"}
    address = f"{gateway.url}/rest/version/1/user/alice@lab.test/subscription"
    asked = {"Access-Control-Request-Headers": "authorization,content-type"}

    async with aiohttp.ClientSession() as http:
        async with http.options(address, headers={**page, **asked}) as preflight:
            allowed = preflight.headers["Access-Control-Allow-Headers"]
            assert preflight.status == 204
        async with http.post(address, json=REQUEST, headers=page) as refused:
            kind, origin = (
                refused.headers["Content-Type"],
                refused.headers["Access-Control-Allow-Origin"],
            )

    assert allowed == "authorization,content-type"
    assert refused.status == 401
    assert kind.startswith("application/json")
    assert origin == "http://localhost:3000"


async def test_an_unknown_channel_is_refused_at_the_upgrade(gateway: Gateway) -> None:
    alice = gateway.bare("alice")
    await alice.subscribe()
    alice.subscription["subscriptionParams"]["notificationChannel"] += "x"

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await alice.connect()

    assert refused.value.status == 404


async def test_a_wrong_token_in_the_sockets_query_is_refused(gateway: Gateway) -> None:
    token = gateway.service.sign_in("alice@lab.test")["token"]
    alice = gateway.bare("alice")
    await alice.subscribe()

    with pytest.raises(aiohttp.WSServerHandshakeError):
        await alice.connect("?access_token=wrong")
    await alice.connect(f"?access_token={token}")

    assert alice.socket is not None and not alice.socket.closed


async def test_the_same_correlator_replaces_the_older_client(gateway: Gateway) -> None:
    first = await gateway.device("alice")
    other = await gateway.device("alice", correlator="other")

    await gateway.device("alice")

    await first.told("websocketOverridden")
    assert other.events() == []


async def test_a_put_extends_and_a_delete_ends(gateway: Gateway) -> None:
    alice = await gateway.device("alice", "call", correlator="d")
    wanted = {"subscribeRequest": {"expires": 90, "service": ["call", "MWI"]}}

    said = await alice.ok("PUT", "subscription/clientCorrelator/d", wanted)
    by_id = await alice.ok("PUT", alice.subscription["subscription"], wanted)
    ended, _ = await alice.rest("DELETE", alice.subscription["subscription"])
    status, gone = await alice.rest("PUT", alice.subscription["subscription"], wanted)

    granted = said["subscribeResponse"]["subscriptionParams"]
    assert granted["service"] == ["call", "MWI"]
    assert granted == by_id["subscribeResponse"]["subscriptionParams"]
    before = alice.subscription["subscriptionParams"]["notificationChannel"]
    assert granted["notificationChannel"] == before
    assert ended == 204
    assert (status, code_of(gone)) == (404, 39)


async def test_a_subscription_nobody_refreshes_is_gone(gateway: Gateway) -> None:
    alice = await gateway.device("alice", expires=1)

    await alice.told("gone")

    state = await gateway.control("GET", "/state")
    assert state["services"]["ribbon"]["subscriptions"] == []


async def test_pings_are_counted_and_not_answered(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    assert alice.socket is not None

    await alice.socket.send_str('{"message_type":"ping"}')
    await gateway.act("message", "alice", text="after the ping")

    await alice.told("IM")
    assert alice.said == []
    assert gateway.service.state()["subscriptions"][0]["pings"] == 1


async def test_what_was_not_delivered_comes_after_the_reconnect_in_order(
    gateway: Gateway,
) -> None:
    alice = await gateway.device("alice")
    await gateway.control("POST", "/drop", {"service": "ribbon", "user": "alice", "code": 4000})
    await until(lambda: alice.closed_with == 4000, "the close")

    for place in range(5):
        await gateway.act("message", "alice", text=str(place))
    await alice.connect()

    texts = [(await alice.told("IM"))["imnotificationParams"]["msgText"] for _ in range(5)]
    assert texts == list("01234")
    assert len({one["eventId"] for one in alice.said}) == len(alice.said)


async def test_an_unavailable_gateway_tells_how_long_to_wait(gateway: Gateway) -> None:
    alice = gateway.bare("alice")
    await gateway.fault("rest_unavailable", resource="subscription", seconds=2.0, form="body")

    status, said = await alice.rest("POST", "subscription", REQUEST)

    assert (status, said) == (503, {"subscribeResponse": {"retryAfter": 2000}})


async def test_a_request_that_is_no_json_is_answered_with_5(gateway: Gateway) -> None:
    alice: Client = gateway.bare("alice")

    status, said = await alice.rest("POST", "presence", [1, 2])

    assert (status, code_of(said)) == (400, 5)
