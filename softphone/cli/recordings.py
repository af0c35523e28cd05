"""`softphone recordings` and `softphone replay`: what is kept of calls, and its end."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from .options import parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.model.recording import Recording

    from .session import Session


def run(name: str, arguments: Sequence[str]) -> int:
    """Do it; 1 with a sentence when it cannot be done."""
    if name == "replay":
        return _run_replay(arguments)
    made = with_json(
        parser(
            name,
            "List recordings, the newest first, or delete some: file and entry, for good.",
            "softphone recordings",
            "softphone recordings --delete 20260102T101500Z-3fa1.wav",
            "softphone recordings --pause on",
        )
    )
    made.add_argument("--delete", nargs="+", default=(), metavar="NAME", help="for good")
    made.add_argument("--delete-all", action="store_true", help="all of them, for good")
    made.add_argument("--pause", choices=("on", "off"), help="keep silence instead of the call")
    made.add_argument("--call", default="", metavar="ID", help="which call to pause")
    return asyncio.run(_recordings(parse(made, arguments)))


def _run_replay(arguments: Sequence[str]) -> int:
    made = with_json(
        parser(
            "replay",
            "Hear the last half minute of the call again; the far end hears nothing of it.",
            "softphone replay",
            "softphone replay --save",
        )
    )
    made.add_argument("--call", default="", metavar="ID", help="which call, when there are several")
    made.add_argument("--stop", action="store_true", help="stop the replay")
    made.add_argument("--save", action="store_true", help="write it into a recording instead")
    return asyncio.run(_replay(parse(made, arguments)))


async def _recordings(options: Namespace) -> int:
    from softphone.model import command as c

    from .session import attached

    async with attached(options, "recordings", start=True) as session:
        if options.pause:
            call = session.call(options.call, session.state.live_calls(), "pause")
            await session.ask(c.PauseRecording(call.id, options.pause == "on"))
            return 0
        found = await _listed(session)
        names = tuple(one.name for one in found) if options.delete_all else tuple(options.delete)
        if names:
            done = await session.ask(c.DeleteRecordings(names))
            count = done.count if isinstance(done, c.Done) else 0
            _tell_deleted(options, count)
            return 0
    for one in found:
        _tell(options, one)
    if not found and not options.json:
        print("No recordings.", file=sys.stderr)
    return 0


async def _listed(session: Session) -> tuple[Recording, ...]:
    from softphone.model import command as c

    found = await session.ask(c.ListRecordings())
    return found.recordings if isinstance(found, c.RecordingsFound) else ()


def _tell(options: Namespace, one: Recording) -> None:
    if options.json:
        print_json(
            {
                "type": "recording",
                "name": one.name,
                "call": one.call,
                "account": one.account,
                "who": one.who,
                "at": one.at,
                "seconds": round(one.seconds, 1),
            }
        )
        return
    when = datetime.fromtimestamp(one.at).astimezone().strftime("%Y-%m-%d %H:%M")
    print(f"{when}  {one.seconds:7.1f} s  {one.account or '-':<10} {one.who or '-':<24} {one.name}")


def _tell_deleted(options: Namespace, count: int) -> None:
    if options.json:
        print_json({"type": "done", "command": "recordings", "deleted": count})
    else:
        print(f"{count} deleted.")


async def _replay(options: Namespace) -> int:
    from softphone.model import command as c
    from softphone.model.call import CallId

    from .session import attached

    async with attached(options, "replay") as session:
        live = [call for call in session.state.live_calls() if call.answered]
        wanted = bool(options.call or live)
        call = session.call(options.call, live, "replay").id if wanted else CallId("")
        if options.save:
            await session.ask(c.SaveReplay(call))
        else:
            await session.ask(c.Replay(call, not options.stop))
    if options.json:
        print_json({"type": "done", "command": "replay", "call": call})
    return 0
