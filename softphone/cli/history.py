"""`softphone history`: list, search and export past calls."""

from __future__ import annotations

import argparse
import asyncio
import csv
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .options import done, invocation, parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.engine.connect import SocketLink
    from softphone.model.record import CallRecord

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_PAGE = 500


def run(name: str, arguments: Sequence[str]) -> int:
    """Print calls, newest first."""
    made = with_json(
        parser(
            name,
            "List past calls, newest first. TEXT is looked for in names, numbers and notes.",
            "softphone history rossi --limit 20",
            "softphone history --missed --csv > missed.csv",
        )
    )
    made.add_argument("text", nargs="?", default="")
    made.add_argument("--missed", action="store_true", help="missed calls only")
    made.add_argument("--account", default="", help="only this account")
    made.add_argument("--limit", type=int, default=50, metavar="N", help="at most N (default 50)")
    made.add_argument("--csv", action="store_true", help="as CSV")
    return asyncio.run(_history(parse(made, arguments)))


async def _history(options: argparse.Namespace) -> int:
    from softphone.engine.link import Role
    from softphone.engine.start import find_or_start

    from .show import call_line, moment, record_data

    link = await find_or_start(invocation(options), Role.COMMAND, "history")
    try:
        records = await _records(link, options)
    finally:
        await link.close()
    if options.csv:
        _csv(records)
        return 0
    for record in records:
        if options.json:
            print_json({"type": "record", **record_data(record)})
        else:
            print(f"{moment(record.call.created_at)}  {call_line(record.call)}")
    return 0


async def _records(link: SocketLink, options: argparse.Namespace) -> list[CallRecord]:
    """Ask for page after page until there are as many as wanted."""
    from softphone.model.command import HistoryPage, ListHistory
    from softphone.model.record import HistoryFilter

    records: list[CallRecord] = []
    before = ""
    while (missing := options.limit - len(records)) > 0:
        size = min(_PAGE, missing)
        wanted = HistoryFilter(options.text, options.account, options.missed, before, size)
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
        *("answered", "ended", "seconds", "reason", "detail", "note"),
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
