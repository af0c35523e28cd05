"""The real adapter at a lab's AgentHub: its events, and what the lab can do to it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from softphone.adapters.agenthub.client import AgentHubAdapter, make
from softphone.config import AccountConfig, Source
from softphone.lab.client import LabClient
from softphone.lab.server import Lab, running_lab
from softphone.lab.settings import LabSettings
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, CallId
from softphone.model.event import AdapterEvent
from softphone.model.presence import LinkState

T = TypeVar("T")
LIMIT_S = 10.0
NAME = AccountName("agenthub")


async def until(condition: Callable[[], T | None], limit_s: float = LIMIT_S) -> T:
    """Wait until something is so and return what it is."""
    async with asyncio.timeout(limit_s):
        while True:
            found = condition()
            if found:
                return found
            await asyncio.sleep(0.005)


class Seat:
    """One agent: an adapter that runs, and a `Context` that keeps all it is told."""

    def __init__(self, get_token: Callable[[], object] | None = None, **table: Any) -> None:
        account = AccountConfig(NAME, "agenthub", table, Source(None))
        self.told: list[tuple[str, object]] = []
        self.adapter: AgentHubAdapter = make(
            account, get_token, lambda name, value: self.told.append((name, value))
        )
        self.events: list[AdapterEvent] = []
        self.running: asyncio.Task[None] | None = None
        self.skew_s = 0.0
        self._ids = itertools.count(1)

    # ---- Context -------------------------------------------------------------------------------

    def emit(self, event: AdapterEvent) -> None:
        self.events.append(event)

    def new_call_id(self) -> CallId:
        return CallId(f"c{next(self._ids)}")

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time() + self.skew_s

    def start_media(self, call: CallId) -> None:
        raise AssertionError("AgentHub has no media")

    def stop_media(self, call: CallId) -> None:
        raise AssertionError("AgentHub has no media")

    def play_tones(self, call: CallId, digits: str, duration_ms: int, gap_ms: int) -> None:
        raise AssertionError("AgentHub has no media")

    # ---- doing ---------------------------------------------------------------------------------

    async def start(self) -> None:
        self.running = asyncio.create_task(self.adapter.run(self))
        await until(lambda: self.adapter.running)

    async def stop(self) -> None:
        """Cancel the adapter, as the engine does at its end."""
        if self.running is not None:
            self.running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.running

    async def do(self, command: c.AccountCommand | c.CallCommand) -> c.Value | None:
        return await self.adapter.submit(command)

    async def ready(self) -> Seat:
        """Be online, with a status."""
        await self.do(c.GoOnline(NAME))
        await self.linked()
        await until(lambda: self.of(e.AgentStatusChanged))
        return self

    # ---- looking -------------------------------------------------------------------------------

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    def names(self) -> list[str]:
        return [name for name, _ in self.told]

    def raw(self, name: str) -> list[e.PlatformEvent]:
        return [event for event in self.of(e.PlatformEvent) if event.name == name]

    def codes(self) -> list[str]:
        return [error.code for error in self.of(e.ErrorRaised)]

    def errors(self) -> str:
        return "\n".join(error.text for error in self.of(e.ErrorRaised))

    def remarks(self) -> str:
        return "\n".join(remark.text for remark in self.of(e.Remarked))

    @property
    def status(self) -> Any:
        changes = self.of(e.AgentStatusChanged)
        return changes[-1].status if changes else None

    @property
    def link(self) -> LinkState:
        changes = self.of(e.LinkChanged)
        return changes[-1].link if changes else LinkState.OFFLINE

    @property
    def links(self) -> list[str]:
        return [change.link.value for change in self.of(e.LinkChanged)]

    @property
    def users(self) -> list[str]:
        changes = self.of(e.OnlineUsersChanged)
        return [user.username for user in changes[-1].users] if changes else []

    async def linked(self, link: LinkState = LinkState.ONLINE) -> e.LinkChanged:
        await until(lambda: self.link is link)
        return self.of(e.LinkChanged)[-1]

    async def seen(self, name: str, count: int = 1) -> list[e.PlatformEvent]:
        """Wait for so many events of a name."""
        await until(lambda: len(self.raw(name)) >= count)
        return self.raw(name)


class Floor:
    """A quiet lab and the agents at it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.seats: list[Seat] = []
        ready = lab.ready()
        self.control = LabClient(ready["control"], ready["control_key"])

    @property
    def hub(self) -> Any:
        return next(one for one in self.lab.hub.services if one.name == "agenthub")

    def user(self, name: str) -> dict[str, Any]:
        ready = self.lab.ready()["agenthub"]
        return next(user for user in ready["users"] if user["username"] == name)

    def account(self, user: str = "adams", **changed: Any) -> dict[str, Any]:
        return {
            "base_url": self.lab.hub.base_url,
            "token_url": self.user(user)["token_url"],
            "online_at_start": False,
            **changed,
        }

    async def seat(self, user: str = "adams", **changed: Any) -> Seat:
        """Return an agent whose adapter runs and is offline."""
        seat = Seat(**self.account(user, **changed))
        self.seats.append(seat)
        await seat.start()
        return seat

    async def seat_with(self, get_token: Callable[[], object], **changed: Any) -> Seat:
        """Return an agent whose program brings the tokens."""
        table = self.account(**changed)
        del table["token_url"]
        seat = Seat(get_token, **table)
        self.seats.append(seat)
        await seat.start()
        return seat

    async def at_work(self, user: str = "adams", **changed: Any) -> Seat:
        return await (await self.seat(user, **changed)).ready()

    async def ask(self, what: Callable[..., T], *args: Any, **options: Any) -> T:
        """Call the lab's own client beside the event loop in which the lab runs."""
        return await asyncio.to_thread(what, *args, **options)

    async def fault(self, name: str, **args: Any) -> None:
        await self.ask(self.control.fault, name, **args)

    async def act(self, verb: str, user: str = "adams", **options: Any) -> dict[str, Any]:
        return await self.ask(self.control.act, verb, user, "agenthub", **options)

    async def emit(
        self, kind: object, data: object = None, user: str = "adams", **more: Any
    ) -> None:
        await self.act("emit", user, type=kind, data={} if data is None else data, **more)

    async def drop(self, code: int = 1012, user: str | None = "adams") -> None:
        await self.ask(self.control.drop, "agenthub", user, code)

    def token(self, user: str = "adams", **options: Any) -> str:
        token: str = self.hub.token(user, options)["token"]
        return token


@asynccontextmanager
async def a_floor(**settings: Any) -> AsyncIterator[Floor]:
    """Open a lab without callers of its own; close its seats and it at the end."""
    chosen = {"scenario": "quiet", **settings}
    async with running_lab(LabSettings(**chosen)) as lab:
        floor = Floor(lab)
        try:
            yield floor
        finally:
            for seat in floor.seats:
                await seat.stop()
