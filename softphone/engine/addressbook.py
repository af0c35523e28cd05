"""The operator's contacts: kept, imported, merged; a platform's own are changed there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from softphone.model import command as c
from softphone.model.call import AccountName
from softphone.model.capability import Capability
from softphone.model.contact import Contact, ContactAddress, ContactId, merged
from softphone.model.error import Refused, Unsupported
from softphone.model.event import ContactsChanged
from softphone.model.text import NAME_LIMIT, TEXT_LIMIT, clean, clean_block

from .dialing import normalise

if TYPE_CHECKING:
    from .engine import Engine

BookCommand = (
    c.SearchContacts
    | c.SaveContact
    | c.DeleteContact
    | c.ImportContacts
    | c.FindDuplicates
    | c.MergeContacts
    | c.FindQuick
)
_LABEL_LIMIT = 32
_QUICK_KEYS = range(10)


class AddressBook:
    """Does what clients ask of the contacts, on the engine's loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def run(self, command: BookCommand, writings: tuple[str, ...] = ()) -> c.Value | None:
        """Do it and return its value; raises SoftphoneError with the reason why not."""
        store = self._engine.store
        match command:
            case c.SearchContacts(text, limit, skip):
                return await store.contacts(text, limit, writings, skip)
            case c.SaveContact(contact):
                return await self._save(contact)
            case c.DeleteContact(contact):
                await self._delete(contact)
                return None
            case c.ImportContacts(contacts, dry_run):
                return await self._import(contacts, dry_run=dry_run)
            case c.FindDuplicates(limit):
                groups, total = await store.duplicates(limit)
                return c.DuplicatesFound(tuple(groups), total)
            case c.MergeContacts(idents):
                return await self._merge(idents)
            case c.FindQuick(digit):
                found = await store.quick_contact(digit)
                return c.ContactPage((found,) if found else (), 1 if found else 0)

    async def _delete(self, contact: ContactId) -> None:
        store = self._engine.store
        known = await store.contact(contact)
        if known is None:
            raise Refused("There is no such contact.")
        if known.source is not None:
            await self._platform_contact(known.source, c.DropContact(known.source, known.native_id))
            return
        _, count = await store.delete_contact(contact)
        self._engine.hub.publish(ContactsChanged(count))

    async def _platform_contact(
        self, account: AccountName, command: c.KeepContact | c.DropContact
    ) -> None:
        """Change the platform's own address book; what it holds then comes back as a fact."""
        adapter = self._engine.adapters.get(account)
        if adapter is None:
            raise Refused(f"There is no account {clean(account, 32)!r} any more.")
        reason = adapter.capabilities().why_not(Capability.ADDRESS_BOOK)
        if reason is not None:
            raise Unsupported(reason)
        await adapter.submit(command)

    async def _save(self, given: Contact) -> c.Value:
        if given.source is not None:
            await self._platform_contact(given.source, c.KeepContact(given.source, given))
            return c.ContactSaved(given.id)
        contact = self._harmless(given, self._addresses(given))
        self._engine.hub.publish(ContactsChanged(await self._engine.store.save_contact(contact)))
        return c.ContactSaved(contact.id)

    async def _import(self, given: tuple[Contact, ...], *, dry_run: bool) -> c.ContactsImported:
        """Add what is new; a number that cannot be dialled is left out and told."""
        refused: list[tuple[int, str]] = []
        wanted: list[Contact] = []
        for place, contact in enumerate(given):
            addresses: list[ContactAddress] = []
            for entry in contact.addresses:
                try:
                    addresses += self._addresses(replace(contact, addresses=(entry,)))
                except Refused as problem:
                    refused.append((place, problem.message))
            try:
                fresh = replace(contact, id=ContactId(""), source=None, native_id="", quick=0)
                wanted.append(self._harmless(fresh, tuple(addresses)))
            except Refused as problem:
                refused.append((place, problem.message))
        store = self._engine.store
        if dry_run:
            added = len(await store.unknown_contacts(wanted))
        else:
            added, count = await store.add_contacts(wanted)
            self._engine.hub.publish(ContactsChanged(count))
        return c.ContactsImported(added, len(wanted) - added, tuple(refused))

    async def _merge(self, idents: tuple[ContactId, ...]) -> c.Value:
        store = self._engine.store
        found = [await store.contact(ident) for ident in dict.fromkeys(idents)]
        members = [contact for contact in found if contact is not None]
        if len(members) < max(2, len(found)):
            raise Refused("One of these contacts is no longer there.")
        if any(contact.source is not None for contact in members):
            raise Refused("A platform's own contact cannot be merged; change it there.")
        whole = merged(members)
        count = await store.merge_contacts(whole, [one.id for one in members[1:]])
        self._engine.hub.publish(ContactsChanged(count))
        return c.ContactSaved(whole.id)

    def _addresses(self, contact: Contact) -> tuple[ContactAddress, ...]:
        region = self._engine.config.calls.region
        return tuple(
            replace(
                entry,
                address=normalise(entry.address.strip(), region),
                label=clean(entry.label, _LABEL_LIMIT),
            )
            for entry in contact.addresses
            if entry.address.strip()
        )

    def _harmless(self, given: Contact, addresses: tuple[ContactAddress, ...]) -> Contact:
        """Return a contact of the operator's own as it may be stored; Refused without a name."""
        name = clean(given.name.strip())
        if not name:
            raise Refused("A contact needs a name.")
        return replace(
            given,
            id=given.id or ContactId(self._engine.new_call_id()),
            name=name,
            company=clean(given.company, NAME_LIMIT),
            note=clean_block(given.note, TEXT_LIMIT),
            addresses=addresses,
            quick=given.quick if given.quick in _QUICK_KEYS else 0,
        )
