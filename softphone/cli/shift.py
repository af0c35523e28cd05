"""`softphone shift`: what was done in a time, for each account and day."""

from __future__ import annotations

import argparse
import asyncio
import csv
import sys
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from softphone.model.contactcsv import safe_cell
from softphone.model.shift import ShiftRow, summed

from .options import parse, parser, print_json, with_json

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD = ("day", "account", "taken", "missed", "declined", "blocked", "placed", "reached",
         "talked", "longest", "wait", "worst")  # fmt: skip
_FORM = "{:<10}  {:<12} {:>6} {:>6} {:>8} {:>7} {:>6} {:>7} {:>8} {:>8} {:>6} {:>6}"


def run(name: str, arguments: Sequence[str]) -> int:
    """Print sums of calls."""
    made = with_json(
        parser(
            name,
            "Calls taken, missed and placed, how long was talked, and how long callers waited "
            "until they were answered; for each account and day.",
            "softphone shift",
            "softphone shift --from 2026-09-01 --to 2026-09-30 --csv > september.csv",
        )
    )
    made.add_argument("--from", dest="since", type=_day, metavar="DAY", help="default: today")
    made.add_argument("--to", dest="until", type=_day, metavar="DAY", help="that day included")
    made.add_argument("--account", default="", help="only this account")
    made.add_argument("--csv", action="store_true", help="as CSV")
    return asyncio.run(_shift(parse(made, arguments)))


async def _shift(options: argparse.Namespace) -> int:
    from softphone.model import command as c

    from .session import attached

    first = options.since or options.until or datetime.now().astimezone()
    last = options.until or max(first, datetime.now().astimezone())
    since, until = _midnight(first), _midnight(last + timedelta(days=1))
    async with attached(options, "shift", start=True) as session:
        found = await session.ask(c.ShowShift(since, until))
    assert isinstance(found, c.ShiftFound)
    rows = [row for row in found.rows if options.account in ("", row.account)]
    if options.csv:
        _csv(rows)
    elif options.json:
        for row in rows:
            print_json({"type": "shift", **data_of(row)})
        print_json({"type": "shift_total", **data_of(summed(rows))})
    else:
        _table(rows)
    return 0


def data_of(row: ShiftRow) -> dict[str, Any]:
    """Return a row for scripts; times in seconds, a mean of nothing is None."""
    found = {entry.name: getattr(row, entry.name) for entry in fields(row)}
    means = {
        "wait_mean_s": row.wait_mean_s,
        "talk_mean_s": row.talk_mean_s,
        "dispositions": dict(row.dispositions),
    }
    return {key: round(value, 3) if isinstance(value, float) else value
            for key, value in {**found, **means}.items()}  # fmt: skip


def _csv(rows: Iterable[ShiftRow]) -> None:
    out = csv.writer(sys.stdout)
    out.writerow(data_of(ShiftRow("", "")))
    for row in rows:
        cells = {**data_of(row), "dispositions": _came_of(row)}.values()
        out.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in cells])


def _table(rows: Sequence[ShiftRow]) -> None:
    print(_FORM.format(*_HEAD))
    for row in [*rows, summed(rows, "all")]:
        counts = (row.taken, row.missed, row.declined, row.blocked, row.placed, row.reached)
        waits = (row.wait_mean_s, row.wait_longest_s if row.taken else None)
        shown = ("-" if wait is None else f"{wait:.0f} s" for wait in waits)
        times = (_clock(row.talk_s), _clock(row.longest_s))
        print(_FORM.format(row.day, row.account, *counts, *times, *shown))
        if row.dispositions:
            print(f"{'':<10} {_came_of(row)}")


def _came_of(row: ShiftRow) -> str:
    """Return what came of the calls, the most frequent first."""
    return ", ".join(f"{word} {count}" for word, count in row.dispositions)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").astimezone()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write 2026-01-31") from None


def _midnight(day: datetime) -> float:
    """Return the beginning of a day of this machine's time zone, in epoch seconds."""
    return datetime(day.year, day.month, day.day).astimezone().timestamp()
