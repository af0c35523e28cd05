"""`softphone do ACTION.ID key=value`: any action of the console's registry, from a script."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence

from .options import parse, parser, print_json, with_json


def run(name: str, arguments: Sequence[str]) -> int:
    """Do an action on the running engine; without one, list all that can be done."""
    made = with_json(
        parser(
            name,
            "Do any action of the console by its id; without one, list them.",
            "softphone do call.hold",
            "softphone do call.dial to=echo account=ribbon",
        )
    )
    made.add_argument("action", nargs="?", default="", metavar="ACTION.ID")
    made.add_argument("values", nargs="*", metavar="KEY=VALUE")
    options = parse(made, arguments)
    if not options.action:
        _list(as_json=options.json)
        return 0
    return asyncio.run(_do(options))


def _list(*, as_json: bool) -> None:
    from softphone.ui.actions import ACTIONS

    for action in ACTIONS:
        if action.build is None:
            continue
        if as_json:
            takes = list(action.takes)
            print_json({"type": "action", "id": action.id, "help": action.help, "takes": takes})
        else:
            takes_words = " ".join(f"{name}=…" for name in action.takes)
            print(f"{action.id:<22} {takes_words:<10} {action.help}")


async def _do(options: Namespace) -> int:
    from softphone.config import nearest
    from softphone.model.error import Refused
    from softphone.ui.actions import ACTIONS, commands_of, find
    from softphone.ui.situation import Situation

    from .act import parameters_of
    from .session import attached

    action = find(options.action)
    if action is None:
        known = [one.id for one in ACTIONS if one.build is not None]
        raise Refused(f"There is no action {options.action!r}, {nearest(options.action, known)}")
    if action.build is None:
        raise Refused(f"{action.id} is a thing of the console itself; nothing to do from here.")
    values = dict(parameters_of(options.values))
    async with attached(options, "do") as session:
        now = Situation(session.state, session.state.controller)  # a command may always act
        if reason := action.why_not(now):
            raise Refused(reason)
        commands = commands_of(action, now, values)
        for command in commands:
            await session.ask(command)
    if options.json:
        print_json({"type": "done", "action": action.id, "commands": len(commands)})
    return 0
