"""What is stored: history, notes, contacts; and lists of the engine. Refusals say why."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from softphone.model import command as c
from softphone.model.call import AccountName, CallId
from softphone.model.capability import Capability
from softphone.model.contact import ContactId
from softphone.model.error import Refused, Unsupported
from softphone.model.event import ContactsChanged
from softphone.model.text import NAME_LIMIT, TEXT_LIMIT, clean, clean_block

from .dialing import normalise, writings

if TYPE_CHECKING:
    from .engine import Engine

T = TypeVar("T")

DataCommand = (
    c.Ask
    | c.ListHistory
    | c.ShowRecord
    | c.SaveNote
    | c.DeleteRecord
    | c.ImportRecords
    | c.SearchContacts
    | c.SaveContact
    | c.DeleteContact
)


def cleaned(value: T) -> T:
    """Return a model value that came from a file with all its texts made harmless."""
    found: Any = value
    if type(found) is str:
        found = clean_block(found)
    elif isinstance(value, tuple | frozenset):
        found = type(value)(map(cleaned, value))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (entry.name for entry in dataclasses.fields(value) if entry.init)
        found = replace(value, **{name: cleaned(getattr(value, name)) for name in fields})
    return found  # type: ignore[no-any-return]  # of the type that came in


class Data:
    """Does what clients ask of the store, on the engine's loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def run(self, command: DataCommand) -> c.Value | None:
        """Do it and return its value; raises SoftphoneError with the reason why not."""
        store = self._engine.store
        match command:
            case c.Ask(what):
                return await self._ask(what)
            case c.ListHistory(wanted):
                return await store.history(wanted, self._writings(wanted.text))
            case c.ShowRecord(shown):
                return c.RecordFound(await store.record(shown))
            case c.SaveNote(noted, text):
                if not await store.save_note(noted, clean_block(text)):
                    raise Refused("There is no such call.")
            case c.SearchContacts(text, limit):
                return await store.contacts(text, limit, self._writings(text))
            case c.SaveContact():
                return await self._save_contact(command)
            case c.DeleteContact(contact):
                await self._delete_contact(contact)
            case c.DeleteRecord(call):
                return c.Done(await self._delete_records(call))
            case c.ImportRecords(records):
                return c.Done(await store.import_records(tuple(map(cleaned, records))))
        return None

    def _writings(self, text: str) -> tuple[str, ...]:
        return writings(text, self._engine.config.calls.region)

    async def _delete_records(self, call: CallId | None) -> int:
        live = self._engine.book.calls.get(call) if call is not None else None
        if live is not None and live.live:
            raise Refused("That call is still up.")
        count = await self._engine.store.delete_records(call)
        if call is not None and not count:
            raise Refused("There is no such call.")
        await self._engine.count_missed()
        return count

    async def _delete_contact(self, contact: ContactId) -> None:
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

    async def _save_contact(self, command: c.SaveContact) -> c.Value:
        given = command.contact
        if given.source is not None:
            await self._platform_contact(given.source, c.KeepContact(given.source, given))
            return c.ContactSaved(given.id)
        name = clean(given.name.strip())
        if not name:
            raise Refused("A contact needs a name.")
        addresses = tuple(
            replace(
                entry,
                address=normalise(entry.address.strip(), self._engine.config.calls.region),
                label=clean(entry.label, 32),
            )
            for entry in given.addresses
            if entry.address.strip()
        )
        contact = replace(
            given,
            id=given.id or ContactId(self._engine.new_call_id()),
            name=name,
            company=clean(given.company, NAME_LIMIT),
            note=clean_block(given.note, TEXT_LIMIT),
            addresses=addresses,
        )
        self._engine.hub.publish(ContactsChanged(await self._engine.store.save_contact(contact)))
        return c.ContactSaved(contact.id)

    async def _ask(self, what: c.Query) -> c.Value | None:
        engine = self._engine
        match what:
            case c.Query.CONTACTS:
                return await engine.store.contacts("", 1_000)
            case c.Query.DEVICES:
                loop = asyncio.get_running_loop()
                return c.DeviceList(*await loop.run_in_executor(None, engine.sound.devices))
            case c.Query.MISSED_SEEN:
                await engine.store.mark_missed_seen()
                await engine.count_missed()
        return None
