"""The engine process: one per user and profile, found by a lock and a socket.

    python -m softphone.engine.daemon --profile NAME [--config FILE] [--lab] [--ready-fd N]

It says "ok" or one sentence of what is wrong on the ready descriptor, then lives without the
terminal it was started from until it is told to stop or nobody needs it any more.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from softphone import __version__
from softphone.config import Config, load
from softphone.logs import log_to_file
from softphone.model.error import SoftphoneError
from softphone.paths import Paths, paths_of

from .assembly import assembled
from .labs import OwnLab, with_lab_accounts
from .link import EngineInfo
from .lock import held
from .server import Server

logger = logging.getLogger(__name__)
EXIT_ON_SIGTERM = 143


def main(argv: Sequence[str] | None = None) -> int:
    """Run the engine; return its exit code."""
    options = _parser().parse_args(argv)
    ready = _Ready(options.ready_fd)
    try:
        paths = paths_of(options.profile)
        with held(paths.lock) as got_it:
            if not got_it:
                ready.say("ok")  # another one runs, or is just starting
                return 0
            if options.lab:
                _wipe(paths)
            config = load(Path(options.config) if options.config else None)
            log = Path(config.log.file) if config.log.file else paths.log
            log_to_file(log, config.log.level, anew=options.lab)
            _leave_terminal(log)
            return asyncio.run(_run(config, paths, log, ready, lab=options.lab))
    except SoftphoneError as problem:
        ready.say(problem.message)
        return 1
    except OSError as problem:
        logger.exception("the engine cannot run")
        ready.say(f"{problem.filename or 'engine'}: {problem.strerror or problem}.")
        return 1


async def _run(config: Config, paths: Paths, log: Path, ready: _Ready, *, lab: bool) -> int:
    code = 0
    own_lab: OwnLab | None = None
    if lab or not config.accounts:
        own_lab = OwnLab(lambda text: logger.warning("%s", text))
        config = with_lab_accounts(config, await own_lab.start())
    try:
        async with assembled(config, paths) as engine:
            lab_url = str(own_lab.ready.get("http", "")) if own_lab else ""
            info = EngineInfo(
                os.getpid(), __version__, paths.profile, time.time(), str(log), lab_url
            )
            server = Server(engine, info, paths.socket)
            await server.start()

            def terminated() -> None:
                nonlocal code
                code = EXIT_ON_SIGTERM
                engine.stop("asked to stop by the system")

            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTERM, terminated)
            loop.add_signal_handler(signal.SIGINT, terminated)
            engine.attendance.check()
            ready.say("ok")
            await engine.stopped.wait()
            await server.close()
    finally:
        if own_lab is not None:
            await own_lab.close()
    logger.info("engine ended")
    return code


class _Ready:
    """Tells the starting process how it went, once."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def say(self, text: str) -> None:
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.write(self._descriptor, text.encode())
                os.close(self._descriptor)
            self._descriptor = -1
        elif text != "ok":
            print(text, file=sys.stderr)


def _leave_terminal(log: Path) -> None:
    """Live on without the terminal: native libraries write to descriptor 2, so it is the log."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    error = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    for descriptor, target in ((0, null), (1, null), (2, error)):
        os.dup2(target, descriptor)
    os.close(null)
    os.close(error)
    os.chdir("/")
    os.umask(0o077)


def _wipe(paths: Paths) -> None:
    """A throwaway lab starts with nothing of the last one but its logs: it may have died."""
    for entry in paths.state.iterdir():
        if entry.name.startswith(paths.log.name):
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="softphone-engine")
    parser.add_argument("--profile", default="default")
    parser.add_argument("--config", default="")
    parser.add_argument("--lab", action="store_true")
    parser.add_argument("--ready-fd", type=int, default=-1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
