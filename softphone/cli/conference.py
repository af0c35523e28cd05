"""`softphone conference`: one conversation of calls of any platforms, mixed here."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .options import parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.model.call import Call
    from softphone.model.command import Command

    from .session import Session


def run(name: str, arguments: Sequence[str]) -> int:
    """Do it; 1 with a sentence when it cannot be done."""
    made = with_json(
        parser(
            name,
            "Mix answered calls of any platforms into one conversation; without calls: all of "
            "them. Each party hears all others but itself.",
            "softphone conference",
            "softphone conference 3fa 81c",
            "softphone conference 3fa --step-out",
        )
    )
    made.add_argument("calls", nargs="*", metavar="CALL", help="beginnings of call ids")
    what = made.add_mutually_exclusive_group()
    what.add_argument("--leave", action="store_true", help="take the one call out and hold it")
    what.add_argument(
        "--step-out", action="store_true", help="leave its parties to themselves, you are not heard"
    )
    what.add_argument("--come-back", action="store_true", help="be with its parties again")
    return asyncio.run(_run(parse(made, arguments)))


async def _run(options: Namespace) -> int:
    from .session import attached

    async with attached(options, "conference") as session:
        calls = _chosen(options, session)
        await session.ask(_command(options, calls))
    if options.json:
        print_json({"type": "done", "command": "conference", "calls": [one.id for one in calls]})
    return 0


def _chosen(options: Namespace, session: Session) -> list[Call]:
    """Return the calls that are named; else all that are answered, or all in a conference."""
    if options.calls:
        return [session.call(one, (), "join") for one in options.calls]
    if options.leave or options.step_out or options.come_back:
        joined = [call for call in session.state.live_calls() if call.joined]
        return [session.call("", joined, "leave or come back to")]
    return [call for call in session.state.live_calls() if call.answered and not call.owner]


def _command(options: Namespace, calls: Sequence[Call]) -> Command:
    from softphone.model import command as c

    if options.leave:
        return c.LeaveConference(calls[0].id)
    if options.step_out or options.come_back:
        return c.StepOut(calls[0].id, bool(options.step_out))
    return c.Conference(tuple(call.id for call in calls))
