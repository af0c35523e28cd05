"""The store as the engine uses it: what can be written and read, each by its own name.

`thread` says how: in order, off the event loop, and nothing lost while the disk fails.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from softphone.model.call import AccountName, Call, CallId
from softphone.model.command import ContactPage, HistoryPage, ListMessages, MarkRead, MessagePage
from softphone.model.contact import Contact, ContactId
from softphone.model.error import StoreError
from softphone.model.event import Noted
from softphone.model.message import Channel, Conversation, Message, MessageId
from softphone.model.quality import QualitySample, QualitySummary
from softphone.model.record import CallRecord, HistoryFilter, TimelineEntry
from softphone.model.reminder import Reminder
from softphone.model.report import CallReport
from softphone.model.screening import ScreeningRule
from softphone.model.shift import ShiftRow

from . import (
    contacts,
    history,
    journal,
    messages,
    recordings,
    reminders,
    samples,
    screening,
    settings,
    shift,
    watched,
)
from .thread import RETRY_S, StoreThread


class Store:
    """Everything kept on disk. `on_trouble(problem, waiting)` tells when writing stops or heals."""

    def __init__(
        self, path: Path, on_trouble: Callable[[str, int], None], *, retry_s: float = RETRY_S
    ) -> None:
        self._thread = StoreThread(path, on_trouble, retry_s)

    async def open(self, now: float, journal_days: int) -> list[Call]:
        """Open the file and return the calls an earlier engine left open, now ended."""

        def start(db: sqlite3.Connection) -> list[Call]:
            journal.rotate(db, now, journal_days)
            return history.end_interrupted(db, now)

        return await self._thread.open(start)

    async def close(self) -> None:
        """Write what waits, once more, and close; a disk that hangs is not waited for."""
        await self._thread.close()

    # ---- written in order, soon --------------------------------------------------------------

    def save_call(self, call: Call, entries: tuple[TimelineEntry, ...] = ()) -> None:
        """Write a call and what just happened to it."""

        def write(db: sqlite3.Connection) -> None:
            history.save_call(db, call)
            history.add_timeline(db, call.id, entries)

        self._thread.soon(write)

    def save_quality(self, call: CallId, quality: QualitySummary) -> None:
        """Write a call's quality summary."""
        self._thread.soon(lambda db: history.save_quality(db, call, quality))

    def add_samples(self, call: CallId, found: Sequence[QualitySample]) -> None:
        """Append seconds of a call's quality."""
        self._thread.soon(lambda db: samples.add(db, call, found))

    def add_timeline(self, call: CallId, entry: TimelineEntry) -> None:
        """Append one entry to a call's timeline."""
        self._thread.soon(lambda db: history.add_timeline(db, call, (entry,)))

    def add_recording(self, call: CallId, path: str) -> None:
        """Remember a recording."""
        self._thread.soon(lambda db: history.add_recording(db, call, path))

    def save_report(self, report: CallReport) -> None:
        """Write a call's report."""
        self._thread.soon(lambda db: history.save_report(db, report))

    def add_note_line(self, note: Noted) -> None:
        """Append to the event journal."""
        self._thread.soon(lambda db: journal.add(db, note))

    def save_setting(self, name: str, value: str) -> None:
        """Keep a value under a name."""
        self._thread.soon(lambda db: settings.put(db, name, value))

    # ---- acknowledged writes -----------------------------------------------------------------

    async def save_note(self, call: CallId, text: str) -> bool:
        """Write the operator's note; False when there is no such call.

        While the disk fails it waits with everything else: nobody is asked to type it again.
        """

        def write(db: sqlite3.Connection) -> bool:
            return history.save_note(db, call, text)

        try:
            return await self._thread.write(write)
        except StoreError:
            self._thread.soon(write)
            return True

    async def save_contact(self, contact: Contact) -> int:
        """Write a contact and return how many there are."""

        def write(db: sqlite3.Connection) -> int:
            contacts.save(db, contact)
            return contacts.count(db)

        return await self._thread.write(write)

    async def add_contacts(self, given: Sequence[Contact]) -> tuple[int, int]:
        """Add those that are not known yet; return how many, and how many there are in all."""

        def write(db: sqlite3.Connection) -> tuple[int, int]:
            added = 0
            for contact in given:
                if not contacts.is_known(db, contact):
                    contacts.save(db, contact)
                    added += 1
            return added, contacts.count(db)

        return await self._thread.write(write)

    async def merge_contacts(self, whole: Contact, others: Sequence[ContactId]) -> int:
        """Put one contact in the place of several; return how many there are."""

        def write(db: sqlite3.Connection) -> int:
            for other in others:
                contacts.delete(db, other)
            contacts.save(db, whole)
            return contacts.count(db)

        return await self._thread.write(write)

    async def delete_contact(self, contact: ContactId) -> tuple[bool, int]:
        """Delete a contact; tell whether it was there, and how many are left."""
        return await self._thread.write(
            lambda db: (contacts.delete(db, contact), contacts.count(db))
        )

    async def replace_contacts(self, source: AccountName, listed: tuple[Contact, ...]) -> int:
        """Put a platform's address book in place of what was known; return how many in all."""

        def write(db: sqlite3.Connection) -> int:
            contacts.replace_all(db, source, listed)
            return contacts.count(db)

        return await self._thread.write(write)

    async def delete_records(self, call: CallId | None) -> int:
        """Delete one record, or all of calls that are over; return how many."""
        return await self._thread.write(lambda db: history.delete(db, call))

    async def import_records(self, records: tuple[CallRecord, ...]) -> int:
        """Add records from elsewhere; return how many were new."""
        return await self._thread.write(
            lambda db: sum(history.add_record(db, one) for one in records)
        )

    async def save_message(self, message: Message) -> bool:
        """Write a message; False when the platform had brought it before.

        While the disk fails it waits with everything else, and counts as new.
        """

        def write(db: sqlite3.Connection) -> bool:
            return messages.save(db, message)

        try:
            return await self._thread.write(write)
        except StoreError:
            self._thread.soon(write)
            return True

    async def mark_read(self, wanted: MarkRead) -> list[Message]:
        """Take messages as read; return those that were not."""
        return await self._thread.write(lambda db: messages.mark_read(db, wanted))

    async def clear_conversation(self, account: AccountName, peer: str, channel: Channel) -> int:
        """Delete a conversation; return how many messages it had."""
        return await self._thread.write(lambda db: messages.clear(db, account, peer, channel))

    async def set_watched(self, account: AccountName, user: str, watch: bool) -> None:
        """Remember whose presence is watched."""
        await self._thread.write(lambda db: watched.put(db, account, user, watch))

    async def put_screening(self, rule: ScreeningRule) -> tuple[ScreeningRule, ...]:
        """Write a rule of who is declined at once; return all rules."""

        def write(db: sqlite3.Connection) -> tuple[ScreeningRule, ...]:
            screening.put(db, rule)
            return screening.listed(db)

        return await self._thread.write(write)

    async def drop_screening(self, address: str) -> tuple[ScreeningRule, ...]:
        """Delete a rule of who is declined at once; return all that are left."""

        def write(db: sqlite3.Connection) -> tuple[ScreeningRule, ...]:
            screening.drop(db, address)
            return screening.listed(db)

        return await self._thread.write(write)

    async def mark_missed_seen(self) -> None:
        """Take all missed calls as seen."""
        await self._thread.write(history.mark_missed_seen)

    # ---- reading -----------------------------------------------------------------------------

    async def history(self, wanted: HistoryFilter, writings: Sequence[str] = ()) -> HistoryPage:
        """Return a page of call records; `writings` are more ways to write the number wanted."""
        return await self._thread.read(lambda db: history.page(db, wanted, writings))

    async def record(self, call: CallId) -> CallRecord | None:
        """Return one call record with its timeline."""
        return await self._thread.read(lambda db: history.record(db, call))

    async def recordings(self) -> dict[str, Call | None]:
        """Return the paths of all recordings, with their calls."""
        return await self._thread.read(recordings.calls_by_path)

    async def recordings_of(self, call: CallId | None) -> list[str]:
        """Return the recordings of one call that is over, or of all of them."""
        return await self._thread.read(lambda db: recordings.of_ended(db, call))

    async def forget_recordings(self, paths: Sequence[str]) -> None:
        """Delete the rows of recordings."""
        await self._thread.write(lambda db: recordings.forget(db, paths))

    async def add_reminder(self, reminder: Reminder) -> int:
        """Keep a call to be made later; return its id."""
        return await self._thread.write(lambda db: reminders.put(db, reminder))

    async def drop_reminder(self, ident: int) -> bool:
        """Forget a call to be made later; tell whether it was there."""
        return await self._thread.write(lambda db: reminders.drop(db, ident))

    async def reminders(self) -> tuple[Reminder, ...]:
        """Return the calls to be made later, the next one first."""
        return await self._thread.read(reminders.listed)

    async def missed(self) -> int:
        """Return how many missed calls are unseen."""
        return await self._thread.read(history.missed_unseen)

    async def screening(self) -> tuple[ScreeningRule, ...]:
        """Return all rules of who is declined at once."""
        return await self._thread.read(screening.listed)

    async def setting(self, name: str) -> str:
        """Return the value under a name, an empty text when there is none."""
        return await self._thread.read(lambda db: settings.get(db, name))

    async def shift(self, since: float, until: float) -> tuple[ShiftRow, ...]:
        """Return sums of calls that began in a time, for each day and account."""
        return await self._thread.read(lambda db: shift.sums(db, since, until))

    async def report(self, call: CallId) -> CallReport | None:
        """Return a call's report."""
        return await self._thread.read(lambda db: history.report(db, call))

    async def samples(self, call: CallId, after: float, limit: int) -> tuple[QualitySample, ...]:
        """Return seconds of a call's quality later than `after`, in order."""
        return await self._thread.read(lambda db: samples.after(db, call, after, limit))

    async def conversations(self, account: AccountName) -> tuple[Conversation, ...]:
        """Return conversations, the last talked in first."""
        return await self._thread.read(lambda db: messages.conversations(db, account))

    async def messages(self, wanted: ListMessages) -> MessagePage:
        """Return a page of a conversation."""
        return await self._thread.read(lambda db: messages.page(db, wanted))

    async def message(self, ident: MessageId) -> Message | None:
        """Return one message."""
        return await self._thread.read(lambda db: messages.one(db, ident))

    async def outbox(self, account: AccountName) -> list[Message]:
        """Return messages that wait to be sent, the oldest first."""
        return await self._thread.read(lambda db: messages.outbox(db, account))

    async def unread(self) -> int:
        """Return how many messages nobody has read."""
        return await self._thread.read(messages.unread)

    async def watched(self, account: AccountName) -> tuple[str, ...]:
        """Return whose presence is watched."""
        return await self._thread.read(lambda db: watched.listed(db, account))

    async def contact(self, ident: ContactId) -> Contact | None:
        """Return one contact."""
        return await self._thread.read(lambda db: contacts.one(db, ident))

    async def contacts(
        self, text: str, limit: int, writings: Sequence[str] = (), skip: int = 0
    ) -> ContactPage:
        """Return contacts that match; `writings` are more ways to write the number wanted."""
        return await self._thread.read(lambda db: contacts.search(db, text, limit, writings, skip))

    async def quick_contact(self, digit: int) -> Contact | None:
        """Return the contact of a quick-dial key."""
        return await self._thread.read(lambda db: contacts.by_quick_key(db, digit))

    async def duplicates(self, limit: int) -> tuple[list[tuple[Contact, ...]], int]:
        """Return groups of contacts that seem to be one, and how many groups there are."""
        return await self._thread.read(lambda db: contacts.duplicates(db, limit))

    async def unknown_contacts(self, given: Sequence[Contact]) -> list[Contact]:
        """Return those that are not among the contacts yet."""
        return await self._thread.read(
            lambda db: [one for one in given if not contacts.is_known(db, one)]
        )

    async def contact_by_address(self, address: str) -> Contact | None:
        """Return the contact with exactly this address."""
        return await self._thread.read(lambda db: contacts.by_address(db, address))

    async def contact_by_name(self, name: str) -> Contact | None:
        """Return the one contact of this name."""
        return await self._thread.read(lambda db: contacts.by_name(db, name))

    async def notes(self, limit: int) -> list[Noted]:
        """Return the newest lines of the journal."""
        return await self._thread.read(lambda db: journal.latest(db, limit))
