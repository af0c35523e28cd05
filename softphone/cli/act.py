"""`softphone answer`, `hangup`, `transfer`, …: act on a call of the running engine."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .options import parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.model.call import Call, CallId
    from softphone.model.command import CallCommand
    from softphone.model.state import ConsoleState

    from .session import Session

_TEXTS = {
    "answer": "Answer the ringing call; another one that is up is put on hold.",
    "decline": "Decline the ringing call.",
    "ignore": "Stop the ringing here, without telling the platform to refuse.",
    "forward": "Send the ringing call to somebody else.",
    "ringing": "Tell the caller that it rings here (accounts with manual ringing).",
    "hangup": "End the call.",
    "hold": "Put the call on hold.",
    "resume": "Take the held call back.",
    "mute": "Mute or unmute the microphone; without on or off it changes over.",
    "record": "Start or stop recording the call; without on or off it changes over.",
    "dtmf": "Send digits (0-9 * #, a comma is a pause) into the call.",
    "play": "Play a WAV file into the call instead of the microphone; without a file: stop.",
    "transfer": "Send the far end to TO and leave; --attended connects two calls of yours.",
    "join": "Make one conversation of two calls of one account.",
    "restart-media": "Build the audio path of the call anew; the call stays up.",
    "resync": "Ask the platform how the call stands, and believe it.",
    "parameters": "Set custom parameters of the call, sent with what it says next.",
}
_EXAMPLES = {
    "dtmf": "softphone dtmf 12#",
    "mute": "softphone mute on",
    "forward": "softphone forward carol@example.com",
    "play": "softphone play announcement.wav",
    "transfer": "softphone transfer carol@example.com",
    "parameters": "softphone parameters X-Ticket=8812 --send",
}
_DONE = {
    "hangup": "hang up",
    "dtmf": "send digits to",
    "play": "play to",
    "ringing": "send ringing to",
    "restart-media": "restart the sound of",
    "parameters": "set parameters of",
}
"""What is done to a call, where it is not the command's own name."""
_SWITCH = {"on": True, "off": False, None: None}


def run(name: str, arguments: Sequence[str]) -> int:
    """Do it; 1 with a sentence when it cannot be done."""
    made = with_json(parser(name, _TEXTS[name], _EXAMPLES.get(name, f"softphone {name}")))
    _add_arguments(name, made)
    made.add_argument("--call", default="", metavar="ID", help="which call, when there are several")
    return asyncio.run(_act(name, parse(made, arguments)))


def _add_arguments(name: str, made: ArgumentParser) -> None:
    match name:
        case "answer":
            made.add_argument(
                "--parameter", nargs="+", default=(), metavar="NAME=VALUE", help="sent along"
            )
            made.add_argument("--kbps", type=int, default=0, metavar="N", help="of the sound")
            made.add_argument("--dscp", type=int, default=-1, metavar="N", help="marks packets")
        case "dtmf":
            made.add_argument("digits")
            made.add_argument("--tone", type=int, default=100, metavar="MS", help="of each digit")
            made.add_argument("--gap", type=int, default=100, metavar="MS", help="after each digit")
        case "mute" | "record":
            made.add_argument("switch", nargs="?", choices=("on", "off"))
        case "forward":
            made.add_argument("to", metavar="TO")
        case "transfer":
            made.add_argument("to", nargs="?", default="", metavar="TO")
            made.add_argument("--attended", action="store_true", help="connect two calls, leave")
            made.add_argument("--other", default="", metavar="ID", help="the second call")
        case "join":
            made.add_argument("--other", default="", metavar="ID", help="the second call")
        case "play":
            made.add_argument("file", nargs="?", default="", metavar="IN.wav")
        case "parameters":
            made.add_argument("pairs", nargs="*", metavar="NAME=VALUE", help="none: clear")
            made.add_argument("--send", action="store_true", help="send them now")
        case _:
            pass


async def _act(name: str, options: Namespace) -> int:
    from .session import attached

    async with attached(options, name) as session:
        call = session.call(options.call, _fitting(name, session.state), _DONE.get(name, name))
        await session.ask(_command(name, call, options, session))
    if options.json:
        print_json({"type": "done", "command": name, "call": call.id})
    return 0


def _fitting(name: str, state: ConsoleState) -> list[Call]:
    """Return the calls a command may mean, the likeliest first."""
    from softphone.model.call import CallState

    if name in ("answer", "decline", "ignore", "forward", "ringing"):
        return state.offers()
    if name == "resume":
        return [call for call in state.live_calls() if call.held_by_us]
    active = [call for call in state.live_calls() if call.state is CallState.ACTIVE]
    return active or state.live_calls()


def _command(name: str, call: Call, options: Namespace, session: Session) -> CallCommand:
    from softphone.model import command as c
    from softphone.model.error import Refused

    match name:
        case "answer":
            return c.Answer(
                call.id,
                parameters=parameters_of(options.parameter),
                audio_kbps=options.kbps,
                dscp=options.dscp,
            )
        case "dtmf":
            return c.SendTones(call.id, options.digits, options.tone, options.gap)
        case "mute":
            return c.Mute(call.id, _SWITCH[options.switch])
        case "record":
            return c.Record(call.id, _SWITCH[options.switch])
        case "forward":
            return c.Forward(call.id, options.to)
        case "play":
            file = str(Path(options.file).expanduser().absolute()) if options.file else ""
            return c.PlayFile(call.id, file)
        case "parameters":
            return c.SetParameters(call.id, parameters_of(options.pairs), options.send)
        case "join":
            return c.Join(call.id, _other(call, options.other, session))
        case "transfer" if options.attended:
            return c.TransferTo(call.id, _other(call, options.other, session))
        case "transfer" if options.to:
            return c.Transfer(call.id, options.to)
        case "transfer":
            raise Refused("Transfer to whom? Give an address, or --attended.")
    kinds: dict[str, Callable[[CallId], CallCommand]] = {
        "decline": c.Decline,
        "ignore": c.Ignore,
        "ringing": c.SendRinging,
        "hangup": c.HangUp,
        "hold": c.Hold,
        "resume": c.Resume,
        "restart-media": c.RestartMedia,
        "resync": c.Resync,
    }
    return kinds[name](call.id)


def _other(call: Call, wanted: str, session: Session) -> CallId:
    """Return the second call: the named one, or the latest other one that was answered."""
    others = [
        other
        for other in reversed(session.state.live_calls())
        if other.id != call.id and other.answered
    ]
    return session.call(wanted, others, "be the second one").id


def parameters_of(pairs: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return NAME=VALUE arguments as pairs; raises Refused for one without an equals sign."""
    from softphone.model.error import Refused

    found = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise Refused(f"{pair!r} is not NAME=VALUE.")
        found.append((name, value))
    return tuple(found)
