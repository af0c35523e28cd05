"""Find the engine of a profile, or start it, and attach."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from softphone.model.error import ConfigError, LinkError
from softphone.paths import paths_of, profile_of

from .connect import SocketLink, attach
from .link import Role
from .lock import held

_START_LIMIT_S = 30.0
_ATTACH_LIMIT_S = 20.0
_POLL_S = 0.02
_START_AGAIN_S = 0.5
_END_LIMIT_S = 5.0

_started: list[subprocess.Popen[bytes]] = []
"""Engines that live on without us; they are kept so that Python does not warn about them."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """Which engine is meant: by config file, profile or throwaway lab."""

    config: Path | None = None
    profile: str = ""
    lab: bool = False

    @property
    def name(self) -> str:
        """Return the name of the profile."""
        return profile_of(self.config, self.profile, lab=self.lab)


async def find(invocation: Invocation, role: Role, name: str) -> SocketLink:
    """Attach to a running engine; raises LinkError with code NO_ENGINE when there is none."""
    return await attach(paths_of(invocation.name).socket, role, name)


async def find_or_start(invocation: Invocation, role: Role, name: str) -> SocketLink:
    """Attach to the engine, starting it first when none runs.

    Raises ConfigError when it cannot start because of its configuration.
    """
    try:
        return await find(invocation, role, name)
    except LinkError as problem:
        if problem.code != "NO_ENGINE":
            raise
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _ATTACH_LIMIT_S
    while True:
        # Tried again, because the one that held the lock may just have been ending.
        await loop.run_in_executor(None, _start, invocation)
        again_at = loop.time() + _START_AGAIN_S
        while loop.time() < again_at:
            try:
                return await find(invocation, role, name)
            except LinkError:
                if loop.time() > deadline:
                    raise
            await asyncio.sleep(_POLL_S)


def _start(invocation: Invocation) -> None:
    """Start the engine, unless another client is just doing that; ConfigError when it cannot."""
    with held(paths_of(invocation.name).starting) as got_it:
        if not got_it:
            return
        said = _launch(invocation)
    if said != "ok":
        log = paths_of(invocation.name).log
        raise ConfigError(said or f"The engine did not start; see {log}.")


def _launch(invocation: Invocation) -> str:
    """Start the engine detached and return what it says about how that went."""
    reading, writing = os.pipe()
    argv = [sys.executable, "-m", "softphone.engine.daemon"]
    argv += ["--profile", invocation.name, "--ready-fd", str(writing)]
    if invocation.config:
        argv += ["--config", str(invocation.config)]
    if invocation.lab:
        argv.append("--lab")
    try:
        engine = subprocess.Popen(
            argv,
            pass_fds=(writing,),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = _read(pipe.fileno())
    if said != "ok":
        with contextlib.suppress(subprocess.TimeoutExpired):
            engine.wait(_END_LIMIT_S)
    _started[:] = [one for one in (*_started, engine) if one.poll() is None]
    return said


def _read(descriptor: int) -> str:
    import select

    parts = b""
    while select.select([descriptor], [], [], _START_LIMIT_S)[0]:
        part = os.read(descriptor, 4096)
        if not part:
            break
        parts += part
    return parts.decode(errors="replace")
