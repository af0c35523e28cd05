"""`softphone wait`: wait for one incoming call."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from .call import TAIL_S
from .options import done, invocation, parse, parser, print_json, with_json


def run(name: str, arguments: Sequence[str]) -> int:
    """Wait; 0 when a call came (with --answer: when it was answered)."""
    made = with_json(
        parser(
            name,
            "Wait for one incoming call. Without --answer it is only reported.",
            "softphone wait --answer --record in.wav --duration 10 --json",
        )
    )
    made.add_argument("--account", default="", help="calls of this account only")
    made.add_argument("--answer", action="store_true", help="answer it")
    made.add_argument("--play", default="", metavar="IN.wav", help="sent instead of the microphone")
    made.add_argument("--record", default="", metavar="OUT.wav", help="what was heard")
    made.add_argument("--duration", type=float, default=0.0, metavar="S", help="hang up after S")
    return asyncio.run(_wait(parse(made, arguments)))


async def _wait(options: argparse.Namespace) -> int:
    from softphone.engine.link import Role
    from softphone.engine.start import find_or_start
    from softphone.model.call import AccountName, Call, CallId, CallState, Direction
    from softphone.model.command import WaitForCall

    from .show import call_data, call_line
    from .watch import Follower, complete, existing_wav, new_wav, summary

    play, play_s = existing_wav(options.play)
    record = new_wav(options.record)
    duration_s = options.duration or (play_s + TAIL_S if play else 0.0)
    link = await find_or_start(invocation(options), Role.COMMAND, "wait")

    def changed(call: Call) -> None:
        if options.json:
            print_json({"type": "call", **call_data(call)})
        else:
            print(call_line(call), flush=True)

    def active(call: CallId) -> None:
        if duration_s:
            follower.later(duration_s, call, hang_up=True)

    def mine(call: Call) -> bool:
        if options.answer:
            return call.owner == link.client
        wanted = not options.account or call.account == options.account
        return wanted and call.direction is Direction.INBOUND

    follower = Follower(link, changed, active)
    try:
        wait = WaitForCall(AccountName(options.account), options.answer, play, record)
        done(await link.request(wait))
        if not options.answer:
            ringing = [c for c in link.snapshot.calls.values() if c.state is CallState.RINGING]
            changed(next(filter(mine, ringing), None) or await follower.first(mine))
            return 0
        followed = await follower.until_over(mine)
    finally:
        await link.close()
    await complete(record)
    if options.json:
        print_json(summary(followed, record))
    return 0 if followed.answered else 1
