"""`softphone answer`, `hangup`, `mute`, …: act on a call of the running engine."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .options import done, invocation, parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.model.call import Call, CallId
    from softphone.model.command import Command
    from softphone.model.state import ConsoleState

_TEXTS = {
    "answer": "Answer the ringing call; another one that is up is put on hold.",
    "decline": "Decline the ringing call.",
    "ignore": "Stop the ringing here, without telling the platform to refuse.",
    "hangup": "End the call.",
    "hold": "Put the call on hold.",
    "resume": "Take the held call back.",
    "mute": "Mute or unmute the microphone; without on or off it changes over.",
    "record": "Start or stop recording the call; without on or off it changes over.",
    "dtmf": "Send digits (0-9 * #, a comma is a pause) into the call.",
}


def run(name: str, arguments: Sequence[str]) -> int:
    """Do it; 1 with a sentence when it cannot be done."""
    example = {"dtmf": "softphone dtmf 12#", "mute": "softphone mute on"}
    made = with_json(parser(name, _TEXTS[name], example.get(name, f"softphone {name}")))
    if name == "dtmf":
        made.add_argument("digits")
    if name in ("mute", "record"):
        made.add_argument("switch", nargs="?", choices=("on", "off"))
    made.add_argument("--call", default="", metavar="ID", help="which call, when there are several")
    return asyncio.run(_act(name, parse(made, arguments)))


async def _act(name: str, options: Namespace) -> int:
    from softphone.engine.link import Role
    from softphone.engine.start import find

    link = await find(invocation(options), Role.COMMAND, name)
    try:
        call = _choose(name, link.snapshot, options.call)
        done(await link.request(_command(name, call, options)))
    finally:
        await link.close()
    if options.json:
        print_json({"type": "done", "command": name, "call": call.id})
    return 0


def _choose(name: str, state: ConsoleState, wanted: str) -> Call:
    """Return the call meant: the named one, else the only or oldest one that fits."""
    from softphone.model.call import CallState
    from softphone.model.error import Refused

    live = [call for call in state.calls.values() if call.live]
    if wanted:
        fitting = [call for call in live if call.id.startswith(wanted)]
    elif name in ("answer", "decline", "ignore"):
        fitting = state.offers()
    elif name == "resume":
        fitting = [call for call in live if call.held_by_us]
    else:
        active = [call for call in live if call.state is CallState.ACTIVE]
        fitting = active or state.live_calls()
    if not fitting:
        raise Refused(f"There is no call to {name}.", code="NO_CALL")
    if wanted and len(fitting) > 1:
        raise Refused(f"{wanted} is the beginning of several calls.", code="NO_CALL")
    return fitting[0]


def _command(name: str, call: Call, options: Namespace) -> Command:
    from softphone.model import command as c

    switch = {"on": True, "off": False, None: None}
    if name == "dtmf":
        return c.SendTones(call.id, options.digits)
    if name == "mute":
        return c.Mute(call.id, switch[options.switch])
    if name == "record":
        return c.Record(call.id, switch[options.switch])
    kinds: dict[str, Callable[[CallId], Command]] = {
        "answer": c.Answer,
        "decline": c.Decline,
        "ignore": c.Ignore,
        "hangup": c.HangUp,
        "hold": c.Hold,
        "resume": c.Resume,
    }
    return kinds[name](call.id)
