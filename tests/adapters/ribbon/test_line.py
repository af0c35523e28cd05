"""Signing in, staying signed in, and every way to lose the line."""

from __future__ import annotations

import asyncio
import logging

import pytest

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.error import Refused
from softphone.model.presence import LinkState
from tests.adapters.ribbon.seat import NAME, Floor, until


def secret(floor: Floor, kind: str, user: str = "alice") -> str:
    found: str = floor.gateway.sign_in(f"{user}@lab.test")[kind]
    return found


@pytest.mark.parametrize(
    ("kind", "setting"),
    [("hmac", "hmac_env"), ("token", "token_env"), ("password", "password_env")],
)
async def test_every_way_to_sign_in_can_call_and_leave(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, kind: str, setting: str
) -> None:
    monkeypatch.setenv("RIBBON_SECRET", secret(floor, kind))
    alice = await floor.at_work(password="", **{setting: "RIBBON_SECRET"})

    call = await alice.talk("echo@lab.test")
    await alice.do(c.HangUp(call))
    await alice.do(c.GoOffline(NAME))

    assert alice.links[-1] == "offline"
    assert not floor.subscriptions()


async def test_a_bearer_token_may_travel_in_the_sockets_query(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIBBON_SECRET", secret(floor, "token"))

    alice = await floor.at_work(password="", token_env="RIBBON_SECRET", oauth_mode="query")

    assert alice.link is LinkState.ONLINE


async def test_another_name_may_sign_in_for_the_user(floor: Floor) -> None:
    alice = await floor.at_work(authname="alice-auth")

    assert alice.link is LinkState.ONLINE


async def test_a_secret_that_is_not_there_fails_with_its_name(floor: Floor) -> None:
    alice = await floor.seat(password="", password_env="NO_SUCH_VARIABLE")
    await alice.do(c.GoOnline(NAME))

    failed = await alice.linked(LinkState.FAILED)

    assert "NO_SUCH_VARIABLE" in failed.cause


async def test_wrong_credentials_are_tried_once_not_in_a_storm(floor: Floor) -> None:
    alice = await floor.seat(password="wrong")
    await alice.do(c.GoOnline(NAME))

    failed = await alice.linked(LinkState.FAILED)
    for _ in range(50):
        await asyncio.sleep(0)

    assert failed.code == "UNAUTHORIZED"
    assert alice.links == ["offline", "connecting", "failed"]
    await alice.do(c.RetryNow(NAME))
    await until(lambda: alice.links.count("failed") == 2)


@pytest.mark.parametrize("code", [19, 35, 37, 38, 62, 63])
async def test_a_subscription_refused_for_good_fails_with_a_sentence(
    floor: Floor, code: int
) -> None:
    alice = await floor.seat()
    await floor.fault("rest", resource="subscription", status=403, code=code)
    await alice.do(c.GoOnline(NAME))

    failed = await alice.linked(LinkState.FAILED)

    assert failed.cause.endswith(".")


@pytest.mark.parametrize("form", ["header", "date", "body", "authorization"])
async def test_a_busy_gateway_is_asked_again_when_it_says(floor: Floor, form: str) -> None:
    alice = await floor.seat()
    await floor.fault("rest_unavailable", resource="subscription", seconds=0.2, form=form, count=2)

    await alice.ready()

    assert alice.links.count("reconnecting") == 2


async def test_a_passing_trouble_is_tried_again(floor: Floor) -> None:
    alice = await floor.seat()
    await floor.fault("rest", resource="subscription", status=500, code=9, count=1)

    await alice.ready()

    assert alice.links == ["offline", "connecting", "reconnecting", "online"]
    assert "passing problem" in alice.of(e.ErrorRaised)[0].text


async def test_services_that_are_not_granted_are_said(floor: Floor) -> None:
    await floor.fault("services_refused", services="MWI,IM")

    alice = await floor.at_work()

    assert alice.of(e.ServicesChanged)[0].services == ("call", "Presence")
    assert "did not grant IM, MWI" in alice.remarks()


async def test_services_are_added_and_dropped(floor: Floor) -> None:
    alice = await floor.at_work(services=["call", "IM"])

    await alice.do(c.ChangeServices(NAME, ("MWI",), ("im",)))

    await until(lambda: alice.of(e.ServicesChanged)[-1].services == ("call", "MWI"))
    found = await alice.do(c.ShowSubscriptions(NAME))
    assert isinstance(found, c.SubscriptionsFound)
    assert found.granted == found.asked == ("call", "MWI")
    assert dict(found.line)["state"] == "up"
    assert "opus" in dict(found.line)["codecs"]
    with pytest.raises(Refused, match="No service"):
        await alice.do(c.ChangeServices(NAME, (), ("call", "MWI")))


async def test_a_second_sign_in_with_the_same_correlator_takes_the_place(floor: Floor) -> None:
    first = await floor.at_work(correlator="desk-7")

    second = await floor.at_work(correlator="desk-7")

    failed = await first.linked(LinkState.FAILED)
    assert failed.code == "REPLACED"
    assert second.link is LinkState.ONLINE
    await second.do(c.FetchVoicemail(NAME))
    assert second.links[-1] == "online"


async def test_a_close_with_1000_makes_a_new_subscription(floor: Floor) -> None:
    alice = await floor.at_work()
    (before,) = floor.subscriptions()

    await floor.ask(floor.control.drop, "ribbon", "alice@lab.test", 1000)
    await until(lambda: alice.links[-2:] == ["reconnecting", "online"])

    assert before["id"] not in [one["id"] for one in floor.subscriptions()]


@pytest.mark.parametrize("code", [1001, 1006, 1011, 4000])
async def test_other_closes_reconnect_to_the_same_channel(floor: Floor, code: int) -> None:
    alice = await floor.at_work()
    (before,) = floor.subscriptions()

    await floor.ask(floor.control.drop, "ribbon", "alice@lab.test", code)
    await until(lambda: alice.links[-2:] == ["reconnecting", "online"])

    assert [one["id"] for one in floor.subscriptions()] == [before["id"]]


async def test_a_channel_nobody_knows_any_more_is_given_up_for_a_new_one(floor: Floor) -> None:
    alice = await floor.at_work(reconnect_limit=2)
    await floor.fault("handshake", socket="notification", status=404, count=2)

    await floor.ask(floor.control.drop, "ribbon", "alice@lab.test", 1006)
    await until(lambda: alice.links[-1] == "online" and "reconnecting" in alice.links)

    causes = [x.code for x in alice.of(e.LinkChanged)]
    assert "LOST_CONNECTION" in causes


async def test_keep_alive_is_sent_and_can_be_switched_off(floor: Floor) -> None:
    alice = await floor.at_work(ping_s=0.1)
    await until(lambda: floor.subscriptions()[0]["pings"] >= 2)

    await alice.do(c.SetLine(NAME, keep_alive=False))
    before = floor.subscriptions()[0]["pings"]
    await asyncio.sleep(0.3)

    assert floor.subscriptions()[0]["pings"] <= before + 1


async def test_a_reset_opens_the_socket_anew(floor: Floor) -> None:
    alice = await floor.at_work()

    await alice.do(c.ResetConnection(NAME))

    await until(lambda: alice.links[-2:] == ["reconnecting", "online"])


async def test_a_notification_that_came_another_way_is_taken_once(floor: Floor) -> None:
    alice = await floor.at_work(incoming_mode="push")
    text = (
        '{"notificationMessage":{"eventType":"mwi","eventId":"p-1",'
        '"mwiNotificationParam":{"mwi":"yes","unheardVoice":"2"}}}'
    )

    await alice.do(c.TakeNotification(NAME, text))

    await until(lambda: alice.of(e.VoicemailChanged)[-1].voicemail.waiting)
    for again in (text, "rubbish"):
        with pytest.raises(Refused):
            await alice.do(c.TakeNotification(NAME, again))
    await floor.ask(floor.control.ring, number="+390255501001")
    await until(lambda: [x for x in alice.of(e.PlatformEvent) if x.name == "call"])
    assert not alice.of(e.CallOffered)


async def test_ignored_notifications_are_not_acted_on(floor: Floor) -> None:
    alice, bob = await floor.at_work("alice"), await floor.at_work("bob")
    await alice.do(c.SetLine(NAME, notifications=False))
    await bob.do(c.SendMessage(NAME, "alice", "unheard"))
    await alice.do(c.SetLine(NAME, notifications=True))
    await bob.do(c.SendMessage(NAME, "alice", "heard"))

    await until(lambda: alice.of(e.MessageChanged))

    assert "heard" in alice.of(e.MessageChanged)[-1].message.text


async def test_no_log_shows_a_secret_or_the_channel(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    alice = await floor.at_work(trace=True)
    call = await alice.talk("echo@lab.test")
    await alice.do(c.HangUp(call))

    own = [r.getMessage() for r in caplog.records if ".adapters." in r.name]
    text = "\n".join(own)
    assert "callControl" in text
    assert secret(floor, "password") not in text
    assert "Basic" not in text
    assert "/websocket/" not in text
