"""What all services of the lab share, and what a service is."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from .faults import Faults
from .settings import Keys, LabSettings
from .sounds import Patch
from .ticker import Ticker
from .world import Caller

logger = logging.getLogger(__name__)

_JOURNAL = 300
_TIDYING_LIMIT_S = 4.0


@dataclass(frozen=True, slots=True)
class RingRequest:
    """Callers to ring in: whom, who they are, how many, for how long they ring and talk."""

    number: str
    caller: Caller
    count: int = 1
    talks_s: float | None = None
    ring_limit_s: float | None = None
    to_user: str | None = None


@dataclass(frozen=True, slots=True)
class CallNews:
    """A lab call took a step, whichever platform it is of: "rings", "answered", "over"."""

    call: str
    what: str
    number: str = ""
    name: str = ""


class Service(Protocol):
    """The server side of one platform. A further platform is one class and one line in `server`."""

    name: str

    def routes(self) -> list[web.RouteDef]:
        """Return its HTTP and WebSocket routes."""
        ...

    def ready(self) -> dict[str, Any]:
        """Return its part of what the lab announces: where it is and how to sign in."""
        ...

    def account(self) -> dict[str, Any]:
        """Return the settings of an account for it in config.toml."""
        ...

    def state(self) -> dict[str, Any]:
        """Return users and calls, for people and tests."""
        ...

    def ring(self, request: RingRequest) -> list[str] | None:
        """Let callers ring; None when the number is not this platform's."""
        ...

    def reach(self, number: str, caller: Caller, patch: Patch) -> bool:
        """Ring a user of this platform for a user of another; False when nobody is there."""
        ...

    def hang_up(self, call: str, code: int | None) -> bool:
        """End a call from the far end, or with a close code; False when it is not ours."""
        ...

    def heard(self, call: str) -> bytes | None:
        """Return what a call's far end has heard as a WAV file; None when it is not ours."""
        ...

    def drop(self, user: str | None, code: int) -> int:
        """Close the sockets of a user (None: of all) with a code; return how many."""
        ...

    def fault_now(self, name: str, user: str, args: dict[str, Any]) -> int:
        """Do a fault that happens at once; return to how many sockets. "*": everybody."""
        ...

    def act(self, verb: str, user: str, options: dict[str, Any]) -> dict[str, Any]:
        """Make something happen to a user; Refused for what this platform has not."""
        ...

    def token(self, user: str, options: dict[str, Any]) -> dict[str, Any]:
        """Return a token for a script; Refused for a user nobody knows."""
        ...

    def idle_since(self) -> float | None:
        """Return since when (monotonic) someone is there and no call is; None otherwise."""
        ...

    def somebody(self) -> str | None:
        """Return a user who can be rung by name, None when there is none."""
        ...

    def attended(self) -> bool:
        """Tell whether someone is there to be rung."""
        ...

    async def close(self) -> None:
        """Say good bye to everybody."""
        ...


class Hub:
    """Settings, secrets, clock, faults, journal and timers of one lab."""

    def __init__(self, settings: LabSettings) -> None:
        self.settings = settings
        self.scenario = settings.scenario
        """The scenario in force; it may change while the lab runs."""
        self.keys = Keys(settings.seed)
        self.ticker = Ticker()
        self.faults = Faults()
        self.services: list[Service] = []
        self.call_listeners: list[Callable[[CallNews], None]] = []
        self.base_url = self.tls_url = ""
        self.journal: deque[dict[str, Any]] = deque(maxlen=_JOURNAL)
        self._timers: set[asyncio.TimerHandle] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._tidying: set[asyncio.Task[None]] = set()

    @property
    def now(self) -> float:
        """Monotonic time of the lab."""
        return asyncio.get_running_loop().time()

    def note(self, text: str) -> None:
        """Write one line into the journal of the status page."""
        self.journal.append({"at": round(time.time(), 3), "text": text})

    def tell_call(
        self, call: str, what: str, number: str | None = "", name: str | None = ""
    ) -> None:
        """Tell every platform of the lab of a step of a call."""
        news = CallNews(call, what, number or "", name or "")
        for listener in self.call_listeners:
            listener(news)

    def after(self, seconds: float, do: Callable[[], None]) -> asyncio.TimerHandle:
        """Do something later, unless the lab is closed or the handle cancelled before."""

        def due() -> None:
            self._timers.discard(handle)
            do()

        handle = asyncio.get_running_loop().call_later(seconds, due)
        self._timers = {timer for timer in self._timers if not timer.cancelled()} | {handle}
        return handle

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside; it ends with the lab at the latest."""
        _own(self._tasks, work)

    def tidy_up(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside that closes what was opened; the lab waits for it at its end."""
        _own(self._tidying, work)

    def reach(self, number: str, caller: Caller, patch: Patch) -> bool:
        """Ring a user of any platform of the lab."""
        return any(service.reach(number, caller, patch) for service in self.services)

    async def close(self) -> None:
        """Stop timers, tasks and the clock."""
        for timer in self._timers:
            timer.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2.0)
        if self._tidying:
            await asyncio.wait(list(self._tidying), timeout=_TIDYING_LIMIT_S)
        await self.ticker.close()


def _own(tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(work)
    tasks.add(task)

    def done(ended: asyncio.Task[None]) -> None:
        tasks.discard(ended)
        if not ended.cancelled() and ended.exception() is not None:
            logger.error("something in the lab failed", exc_info=ended.exception())

    task.add_done_callback(done)
