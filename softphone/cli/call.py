"""`softphone call`: place one call without the console."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from .options import complain, done, invocation, parse, parser, print_json, with_json

TAIL_S = 1.0  # what was said last comes back late: network, far end, buffers
TONES_AFTER_S = 0.5


def run(name: str, arguments: Sequence[str]) -> int:
    """Place the call; 0 when it was answered."""
    made = with_json(
        parser(
            name,
            "Place one call without the console. DEST is a number, a contact or a lab name.",
            "softphone call echo --play speech.wav --record back.wav --json",
            "softphone call +390299999999 --from pn_1 --dtmf 12# --duration 20",
        )
    )
    made.add_argument("dest", metavar="DEST")
    made.add_argument("--account", default="", help="the account to call with")
    made.add_argument("--from", dest="from_number", default="", metavar="N", help="own number")
    made.add_argument("--play", default="", metavar="IN.wav", help="sent instead of the microphone")
    made.add_argument("--record", default="", metavar="OUT.wav", help="what was heard")
    made.add_argument("--both", action="store_true", help="record what is sent too, in stereo")
    made.add_argument("--dtmf", default="", metavar="DIGITS", help="sent when the call is up")
    made.add_argument("--duration", type=float, default=0.0, metavar="S", help="hang up after S")
    made.add_argument("--confirm", action="store_true", help="dial an expensive prefix")
    return asyncio.run(_call(parse(made, arguments)))


async def _call(options: argparse.Namespace) -> int:
    from softphone.engine.link import Role
    from softphone.engine.start import find_or_start
    from softphone.model.call import AccountName, Call, CallId
    from softphone.model.command import Dial

    from .show import call_data, call_line
    from .watch import Follower, complete, existing_wav, new_wav, summary

    play, play_s = existing_wav(options.play)
    record = new_wav(options.record)
    duration_s = options.duration or (play_s + TAIL_S if play else 0.0)
    link = await find_or_start(invocation(options), Role.COMMAND, "call")

    def changed(call: Call) -> None:
        if options.json:
            print_json({"type": "call", **call_data(call)})
        else:
            print(call_line(call), flush=True)

    def active(call: CallId) -> None:
        if options.dtmf:
            follower.later(TONES_AFTER_S, call, hang_up=False, tones=options.dtmf)
        if duration_s:
            follower.later(duration_s, call, hang_up=True)

    follower = Follower(link, changed, active)
    try:
        await follower.online(options.account)
        account = AccountName(options.account)
        dial = Dial(
            options.dest,
            account,
            options.from_number,
            play,
            record,
            both=options.both,
            confirmed=options.confirm,
        )
        dialling = asyncio.create_task(link.request(dial))
        following = asyncio.create_task(follower.until_over(lambda c: c.owner == link.client))
        reply = await dialling  # as soon as the platform has taken the call, or refused it
        if not reply.ok:
            following.cancel()
            done(reply)
        followed = await following
    finally:
        await link.close()
    await complete(record)
    if options.json:
        print_json(summary(followed, record))
    elif not followed.answered:
        complain(f"not answered: {followed.call.end_detail or followed.call.end_reason}")
    return 0 if followed.answered else 1
