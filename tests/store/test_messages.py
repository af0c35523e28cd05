"""Messages, conversations, the outbox, reports, platform contacts and watched users."""

from __future__ import annotations

from softphone.model.call import AccountName, Call, CallId, Direction, EndReason
from softphone.model.command import ListMessages, MarkRead
from softphone.model.contact import Contact, ContactId
from softphone.model.message import Channel, Delivery, Message, MessageId
from softphone.model.report import CallReport, ReportEvent
from softphone.store.store import Store
from tests.store.conftest import a_call

RIBBON, OTHER = AccountName("ribbon"), AccountName("other")
BOB, CAROL = "bob@lab.test", "carol@lab.test"


def ended(key: str) -> Call:
    return a_call(key).ended(EndReason.HANGUP, 1010.0, 1010.0)


def message(key: str, peer: object = BOB, at: object = 1.0, **changed: object) -> Message:
    values: dict[str, object] = {
        "id": MessageId(key),
        "account": RIBBON,
        "peer": peer,
        "channel": Channel.IM,
        "direction": Direction.INBOUND,
        "text": f"text of {key}",
        "at": at,
        "delivery": Delivery.RECEIVED,
        **changed,
    }
    return Message(**values)  # type: ignore[arg-type]  # names of Message's own fields


def written(key: str, **changed: object) -> Message:
    sent: dict[str, object] = {
        "direction": Direction.OUTBOUND, "delivery": Delivery.QUEUED, "read": True,
    }  # fmt: skip
    return message(key, **{**sent, **changed})


async def ids(store: Store, peer: str = BOB, before: str = "", limit: int = 100) -> list[str]:
    page = await store.messages(ListMessages(RIBBON, peer, before=before, limit=limit))
    return [found.id for found in page.messages]


async def test_a_conversation_is_paged_newest_first(store: Store) -> None:
    for number in range(5):
        await store.save_message(message(f"m{number}", at=float(number)))

    first = await store.messages(ListMessages(RIBBON, BOB, limit=2))

    assert [found.id for found in first.messages] == ["m4", "m3"]
    assert await ids(store, before=first.next, limit=2) == ["m2", "m1"]
    assert await ids(store, CAROL) == []


async def test_the_last_talk_comes_first_with_its_unread_messages(store: Store) -> None:
    await store.save_message(message("a", BOB, 1.0))
    await store.save_message(message("b", CAROL, 2.0))
    await store.save_message(message("c", BOB, 3.0, account=OTHER))
    await store.save_message(written("d", at=4.0, peer=BOB))

    found = await store.conversations(AccountName(""))

    assert [(talk.account, talk.peer, talk.unread) for talk in found] == [
        (RIBBON, BOB, 1),
        (OTHER, BOB, 1),
        (RIBBON, CAROL, 1),
    ]
    assert found[0].last.id == "d"
    assert [talk.peer for talk in await store.conversations(OTHER)] == [BOB]


async def test_what_the_platform_brings_twice_is_kept_once(store: Store) -> None:
    fresh = await store.save_message(message("a", native_id="im-1"))
    again = await store.save_message(message("b", native_id="im-1"))
    other = await store.save_message(message("c", CAROL, native_id="im-1"))

    assert (fresh, again, other) == (True, False, True)
    assert await ids(store) == ["a"]


async def test_the_outbox_keeps_the_order_until_a_message_is_sent(store: Store) -> None:
    await store.save_message(written("late", at=2.0))
    await store.save_message(written("early", at=1.0))
    await store.save_message(written("gone", at=0.5, delivery=Delivery.SENT))
    await store.save_message(written("elsewhere", account=OTHER))

    assert [waiting.id for waiting in await store.outbox(RIBBON)] == ["early", "late"]

    await store.save_message(written("early", at=1.0, delivery=Delivery.SENT))

    assert [waiting.id for waiting in await store.outbox(RIBBON)] == ["late"]


async def test_reading_marks_one_message_or_all_of_a_talk(store: Store) -> None:
    for key in ("a", "b", "c"):
        await store.save_message(message(key))
    await store.save_message(message("other", CAROL))

    one = await store.mark_read(MarkRead(RIBBON, BOB, message=MessageId("b")))
    rest = await store.mark_read(MarkRead(RIBBON, BOB))

    assert [found.id for found in one] == ["b"]
    assert {found.id for found in rest} == {"a", "c"}
    assert await store.unread() == 1
    known = await store.message(MessageId("a"))
    assert known is not None
    assert known.read


async def test_clearing_leaves_other_talks_alone(store: Store) -> None:
    await store.save_message(message("a"))
    await store.save_message(message("sms", channel=Channel.SMS))
    await store.save_message(message("b", CAROL))

    assert await store.clear_conversation(RIBBON, BOB, Channel.IM) == 1

    assert [(t.peer, t.channel) for t in await store.conversations(RIBBON)] == [
        (BOB, Channel.SMS),
        (CAROL, Channel.IM),
    ]


async def test_a_report_is_kept_with_its_call_and_goes_with_it(store: Store) -> None:
    call = ended("c1")
    store.save_call(call)
    report = CallReport(call.id, (ReportEvent("e1", "MAKE", 1.0, 2.0),), native="{}")
    store.save_report(CallReport(call.id))
    store.save_report(report)

    assert await store.report(call.id) == report

    assert await store.delete_records(call.id) == 1
    assert await store.report(call.id) is None
    assert await store.record(call.id) is None


async def test_clearing_the_history_leaves_calls_that_are_up(store: Store) -> None:
    store.save_call(ended("c1"))
    store.save_call(ended("c2"))
    store.save_call(a_call("c3"))

    assert await store.delete_records(None) == 2
    assert await store.record(CallId("c3")) is not None


async def test_imported_records_come_once_and_count_as_seen(store: Store) -> None:
    store.save_call(ended("c1"))
    found = await store.record(CallId("c1"))
    assert found is not None
    await store.delete_records(None)

    assert await store.import_records((found, found)) == 1

    assert await store.record(CallId("c1")) == found
    assert await store.missed() == 0


async def test_a_platforms_book_replaces_only_itself(store: Store) -> None:
    def entry(key: str, source: AccountName | None) -> Contact:
        return Contact(ContactId(key), key, source=source)

    await store.save_contact(entry("mine", None))
    await store.replace_contacts(RIBBON, (entry("r1", RIBBON), entry("r2", RIBBON)))
    await store.replace_contacts(OTHER, (entry("o1", OTHER),))

    count = await store.replace_contacts(RIBBON, (entry("r3", RIBBON),))

    page = await store.contacts("", 10)
    assert count == 3
    assert {contact.id for contact in page.contacts} == {"mine", "r3", "o1"}


async def test_watched_users_are_remembered_by_account(store: Store) -> None:
    await store.set_watched(RIBBON, BOB, True)
    await store.set_watched(RIBBON, BOB, True)
    await store.set_watched(OTHER, CAROL, True)
    await store.set_watched(RIBBON, "gone@lab.test", True)
    await store.set_watched(RIBBON, "gone@lab.test", False)

    assert await store.watched(RIBBON) == (BOB,)
