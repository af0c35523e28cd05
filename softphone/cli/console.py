"""`softphone`: attach the console, starting engine and lab as needed."""

from __future__ import annotations

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from softphone.paths import config_file, paths_of

from .checkconfig import check
from .options import complain, configured, invocation, parse, parser

if TYPE_CHECKING:
    from softphone.engine.link import Link


_LINE_LIMIT = 1024 * 1024
_NOT_INSIDE = ("console", "ssh", "relay", "lab", "bench")


def run(name: str, arguments: Sequence[str]) -> int:
    """Open the console; return when it is left."""
    made = parser(
        "console",
        "Open the console. Without a configuration it opens on the embedded lab.",
        "softphone",
        "softphone --config site.toml",
    )
    made.add_argument("--plain", action="store_true", help="lines instead of a screen")
    made.add_argument("--single", action="store_true", help="engine and console in one process")
    made.add_argument("--desk", metavar="SOCKET", help="take the sound from there (softphone ssh)")
    made.add_argument("--version", action="store_true", help="print the version")
    options = parse(made, arguments)
    if not options.plain and not _is_screen():
        complain("this is no terminal for the console; use softphone --plain, or a command.")
        return 2
    check(options)
    options.desk_token = _desk_token() if options.desk else ""
    return _single(options) if options.single else _attached(options)


def _attached(options: Namespace) -> int:
    from softphone.engine.link import Role
    from softphone.engine.start import find_or_start
    from softphone.model.command import UseDesk

    meant = invocation(options)

    async def connect() -> Link:
        link = await find_or_start(meant, Role.CONSOLE, _terminal())
        if options.desk:
            await link.request(UseDesk(options.desk, options.desk_token))
        return link

    try:
        return _open(options, connect)
    finally:
        if options.desk:  # sshd leaves it behind
            Path(options.desk).unlink(missing_ok=True)


def _desk_token() -> str:
    """Ask who opened this terminal for the token of their desk."""
    from softphone.remote.passage import ask_for_token

    return ask_for_token()


def _single(options: Namespace) -> int:
    from softphone.engine.local import LocalEngine
    from softphone.logs import log_to_file

    meant, log = invocation(options), configured(options).log
    os.umask(0o077)
    log_to_file(Path(log.file) if log.file else paths_of(meant.name).log, log.level)
    with LocalEngine(meant) as local:
        return _open(options, local.attach)


def _open(options: Namespace, attach: Callable[[], Awaitable[Link]]) -> int:
    config = configured(options)
    if options.plain:
        from softphone.ui.plain import run_plain

        return asyncio.run(run_plain(attach, shell=_shell(options), commands=_shell_commands()))
    from softphone.ui.run import run_console

    return run_console(
        attach,
        config.ui,
        config.keys,
        region=config.calls.region,
        calls=config.calls,
        crash=paths_of(invocation(options).name).crash,
        layouts=config.layouts,
        config=None if options.lab else config.path or config_file(),
        screenshots=paths_of(invocation(options).name).state / "screenshots",
    )


def _shell_commands() -> list[str]:
    """Return the commands that make sense inside the line mode."""
    from .main import COMMANDS

    return [name for name in COMMANDS if name not in _NOT_INSIDE]


def _shell(options: Namespace) -> Callable[[Sequence[str], Callable[[str], None]], Awaitable[None]]:
    """Return what runs a command of the command line for the line mode, as a process of its own."""
    common = ["--config", options.config] if options.config else []
    common += ["--profile", options.profile] if options.profile else []
    common += ["--lab"] if options.lab else []

    async def run(arguments: Sequence[str], say: Callable[[str], None]) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "softphone", *common, *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LINE_LIMIT,
        )
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                say(line.decode(errors="replace").rstrip("\n"))
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    return run


def _is_screen() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _terminal() -> str:
    """Return a name for this console: the terminal it runs on."""
    try:
        return os.ttyname(sys.stdin.fileno())
    except OSError:
        return "pipe"
