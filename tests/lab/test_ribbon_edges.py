"""What nobody should send to the lab's gateway, keys that are pressed, and the status page."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from softphone.lab.ribbon_faults import SDP_FORMS, spoilt_sdp
from softphone.webrtc.frames import FrameEnd
from softphone.webrtc.peer import Peer, PeerState
from softphone.webrtc.settings import PeerSettings
from tests.lab.plain_ribbon_client import until
from tests.lab.ribbon_place import ECHO, Gateway

JUNK: tuple[Any, ...] = (
    {},
    [],
    None,
    7,
    "text",
    {"callControlRequest": 7},
    {"callControlRequest": {"type": "callStart", "to": 7, "sdp": []}},
    {"callControlRequest": {"type": "callStart", "to": "sip:echo@lab.test", "sdp": "\x00"}},
    {"callControlRequest": {"type": "join", "firstSessionData": "x", "sdp": "v=0"}},
    {"callControlRequest": {"type": "transfer", "address": None}},
    {"callDispositionRequest": {"action": "reject", "sessionData": "x"}},
    {"subscribeRequest": {"service": [7, None], "expires": "soon"}},
    {"subscribeRequest": {"service": ["call"], "clientCorrelator": "a b/../c"}},
    {"presenceRequest": {"status": [], "activity": {}}},
    {"presenceWatcherRequest": {"userList": 7, "action": "watch"}},
    {"imRequest": {"toUrl": 7, "message": None}},
    {"addressBookRequest": {"addressBookEntries": [7]}},
    {"eventSubscriptionRequest": {"eventType": 7}},
    {"clickToCallRequest": {"callingParty": 7}},
)


async def test_no_request_makes_the_gateway_fail(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    alice = await gateway.device("alice")
    routes = gateway.service.table()

    for route in routes:
        for body in JUNK:
            status, _ = await alice.rest(route.method, route.path.replace("*", "x%2F%00"), body)
            assert status < 500, (route.method, route.path, body)

    assert len(routes) > 25
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "nowhere"), ("PATCH", "voicemail"), ("DELETE", "addressbook"), ("GET", "a/b/c/d/e")],
)
async def test_what_is_not_there_is_not_found(gateway: Gateway, method: str, path: str) -> None:
    alice = await gateway.device("alice")

    assert (await alice.rest(method, path))[0] == 404


async def test_the_menu_hears_telephone_events(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    end = FrameEnd(("PCMU",))
    peer = Peer(PeerSettings(codecs=("PCMU",)), _Owner(), end)
    request = {"type": "callStart", "to": "sip:menu@lab.test", "sdp": await peer.offer()}

    try:
        said = await alice.ok("POST", "callControl", {"callControlRequest": request})
        session = said["callControlResponse"]["sessionData"]
        answered = await alice.told("respondCallUpdate", session)
        await peer.accept(answered["sessionParams"]["sdp"])
        await until(lambda: end.counts().frames_received > 0, "sound of the menu")
        assert end.send_tones("159", 100, 70)

        def pressed() -> bool:
            end.put(b"\xff" * 160)
            calls = gateway.service.state()["calls"]
            return any(one.get("digits") == "159" for one in calls)

        await until(pressed, "three digits")
    finally:
        await peer.close()


class _Owner:
    def peer_changed(self, peer: Peer, state: PeerState) -> None:
        """Nothing to do."""

    def peer_silent(self, peer: Peer, silent: bool) -> None:
        """Nothing to do."""


async def test_the_status_page_shows_a_call(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    call = await alice.call(ECHO)
    await call.answered()

    async with alice.http.get(gateway.url) as page:
        text = await page.text()

    assert page.status == 200
    assert "ribbon" in text and "alice@lab.test" in text and call.session in text


@pytest.mark.parametrize("gateway", [{"scenario": "hostile", "first_call_s": 0.1}], indirect=True)
async def test_hostile_callers_ring_users(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    offered = await alice.told("call")
    while "sdp" not in offered["sessionParams"]:  # nonsense that comes with every caller
        offered = await alice.told("call")

    assert offered["sessionParams"]["sdp"].startswith("v=0")


@pytest.mark.parametrize("gateway", [{"first_call_s": 0.1, "scenario": "default"}], indirect=True)
async def test_the_default_world_rings_nobody_by_name(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    assert alice.socket is not None

    call = await alice.call(ECHO)
    await call.answered()
    await call.end()
    await gateway.act("message", "alice", text="done")
    await alice.told("IM")

    assert "call" not in alice.events()


@pytest.mark.parametrize(
    "gateway",
    [{"first_call_s": 0.01, "scenario": "default", "calls_every_s": (0.01, 0.01)}],
    indirect=True,
)
async def test_callers_nobody_can_take_do_not_stop_the_lab(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    looked_at = time.monotonic() + 0.5  # they look every tenth of a second
    while time.monotonic() < looked_at:
        await gateway.act("message", "alice", text="still here")
        await alice.told("IM")

    assert "call" not in alice.events()


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(some.text(max_size=300), some.sampled_from([*sorted(SDP_FORMS), "no such form"]))
def test_any_text_can_be_spoilt(text: str, form: str) -> None:
    spoilt = spoilt_sdp(text, form)

    assert json.loads(json.dumps(spoilt)) == spoilt
