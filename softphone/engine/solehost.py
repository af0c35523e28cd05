"""One machine at a time on a state folder that several machines see.

The lock of a profile is in the machine's own runtime folder, so it says nothing about an engine on
another machine whose home is the same. On a network file system the engine leaves its name in the
folder and renews it; what is not renewed any more was left by a machine that died.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from softphone.model.error import ConfigError
from softphone.model.text import clean
from softphone.store.filesystem import MOUNTS, network_kind

logger = logging.getLogger(__name__)
RENEW_S = 20.0
STALE_S = 90.0
_NAME = "engine.host"


@asynccontextmanager
async def sole_host(
    folder: Path, *, mounts: Path = MOUNTS, host: str = "", renew_s: float = RENEW_S
) -> AsyncIterator[None]:
    """Hold a folder for this machine while the block lasts; a local folder needs no such thing.

    Raises ConfigError when an engine on another machine uses it.
    """
    if not network_kind(folder, mounts):
        yield
        return
    mine = _Claim(folder, host or platform.node())
    mine.take()
    renewing = asyncio.create_task(mine.keep(renew_s), name="sole host")
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.wait([renewing])
        mine.give_up()


class _Claim:
    """The file that names the machine."""

    def __init__(self, folder: Path, host: str) -> None:
        self._path = folder / _NAME
        self._host = host

    def take(self) -> None:
        """Put our name there; raises ConfigError while another machine's is fresh."""
        try:
            self._take()
        except OSError as problem:
            raise ConfigError(f"{self._path.parent}: {problem.strerror}.") from None

    def _take(self) -> None:
        holder = self._holder()
        if holder not in ("", self._host) and self._age_s() < STALE_S:
            raise ConfigError(
                f"{self._path.parent} is in use by softphone on {holder}: end it there, "
                "or name a folder of this machine as [store] folder."
            )
        self._write()

    async def keep(self, every_s: float) -> None:
        """Renew the name; a file system that is away for a while changes nothing."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await asyncio.to_thread(self._write)  # a server that is away answers nothing at all
            except OSError as problem:
                logger.warning("%s cannot be renewed: %s", self._path, problem.strerror)

    def give_up(self) -> None:
        """Leave the folder to whoever comes next."""
        with contextlib.suppress(OSError):
            if self._holder() == self._host:
                self._path.unlink()

    def _holder(self) -> str:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8")[:4096])
        except (OSError, ValueError):
            return ""
        return clean(str(found.get("host", ""))) if isinstance(found, dict) else ""

    def _age_s(self) -> float:
        """Return how long ago it was renewed, by the clock of the machine that keeps the files."""
        probe = self._path.with_name(f"{_NAME}.{os.getpid()}")
        probe.write_text("")
        now = probe.stat().st_mtime
        probe.unlink()
        return now - self._path.stat().st_mtime

    def _write(self) -> None:
        fresh = self._path.with_name(f"{_NAME}.{os.getpid()}")
        fresh.write_text(json.dumps({"host": self._host, "pid": os.getpid()}) + "\n")
        fresh.replace(self._path)
