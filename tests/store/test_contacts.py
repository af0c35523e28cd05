"""The operator's contacts and the event journal."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from softphone.model import codec
from softphone.model.call import AccountName, CallId
from softphone.model.contact import Contact, ContactAddress, ContactId, merged
from softphone.model.event import Level, Noted
from softphone.model.screening import ScreeningRule
from softphone.store import contacts, journal
from softphone.store.database import Database
from softphone.store.schema import MIGRATIONS
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


async def test_old_lines_go_when_the_store_is_opened(
    path: Path, trouble: Trouble, store: Store
) -> None:
    day = 86_400.0
    for number, at in enumerate((0.0, 1.0 * day, 9.0 * day)):
        store.add_note_line(note(number, at))
    await store.notes(1)

    again = Store(path, trouble)
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


async def test_a_contact_is_found_by_its_note(store: Store) -> None:
    await store.save_contact(replace(contact("Anna"), note="Plays the cello"))

    assert await names(store, "cello anna") == ["Anna"]


async def test_contacts_come_in_pages(store: Store) -> None:
    for number in range(5):
        await store.save_contact(contact(f"Anna {number}"))

    page = await store.contacts("", 2, skip=4)

    assert [found.name for found in page.contacts] == ["Anna 4"]
    assert page.total == 5


async def test_a_quick_dial_key_has_one_contact_the_last_that_took_it(store: Store) -> None:
    await store.save_contact(replace(contact("Anna", "+391"), quick=3))
    await store.save_contact(replace(contact("Bob", "+392"), quick=3))

    found = await store.quick_contact(3)

    assert found is not None
    assert found.name == "Bob"
    assert (await store.contacts("anna", 1)).contacts[0].quick == 0
    assert await store.quick_contact(0) is None


async def test_only_what_is_new_is_added(store: Store) -> None:
    await store.save_contact(contact("Anna", "+391", "+392"))
    given = [contact("ANNA", "+391", key="x"), contact("Anna", "+393", key="y")]

    assert await store.unknown_contacts(given) == given[1:]
    assert await store.add_contacts(given) == (1, 2)
    assert await store.add_contacts(given) == (0, 2)


async def test_a_contact_without_numbers_is_known_by_its_name(store: Store) -> None:
    await store.save_contact(contact("Anna", "+391"))

    assert await store.unknown_contacts([contact("anna"), contact("Bob")]) == [contact("Bob")]


async def test_duplicates_share_a_number_or_a_name_and_the_end_of_a_number(store: Store) -> None:
    for one in (
        contact("Anna", "+390655501010", key="1"),
        contact("anna", "0655501010", key="2"),
        contact("Bob", "+391111111", key="3"),
        contact("Robert", "+391111111", "+392222222", key="4"),
        contact("Robbie", "+392222222", key="5"),
        contact("Carla", "0655501010999", key="6"),
        contact("Dario", "42", key="7"),
    ):
        await store.save_contact(one)
    theirs = replace(contact("Bob", "+391111111", key="8"), source=AccountName("ribbon"))
    await store.save_contact(theirs)

    groups, total = await store.duplicates(10)

    assert total == 2
    assert [{one.id for one in group} for group in groups] == [{"1", "2"}, {"3", "4", "5"}]
    assert len((await store.duplicates(1))[0]) == 1


async def test_merging_leaves_one_contact_with_all_addresses(store: Store) -> None:
    first, second = contact("Anna", "+391", key="1"), contact("Anna B", "+392", key="2")
    await store.save_contact(first)
    await store.save_contact(second)

    left = await store.merge_contacts(merged([first, second]), [second.id])

    assert left == 1
    found = await store.contact_by_address("+392")
    assert found is not None
    assert found.id == "1"


def test_notes_of_contacts_of_an_older_file_are_found(path: Path) -> None:
    old = sqlite3.connect(path)
    for number, step in enumerate(MIGRATIONS[:3], 1):
        old.executescript(f"{step}; PRAGMA user_version={number}")
    noted = codec.dumps(codec.encode_plain(replace(contact("Anna"), note="Città")))
    for key, data in (("1", noted), ("2", "{broken")):
        old.execute(
            "INSERT INTO contacts (id, name, search, contact_json) VALUES (?, 'Anna', 'anna', ?)",
            (key, data),
        )
    old.commit()
    old.close()

    database = Database(path)
    found = contacts.search(database.connection, "citta", 5)
    database.close()

    assert [one.name for one in found.contacts] == ["Anna"]


async def test_rules_of_who_is_declined_are_kept_in_order(store: Store) -> None:
    await store.put_screening(ScreeningRule("+392*", True, "spam", 1.0))
    await store.put_screening(ScreeningRule("+391", True, "", 2.0))
    await store.put_screening(ScreeningRule("+391", False, "", 3.0))

    assert await store.screening() == (
        ScreeningRule("+391", False, "", 3.0),
        ScreeningRule("+392*", True, "spam", 1.0),
    )
    assert [rule.address for rule in await store.drop_screening("+391")] == ["+392*"]
