"""`softphone wait`: wait for one incoming call."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from .options import done, invocation, parse, parser, print_json, with_json, with_sound


def run(name: str, arguments: Sequence[str]) -> int:
    """Wait; 0 when a call came (with --answer: when it was answered)."""
    made = with_sound(
        with_json(
            parser(
                name,
                "Wait for one incoming call. Without --answer it is only reported.",
                "softphone wait --answer --record in.wav --duration 10 --json",
            )
        )
    )
    made.add_argument("--account", default="", help="calls of this account only")
    made.add_argument("--answer", action="store_true", help="answer it")
    return asyncio.run(_wait(parse(made, arguments)))


async def _wait(options: argparse.Namespace) -> int:
    from softphone.engine.link import Role
    from softphone.engine.start import find_or_start
    from softphone.model.call import AccountName, Call, CallId, CallState, Direction
    from softphone.model.command import WaitForCall

    from .watch import Follower, complete, printer, sound_of, summary

    sound = sound_of(options)
    link = await find_or_start(invocation(options), Role.COMMAND, "wait")

    def active(call: CallId) -> None:
        if sound.duration_s:
            follower.later(sound.duration_s, call, hang_up=True)

    def mine(call: Call) -> bool:
        if options.answer:
            return call.owner == link.client
        wanted = not options.account or call.account == options.account
        return wanted and call.direction is Direction.INBOUND

    told = printer(as_json=options.json)
    follower = Follower(link, told, active)
    wait = WaitForCall(AccountName(options.account), options.answer, sound.play, sound.record)
    try:
        done(await link.request(wait))
        if not options.answer:
            ringing = [c for c in link.snapshot.calls.values() if c.state is CallState.RINGING]
            told(next(filter(mine, ringing), None) or await follower.first(mine))
            return 0
        followed = await follower.until_over(mine)
    finally:
        await link.close()
    await complete(sound.record)
    if options.json:
        print_json(summary(followed, sound.record))
    return 0 if followed.answered else 1
