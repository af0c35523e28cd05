"""`softphone request`, `subscriptions`, `sip-events`, …: what a platform offers besides calls."""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .options import parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.model import command as c
    from softphone.model.call import AccountName


_TEXTS = {
    "request": "Send a request of your own to the platform, signed in as the account.",
    "subscriptions": "Show or change an account's services, its events and notification line.",
    "sip-events": "Be told of an event of some users, or no longer.",
    "click-to-call": "Let the platform ring two devices and connect them.",
    "inject": "Take a notification that came another way (JSON on standard input).",
}
_EXAMPLES = {
    "request": "softphone request /rest/version/1/user/alice@example.com/voicemail --json",
    "subscriptions": "softphone subscriptions --add MWI",
    "sip-events": "softphone sip-events event:conference --user bob@example.com",
    "click-to-call": 'softphone click-to-call "+1 214 555 0100" bob@example.com',
    "inject": "softphone inject --account ribbon < notification.json",
}
_ON_OFF = {"on": True, "off": False, None: None}


def run(name: str, arguments: Sequence[str]) -> int:
    """Do it and print what came back."""
    made = with_json(parser(name, _TEXTS[name], _EXAMPLES[name]))
    _add_arguments(name, made)
    made.add_argument("--account", default="", help="default: the first account that can")
    return asyncio.run(_ask(name, parse(made, arguments)))


def _add_arguments(name: str, made: ArgumentParser) -> None:
    match name:
        case "request":
            made.add_argument("path", metavar="PATH", help="at the platform, from its host on")
            made.add_argument("--method", default="GET", choices=("GET", "POST", "PUT", "DELETE"))
            made.add_argument("--body", default="", metavar="JSON", help="- reads standard input")
        case "subscriptions":
            made.add_argument("--add", nargs="+", default=(), metavar="SERVICE")
            made.add_argument("--drop", nargs="+", default=(), metavar="SERVICE")
            made.add_argument("--reset", action="store_true", help="open the line anew")
            made.add_argument("--keep-alive", choices=("on", "off"))
            made.add_argument("--notifications", choices=("on", "off"))
        case "sip-events":
            made.add_argument("event", metavar="EVENT")
            made.add_argument("--user", nargs="+", default=(), metavar="USER")
            made.add_argument("--drop-user", nargs="+", default=(), metavar="USER")
            made.add_argument("--parameter", nargs="+", default=(), metavar="NAME=VALUE")
            made.add_argument("--off", action="store_true", help="be told no longer")
        case "click-to-call":
            made.add_argument("caller", metavar="CALLER")
            made.add_argument("callee", metavar="CALLEE")
        case _:
            pass


async def _ask(name: str, options: Namespace) -> int:
    from softphone.model.capability import Capability

    from .session import attached

    needs = {
        "request": Capability.RAW_REQUESTS,
        "subscriptions": Capability.SERVICES,
        "sip-events": Capability.SIP_EVENTS,
        "click-to-call": Capability.CLICK_TO_CALL,
        "inject": Capability.SERVICES,
    }
    async with attached(options, name, start=True) as session:
        account = session.account(options.account, needs[name])
        for command in _commands(name, account, options):
            code = _show(await session.ask(command), options)
    return code


def _commands(name: str, account: AccountName, options: Namespace) -> list[c.Command]:
    from softphone.model import command as c

    from .act import parameters_of

    match name:
        case "request":
            body = sys.stdin.read() if options.body == "-" else options.body
            return [c.RawRequest(account, options.path, options.method, body)]
        case "click-to-call":
            return [c.ClickToCall(account, options.caller, options.callee)]
        case "inject":
            return [c.TakeNotification(account, sys.stdin.read())]
        case "sip-events" if options.off:
            return [c.UnsubscribeEvent(account, options.event)]
        case "sip-events":
            users, dropped = tuple(options.user), tuple(options.drop_user)
            given = parameters_of(options.parameter)
            return [c.SubscribeEvent(account, options.event, users, dropped, given)]
    changes: list[c.Command] = []
    if options.add or options.drop:
        changes.append(c.ChangeServices(account, tuple(options.add), tuple(options.drop)))
    keep_alive, taking = _ON_OFF[options.keep_alive], _ON_OFF[options.notifications]
    if keep_alive is not None or taking is not None:
        changes.append(c.SetLine(account, keep_alive, taking))
    if options.reset:
        changes.append(c.ResetConnection(account))
    return [*changes, c.ShowSubscriptions(account)]


def _show(value: c.Value | None, options: Namespace) -> int:
    from softphone.model import codec
    from softphone.model import command as c

    match value:
        case c.RawAnswer(status, body):
            if options.json:
                print_json({"type": "answer", "status": status, "body": body})
            else:
                print(body)
            return 0 if 200 <= status < 300 else 1
        case c.SubscriptionsFound() if options.json:
            print_json(codec.encode(value))
        case c.SubscriptionsFound(granted, asked, known, events, line):
            print(f"granted  {', '.join(granted) or 'none'}")
            print(f"asked    {', '.join(asked) or 'none'}")
            print(f"known    {', '.join(known)}")
            for event in events:
                print(f"event    {event.event}: {', '.join(event.users) or 'nobody'}")
            for figure, text in line:
                print(f"{figure:<24} {text}")
        case _:
            pass
    return 0
