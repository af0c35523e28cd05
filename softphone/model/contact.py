"""Contacts: people and their addresses, from the operator's own book or a platform's."""

from __future__ import annotations

from dataclasses import dataclass
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
    """A person or a desk. `source` is empty for the operator's own book."""

    id: ContactId
    name: str
    addresses: tuple[ContactAddress, ...] = ()
    company: str = ""
    note: str = ""
    favourite: bool = False
    source: AccountName | None = None
    native_id: str = ""

    @property
    def main_address(self) -> str:
        """Return the address to dial, or an empty string."""
        return self.addresses[0].address if self.addresses else ""
