"""`softphone status`: accounts and calls of the running engine."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .options import invocation, parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.engine.link import EngineInfo
    from softphone.model.state import ConsoleState


def run(name: str, arguments: Sequence[str]) -> int:
    """Print the state; 1 when no engine runs."""
    made = with_json(
        parser(name, "Show accounts, calls and sound of the running engine.", "softphone status")
    )
    return asyncio.run(_status(parse(made, arguments)))


async def _status(options: argparse.Namespace) -> int:
    from softphone.engine.link import Role
    from softphone.engine.start import find

    link = await find(invocation(options), Role.COMMAND, "status")
    state = link.snapshot
    await link.close()
    if options.json:
        print_json(_data(link.engine, state))
    else:
        _print(state)
    return 0


def _data(engine: EngineInfo, state: ConsoleState) -> dict[str, Any]:
    import time

    from .show import account_data, agent_data, call_data, desk_data, way_data

    now = time.monotonic()

    return {
        "engine": {
            "pid": engine.pid,
            "version": engine.version,
            "profile": engine.profile,
            "log": engine.log,
            "lab": engine.lab or None,
        },
        "desk": desk_data(state.desk, now),
        "accounts": [account_data(account) for account in state.accounts.values()],
        "agents": [agent_data(agent, now) for agent in state.agents.values()],
        "calls": [call_data(call) for call in state.calls.values() if call.live],
        "missed": state.missed,
        "consoles": state.consoles,
        "audio": {
            "input": state.audio.input,
            "output": state.audio.output,
            "problem": state.audio.problem or None,
            "desk": way_data(next((q.desk for q in state.quality.values() if q.desk), None)),
        },
        "store": state.store_problem or None,
        "store_waiting": state.store_waiting,
    }


def _print(state: ConsoleState) -> None:
    import time

    from .show import agent_lines, call_line, desk_line

    print(desk_line(state.desk, time.monotonic()))
    for account in state.accounts.values():
        reachable = [
            number.label
            for number in account.numbers
            if account.availability.of(number.id) == "accepted"
        ]
        cause = f"  {account.cause}" if account.cause else ""
        print(f"{account.name:<12} {account.link.value:<13} {', '.join(reachable)}{cause}")
        if agent := state.agents.get(account.name):
            print("\n".join(agent_lines(agent)))
    calls = [call for call in state.calls.values() if call.live]
    for call in calls:
        print(call_line(call))
    if not calls:
        print(f"no call; {state.missed} missed" if state.missed else "no call")
    if state.audio.problem:
        print(f"sound: {state.audio.problem}")
    if state.store_problem:
        print(f"history: {state.store_problem} ({state.store_waiting} rows wait in memory)")
