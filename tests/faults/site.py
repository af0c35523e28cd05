"""An engine whose every connection to the lab goes through a fault proxy, and one console."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from softphone.config import AudioConfig, Config, load
from softphone.engine.assembly import assembled
from softphone.engine.connect import attach
from softphone.engine.engine import Engine
from softphone.engine.link import EngineInfo, Role
from softphone.engine.server import Server
from softphone.lab.client import LabClient
from softphone.lab.farends import Times
from softphone.lab.server import Lab, running_lab
from softphone.lab.settings import LabSettings
from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.command import Reply
from softphone.model.presence import Account, LinkState
from softphone.model.record import CallRecord, HistoryFilter
from softphone.paths import Paths
from tests.engine.office import Seat, restless, until
from tests.faults.proxy import FaultProxy, fault_proxy

QUICK: dict[str, dict[str, Any]] = {
    "audin": {"reconnect_backoff_ms": [100, 200, 500], "heartbeat_s": 1.0},
    "ribbon": {"reconnect_delay_s": 0.2, "reconnect_multiplier": 1.0, "ping_s": 0.5},
    "agenthub": {"reconnect_backoff_ms": [100, 200, 500], "heartbeat_s": 0.5},
    "observer": {"reconnect_backoff_s": [0.1, 0.2, 0.5]},
}
"""The platforms' own schedules, shortened: what is tested is what happens, not when."""
_TIMES = Times(answers_after_s=0.1, gives_up_after_s=60.0, busy_after_s=0.1)
_SILENT = AudioConfig(input="tone", output="null", ringer="null")
_LIMIT_S = 20.0


class Site:
    """One account at the lab behind a proxy, the engine that runs it, and a console."""

    def __init__(
        self, account: AccountName, lab: Lab, proxy: FaultProxy, engine: Engine, seat: Seat
    ) -> None:
        ready = lab.ready()
        self.account = account
        self.lab = lab
        self.proxy = proxy
        self.engine = engine
        self.seat = seat
        self.asking: list[asyncio.Task[Reply]] = []
        """What was asked and not waited for."""
        self.control = LabClient(ready["control"], ready["control_key"])

    def links(self) -> list[Account]:
        """Return the account as the console was told of it, each time its line had changed."""
        told = [one.account for one in self.seat.events if isinstance(one, e.AccountChanged)]
        return [
            one for place, one in enumerate(told) if not place or told[place - 1].link != one.link
        ]

    def link(self) -> LinkState:
        """Return how the line is now, as the console sees it."""
        return self.seat.state.accounts[self.account].link

    async def online(self, limit_s: float = _LIMIT_S) -> None:
        """Wait until the line is up."""
        await until(lambda: self.link() is LinkState.ONLINE, limit_s)

    async def recovered(self, losses: int) -> None:
        """Wait until the line was lost once more than `losses` times and is up again."""
        await until(lambda: len(self.lost()) > losses and self.link() is LinkState.ONLINE, _LIMIT_S)

    def lost(self) -> list[Account]:
        """Return the losses of the line so far."""
        return [one for one in self.links() if one.link is LinkState.RECONNECTING]

    async def records(self) -> list[CallRecord]:
        """Return the call history as it is on disk."""
        page = await self.engine.store.history(HistoryFilter())
        return list(page.records)


@asynccontextmanager
async def a_site(
    folder: Path, kind: str, settings: Mapping[str, Any] | None = None
) -> AsyncIterator[Site]:
    """Open lab, proxy, engine and a console with one account of a platform.

    `settings`: of the account, instead of its shortened schedules.
    """
    account = AccountName(kind)
    paths = Paths("test", folder, folder)
    async with AsyncExitStack() as stack:
        stack.callback(restless, gc.get_threshold(), sys.getswitchinterval())
        lab_settings = LabSettings(scenario="quiet", times=_TIMES)
        lab = await stack.enter_async_context(running_lab(lab_settings))
        proxy = await stack.enter_async_context(fault_proxy(lab.port))
        lab.hub.base_url = proxy.url  # what the lab says of itself leads through the proxy too
        text = lab.config.read_text(encoding="utf-8")
        through = folder / "proxied.toml"
        through.write_text(text.replace(f":{lab.port}", f":{proxy.port}"), encoding="utf-8")
        through.chmod(0o600)
        given = QUICK[kind] if settings is None else settings
        config = _only(load(through, need_file=True), account, given)
        engine = await stack.enter_async_context(assembled(config, paths))
        info = EngineInfo(1, "test", "test", 0.0, "engine.log", proxy.url)
        server = Server(engine, info, paths.socket)
        await server.start()
        stack.push_async_callback(server.close)
        engine.attendance.check()
        seat = Seat(await attach(paths.socket, Role.CONSOLE, "test"))
        site = Site(account, lab, proxy, engine, seat)
        try:
            yield site
        finally:
            for asking in site.asking:
                asking.cancel()
            with contextlib.suppress(OSError):
                await seat.leave()


def _only(config: Config, name: AccountName, settings: Mapping[str, Any]) -> Config:
    (account,) = (one for one in config.accounts if one.name == name)
    table = {**account.table, **settings}
    return replace(config, audio=_SILENT, accounts=(replace(account, table=table),))
