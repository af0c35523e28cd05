"""`softphone status`: accounts and calls of the running engine."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from .options import invocation, parse, parser, print_json, with_json


def run(name: str, arguments: Sequence[str]) -> int:
    """Print the state; 1 when no engine runs."""
    made = with_json(
        parser(name, "Show accounts, calls and sound of the running engine.", "softphone status")
    )
    return asyncio.run(_status(parse(made, arguments)))


async def _status(options: argparse.Namespace) -> int:
    from softphone.engine.link import Role
    from softphone.engine.start import find

    from .show import account_data, call_data, call_line

    link = await find(invocation(options), Role.COMMAND, "status")
    state = link.snapshot
    await link.close()
    calls = [call for call in state.calls.values() if call.live]
    if options.json:
        print_json(
            {
                "engine": {
                    "pid": link.engine.pid,
                    "version": link.engine.version,
                    "profile": link.engine.profile,
                    "log": link.engine.log,
                    "lab": link.engine.lab or None,
                },
                "accounts": [account_data(account) for account in state.accounts.values()],
                "calls": [call_data(call) for call in calls],
                "missed": state.missed,
                "consoles": state.consoles,
                "audio": {
                    "input": state.audio.input,
                    "output": state.audio.output,
                    "problem": state.audio.problem or None,
                },
                "store": state.store_problem or None,
            }
        )
        return 0
    for account in state.accounts.values():
        reachable = [
            number.label
            for number in account.numbers
            if account.availability.of(number.id) == "accepted"
        ]
        cause = f"  {account.cause}" if account.cause else ""
        print(f"{account.name:<12} {account.link.value:<13} {', '.join(reachable)}{cause}")
    for call in calls:
        print(call_line(call))
    if not calls:
        print(f"no call; {state.missed} missed" if state.missed else "no call")
    if state.audio.problem:
        print(f"sound: {state.audio.problem}")
    return 0
