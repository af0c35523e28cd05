"""Services as the SDK's users know them: every status, each service's error, one contact."""

from __future__ import annotations

import json

import pytest

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.error import SoftphoneError
from softphone.model.presence import Activity
from tests.adapters.ribbon.seat import NAME, Floor, until

_ACTIVITIES = (
    *("active", "idle", "away", "lunch", "other", "busy", "vacation", "on-the-phone", "unknown"),
)
_ANNA = Contact(ContactId(""), "Anna", (ContactAddress("anna@lab.test"),), source=NAME)
_FAILING = [
    ("addressbook", c.RefreshContacts(NAME)),
    ("POST addressbook", c.KeepContact(NAME, _ANNA)),
    ("directory", c.SearchDirectory(NAME, "x")),
    ("logHistory", c.FetchHistory(NAME)),
    ("logHistory", c.DeleteFromHistory(NAME)),
    ("voicemail", c.FetchVoicemail(NAME)),
    ("presence", c.SetPresence(NAME, Activity.BUSY)),
    ("presenceWatcher", c.WatchPresence(NAME, "bob")),
    ("instantmessage", c.SendMessage(NAME, "bob", "hi")),
    ("clicktocall", c.ClickToCall(NAME, "bob", "carol")),
    ("eventSubscription", c.SubscribeEvent(NAME, "event:conference", ("bob",))),
]


async def test_every_status_and_activity_is_seen_by_who_watches(floor: Floor) -> None:
    bob = await floor.at_work("bob")
    alice = await floor.at_work("alice", watch=["bob"])

    for activity in _ACTIVITIES:
        for reachable in (True, False):
            await bob.do(c.SetPresence(NAME, Activity(activity), activity, reachable))
            wanted = (activity, activity, reachable)
            await until(lambda wanted=wanted: seen(alice.of(e.PresenceChanged)) == wanted)  # type: ignore[misc]  # bound now


def seen(changes: list[e.PresenceChanged]) -> tuple[str, str, bool] | None:
    if not changes:
        return None
    last = changes[-1].presence
    return last.activity.value, last.note, last.reachable


@pytest.mark.parametrize(("resource", "command"), _FAILING, ids=lambda one: str(one)[:24])
async def test_what_a_service_refuses_is_an_error_with_words(
    floor: Floor, resource: str, command: c.AccountCommand
) -> None:
    alice = await floor.at_work(services=["call", "IM", "Presence", "MWI", "event:conference"])
    await floor.fault("rest", resource=resource, status=500, code=26)

    with pytest.raises(SoftphoneError, match="internal error") as refused:
        await alice.do(command)

    assert refused.value.code
    assert alice.link.value == "online"


async def test_one_contact_of_the_book_is_fetched_by_a_request(floor: Floor) -> None:
    alice = await floor.at_work()
    await alice.do(c.KeepContact(NAME, _ANNA))
    contact = next(x for x in alice.of(e.ContactsListed)[-1].contacts if x.name == "Anna")

    answer = await alice.do(
        c.RawRequest(
            NAME, f"/rest/version/1/user/alice@lab.test/addressbook/contacts/{contact.native_id}"
        )
    )

    assert isinstance(answer, c.RawAnswer)
    assert answer.status == 200
    assert "anna@lab.test" in json.dumps(json.loads(answer.body))
