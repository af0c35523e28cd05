"""Options of the SDK that other tests do not show: what a setting changes on the wire."""

from __future__ import annotations

import logging

import pytest

from softphone.adapters.ribbon import wire
from softphone.adapters.ribbon.gateway import RibbonGateway
from softphone.adapters.ribbon.media import peer_settings
from softphone.adapters.ribbon.settings import RibbonSettings
from softphone.adapters.ribbon.steps import AskSubscription, CallAsk, MakeOffer
from softphone.model import command as c
from softphone.webrtc.edit import CodecSelector, removing
from tests.adapters.ribbon.rig import Rig
from tests.adapters.ribbon.seat import Floor


@pytest.mark.parametrize("trace", [True, False])
async def test_requests_and_answers_are_logged_when_asked_for(
    floor: Floor, caplog: pytest.LogCaptureFixture, trace: bool
) -> None:
    caplog.set_level(logging.INFO)

    alice = await floor.at_work(trace=trace)

    sent = [record.message for record in caplog.records if "subscribeRequest" in record.message]
    assert bool(sent) is trace
    assert not any(alice.adapter.settings.password in line for line in sent)
    assert all("-> 20" in line for line in sent)


def test_a_subscription_asks_for_the_time_of_the_settings() -> None:
    rig = Rig(expires_s=600)

    rig.do(rig.protocol.session.open(rig.now))

    body = rig.last(AskSubscription).body
    assert body is not None
    assert body["subscribeRequest"]["expires"] == 600


@pytest.mark.parametrize("keep", [True, False])
def test_slow_start_may_keep_the_connection_in_use(keep: bool) -> None:
    rig = Rig(keep_peer_in_slow_start=keep).online()
    rig.talking()

    rig.hear(wire.EventType.START_UPDATE, "A1")

    assert rig.last(MakeOffer).fresh is not keep


@pytest.mark.parametrize(("normalise", "sent"), [(True, "sip:12@example.com"), (False, "1 2")])
def test_what_is_dialled_goes_as_typed_when_normalising_is_off(normalise: bool, sent: str) -> None:
    rig = Rig(normalise=normalise).online()

    rig.dial("1 2")

    body = rig.last(CallAsk).body
    assert body is not None
    assert body["callControlRequest"]["to"] == sent


def test_servers_and_limits_for_candidates_come_from_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TURN_PASSWORD", "secret of the turn server")
    server = {"urls": "turn:t.test", "username": "u", "credential_env": "TURN_PASSWORD"}
    settings = RibbonSettings(
        ice_servers=(server, {"urls": ["stun:s.test", "stun:s2.test"]}),
        ice_ideal_s=0.5,
        ice_limit_s=2.0,
        audio_kbps=24,
        dscp=46,
        remove_codecs=("opus;useinbandfec=1",),
    )

    made = peer_settings(settings, None)

    assert [one.urls for one in made.ice_servers] == [
        ("turn:t.test",),
        ("stun:s.test", "stun:s2.test"),
    ]
    assert made.ice_servers[0].username == "u"
    assert made.ice_servers[0].credential is not None
    assert "secret" not in repr(made)
    assert (made.gather_ideal_s, made.gather_limit_s) == (0.5, 2.0)
    assert (made.audio_kbps, made.dscp) == (24, 46)
    assert made.removed == (CodecSelector("opus", ("useinbandfec=1",)),)


async def test_a_programs_own_handlers_edit_each_description_that_is_sent(floor: Floor) -> None:
    seen: list[str] = []

    def without_opus(text: str) -> str:
        seen.append(text)
        return removing(text, [CodecSelector("opus")])

    settings = floor.account()
    del settings["online_at_start"]
    async with RibbonGateway(audio="null", **settings) as gateway:
        gateway.set_sdp_handlers([without_opus])
        call = await gateway.dial("echo@lab.test")
        await call.connected()
        found = await gateway.submit(c.ShowStatistics(call.id))
        await call.hang_up()

    assert isinstance(found, c.FiguresFound)
    assert len(seen) == 1
    assert "m=audio" in seen[0]
    assert dict(found.figures)["codec"] == "PCMU"
