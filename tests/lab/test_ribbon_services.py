"""Services of the lab's gateway: history, people, presence, messages, voicemail, events, push."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.plain_ribbon_client import Client, until
from tests.lab.ribbon_place import ECHO, Gateway
from tests.lab.test_ribbon_calls import talking


async def history(client: Client, query: str = "count=50&startIndex=0") -> list[dict[str, Any]]:
    said = await client.ok("GET", f"logHistory?{query}")
    assert said["logHistory"]["statusCode"] == 0
    assert all(item["type"] == "CallLog" for item in said["logHistory"]["logItems"])
    return [item["params"] for item in said["logHistory"]["logItems"]]


async def test_history_has_every_call_for_both_parties(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    call, rung = await talking(alice, bob, 440.0, 700.0)
    await call.end()
    await rung.told("callEnd")
    missed = await alice.call("bob@lab.test")
    await bob.incoming()
    await missed.end()
    await bob.told("callEnd")

    outgoing, incoming = await history(alice), await history(bob)

    assert [one["direction"] for one in outgoing] == ["outgoing", "outgoing"]
    assert [one["direction"] for one in incoming] == ["missed", "incoming"]
    assert {one["duration"] for one in incoming[:1]} == {"0"}
    assert all(isinstance(one["startTime"], str) for one in incoming)
    assert incoming[1]["callerDisplayNumber"] == "alice@lab.test"
    assert incoming[1]["calleeDisplayNumber"] == "bob@lab.test"


async def test_history_is_paged_and_records_are_deleted(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    for _ in range(3):
        call = await alice.call("nobody@lab.test")
        await call.told("callEnd")

    every = await history(alice)
    middle = await history(alice, "count=1&startIndex=1")
    await alice.ok("DELETE", f"logRecord/{middle[0]['recordId']}")
    left = await history(alice)
    status, said = await alice.rest("DELETE", f"logRecord/{middle[0]['recordId']}")
    await alice.ok("DELETE", "logHistory")

    assert [middle[0]["recordId"]] == [every[1]["recordId"]]
    assert [one["recordId"] for one in left] == [every[0]["recordId"], every[2]["recordId"]]
    assert (status, said) == (404, {"logRecord": {"statusCode": 42, "reason": said_reason(said)}})
    assert await history(alice) == []


def said_reason(said: dict[str, dict[str, str]]) -> str:
    (inside,) = said.values()
    return inside["reason"]


async def test_contacts_are_added_changed_fetched_and_removed(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    entry = {"primaryContact": "eve@lab.test", "firstName": "Eve", "nickname": "a/b c"}

    await alice.ok("POST", "addressbook/contacts/", book(entry))
    await alice.ok("PUT", "addressbook/contacts/a%2Fb%20c", book({"firstName": "Eva"}))
    one = await alice.ok("GET", "addressbook/contacts/a%2Fb%20c")
    removed = await alice.ok("DELETE", "addressbook/contacts/a%2Fb%20c")
    every = await alice.ok("GET", "addressbook")

    assert one["addressBookResponse"]["addressBookEntries"] == [
        {"firstName": "Eva", "nickname": "a/b c"}
    ]
    assert removed["addressBookResponse"]["statusCode"] == 0
    names = [x.get("firstName") for x in every["addressBookResponse"]["addressBookEntries"]]
    assert "Bob" in names and "Eva" not in names


def book(entry: dict[str, str]) -> dict[str, Any]:
    return {"addressBookRequest": {"addressBookEntries": [entry]}}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("criteria=caro&criteriaType=1", ["carol@lab.test"]),
        ("criteria=fish&criteriaType=2", ["bob@lab.test"]),
        ("criteria=Alice%20R&criteriaType=3", ["alice@lab.test"]),
        ("criteria=0255501004&criteriaType=4", ["dave@lab.test"]),
        ("criteria=bob@lab.test&criteriaType=5", ["bob@lab.test"]),
        ("criteria=zzz&criteriaType=5", []),
    ],
)
async def test_the_directory_finds(gateway: Gateway, query: str, found: list[str]) -> None:
    alice = await gateway.device("alice")

    said = await alice.ok("GET", f"directory?{query}")

    assert said["directory"]["statusCode"] == 0
    assert [one["primaryContact"] for one in said["directory"]["directoryItems"]] == found


async def watch(client: Client, user: str, action: str = "watch") -> None:
    wanted = {"userList": [user], "action": action}
    await client.ok("POST", "presenceWatcher", {"presenceWatcherRequest": wanted})


async def seen(client: Client) -> dict[str, str]:
    notice = await client.told("presenceWatcher")
    found: dict[str, str] = notice["presenceWatcherNotificationParams"]
    return found


async def test_presence_is_told_when_watched_and_when_it_changes(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    await watch(alice, "bob@lab.test")
    first = await seen(alice)
    bob = await gateway.device("bob")
    opened = await seen(alice)

    wanted = {"status": "open", "activity": "lunch", "note": "brb"}
    await bob.ok("POST", "presence", {"presenceRequest": wanted})
    changed = await seen(alice)
    await watch(alice, "bob@lab.test", "stopwatch")
    await bob.ok("POST", "presence", {"presenceRequest": wanted})
    await watch(alice, "bob@lab.test", "get")
    asked = await seen(alice)

    assert (first["status"], first["activity"]) == ("closed", "unknown")
    assert (opened["status"], opened["activity"]) == ("open", "active")
    assert changed == {"name": "bob@lab.test", **wanted} == asked
    assert alice.events() == []


async def test_somebody_who_talks_is_on_the_phone_until_the_end(gateway: Gateway) -> None:
    alice, bob = await gateway.device("alice"), await gateway.device("bob")
    wanted = {"status": "open", "activity": "busy"}
    await bob.ok("POST", "presence", {"presenceRequest": wanted})
    await watch(alice, "bob@lab.test", "watch")
    assert (await seen(alice))["activity"] == "busy"

    call = await bob.call(ECHO)
    await call.answered()
    talks = await seen(alice)
    await call.end()
    restored = await seen(alice)

    assert talks["activity"] == "on-the-phone"
    assert restored["activity"] == "busy"


async def test_a_presence_nobody_knows_is_refused(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    wanted = {"status": "open", "activity": "flying"}

    status, said = await alice.rest("POST", "presence", {"presenceRequest": wanted})

    assert (status, said["presenceResponse"]["statusCode"]) == (400, 37)


def im(to: str, text: str) -> dict[str, Any]:
    return {"imRequest": {"charset": "UTF-8", "toUrl": to, "message": text, "type": "A2"}}


async def test_messages_go_both_ways_and_wait_for_who_is_away(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    sent = await alice.ok("POST", "instantmessage", im("bob@lab.test", "hello\nBob"))
    bob = await gateway.device("bob")
    got = await bob.told("IM")
    await bob.ok("POST", "instantmessage", im("alice@lab.test", "hi back"))
    back = await alice.told("IM")

    assert sent["imResponse"]["messageId"]
    assert got["imnotificationParams"]["msgText"] == "hello\nBob"
    assert got["imnotificationParams"]["primaryContact"] == "sip:alice@lab.test"
    assert back["imnotificationParams"]["primaryContact"] == "sip:bob@lab.test"


@pytest.mark.parametrize("to", ["echo@lab.test", "+390245871203@lab.test"])
async def test_far_ends_answer_messages_with_what_was_written(gateway: Gateway, to: str) -> None:
    alice = await gateway.device("alice", "smsinbound", "IM")

    await alice.ok("POST", "instantmessage", im(to, "ping"))
    back = await alice.told("IM")

    assert back["imnotificationParams"]["primaryContact"] == f"sip:{to}"
    assert back["imnotificationParams"]["msgText"] == "ping"


async def test_a_message_to_nobody_is_refused(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    status, said = await alice.rest("POST", "instantmessage", im("nobody@lab.test", "x"))

    assert (status, said["imResponse"]["statusCode"]) == (404, 42)


async def test_the_voicemail_lamp_is_lit_on_demand(gateway: Gateway) -> None:
    alice = await gateway.device("alice")
    before = await alice.ok("GET", "voicemail")

    await gateway.act("mwi", "alice", total=3, unheard=2)
    told = await alice.told("mwi")
    after = await alice.ok("GET", "voicemail")

    assert (before["mwiresponse"]["mwi"], before["mwiresponse"]["totalVoice"]) == ("no", "0")
    assert told["mwiNotificationParam"]["unheardVoice"] == "2"
    assert after["mwiresponse"]["voice"]["newVoice"] == "2"


async def test_sip_events_are_subscribed_told_and_ended(gateway: Gateway) -> None:
    alice = await gateway.device("alice", "call", "event:conference")
    wanted = {
        "subscribeUserList": ["bob@lab.test"],
        "clientCorrelator": "c1",
        "eventType": "event:conference",
        "customParameters": [],
    }

    made = await alice.ok("POST", "eventSubscription", {"eventSubscriptionRequest": wanted})
    session = made["eventSubscriptionResponse"]["sessionData"]
    first = await alice.told("event:conference")
    await gateway.act("sip-event", "alice", data="<joined/>")
    second = await alice.told("event:conference")
    await alice.ok("PUT", f"eventSubscription/{session}", {"eventSubscriptionRequest": wanted})
    await alice.ok("DELETE", f"eventSubscription/{session}")
    status, said = await alice.rest("DELETE", f"eventSubscription/{session}")

    assert made["eventSubscriptionResponse"]["expires"] > 0
    assert first["genericNotificationParams"]["from"] == "bob@lab.test"
    assert second["genericNotificationParams"]["data"] == "<joined/>"
    assert (status, said["eventSubscriptionResponse"]["statusCode"]) == (404, 42)


async def test_sip_events_need_their_service(gateway: Gateway) -> None:
    alice = await gateway.device("alice", "call")
    wanted = {"subscribeUserList": ["bob@lab.test"], "eventType": "event:conference"}

    status, said = await alice.rest(
        "POST", "eventSubscription", {"eventSubscriptionRequest": wanted}
    )

    assert (status, said["eventSubscriptionResponse"]["statusCode"]) == (403, 35)


async def test_an_external_notification_comes_as_custom(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    await alice.ok("POST", "externalnotification", {"door": "open"})
    told = await alice.told("custom")

    assert json.loads(told["genericNotificationParams"]["data"]) == {"door": "open"}


async def test_push_registrations_are_kept_and_deleted(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    made = await alice.ok("POST", "push/google/devices/", {"deviceToken": "t", "service": []})
    path = made["googleDeviceRegistrationResponse"]["registration"]
    kept = gateway.service.state()["push_devices"]
    await alice.ok("DELETE", path)

    assert kept == 1
    assert gateway.service.state()["push_devices"] == 0


@pytest.mark.parametrize("gateway", [{"scenario": "hostile"}], indirect=True)
async def test_the_hostile_world_is_hostile_in_every_list(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    book_said = json.dumps(await alice.ok("GET", "addressbook"))
    people_said = json.dumps(await alice.ok("GET", "directory"))
    history_said = json.dumps(await alice.ok("GET", "logHistory"))

    for said in (book_said, people_said, history_said):
        assert "\\u001b[2J" in said
        assert "\\u202e" in said


async def test_a_user_rung_by_the_control_api_hears_the_caller(gateway: Gateway) -> None:
    alice = await gateway.device("alice")

    sid = await gateway.ring("alice@lab.test", caller="+390212345678", name="Anna", far_end="tone")
    rung = await alice.incoming()
    await rung.answer(440.0)
    await rung.media.hears(1004.0)

    def heard() -> bool:
        wav = gateway.service.heard(sid)
        return wav is not None and len(wav) > 20_000

    await until(heard, "what the far end heard")
    await gateway.control("POST", f"/calls/{sid}/hangup", {})
    await rung.told("callEnd")
    assert rung.notice["callNotificationParams"]["callerName"] == "Anna"
    number = rung.notice["callNotificationParams"]["callerDisplayNumber"]
    assert number == "+390212345678@lab.test"
