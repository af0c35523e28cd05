"""What is stored: history, notes, contacts; and lists of the engine. Refusals say why."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from softphone.model import command as c
from softphone.model.call import CallId
from softphone.model.error import Refused
from softphone.model.text import clean_block

from .addressbook import AddressBook, BookCommand
from .dialing import writings

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
    | c.ShowShift
    | c.BlockNumber
    | c.AllowNumber
    | c.ListBlocked
    | BookCommand
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
        self._book = AddressBook(engine)

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
            case c.ShowShift(since, until):
                return c.ShiftFound(await store.shift(since, until))
            case c.BlockNumber() | c.AllowNumber() | c.ListBlocked():
                return await self._engine.screening.run(command)
            case c.DeleteRecord(call):
                return c.Done(await self._delete_records(call))
            case c.ImportRecords(records):
                return c.Done(await store.import_records(tuple(map(cleaned, records))))
            case c.SearchContacts(text):
                return await self._book.run(command, self._writings(text))
            case _:
                return await self._book.run(command)
        return None

    def _writings(self, text: str) -> tuple[str, ...]:
        return writings(text, self._engine.config.calls.region)

    async def _delete_records(self, call: CallId | None) -> int:
        live = self._engine.book.calls.get(call) if call is not None else None
        if live is not None and live.live:
            raise Refused("That call is still up.")
        recorded = await self._engine.store.recordings_of(call)
        count = await self._engine.store.delete_records(call)
        await self._engine.recorder.delete_of(recorded)
        if call is not None and not count:
            raise Refused("There is no such call.")
        await self._engine.count_missed()
        return count

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
