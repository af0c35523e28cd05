"""Contacts: people and their addresses, from the operator's own book or a platform's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NewType

from .call import AccountName

ContactId = NewType("ContactId", str)


@dataclass(frozen=True, slots=True)
class ContactAddress:
    """One way to reach somebody: an E.164 number, a SIP URI, or what a platform uses."""

    address: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """A person or a desk. `source` is empty for the operator's own book.

    `quick` is the digit of the quick-dial key, 0 for none.
    """

    id: ContactId
    name: str
    addresses: tuple[ContactAddress, ...] = ()
    company: str = ""
    note: str = ""
    favourite: bool = False
    source: AccountName | None = None
    native_id: str = ""
    quick: int = 0

    @property
    def main_address(self) -> str:
        """Return the address to dial, or an empty string."""
        return self.addresses[0].address if self.addresses else ""


@dataclass(frozen=True, slots=True)
class FoundContact:
    """What stands at a line of a file: a contact, or why there is none."""

    line: int
    contact: Contact | None = None
    problem: str = ""


def merged(contacts: Sequence[Contact]) -> Contact:
    """Return one contact that holds what all of them hold; the first is the one that stays."""
    first = contacts[0]
    addresses: dict[str, ContactAddress] = {}
    for entry in (entry for contact in contacts for entry in contact.addresses):
        known = addresses.setdefault(entry.address, entry)
        if not known.label:
            addresses[entry.address] = entry
    notes = dict.fromkeys(contact.note for contact in contacts if contact.note)
    return replace(
        first,
        addresses=tuple(addresses.values()),
        company=next((contact.company for contact in contacts if contact.company), ""),
        note="\n".join(notes),
        favourite=any(contact.favourite for contact in contacts),
        quick=next((contact.quick for contact in contacts if contact.quick), 0),
    )
