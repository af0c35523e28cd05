"""`softphone contacts import`, `export` and `merge`: whole address books in and out."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from softphone.model.error import Refused
from softphone.ui.contactfile import found_in

from .options import complain, print_json, write_private

if TYPE_CHECKING:
    from softphone.model.contact import Contact, FoundContact

    from .session import Session

FORMATS = ("vcard", "csv", "json")
_BATCH = 200
_PAGE = 1_000
_TOLD_EVERY = 1_000


@dataclass(slots=True)
class _Sum:
    """How far an import is."""

    read: int = 0
    added: int = 0
    known: int = 0
    refused: int = 0
    told: int = 0
    waiting: list[FoundContact] = field(default_factory=list)


async def read_in(session: Session, options: argparse.Namespace, path: str) -> int:
    """Add the contacts of a file; what is refused is named with its line."""
    done = _Sum()
    for found in found_in(Path(path)):
        done.read += 1
        if found.contact is None:
            _refuse(done, options, path, found.line, found.problem)
        else:
            done.waiting.append(found)
        if len(done.waiting) >= _BATCH:
            await _send(session, options, path, done)
    await _send(session, options, path, done)
    if options.json:
        figures = {"read": done.read, "added": done.added, "known": done.known}
        kind = "would_import" if options.dry_run else "imported"
        print_json({"type": kind, **figures, "refused": done.refused})
    else:
        verb = "would be added" if options.dry_run else "added"
        print(f"{done.added} of {done.read} {verb}; {done.known} are there already")
    return 1 if done.refused else 0


async def write_out(session: Session, options: argparse.Namespace, path: str) -> int:
    """Write all contacts as vCards, CSV or JSON lines; to a file for the owner only."""
    from softphone.model import codec
    from softphone.model.contactcsv import write_csv
    from softphone.model.vcard import write_vcard

    form = options.format or _format_of(path)
    out = io.StringIO()
    count = 0
    async for contact in _all(session, options.account):
        if form == "vcard":
            out.write(write_vcard(contact))
        elif form == "csv":
            out.write(write_csv([contact], head=not count))
        else:
            out.write(codec.dumps(codec.encode_plain(contact)) + "\n")
        count += 1
    if not path:
        sys.stdout.write(out.getvalue())
        return 0
    write_private(Path(path), out.getvalue())
    if options.json:
        print_json({"type": "exported", "count": count, "file": path})
    else:
        print(f"{count} contacts written to {path}")
    return 0


async def merge(session: Session, options: argparse.Namespace, only: str) -> int:
    """Show contacts that seem to be one, and what they would become; --yes makes it so."""
    from softphone.model import command as c
    from softphone.model.contact import merged

    found = await session.ask(c.FindDuplicates(_PAGE))
    assert isinstance(found, c.DuplicatesFound)
    groups = [group for group in found.groups if not only or only in {one.id for one in group}]
    if only and not groups:
        raise Refused(f"No contact seems to be the same as {only}.")
    for group in groups:
        _show_group(group, merged(group), as_json=options.json)
        if options.yes:
            await session.ask(c.MergeContacts(tuple(one.id for one in group)))
    if options.json:
        print_json({"type": "merged" if options.yes else "would_merge", "count": len(groups)})
    elif options.yes:
        print(f"{len(groups)} merged")
    elif groups:
        print(f"{len(groups)} could be merged; say --yes to do it, an id to choose one")
    else:
        print("no contact is there twice")
    return 0


def _show_group(group: Sequence[Contact], whole: Contact, *, as_json: bool) -> None:
    from .show import contact_data

    if as_json:
        members = [contact_data(one) for one in group]
        print_json({"type": "duplicates", "contacts": members, "merged": contact_data(whole)})
        return
    for one in group:
        print(f"  {one.id}  {one.name:<28} {_numbers(one)}")
    print(f"= {whole.id}  {whole.name:<28} {_numbers(whole)}")


def _numbers(contact: Contact) -> str:
    return ", ".join(entry.address for entry in contact.addresses)


async def _send(session: Session, options: argparse.Namespace, path: str, done: _Sum) -> None:
    """Let the engine take what waits; it has the last word about numbers."""
    from softphone.model import command as c

    batch, done.waiting = done.waiting, []
    contacts = tuple(found.contact for found in batch if found.contact is not None)
    taken = await session.ask(c.ImportContacts(contacts, options.dry_run))
    assert isinstance(taken, c.ContactsImported)
    done.added += taken.added
    done.known += taken.known
    for place, reason in taken.refused:
        _refuse(done, options, path, batch[place].line, reason)
    if done.read - done.told >= _TOLD_EVERY:
        done.told = done.read
        if options.json:
            print_json({"type": "progress", "read": done.read, "added": done.added})
        elif sys.stderr.isatty():
            complain(f"{done.read} read, {done.added} new")


def _refuse(done: _Sum, options: argparse.Namespace, path: str, line: int, reason: str) -> None:
    done.refused += 1
    if options.json:
        print_json({"type": "refused", "line": line, "reason": reason})
    else:
        complain(f"{path}, line {line}: {reason}")


async def _all(session: Session, account: str) -> AsyncIterator[Contact]:
    """Yield every contact, page after page; of one account's book when it is named."""
    from softphone.model import command as c

    seen, total = 0, 1
    while seen < total:
        page = await session.ask(c.SearchContacts("", _PAGE, seen))
        assert isinstance(page, c.ContactPage)
        for contact in page.contacts:
            if not account or contact.source == account:
                yield contact
        seen, total = seen + max(1, len(page.contacts)), page.total


def _format_of(path: str) -> str:
    ending = Path(path).suffix.lower()
    return {".csv": "csv", ".json": "json", ".jsonl": "json"}.get(ending, "vcard")
