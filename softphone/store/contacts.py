"""The operator's own contacts in SQL. Functions over one connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from softphone.model import codec
from softphone.model.call import AccountName
from softphone.model.command import ContactPage
from softphone.model.contact import Contact, ContactId

from .database import readable
from .search import conditions, searchable


def save(db: sqlite3.Connection, contact: Contact) -> None:
    """Write a contact; one with the same id is replaced."""
    addresses = [entry.address for entry in contact.addresses]
    db.execute(
        "INSERT INTO contacts (id, name, search, contact_json, source) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, search = excluded.search, "
        "contact_json = excluded.contact_json",
        (
            contact.id,
            contact.name,
            searchable(contact.name, contact.company, *addresses),
            codec.dumps(codec.encode_plain(contact)),
            contact.source or "",
        ),
    )
    db.execute("DELETE FROM contact_addresses WHERE contact_id = ?", (contact.id,))
    db.executemany(
        "INSERT INTO contact_addresses (contact_id, address) VALUES (?, ?)",
        [(contact.id, address) for address in addresses],
    )


def delete(db: sqlite3.Connection, contact: ContactId) -> bool:
    """Delete a contact; False when there is none."""
    return db.execute("DELETE FROM contacts WHERE id = ?", (contact,)).rowcount > 0


def replace_all(db: sqlite3.Connection, source: AccountName, listed: tuple[Contact, ...]) -> None:
    """Put a platform's whole address book in place of what was known of it."""
    db.execute("DELETE FROM contacts WHERE source = ?", (source,))
    for contact in listed:
        save(db, contact)


def one(db: sqlite3.Connection, contact: ContactId) -> Contact | None:
    """Return one contact."""
    rows = db.execute("SELECT contact_json FROM contacts WHERE id = ?", (contact,))
    return next(iter(readable(rows, _contact)), None)


def search(
    db: sqlite3.Connection, text: str, limit: int, writings: Sequence[str] = ()
) -> ContactPage:
    """Return contacts that match, in the order of their names."""
    where, values = conditions(text, ("search",), writings)
    found = f"FROM contacts INDEXED BY contacts_searched WHERE {where}"
    (total,) = db.execute(f"SELECT count(*) {found}", values).fetchone()
    rows = db.execute(
        f"SELECT contact_json FROM contacts WHERE rowid IN (SELECT rowid {found} "
        "ORDER BY name COLLATE NOCASE, id LIMIT ?) ORDER BY name COLLATE NOCASE, id",
        [*values, max(1, min(limit, 1_000))],
    )
    return ContactPage(tuple(readable(rows, _contact)), int(total))


def count(db: sqlite3.Connection) -> int:
    """Return how many contacts there are."""
    (total,) = db.execute("SELECT count(*) FROM contacts").fetchone()
    return int(total)


def by_address(db: sqlite3.Connection, address: str) -> Contact | None:
    """Return the contact that has exactly this address."""
    rows = db.execute(
        "SELECT contact_json FROM contacts JOIN contact_addresses ON contact_id = id "
        "WHERE address = ? ORDER BY name LIMIT 1",
        (address,),
    )
    return next(iter(readable(rows, _contact)), None)


def by_name(db: sqlite3.Connection, name: str) -> Contact | None:
    """Return the contact of this name, in any case, when there is exactly one."""
    likely, values = conditions(name, ("search",), ())
    rows = db.execute(
        f"SELECT contact_json FROM contacts WHERE {likely} AND searchable(name) = ? LIMIT 2",
        [*values, searchable(name)],
    )
    found = readable(rows, _contact)
    return found[0] if len(found) == 1 else None


def _contact(row: sqlite3.Row) -> Contact:
    return codec.decode(codec.loads(row["contact_json"]), Contact)
