"""The operator's own contacts in SQL. Functions over one connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from softphone.model import codec
from softphone.model.call import AccountName
from softphone.model.command import ContactPage
from softphone.model.contact import Contact, ContactId

from .database import readable
from .search import conditions, searchable

_ENDING = 7  # digits: enough to tell two numbers of one person from one written twice


def save(db: sqlite3.Connection, contact: Contact) -> None:
    """Write a contact; one with the same id is replaced, and its quick-dial key taken over."""
    if contact.quick:
        _free_key(db, contact)
    addresses = [entry.address for entry in contact.addresses]
    db.execute(
        "INSERT INTO contacts (id, name, search, contact_json, source, quick) "
        "VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, search = excluded.search, "
        "contact_json = excluded.contact_json, quick = excluded.quick",
        (
            contact.id,
            contact.name,
            searchable(contact.name, contact.company, *addresses, contact.note),
            codec.dumps(codec.encode_plain(contact)),
            contact.source or "",
            contact.quick,
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
    db: sqlite3.Connection, text: str, limit: int, writings: Sequence[str] = (), skip: int = 0
) -> ContactPage:
    """Return contacts that match, in the order of their names."""
    where, values = conditions(text, ("search",), writings)
    found = f"FROM contacts INDEXED BY contacts_searched WHERE {where}"
    (total,) = db.execute(f"SELECT count(*) {found}", values).fetchone()
    rows = db.execute(
        f"SELECT contact_json FROM contacts WHERE rowid IN (SELECT rowid {found} "
        "ORDER BY name COLLATE NOCASE, id LIMIT ? OFFSET ?) ORDER BY name COLLATE NOCASE, id",
        [*values, max(1, min(limit, 1_000)), max(0, skip)],
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


def by_quick_key(db: sqlite3.Connection, digit: int) -> Contact | None:
    """Return the contact of a quick-dial key."""
    rows = db.execute(
        "SELECT contact_json FROM contacts WHERE quick = ? AND quick > 0 LIMIT 1", (digit,)
    )
    return next(iter(readable(rows, _contact)), None)


def is_known(db: sqlite3.Connection, contact: Contact) -> bool:
    """Tell whether a contact of this name has all these addresses already."""
    wanted = {entry.address for entry in contact.addresses}
    if wanted:  # by the index of addresses: an import asks this for each of many thousands
        rows = db.execute(
            "SELECT contact_json FROM contacts JOIN contact_addresses ON contact_id = id "
            "WHERE address = ? AND searchable(name) = ? LIMIT 50",
            (contact.main_address, searchable(contact.name)),
        )
    else:
        rows = db.execute(
            "SELECT contact_json FROM contacts WHERE name = ? COLLATE NOCASE LIMIT 50",
            (contact.name,),
        )
    return any(
        wanted <= {entry.address for entry in known.addresses} for known in readable(rows, _contact)
    )


def duplicates(db: sqlite3.Connection, limit: int) -> tuple[list[tuple[Contact, ...]], int]:
    """Return groups of the operator's own contacts that seem to be one, and how many there are.

    They share a number, or a name and the end of a number: one was written without its country.
    The longest name comes first.
    """
    rows = db.execute(
        "SELECT contacts.id, name, address FROM contacts JOIN contact_addresses "
        "ON contact_id = contacts.id WHERE source = '' ORDER BY name COLLATE NOCASE, contacts.id"
    ).fetchall()
    groups = _joined([(row["id"], searchable(row["name"]), row["address"]) for row in rows])
    found = []
    for group in groups[:limit]:
        members = [one(db, ContactId(ident)) for ident in group]
        known = [contact for contact in members if contact is not None]
        found.append(tuple(sorted(known, key=lambda contact: -len(contact.name))))
    return [group for group in found if len(group) > 1], len(groups)


def _joined(rows: Sequence[tuple[str, str, str]]) -> list[list[str]]:
    """Return ids that belong together, as (id, name, address) rows tell."""
    leader: dict[str, str] = {ident: ident for ident, _, _ in rows}

    def lead(ident: str) -> str:
        while leader[ident] != ident:
            leader[ident] = ident = leader[leader[ident]]
        return ident

    first: dict[tuple[str, str], str] = {}
    for ident, name, address in rows:
        digits = address.lstrip("+0") if address.lstrip("+").isdigit() else ""
        keys = [("", address)]
        if len(digits) >= _ENDING:
            keys.append((name, digits[-_ENDING:]))
        for key in keys:
            leader[lead(ident)] = lead(first.setdefault(key, ident))
    groups: dict[str, list[str]] = {}
    for ident in leader:
        groups.setdefault(lead(ident), []).append(ident)
    return [group for group in groups.values() if len(group) > 1]


def _free_key(db: sqlite3.Connection, contact: Contact) -> None:
    holder = by_quick_key(db, contact.quick)
    if holder is not None and holder.id != contact.id:
        save(db, replace(holder, quick=0))


def _contact(row: sqlite3.Row) -> Contact:
    return codec.decode(codec.loads(row["contact_json"]), Contact)
