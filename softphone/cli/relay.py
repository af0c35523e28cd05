"""`softphone relay`: this machine's microphone and speaker for a host, on a Unix socket."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path

from .options import parse, parser, print_json, with_json


def run(name: str, arguments: Sequence[str]) -> int:
    """Serve until interrupted."""
    made = with_json(
        parser(
            name,
            "Serve this machine's sound to a host. Forward the socket with ssh, and on the host "
            'set input and output under [audio] to "remote:SOCKET". The microphone is open only '
            "while the host is in a call; each opening is said here.",
            "softphone relay /tmp/desk.sock",
            "ssh -R /tmp/desk.sock:/tmp/desk.sock HOST",
        )
    )
    made.add_argument("socket", type=Path, metavar="SOCKET", help="where to listen; made private")
    made.add_argument("--input", default="auto", metavar="DEVICE", help="as in [audio] input")
    made.add_argument("--output", default="auto", metavar="DEVICE", help="as in [audio] output")
    return asyncio.run(_relay(parse(made, arguments)))


async def _relay(options: argparse.Namespace) -> int:
    from softphone.audio.priority import calm_collector
    from softphone.audio.report import AudioSettings
    from softphone.model.error import ConnectError
    from softphone.remote.desk import Desk

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def told(text: str) -> None:
        if options.json:
            print_json({"type": "relay", "text": text})
        else:
            print(text, flush=True)

    desk = Desk(AudioSettings(options.input, options.output), told)
    try:
        await desk.serve(options.socket)
    except OSError as problem:
        raise ConnectError(f"Cannot listen at {options.socket}: {problem.strerror}.") from None
    calm_collector()
    told(f"listening at {options.socket}")
    await stop.wait()
    await desk.close()
    options.socket.unlink(missing_ok=True)
    return 0
