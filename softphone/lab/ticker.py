"""One clock for all calls: 20 ms from an absolute schedule, so that nothing drifts."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from softphone.adapters.audin.wire import FRAME_S

logger = logging.getLogger(__name__)

_TOO_LATE_S = 0.2  # behind by more: slots are skipped, not sent in a burst


class Ticking(Protocol):
    """Something with a 20 ms heartbeat. `tick` must never wait for a slow peer."""

    async def tick(self) -> None: ...


class Ticker:
    """Calls `tick` of everything that was added, every 20 ms; sleeps while there is nothing."""

    def __init__(self) -> None:
        self._ticking: dict[Ticking, None] = {}
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.skipped = 0

    def start(self) -> None:
        """Begin; `close` ends it."""
        self._task = asyncio.create_task(self._run(), name="lab ticker")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def add(self, what: Ticking) -> None:
        """Tick it from now on."""
        self._ticking[what] = None
        self._some.set()

    def remove(self, what: Ticking) -> None:
        """Do not tick it any more; one that is unknown is ignored."""
        self._ticking.pop(what, None)

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            await self._while_some()

    async def _while_some(self) -> None:
        now = asyncio.get_running_loop().time
        start, slot = now(), 0
        while self._ticking:
            slot += 1
            late = now() - (start + slot * FRAME_S)
            if late > _TOO_LATE_S:
                missed = int(late / FRAME_S)
                slot += missed
                self.skipped += missed
            await asyncio.sleep(max(0.0, -late))
            for what in list(self._ticking):
                await self._tick(what)

    async def _tick(self, what: Ticking) -> None:
        try:
            await what.tick()
        except Exception:  # one broken call must not silence the others
            logger.exception("a call of the lab failed")
            self.remove(what)
