"""`softphone remind`: calls to be made later."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from .options import parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.model.reminder import Reminder


def run(name: str, arguments: Sequence[str]) -> int:
    """Do it; 1 with a sentence when it cannot be done."""
    made = with_json(
        parser(
            name,
            "Ring at a time to call somebody back: the last call, or a number. Without a time: "
            "list what is to come.",
            "softphone remind 20m",
            'softphone remind "tomorrow 9:00" --to "+39 02 4587 1203" --text "offer"',
        )
    )
    made.add_argument("when", nargs="?", default="", metavar="WHEN", help="20m, 2h, 15:30, …")
    made.add_argument("--to", default="", metavar="NUMBER", help="whom to call, not the last call")
    made.add_argument("--call", default="", metavar="ID", help="which call to call back")
    made.add_argument("--text", default="", help="what it is about")
    made.add_argument("--drop", type=int, default=0, metavar="N", help="forget reminder N")
    return asyncio.run(_run(parse(made, arguments)))


async def _run(options: Namespace) -> int:
    from softphone.model import command as c
    from softphone.model.call import CallId

    from .session import attached

    async with attached(options, "remind", start=True) as session:
        if options.drop:
            await session.ask(c.DropReminder(options.drop))
            return 0
        wanted: c.Command = c.ListReminders()
        if options.when:
            wanted = c.Remind(options.when, CallId(options.call), options.to, options.text)
        found = await session.ask(wanted)
    for one in found.reminders if isinstance(found, c.RemindersFound) else ():
        _tell(options, one)
    return 0


def _tell(options: Namespace, one: Reminder) -> None:
    if options.json:
        told = {"id": one.id, "at": one.at, "to": one.address, "text": one.text, "call": one.call}
        print_json({"type": "reminder", **told})
    else:
        when = datetime.fromtimestamp(one.at).astimezone().strftime("%Y-%m-%d %H:%M")
        print(f"{one.id:>4}  {when}  {one.address or '-'}  {one.text}")
