"""Engine and client in one process (`--single`, tests): a thread with its own loop."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

from softphone import __version__
from softphone.config import Config, load
from softphone.model import codec
from softphone.model.command import Command, Reply
from softphone.model.error import ConfigError, LinkError
from softphone.model.event import Event
from softphone.model.state import ConsoleState
from softphone.paths import Paths, paths_of

from .assembly import assembled
from .clients import Published
from .engine import Engine
from .labs import OwnLab, with_lab_accounts
from .link import EngineInfo, Role
from .lock import held
from .start import Invocation


class LocalEngine:
    """Runs an engine in a thread while the block lasts."""

    def __init__(self, invocation: Invocation) -> None:
        self._paths: Paths = paths_of(invocation.name)
        self._config: Config = load(invocation.config)
        self._lab = invocation.lab or not self._config.accounts
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: Engine | None = None
        self._problem: BaseException | None = None
        self._lab_url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._problem is not None:
            raise self._problem
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._engine is not None:
            self._loop.call_soon_threadsafe(self._engine.stop, "the console was closed")
        self._thread.join(timeout=5.0)

    async def attach(self) -> LocalLink:
        """Return a console's link to the engine."""
        if self._loop is None or self._engine is None or not self._thread.is_alive():
            raise LinkError("The engine is gone.")
        engine, home = self._engine, asyncio.get_running_loop()
        link = LocalLink(engine, self._loop, home, self._info())
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(link.join(), self._loop))
        return link

    def _info(self) -> EngineInfo:
        log = str(self._paths.log)
        name = self._paths.profile
        return EngineInfo(os.getpid(), __version__, name, time.time(), log, self._lab_url)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve_alone())
        except BaseException as problem:  # told to the thread that waits for the start
            self._problem = problem
        finally:
            self._started.set()

    async def _serve_alone(self) -> None:
        with held(self._paths.lock) as got_it:
            if not got_it:
                raise ConfigError(
                    "An engine of this profile runs already: leave out --single, or end it."
                )
            await self._serve()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        config = self._config
        lab = OwnLab(lambda text: None) if self._lab else None
        if lab is not None:
            config = with_lab_accounts(config, await lab.start())
            self._lab_url = str(lab.ready.get("http", ""))
        try:
            async with assembled(config, self._paths) as engine:
                self._engine = engine
                engine.attendance.check()
                self._started.set()
                await engine.stopped.wait()
        finally:
            if lab is not None:
                await lab.close()


class LocalLink:
    """A link across two loops of one process; values are copied as they would be on a socket."""

    def __init__(
        self,
        engine: Engine,
        engine_loop: asyncio.AbstractEventLoop,
        home: asyncio.AbstractEventLoop,
        info: EngineInfo,
    ) -> None:
        self.client = ""
        self.engine = info
        self.snapshot = ConsoleState()
        self._engine = engine
        self._engine_loop = engine_loop
        self._home = home
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()

    async def join(self) -> None:
        """Attach; runs on the engine's loop."""
        self.client = self._engine.attach(Role.CONSOLE, "local", self._deliver).id
        state = codec.dumps(codec.encode_plain(self._engine.hub.state))
        self.snapshot = codec.decode(codec.loads(state), ConsoleState)

    async def request(self, command: Command) -> Reply:
        """Send a command and return its reply."""
        if self._engine.stopped.is_set():
            raise LinkError("The engine is gone.")
        work = self._engine.submit(self.client, command)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._engine_loop))

    async def events(self) -> AsyncIterator[Event]:
        """Yield events until the engine is gone."""
        while (event := await self._events.get()) is not None:
            yield event

    async def close(self) -> None:
        """Leave."""
        self._call(self._engine.detach, self.client)

    def _deliver(self, published: Published) -> None:
        if not self._home.is_closed():
            self._home.call_soon_threadsafe(self._events.put_nowait, published.event)

    def _call(self, work: Callable[[str], None], argument: str) -> None:
        if not self._engine_loop.is_closed():
            self._engine_loop.call_soon_threadsafe(work, argument)
