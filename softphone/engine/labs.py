"""The lab that an engine starts for itself when nothing is configured."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from softphone.config import Config, load
from softphone.model.error import SoftphoneError

logger = logging.getLogger(__name__)

READY_LIMIT_S = 20.0
_RESTART_AFTER_S = 1.0
SEED_VARIABLE = "SOFTPHONE_LAB_SEED"


class OwnLab:
    """A lab process that lives and dies with the engine; killed, it comes back as it was."""

    def __init__(self, said: Callable[[str], None]) -> None:
        self._said = said
        self._seed = str(secrets.randbits(63))  # same secrets after a restart; not in argv
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.ready: dict[str, Any] = {}

    async def start(self) -> Path:
        """Start the lab and return the path of its ready-made config."""
        self.ready = await self._launch(port=0)
        self._keeper = asyncio.create_task(self._keep(), name="lab")
        return Path(self.ready["config"])

    async def close(self) -> None:
        """End the lab."""
        if self._keeper:
            self._keeper.cancel()
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 2.0)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _launch(self, port: int) -> dict[str, Any]:
        argv = ["-m", "softphone", "lab", "--json", "--with-parent", "--port", str(port)]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, SEED_VARIABLE: self._seed},
            limit=1024 * 1024,
        )
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), READY_LIMIT_S)
            ready: dict[str, Any] = json.loads(line)
        except (TimeoutError, ValueError):
            raise SoftphoneError("The lab did not start; see the log.") from None
        return ready

    async def _keep(self) -> None:
        """Start the lab again on its old port when it dies."""
        port = int(self.ready["http"].rpartition(":")[2])
        while True:
            assert self._process is not None
            await self._process.wait()
            self._said("the lab stopped; starting it again")
            await asyncio.sleep(_RESTART_AFTER_S)
            try:
                self.ready = await self._launch(port)
            except SoftphoneError as problem:
                logger.warning("%s", problem)


def with_lab_accounts(config: Config, lab: Path) -> Config:
    """Return the operator's own settings with the lab's accounts and dial names."""
    found = load(lab, need_file=True)
    return replace(config, accounts=found.accounts, names={**found.names, **config.names})
