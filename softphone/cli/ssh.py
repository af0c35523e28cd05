"""`softphone ssh`: the console of another machine, with this machine's microphone and speaker."""

from __future__ import annotations

import argparse
import asyncio
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .options import complain, parse, parser

if TYPE_CHECKING:
    from softphone.remote.passage import Passage

_LOST, _NOT_FOUND, _NOT_UNDERSTOOD = 255, 127, 2
_WAITS_S = (0.2, 0.5, 1.0, 2.0)
_ALIVE = ("-o", "ServerAliveInterval=2", "-o", "ServerAliveCountMax=3")
# A call may be up: better to try anew than to wait out TCP's patience with a dead network.
_AGAIN = ("-o", "ConnectTimeout=5")
_STREAMS = ("-o", "StreamLocalBindUnlink=yes", "-o", "ExitOnForwardFailure=no")
# From 9.5 on ssh holds keys back to steps of 20 ms, and everything small beside them: half a packet
# of delay on average, and unevenness. Older ones refuse to start when told of it.
_AT_ONCE, _KNOWN_FROM = ("-o", "ObscureKeystrokeTiming=no"), (9, 5)


def run(name: str, arguments: Sequence[str]) -> int:
    """Open the host's console here; return its exit code."""
    made = parser(
        name,
        "Open the console of another machine with this machine's microphone and speaker, over one "
        "ssh connection. Options behind the host are ssh's own.",
        "softphone ssh me@lab",
        "softphone ssh lab -J gate -p 2222",
        "softphone ssh --input portaudio:Jabra lab",
    )
    made.add_argument("--input", default="auto", metavar="DEVICE", help="as in [audio] input")
    made.add_argument("--output", default="auto", metavar="DEVICE", help="as in [audio] output")
    made.add_argument(
        "--there", default="softphone", metavar="COMMAND", help="softphone's name on the host"
    )
    made.add_argument("host", metavar="HOST")
    made.add_argument("ssh", nargs=argparse.REMAINDER, metavar="SSH OPTIONS")
    options = parse(made, arguments)
    if not sys.stdin.isatty():
        complain("softphone ssh needs a terminal.")
        return 2
    token = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="softphone-") as folder:
        place = Path(folder) / "desk.sock"
        problems: list[str] = []
        with _desk(options, place, token, problems.append) as passages:
            code = _stay(options, place, token, passages)
    if problems:  # the console had the screen until now
        complain(problems[-1])
    return code


def ssh_command(
    options: argparse.Namespace, here: Path, there: str, *, again: bool = False
) -> list[str]:
    """Return the command that opens the host's console with our socket forwarded.

    `again`: the host has answered before.
    """
    console = [options.there, "console", "--desk", there]
    for option in ("config", "profile"):
        if getattr(options, option):
            console += [f"--{option}", getattr(options, option)]
    if options.lab:
        console.append("--lab")
    on_host = f'PATH="$PATH:$HOME/.local/bin" exec {shlex.join(console)}'
    forward = ("-R", f"{there}:{here}")
    ours = [*_ALIVE, *(_AGAIN if again else ()), *_STREAMS, *forward]
    theirs = [*options.ssh, *prompt_options(ssh_version())]
    return ["ssh", "-t", *ours, *theirs, options.host, on_host]


def ssh_version() -> str:
    """Return what ssh says of itself, empty when it cannot be asked."""
    try:
        return subprocess.run(
            ["ssh", "-V"], capture_output=True, text=True, timeout=5, check=False
        ).stderr
    except (OSError, subprocess.SubprocessError):
        return ""


def prompt_options(version: str) -> tuple[str, ...]:
    """Return the options that let this version of ssh send small packets at once."""
    found = re.match(r"OpenSSH_(\d+)\.(\d+)", version)
    known = found is not None and (int(found[1]), int(found[2])) >= _KNOWN_FROM
    return _AT_ONCE if known else ()


def not_found(host: str, there: str) -> str:
    """Return which program is missing: ssh here, or softphone over there."""
    if shutil.which("ssh") is None:
        return "There is no ssh on this machine; install OpenSSH's client."
    return f"{host} has no {there}; install softphone there, or --there."


def _stay(options: argparse.Namespace, place: Path, token: str, passages: list[Passage]) -> int:
    """Keep the console open: a connection that is lost is made again until it is left."""
    from softphone.remote.passage import TIDY, Passage

    tries, reached = 0, False
    while True:
        passage = Passage(token.encode())
        passages.append(passage)
        there = f"/tmp/softphone-{secrets.token_hex(8)}.sock"
        code = passage.run(ssh_command(options, place, there, again=reached))
        passages.remove(passage)
        passage.close()
        reached = reached or passage.reached
        if code == _NOT_FOUND:
            complain(not_found(options.host, options.there))
        if code == _NOT_UNDERSTOOD and not reached:
            complain(f"softphone on {options.host} is too old for this; install the same version.")
        if code != _LOST or not reached:
            return code
        if passage.reached:
            tries = 0
        wait_s = _WAITS_S[min(tries, len(_WAITS_S) - 1)]
        tries += 1
        print(f"{TIDY}\r\nconnection lost; again in {wait_s:g} s, Ctrl-C ends\r")
        try:
            time.sleep(wait_s)
        except KeyboardInterrupt:
            return _LOST
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)  # was not meant for the console


@contextmanager
def _desk(
    options: argparse.Namespace, place: Path, token: str, refused: Callable[[str], None]
) -> Iterator[list[Passage]]:
    """Serve this machine's sound in a thread of its own while the block lasts.

    `refused` gets the sentence about a host that cannot be served. Raises AudioError for a device
    that is none.
    """
    from softphone.audio.devices import parse_spec
    from softphone.audio.priority import calm_collector, raise_own
    from softphone.audio.report import AudioSettings
    from softphone.remote.desk import Desk
    from softphone.secret import Secret

    for spec in (options.input, options.output):
        parse_spec(spec)
    passages: list[Passage] = []

    def told(text: str) -> None:
        for passage in passages:
            if text.startswith("microphone"):
                passage.title(text)

    ready, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        raise_own()  # each packet passes here
        loops.append(asyncio.get_running_loop())
        settings = AudioSettings(options.input, options.output)
        desk = Desk(settings, told, Secret(token), refused=refused)
        try:
            await desk.serve(place)
        except OSError as problem:
            refused(f"No sound from here: {problem.strerror or problem}.")
        calm_collector()
        ready.set()
        await stop.wait()
        await desk.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="desk", daemon=True)
    thread.start()
    ready.wait(5.0)
    try:
        yield passages
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(5.0)
