"""`softphone call`: place one call without the console."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from .options import complain, invocation, parse, parser, print_json, with_json, with_sound

TONES_AFTER_S = 0.5


def run(name: str, arguments: Sequence[str]) -> int:
    """Place the call; 0 when it was answered."""
    made = with_sound(
        with_json(
            parser(
                name,
                "Place one call without the console. DEST is a number, a contact or a lab name; "
                "tones may follow a comma.",
                "softphone call echo --play speech.wav --record back.wav --json",
                "softphone call +390299999999 --from pn_1 --dtmf 12# --duration 20",
            )
        )
    )
    made.add_argument("dest", metavar="DEST")
    made.add_argument("--account", default="", help="the account to call with")
    made.add_argument("--from", dest="from_number", default="", metavar="N", help="own number")
    made.add_argument("--both", action="store_true", help="record what is sent too, in stereo")
    made.add_argument("--dtmf", default="", metavar="DIGITS", help="sent when the call is up")
    made.add_argument("--display-name", default="", metavar="NAME", help="shown to the far end")
    made.add_argument("--parameter", nargs="+", default=(), metavar="NAME=VALUE", help="sent along")
    made.add_argument("--kbps", type=int, default=0, metavar="N", help="bandwidth of the sound")
    made.add_argument("--dscp", type=int, default=-1, metavar="N", help="marking of the packets")
    made.add_argument("--letters", action="store_true", help="dial 1-800-FLOWERS as digits")
    made.add_argument(
        "--yes", "--confirm", dest="confirm", action="store_true", help="dial an expensive prefix"
    )
    return asyncio.run(_call(parse(made, arguments)))


async def _call(options: argparse.Namespace) -> int:
    from softphone.engine.link import Role
    from softphone.engine.start import find_or_start
    from softphone.model.call import AccountName, CallId
    from softphone.model.command import Dial
    from softphone.model.keypad import to_digits

    from .act import parameters_of
    from .watch import Follower, complete, printer, sound_of, summary

    sound = sound_of(options)
    link = await find_or_start(invocation(options), Role.COMMAND, "call")

    def active(call: CallId) -> None:
        if options.dtmf:
            follower.later(TONES_AFTER_S, call, hang_up=False, tones=options.dtmf)
        if sound.duration_s:
            follower.later(sound.duration_s, call, hang_up=True)

    follower = Follower(link, printer(as_json=options.json), active)
    dial = Dial(
        to_digits(options.dest) if options.letters else options.dest,
        AccountName(options.account),
        options.from_number,
        sound.play,
        sound.record,
        both=options.both,
        confirmed=options.confirm,
        display_name=options.display_name,
        parameters=parameters_of(options.parameter),
        audio_kbps=options.kbps,
        dscp=options.dscp,
    )
    try:
        await follower.online(options.account)
        followed = await follower.place(dial)
    finally:
        await link.close()
    await complete(sound.record)
    if options.json:
        print_json(summary(followed, sound.record))
    elif not followed.answered:
        complain(f"not answered: {followed.call.end_detail or followed.call.end_reason}")
    return 0 if followed.answered else 1
