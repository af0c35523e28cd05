"""`softphone agent`, `undo`, `quiet`, `caller-id`, `dispose`: the operator's own state."""

from __future__ import annotations

import asyncio
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .options import parse, parser, print_json, seconds, with_json

if TYPE_CHECKING:
    from softphone.model.call import CallId
    from softphone.model.command import CodedName, Command
    from softphone.model.desk import Desk
    from softphone.model.state import ConsoleState

    from .session import Session

_TEXTS = {
    "agent": "Show or change your state on every platform: available, break, after-call, offline. "
    "`next` waits until the last call has ended; extend and finish are for after-call work.",
    "undo": "Take back a transfer, or the end of a held call, that a console asked for just now.",
    "quiet": "Do not disturb: let nothing ring aloud; without on or off it changes over.",
    "caller-id": "Show or choose which of your numbers those you call see; `default` goes back.",
    "dispose": "Write down what came of a call, else of the last one; without a word: list them.",
}
_EXAMPLES = {
    "agent": ("softphone agent", "softphone agent break lunch", "softphone agent next break"),
    "undo": ("softphone undo",),
    "quiet": ("softphone quiet on",),
    "caller-id": ("softphone caller-id", "softphone caller-id pn_2"),
    "dispose": ("softphone dispose sold", "softphone dispose --list"),
}
_STATES = {
    "available": "routable",
    "routable": "routable",
    "break": "not_routable",
    "not-routable": "not_routable",
    "after-call": "after_call",
    "offline": "offline",
}
_WORDS = (*_STATES, "next", "extend", "finish")
_LONGER_S = 60.0


def run(name: str, arguments: Sequence[str]) -> int:
    """Do it; 1 with a sentence when it cannot be done."""
    made = with_json(parser(name, _TEXTS[name], *_EXAMPLES[name]))
    _add_arguments(name, made)
    return asyncio.run(_run(name, parse(made, arguments)))


def _add_arguments(name: str, made: ArgumentParser) -> None:
    match name:
        case "agent":
            made.add_argument("what", nargs="?", default="", choices=("", *_WORDS), metavar="STATE")
            made.add_argument("more", nargs="*", metavar="REASON", help="as lunch; or seconds")
        case "undo":
            made.add_argument("--call", default="", metavar="ID", help="which call")
        case "quiet":
            made.add_argument("switch", nargs="?", choices=("on", "off"))
        case "caller-id":
            made.add_argument("number", nargs="?", default="", help="its id or E.164, or default")
            made.add_argument("--account", default="", help="the account whose number it is")
        case _:
            made.add_argument("word", nargs="?", default="")
            made.add_argument("--call", default="", metavar="ID", help="which call")
            made.add_argument("--list", action="store_true", help="list what can be said")


async def _run(name: str, options: Namespace) -> int:
    from .session import attached

    async with attached(options, name) as session:
        match name:
            case "agent" if not options.what:
                _show(options, session.state.desk)
                return 0
            case "caller-id" if not options.number:
                _show_numbers(options, session.state)
                return 0
            case "dispose" if options.list or not options.word:
                await _list_codes(options, session)
                return 0
            case "quiet" if not options.switch:
                options.switch = "off" if session.state.desk.quiet else "on"
        await session.ask(_command(name, options, session.state))
    if options.json:
        print_json({"type": "done", "command": name})
    elif name == "quiet":
        print(f"do not disturb is {options.switch}")
    return 0


def _command(name: str, options: Namespace, state: ConsoleState) -> Command:
    from softphone.model import command as c

    match name:
        case "agent":
            return _agent(options.what, list(options.more))
        case "undo":
            return c.Undo(_whole_id(options.call, state))
        case "quiet":
            return c.SetQuiet(options.switch == "on")
        case "caller-id":
            return _caller_id(options, state)
        case _:
            return c.Dispose(options.word, _whole_id(options.call, state))


def _agent(what: str, more: list[str]) -> Command:
    from softphone.model import command as c
    from softphone.model.desk import DeskState
    from softphone.model.error import Refused

    if what == "finish":
        return c.FinishWrapUp()
    if what == "extend":
        try:
            return c.ExtendWrapUp(seconds(more[0]) if more else _LONGER_S)
        except ValueError:
            raise Refused(f"{more[0]!r} is no number of seconds.") from None
    later = what == "next"
    if later:
        what = more.pop(0) if more else ""
        if what in ("", "none"):
            return c.DropQueued()
    if what not in _STATES:
        raise Refused(f"{what!r} is no state: {', '.join(_STATES)}.")
    reason = " ".join(more) or ("break" if what == "break" else "")
    return c.SetDesk(DeskState(_STATES[what]), reason, later)


def _caller_id(options: Namespace, state: ConsoleState) -> Command:
    from softphone.model import command as c
    from softphone.model.error import Refused

    wanted = "" if options.number == "default" else options.number
    owners = [
        account
        for account in state.accounts.values()
        if options.account in ("", account.name)
        and account.numbers
        and (not wanted or any(wanted in (one.id, one.number) for one in account.numbers))
    ]
    if not owners:
        raise Refused(f"{options.number[:40]!r} is none of your numbers.")
    # The default is wanted back where another number is shown.
    chosen = next((one for one in owners if one.caller_id and not wanted), owners[0])
    return c.ChooseCallerId(chosen.name, wanted)


def _whole_id(beginning: str, state: ConsoleState) -> CallId:
    """Return the id of the call that begins so; as it is when none of those shown does."""
    from softphone.model.call import CallId

    found = [call for call in state.calls if beginning and call.startswith(beginning)]
    return found[0] if found else CallId(beginning)


def _show(options: Namespace, desk: Desk) -> None:
    from .show import desk_data, desk_line

    now = time.monotonic()
    if options.json:
        print_json({"type": "desk", **desk_data(desk, now)})
    else:
        print(desk_line(desk, now))


def _show_numbers(options: Namespace, state: ConsoleState) -> None:
    for account in state.accounts.values():
        for number in account.numbers:
            chosen = account.caller_id == number.id
            if options.json:
                told = {"account": account.name, "id": number.id, "number": number.number}
                print_json({"type": "number", **told, "name": number.name, "chosen": chosen})
            else:
                mark = "*" if chosen else " "
                print(f"{mark} {account.name:<12} {number.id:<8} {number.number}  {number.name}")


async def _list_codes(options: Namespace, session: Session) -> None:
    from softphone.model import command as c

    found = await session.ask(c.ListCodes(_whole_id(options.call, session.state)))
    names: tuple[CodedName, ...] = found.names if isinstance(found, c.CodedNames) else ()
    for one in names:
        if options.json:
            told = {"code": one.code, "name": one.name, "kind": one.kind, "source": one.source}
            print_json({"type": "disposition", **told})
        else:
            print(f"{one.name}{f'  ({one.source})' if one.source else ''}")
