"""Services of the gateway: presence, messages, people, history, voicemail, events, raw requests."""

from __future__ import annotations

import asyncio
import gc
import json

import pytest

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.error import Refused, RequestError, SoftphoneError
from softphone.model.message import Delivery
from softphone.model.presence import Activity
from tests.adapters.ribbon.seat import NAME, Floor, Seat, until


async def seen(seat: Seat, user: str) -> e.PresenceChanged:
    return await until(
        lambda: next(
            (x for x in reversed(seat.of(e.PresenceChanged)) if x.presence.user == user), None
        )
    )


async def test_presence_is_published_watched_and_asked_for(floor: Floor) -> None:
    bob = await floor.at_work("bob", presence="lunch", presence_note="brb")
    await seen(bob, "bob@lab.test")
    alice = await floor.at_work("alice", watch=["bob"])

    first = (await seen(alice, "bob@lab.test")).presence
    await bob.do(c.SetPresence(NAME, Activity.BUSY, "meeting", reachable=False))

    assert (first.activity, first.note, first.reachable) == (Activity.LUNCH, "brb", True)
    await until(lambda: alice.of(e.PresenceChanged)[-1].presence.activity is Activity.BUSY)
    assert not alice.of(e.PresenceChanged)[-1].presence.reachable
    await alice.do(c.WatchPresence(NAME, "bob", watch=False))
    count = len(alice.of(e.PresenceChanged))
    await bob.do(c.SetPresence(NAME, Activity.AWAY))
    await alice.do(c.FetchPresence(NAME, "bob"))
    await until(lambda: alice.of(e.PresenceChanged)[-1].presence.activity is Activity.AWAY)
    assert len(alice.of(e.PresenceChanged)) == count + 1


async def test_whom_the_operator_unwatched_is_not_watched_again_by_the_settings(
    floor: Floor,
) -> None:
    bob, carol = await floor.at_work("bob"), await floor.at_work("carol")
    alice = await floor.at_work("alice", watch=["bob", "carol"])
    await alice.do(c.WatchPresence(NAME, "bob", watch=False))

    await alice.do(c.GoOffline(NAME))
    await alice.ready()
    alice.events.clear()
    for seat in (bob, carol):
        await seat.do(c.SetPresence(NAME, Activity.LUNCH))

    await until(
        lambda: any(x.presence.activity is Activity.LUNCH for x in alice.of(e.PresenceChanged))
    )
    assert {x.presence.user for x in alice.of(e.PresenceChanged)} == {"carol@lab.test"}


async def test_a_message_arrives_and_names_its_sender(floor: Floor) -> None:
    alice, bob = await floor.at_work("alice"), await floor.at_work("bob")

    taken = await alice.do(c.SendMessage(NAME, "bob", "Ciao, è pronto?\nSì"))

    assert isinstance(taken, c.MessageTaken)
    assert taken.message
    (got,) = await until(lambda: bob.of(e.MessageChanged))
    assert (got.message.peer, got.message.text) == ("alice@lab.test", "Ciao, è pronto?\nSì")
    assert got.message.delivery is Delivery.RECEIVED
    assert got.message.native_id != got.message.id


async def test_a_message_waits_while_offline_and_fails_with_a_sentence(floor: Floor) -> None:
    alice = await floor.seat()
    with pytest.raises(Refused) as refused:
        await alice.do(c.SendMessage(NAME, "bob", "hello"))
    assert refused.value.code == "NOT_ONLINE"

    await alice.ready()
    await floor.fault("rest", resource="instantmessage", status=403, code=35)
    with pytest.raises(RequestError, match="not enabled"):
        await alice.do(c.SendMessage(NAME, "bob", "hello"))


async def test_the_directory_is_searched_by_every_field(floor: Floor) -> None:
    alice = await floor.at_work()
    by = c.DirectoryField

    for text, field in (
        ("Bob", by.FIRST_NAME),
        ("Fisher", by.LAST_NAME),
        ("Fish", by.NAME),
        ("bob@lab.test", by.USER),
    ):
        page = await alice.do(c.SearchDirectory(NAME, text, field))
        assert isinstance(page, c.ContactPage)
        assert "Bob Fisher" in [contact.name for contact in page.contacts], field
    everybody = await alice.do(c.SearchDirectory(NAME))
    assert isinstance(everybody, c.ContactPage)
    assert everybody.total >= 4


async def test_a_contact_is_kept_changed_and_dropped(floor: Floor) -> None:
    alice = await floor.at_work()
    addresses = (
        ContactAddress("erika@lab.test", "user"),
        ContactAddress("+390255512345", "work"),
        ContactAddress("+393330001111", "mobile"),
    )
    new = Contact(ContactId(""), "Erika Muster", addresses, favourite=True, source=NAME)

    await alice.do(c.KeepContact(NAME, new))
    (kept,) = [x for x in alice.of(e.ContactsListed)[-1].contacts if x.name == "Erika Muster"]
    assert (kept.addresses, kept.favourite) == (addresses, True)
    assert kept.id == f"ribbon:{kept.native_id}"

    changed = Contact(kept.id, "Erika Neu", addresses[:1], source=NAME, native_id=kept.native_id)
    await alice.do(c.KeepContact(NAME, changed))
    names = [x.name for x in alice.of(e.ContactsListed)[-1].contacts]
    assert "Erika Neu" in names
    assert "Erika Muster" not in names

    await alice.do(c.DropContact(NAME, kept.native_id))
    assert kept.native_id not in [x.native_id for x in alice.of(e.ContactsListed)[-1].contacts]


async def test_history_has_each_call_once_and_can_be_cleared(floor: Floor) -> None:
    alice = await floor.at_work()
    call = await alice.talk("echo@lab.test")
    await alice.do(c.HangUp(call))
    await until(lambda: not [x for x in floor.calls() if x["phase"] != "over"])

    found = await alice.do(c.FetchHistory(NAME))
    assert isinstance(found, c.PlatformHistory)
    (record,) = found.records
    assert record.native_id != call  # the gateway's own took the place of ours
    await alice.do(c.DeleteFromHistory(NAME, record.native_id))
    await alice.do(c.DeleteFromHistory(NAME))

    empty = await alice.do(c.FetchHistory(NAME))
    assert empty == c.PlatformHistory(())


async def test_the_voicemail_lamp_is_known_from_the_start(floor: Floor) -> None:
    alice = await floor.at_work()

    (lamp,) = await until(lambda: alice.of(e.VoicemailChanged))
    found = await alice.do(c.FetchVoicemail(NAME))

    assert isinstance(found, c.VoicemailFound)
    assert found.voicemail.waiting is lamp.voicemail.waiting is False


async def test_an_event_is_subscribed_changed_and_given_up(floor: Floor) -> None:
    alice = await floor.at_work(services=["call", "event:conference"])
    with pytest.raises(Refused, match="no service of this account"):
        await alice.do(c.SubscribeEvent(NAME, "event:weather", ("bob",)))

    await alice.do(c.SubscribeEvent(NAME, "event:conference", ("bob",)))
    await alice.do(c.SubscribeEvent(NAME, "event:conference", ("carol",), ("bob",)))
    found = await alice.do(c.ShowSubscriptions(NAME))

    assert isinstance(found, c.SubscriptionsFound)
    assert found.events == (c.EventSubscription("event:conference", ("carol@lab.test",)),)
    await alice.do(c.UnsubscribeEvent(NAME, "event:conference"))
    with pytest.raises(Refused):
        await alice.do(c.UnsubscribeEvent(NAME, "event:conference"))


async def test_an_event_that_is_due_for_renewal_while_offline_waits_without_a_busy_loop(
    floor: Floor,
) -> None:
    alice = await floor.at_work(services=["call", "event:conference"])
    await alice.do(c.SubscribeEvent(NAME, "event:conference", ("bob",)))
    await alice.do(c.GoOffline(NAME))

    alice.ahead_s = 1e6
    await alice.do(c.SetLine(NAME))
    before = alice.looks
    for _ in range(200):
        await asyncio.sleep(0)

    assert alice.looks - before < 10


async def test_an_event_whose_renewal_is_answered_with_nonsense_is_said_and_tried_later(
    floor: Floor,
) -> None:
    alice = await floor.at_work(services=["call", "event:conference"])
    await alice.do(c.SubscribeEvent(NAME, "event:conference", ("bob",)))
    loose: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, found: loose.append(found))
    await floor.fault("rest_garbage", resource="PUT eventSubscription", form="wrong_types")

    alice.ahead_s = 1e6
    await alice.do(c.SetLine(NAME))

    await until(lambda: [x for x in alice.of(e.ErrorRaised) if "could not be renewed" in x.text])
    gc.collect()
    assert not loose


async def test_a_posted_notification_comes_back_as_an_event(floor: Floor) -> None:
    alice = await floor.at_work(services=["call", "custom"])
    path = "/rest/version/1/user/alice@lab.test/externalnotification"

    answer = await alice.do(c.RawRequest(NAME, path, "POST", '{"lamp": "on"}'))

    assert isinstance(answer, c.RawAnswer)
    assert answer.status == 200
    told = await until(lambda: [x for x in alice.of(e.PlatformEvent) if x.name == "custom"])
    assert "lamp" in json.loads(told[0].body)["genericNotificationParams"]["data"]


async def test_raw_requests_tell_status_and_body_and_refuse_nonsense(floor: Floor) -> None:
    alice = await floor.at_work()

    answer = await alice.do(c.RawRequest(NAME, "rest/version/1/user/alice@lab.test/nothing"))

    assert isinstance(answer, c.RawAnswer)
    assert answer.status == 404
    for command in (c.RawRequest(NAME, "/x", "TRACE"), c.RawRequest(NAME, "")):
        with pytest.raises(Refused):
            await alice.do(command)
    with pytest.raises(RequestError):
        await alice.do(c.RawRequest(NAME, "/x", "POST", "{not json"))


async def test_click_to_call_needs_two_parties(floor: Floor) -> None:
    alice = await floor.at_work()

    await alice.do(c.ClickToCall(NAME, "+39 02 5550 1001", "bob@lab.test"))

    with pytest.raises(Refused):
        await alice.do(c.ClickToCall(NAME, "", "bob@lab.test"))


@pytest.mark.parametrize("form", ["malformed", "empty", "list", "wrong_types"])
async def test_garbage_from_a_service_is_a_sentence_and_the_line_stays(
    floor: Floor, form: str
) -> None:
    alice = await floor.at_work()
    for resource in ("instantmessage", "logHistory", "voicemail"):
        await floor.fault("rest_garbage", resource=resource, form=form)
        for command in (
            c.SendMessage(NAME, "bob", "x"),
            c.FetchHistory(NAME),
            c.FetchVoicemail(NAME),
        ):
            try:
                await alice.do(command)
            except SoftphoneError as problem:
                assert problem.message.endswith(".")
        await floor.ask(floor.control.clear_faults)
    assert alice.link.value == "online"
