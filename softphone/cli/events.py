"""`softphone events`: what happens, one line an event."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from .options import invocation, parse, parser, print_json, with_json


def run(name: str, arguments: Sequence[str]) -> int:
    """Print the event log so far; with --follow what comes, until interrupted."""
    made = with_json(
        parser(name, "Print what happens in the engine.", "softphone events --follow --json")
    )
    made.add_argument("--account", default="", help="only this account")
    made.add_argument("--follow", action="store_true", help="go on printing")
    return asyncio.run(_events(parse(made, arguments)))


async def _events(options: argparse.Namespace) -> int:
    from softphone.engine.link import Role
    from softphone.engine.start import find
    from softphone.model import codec
    from softphone.model.error import LinkError
    from softphone.model.event import EngineStopping, Event, LevelsMeasured, Noted

    from .show import moment, note_data

    def wanted(event: Event) -> bool:
        if isinstance(event, LevelsMeasured):
            return False
        whose = getattr(event, "source", None) or getattr(event, "account", None)
        return not options.account or getattr(whose, "name", whose) == options.account

    def show(event: Event) -> None:
        if options.json and not isinstance(event, Noted):
            print_json(codec.encode(event))
        elif isinstance(event, Noted):
            if options.json:
                print_json({"type": "noted", **note_data(event)})
            else:
                print(f"{moment(event.at)}  {event.source:<12} {event.text}", flush=True)

    link = await find(invocation(options), Role.COMMAND, "events")
    try:
        for note in link.snapshot.notes:
            if wanted(note):
                show(note)
        if options.follow:
            stopping = False
            async for event in link.events():
                stopping = stopping or isinstance(event, EngineStopping)
                if wanted(event):
                    show(event)
            if not stopping:
                raise LinkError("The engine is gone.")
    finally:
        await link.close()
    return 0
