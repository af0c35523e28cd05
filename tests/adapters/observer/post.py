"""The real adapter at a lab: its events, and what the lab knows of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from softphone.adapters.observer.client import ObserverAdapter, make
from softphone.config import AccountConfig, Source
from softphone.lab.client import LabClient
from softphone.lab.observer import ObserverService
from softphone.lab.observer_world import ROOMS, WorldCall
from softphone.lab.server import Lab, running_lab
from softphone.lab.settings import LabSettings
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, CallId
from softphone.model.event import AdapterEvent
from softphone.model.monitor import Frame, FrameId
from softphone.model.presence import LinkState

T = TypeVar("T")
LIMIT_S = 10.0
NAME = AccountName("observer")


async def until(condition: Callable[[], T | None], limit_s: float = LIMIT_S) -> T:
    """Wait until something is so and return what it is."""
    async with asyncio.timeout(limit_s):
        while True:
            found = condition()
            if found:
                return found
            await asyncio.sleep(0.005)


class Post:
    """One watcher: an adapter that runs, and a `Context` that keeps all it is told."""

    def __init__(self, **table: Any) -> None:
        account = AccountConfig(NAME, "observer", table, Source(None))
        self.adapter: ObserverAdapter = make(account)
        self.events: list[AdapterEvent] = []
        self.running: asyncio.Task[None] | None = None
        self.wall_offset = 0.0

    # ---- Context -------------------------------------------------------------------------------

    def emit(self, event: AdapterEvent) -> None:
        self.events.append(event)

    def new_call_id(self) -> CallId:
        raise AssertionError("there are no calls here")

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time() + self.wall_offset

    def start_media(self, call: CallId) -> None:
        raise AssertionError("there is no media here")

    def stop_media(self, call: CallId) -> None:
        raise AssertionError("there is no media here")

    def play_tones(self, call: CallId, digits: str, duration_ms: int, gap_ms: int) -> None:
        raise AssertionError("there is no media here")

    # ---- doing ---------------------------------------------------------------------------------

    async def start(self) -> None:
        self.running = asyncio.create_task(self.adapter.run(self))
        await until(lambda: self.adapter.running)

    async def stop(self) -> None:
        if self.running is not None:
            self.running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.running

    async def do(self, command: c.AccountCommand | c.CallCommand) -> Any:
        return await self.adapter.submit(command)

    async def online(self) -> Post:
        await self.do(c.GoOnline(NAME))
        await until(lambda: self.link is LinkState.ONLINE)
        return self

    async def frame(self, kind: c.FrameKind, *, update: bool = True, **what: str) -> Frame:
        opened = await self.do(c.OpenFrame(NAME, kind, update=update, **what))
        assert isinstance(opened, c.FrameOpened)
        return opened.frame

    async def read(self, frame: FrameId, after: int = 0, limit: int = 500) -> c.FrameRows:
        rows = await self.do(c.ReadFrame(NAME, frame, after, limit))
        assert isinstance(rows, c.FrameRows)
        return rows

    async def all_rows(self, frame: FrameId) -> list[str]:
        """Return all rows once they are fetched."""
        rows: list[str] = []
        after = 0
        async with asyncio.timeout(30.0):
            while True:
                page = await self.read(frame, after)
                assert not page.missed
                rows, after = [*rows, *page.rows], page.next
                if not page.rows and not page.frame.updating:
                    return rows
                if not page.rows:
                    await asyncio.sleep(0.005)

    async def fetched(self, frame: FrameId, rows: int = 1) -> Frame:
        """Wait until a fetch is over and some rows are here."""

        def look() -> Frame | None:
            found = self.stored(frame)
            return found if found.received >= rows and not found.updating else None

        return await until(look)

    def stored(self, frame: FrameId) -> Frame:
        """Return how a frame stands now."""
        from softphone.adapters.observer.telling import as_frame

        service = self.adapter.service
        assert service is not None
        return as_frame(service.book.frames[frame], NAME)

    # ---- looking -------------------------------------------------------------------------------

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def link(self) -> LinkState:
        changes = self.of(e.LinkChanged)
        return changes[-1].link if changes else LinkState.OFFLINE

    @property
    def counts(self) -> dict[str, int]:
        service = self.adapter.service
        assert service is not None
        return dict(service.counts)

    def remarks(self) -> str:
        return "\n".join(remark.text for remark in self.of(e.Remarked))

    def clients(self) -> list[e.ClientObserved]:
        return self.of(e.ClientObserved)


class Site:
    """A quiet lab and the posts in it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.posts: list[Post] = []
        ready = lab.ready()
        self.ready = ready["observer"]
        self.control = LabClient(ready["control"], ready["control_key"])

    def account(self, role: str = "admin", **changed: Any) -> dict[str, Any]:
        table = {
            "url": self.ready["ws"],
            "token": self.ready["tokens"][role],
            "reconnect_backoff_s": [0.05, 0.1, 2.0],
            "online_at_start": False,
            **changed,
        }
        return {key: value for key, value in table.items() if value is not None}

    async def post(self, role: str = "admin", **changed: Any) -> Post:
        """Return a post that runs and is offline."""
        post = Post(**self.account(role, **changed))
        self.posts.append(post)
        await post.start()
        return post

    async def watching(self, role: str = "admin", **changed: Any) -> Post:
        return await (await self.post(role, **changed)).online()

    async def ask(self, what: Callable[..., T], *args: Any, **options: Any) -> T:
        """Call the lab's own client beside the event loop in which the lab runs."""
        return await asyncio.to_thread(what, *args, **options)

    async def fault(self, name: str, **args: Any) -> None:
        await self.ask(self.control.fault, name, **args)

    async def clear(self, name: str) -> None:
        await self.ask(self.control.clear_faults, name)

    async def drop(self, code: int = 1006) -> None:
        await self.ask(self.control.drop, "observer", None, code)

    @property
    def service(self) -> ObserverService:
        return next(s for s in self.lab.hub.services if isinstance(s, ObserverService))

    def call(self, *, people: int = 1, video: bool | None = None) -> WorldCall:
        """Return a call that is over, of the last hours, with so many people."""
        now = round(time.time() * 1000)
        found = (
            call
            for room in ROOMS
            for call in self.service._desk.world.between(now - 20 * 3_600_000, now, now, room)
        )
        return next(
            call
            for call in found
            if call.ended_ms < now - 1000 and len(call.people) >= people
            and call.ended_ms - call.started_ms > 600_000
            and video in (None, call.video)
        )  # fmt: skip

    def running(self) -> WorldCall:
        """Return a call that goes on for a while, with somebody in it."""
        now = round(time.time() * 1000)
        calls = self.service._desk.world.running(now)
        return next(
            call
            for call in calls
            if any(p.joined_ms < now - 3000 and p.left_ms > now + 60_000 for p in call.people)
        )

    def person(self, call: WorldCall) -> str:
        """Return a client who is in a running call."""
        now = round(time.time() * 1000)
        return next(
            p.id for p in call.people if p.joined_ms < now - 3000 and p.left_ms > now + 30_000
        )

    def asked(self) -> dict[str, int]:
        found: dict[str, int] = self.service.state()["requests"]
        return found


@asynccontextmanager
async def a_site(**settings: Any) -> AsyncIterator[Site]:
    """Open a lab without callers of its own; close its posts and it at the end."""
    chosen = {"scenario": "quiet", **settings}
    async with running_lab(LabSettings(**chosen)) as lab:
        site = Site(lab)
        try:
            yield site
        finally:
            for post in site.posts:
                await post.stop()
