"""The operator's contacts and the event journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from softphone.model.call import CallId
from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.event import Level, Noted
from softphone.store import journal
from softphone.store.database import Database
from softphone.store.store import Store
from tests.store.conftest import Trouble


def contact(name: str, *addresses: str, key: str = "", company: str = "") -> Contact:
    return Contact(
        ContactId(key or name), name, tuple(ContactAddress(a) for a in addresses), company
    )


async def names(store: Store, text: str = "", limit: int = 100) -> list[str]:
    return [found.name for found in (await store.contacts(text, limit)).contacts]


async def test_contacts_are_listed_by_name_in_any_case(store: Store) -> None:
    for name in ("bob", "Anna", "carl"):
        await store.save_contact(contact(name))

    assert await names(store) == ["Anna", "bob", "carl"]


async def test_saving_tells_how_many_there_are(store: Store) -> None:
    assert await store.save_contact(contact("Anna")) == 1
    assert await store.save_contact(contact("Bob")) == 2


async def test_a_contact_with_the_same_id_is_replaced_with_its_addresses(store: Store) -> None:
    await store.save_contact(contact("Anna", "+391", "+392", key="1"))

    await store.save_contact(contact("Anne", "+393", key="1"))

    assert await names(store) == ["Anne"]
    assert await store.contact_by_address("+391") is None
    assert await store.contact_by_address("+393") == contact("Anne", "+393", key="1")


async def test_a_deleted_contact_takes_its_addresses_along(store: Store) -> None:
    await store.save_contact(contact("Anna", "+391"))

    first = await store.delete_contact(ContactId("Anna"))
    second = await store.delete_contact(ContactId("Anna"))

    assert (first, second) == ((True, 0), (False, 0))
    assert await store.contact_by_address("+391") is None


@pytest.mark.parametrize("text", ["müller", "MULLER", "acme", "+39 02 33", "0233", "sip:anna"])
async def test_a_contact_is_found_by_name_company_and_number(store: Store, text: str) -> None:
    wanted = contact("Anna Müller", "+390233", "sip:anna@example.test", company="ACME")
    await store.save_contact(wanted)
    await store.save_contact(contact("Bob", "+441"))

    page = await store.contacts(text, 10)

    assert page.contacts == (wanted,)


async def test_a_page_of_contacts_counts_all_that_match(store: Store) -> None:
    for number in range(5):
        await store.save_contact(contact(f"Anna {number}"))

    page = await store.contacts("anna", 2)

    assert (len(page.contacts), page.total) == (2, 5)
    assert len((await store.contacts("anna", -1)).contacts) == 1


@pytest.mark.parametrize("typed", ["Élodie", "élodie", "ÉLODIE", "elodie"])
async def test_a_contact_is_named_in_any_case(store: Store, typed: str) -> None:
    await store.save_contact(contact("Élodie"))

    assert await store.contact_by_name(typed) == contact("Élodie")


async def test_a_name_two_contacts_share_names_neither(store: Store) -> None:
    await store.save_contact(contact("Bob", key="1"))
    await store.save_contact(contact("BOB", key="2"))

    assert await store.contact_by_name("bob") is None
    assert await store.contact_by_name("nobody") is None


def note(number: int, at: float = 1000.0, call: str | None = None) -> Noted:
    return Noted(at, "desk", Level.GOOD, f"line {number}", CallId(call) if call else None)


async def test_the_journal_returns_its_newest_lines_in_order(store: Store) -> None:
    for number in range(5):
        store.add_note_line(note(number, call="c1" if number == 4 else None))

    assert await store.notes(2) == [note(3), note(4, call="c1")]


async def test_old_lines_go_when_the_store_is_opened(trouble: Trouble, store: Store) -> None:
    day = 86_400.0
    for number, at in enumerate((0.0, 1.0 * day, 9.0 * day)):
        store.add_note_line(note(number, at))
    await store.notes(1)

    again = Store(store._path, trouble)
    await again.open(10.0 * day, 9)

    assert [line.text for line in await again.notes(10)] == ["line 1", "line 2"]
    await again.close()


def test_the_oldest_lines_go_when_there_are_too_many(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "ROWS_KEPT", 3)
    database = Database(path)
    with database.transaction() as db:
        for number in range(7):
            journal.add(db, note(number))
        journal.rotate(db, 1000.0, 30)

    left = [line.text for line in journal.latest(database.connection, 10)]

    assert left == ["line 4", "line 5", "line 6"]
    database.close()
