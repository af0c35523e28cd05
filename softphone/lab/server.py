"""The lab: one process, one loopback port, the server sides of the platforms behind it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from softphone.model.error import ConnectError

from .audin import AudinService
from .configfile import write_config
from .control import Control
from .farends import FAR_ENDS
from .hub import Hub, Service
from .local_only import add_cors, local_only
from .scenario import Scenario
from .settings import LabSettings
from .status import status_route

VERSION = "0.1"
# One line for each platform.
SERVICES: tuple[Callable[[Hub], Service], ...] = (AudinService,)


class Lab:
    """A lab that runs in this event loop. `start`, use, `close`."""

    def __init__(self, settings: LabSettings | None = None) -> None:
        self.settings = settings or LabSettings()
        self.hub = Hub(self.settings)
        self.scenario = Scenario(self.hub, self.settings.scenario)
        self.control = Control(self.hub, self.scenario)
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._folder: Path | None = None

    async def start(self) -> int:
        """Listen; return the port. ConnectError when the port is taken."""
        self.hub.services = [make(self.hub) for make in SERVICES]
        app = web.Application(middlewares=[local_only])
        app.on_response_prepare.append(add_cors)
        app.add_routes([status_route(self.control), *self.control.routes()])
        for service in self.hub.services:
            app.add_routes(service.routes())
        # No access log: tokens are in the queries.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await self._listen(self._runner)
        self.hub.ticker.start()
        self.scenario.start()
        self._folder = Path(tempfile.mkdtemp(prefix="softphone-lab-"))  # 0700
        accounts = {service.name: service.account() for service in self.hub.services}
        write_config(self._folder, accounts, FAR_ENDS)
        return self.port

    def ready(self) -> dict[str, Any]:
        """Return what the lab announces: design, section 9."""
        url = self.hub.base_url
        return {
            "lab": VERSION,
            "http": url,
            "control": f"{url}/lab",
            "control_key": self.control.key,
            "config": str(self.config),
            **{service.name: service.ready() for service in self.hub.services},
            "far_ends": dict(FAR_ENDS),
        }

    @property
    def config(self) -> Path:
        """The config.toml for this lab."""
        assert self._folder is not None, "the lab is not started"
        return self._folder / "config.toml"

    async def close(self) -> None:
        """End calls, close every socket, remove the config."""
        await self.scenario.close()
        for service in self.hub.services:
            await service.close()
        await self.hub.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    async def _listen(self, runner: web.AppRunner) -> None:
        site = web.TCPSite(runner, self.settings.host, self.settings.port)
        try:
            await site.start()
        except OSError as problem:
            await runner.cleanup()
            self._runner = None
            where = f"{self.settings.host}:{self.settings.port}"
            raise ConnectError(f"The lab cannot listen on {where}: {problem.strerror}.") from None
        host, self.port = runner.addresses[0][:2]
        self.hub.base_url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


@asynccontextmanager
async def running_lab(settings: LabSettings | None = None) -> AsyncIterator[Lab]:
    """Run a lab for the length of a block."""
    lab = Lab(settings)
    await lab.start()
    try:
        yield lab
    finally:
        await lab.close()
