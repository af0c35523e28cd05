"""`softphone lab`: run the lab."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from softphone.engine.labs import SEED_VARIABLE

from .options import parse, parser, print_json, with_json


def run(name: str, arguments: Sequence[str]) -> int:
    """Serve until interrupted."""
    made = with_json(
        parser(
            name,
            "Run the lab: the server side of the platforms, with people to call.",
            "softphone lab --port 8080",
            "softphone lab --json --scenario busy",
            "softphone lab --tls",
        )
    )
    made.add_argument("--host", default="127.0.0.1", help="loopback addresses only")
    made.add_argument("--port", type=_port, default=0, metavar="N", help="0: a free one")
    made.add_argument("--scenario", default="default", metavar="NAME")
    made.add_argument("--seed", type=int, default=None, metavar="N", help="same secrets each run")
    made.add_argument("--tls", action="store_true", help="serve everything on a TLS port as well")
    made.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)
    return asyncio.run(_lab(parse(made, arguments)))


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{port} is no port: 0 to 65535")
    return port


async def _lab(options: argparse.Namespace) -> int:
    from softphone.lab.run import LabSettings, serve

    seed = options.seed
    if seed is None and os.environ.get(SEED_VARIABLE):
        seed = int(os.environ[SEED_VARIABLE])
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    watcher = await _stop_with_parent(stop) if options.with_parent else None

    def announce(ready: dict[str, Any]) -> None:
        if options.json:
            print_json(ready)
        else:
            print(_welcome(ready), flush=True)

    settings = LabSettings(
        host=options.host,
        port=options.port,
        scenario=options.scenario,
        seed=seed,
        tls=options.tls,
    )
    await serve(settings, announce, stop)
    if watcher is not None:
        watcher.cancel()
    return 0


async def _stop_with_parent(stop: asyncio.Event) -> asyncio.Task[None]:
    """End when standard input closes: the process that started us is gone, however it went."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def watch() -> None:
        while await reader.read(1024):
            pass
        stop.set()

    return asyncio.create_task(watch())


def _welcome(ready: dict[str, Any]) -> str:
    far_ends = "\n".join(f"  {name:<12} {number}" for name, number in ready["far_ends"].items())
    users = ", ".join(one["user"] for one in ready["ribbon"]["users"])
    secure = ready["ribbon"]["https"]
    with_tls = f"with TLS at {secure}, certificate {ready['certificate']}\n" if secure else ""
    return (
        f"lab at {ready['http']} (status page there)\n{with_tls}"
        f"config for it: {ready['config']}\n"
        f"  softphone --config {ready['config']}\n"
        f"to call:\n{far_ends}\n"
        f"users of the Ribbon gateway: {users} (passwords with --json)\n"
        "Ctrl+C ends it."
    )
