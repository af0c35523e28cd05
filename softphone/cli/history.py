"""`softphone history`: list, search, export, import and delete past calls."""

from __future__ import annotations

import argparse
import asyncio
import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from softphone.model.error import SoftphoneError

from .options import complain, done, parse, parser, print_json, with_json, write_private

if TYPE_CHECKING:
    from softphone.engine.connect import SocketLink
    from softphone.model.record import CallRecord

    from .session import Session

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_PAGE = 500


def run(name: str, arguments: Sequence[str]) -> int:
    """Print calls, newest first."""
    made = with_json(
        parser(
            name,
            "List past calls, newest first. TEXT is looked for in names, numbers, notes "
            "and dispositions.",
            "softphone history rossi --limit 20",
            "softphone history --missed --csv > missed.csv",
            "softphone history --export calls.jsonl",
            "softphone history --platform --account ribbon",
        )
    )
    made.add_argument("text", nargs="?", default="")
    made.add_argument("--missed", action="store_true", help="missed calls only")
    made.add_argument(
        "--disposition", default="", metavar="WORD", help="only calls of which this came"
    )
    made.add_argument("--account", default="", help="only this account")
    made.add_argument("--limit", type=int, default=50, metavar="N", help="at most N (default 50)")
    made.add_argument("--csv", action="store_true", help="as CSV")
    made.add_argument("--platform", action="store_true", help="what the platform remembers")
    made.add_argument("--delete", default="", metavar="ID", help="delete this call's record")
    made.add_argument("--clear", action="store_true", help="delete all; needs --yes")
    made.add_argument("--yes", action="store_true", help="do not ask")
    made.add_argument("--export", default="", metavar="FILE", help="write all as JSON lines")
    made.add_argument("--import", dest="read", default="", metavar="FILE", help="add from a file")
    return asyncio.run(_history(parse(made, arguments)))


async def _history(options: argparse.Namespace) -> int:
    from .session import attached

    async with attached(options, "history", start=True) as session:
        if options.delete or options.clear:
            return await _delete(session, options)
        if options.platform:
            return await _platform(session, options)
        if options.read:
            return await _import(session, options)
        if options.export:
            return await _export(session, options)
        records = await _records(session.link, options)
    _print(records, options)
    return 0


def _print(records: Sequence[CallRecord], options: argparse.Namespace) -> None:
    from .show import call_line, moment, record_data

    if options.csv:
        _csv(records)
        return
    for record in records:
        if options.json:
            print_json({"type": "record", **record_data(record)})
        else:
            print(f"{moment(record.call.created_at)}  {call_line(record.call)}")


async def _delete(session: Session, options: argparse.Namespace) -> int:
    """Delete records here, or with --platform in the platform's own history."""
    from softphone.model import command as c
    from softphone.model.call import CallId
    from softphone.model.capability import Capability
    from softphone.model.error import Refused

    if options.clear and not options.yes:
        raise Refused("This deletes the whole history; say --yes if that is meant.")
    if options.platform:
        account = session.account(options.account, Capability.PLATFORM_HISTORY)
        await session.ask(c.DeleteFromHistory(account, options.delete))
        return 0
    done_ = await session.ask(c.DeleteRecord(CallId(options.delete) if options.delete else None))
    count = done_.count if isinstance(done_, c.Done) else 0
    if options.json:
        print_json({"type": "deleted", "count": count})
    else:
        print(f"{count} deleted")
    return 0


async def _platform(session: Session, options: argparse.Namespace) -> int:
    from softphone.model.capability import Capability
    from softphone.model.command import FetchHistory, PlatformHistory

    from .show import moment, platform_record_data

    account = session.account(options.account, Capability.PLATFORM_HISTORY)
    found = await session.ask(FetchHistory(account, options.limit))
    assert isinstance(found, PlatformHistory)
    for record in found.records:
        if options.json:
            print_json({"type": "platform_record", **platform_record_data(record)})
            continue
        kind = "missed" if record.missed else record.direction.value
        who = f"{record.remote.address}  {record.remote.name}".rstrip()
        took = f"{record.duration_s:6.0f} s"
        print(f"{moment(record.start)}  {record.native_id}  {kind:<8} {took}  {who}")
    return 0


async def _export(session: Session, options: argparse.Namespace) -> int:
    """Write every record, timelines too, so that it can be imported again; the owner's only."""
    from softphone.model import codec
    from softphone.model.command import RecordFound, ShowRecord

    options.limit = sys.maxsize
    records = await _records(session.link, options)
    path = Path(options.export)
    lines = []
    for record in records:
        found = await session.ask(ShowRecord(record.call.id))
        whole = found.record if isinstance(found, RecordFound) and found.record else record
        lines.append(codec.dumps(codec.encode_plain(whole)) + "\n")
    write_private(path, "".join(lines))
    if options.json:
        print_json({"type": "exported", "count": len(records), "file": str(path)})
    else:
        print(f"{len(records)} calls written to {path}")
    return 0


async def _import(session: Session, options: argparse.Namespace) -> int:
    """Add the calls of a file; lines that cannot be read are named and left out."""
    from softphone.model.command import Done, ImportRecords

    records: list[CallRecord] = []
    refused = 0
    for number, line in enumerate(_lines(options.read), 1):
        record = _read_line(line)
        if record is None:
            refused += 1
            complain(f"{options.read}, line {number} is no call record; left out")
        else:
            records.append(record)
    count = 0
    for start in range(0, len(records), _PAGE):
        taken = await session.ask(ImportRecords(tuple(records[start : start + _PAGE])))
        count += taken.count if isinstance(taken, Done) else 0
    if options.json:
        print_json({"type": "imported", "count": count, "refused": refused})
    else:
        print(f"{count} of {len(records)} calls added; the others were there already")
    return 1 if refused else 0


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        raise SoftphoneError(f"{path} is no text file.") from None


def _read_line(line: str) -> CallRecord | None:
    from softphone.model import codec
    from softphone.model.error import ProtocolError
    from softphone.model.record import CallRecord

    try:
        return codec.decode(codec.loads(line), CallRecord)
    except ProtocolError:
        return None


async def _records(link: SocketLink, options: argparse.Namespace) -> list[CallRecord]:
    """Ask for page after page until there are as many as wanted."""
    from softphone.model.command import HistoryPage, ListHistory
    from softphone.model.record import HistoryFilter

    records: list[CallRecord] = []
    before = ""
    while (missing := options.limit - len(records)) > 0:
        size = min(_PAGE, missing)
        wanted = HistoryFilter(
            options.text, options.account, options.missed, before, size, options.disposition
        )
        page = done(await link.request(ListHistory(wanted))).value
        assert isinstance(page, HistoryPage)
        records += page.records
        before = page.next
        if not before:
            break
    return records


def _csv(records: Sequence[CallRecord]) -> None:
    from .show import call_data

    out = csv.writer(sys.stdout)
    columns = (
        *("started", "account", "direction", "number", "name", "local"),
        *("answered", "ended", "seconds", "reason", "detail", "disposition", "note"),
    )
    out.writerow(columns)
    for record in records:
        row = {**call_data(record.call), "note": record.note}
        out.writerow([_cell(row[column]) for column in columns])


def _cell(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value
