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

from .agenthub import AgentHubService
from .audin import AudinService
from .certificate import make_certificate, server_context
from .configfile import write_config
from .control import Control
from .farends import FAR_ENDS
from .hub import Hub, Service
from .local_only import add_cors, local_only
from .observer import ObserverService
from .ribbon import RibbonService
from .scenario import Scenario
from .settings import LabSettings
from .status import status_route

VERSION = "0.1"
# One line for each platform.
SERVICES: tuple[Callable[[Hub], Service], ...] = (
    AudinService,
    RibbonService,
    AgentHubService,
    ObserverService,
)


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
        self._certificate: Path | None = None

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
        self._folder = Path(tempfile.mkdtemp(prefix="softphone-lab-"))  # 0700
        await self._listen(self._runner)
        if self.settings.tls:
            await self._listen_with_tls(self._runner, self._folder)
        self.hub.ticker.start()
        self.scenario.start()
        accounts = {
            service.name: service.account()
            for service in self.hub.services
            if service.name in self.settings.accounts
        }
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
        } | ({"certificate": str(self._certificate)} if self._certificate else {})

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
        self._remove_folder()

    def _remove_folder(self) -> None:
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
            self._remove_folder()
            where = f"{self.settings.host}:{self.settings.port}"
            raise ConnectError(f"The lab cannot listen on {where}: {problem.strerror}.") from None
        host, self.port = runner.addresses[0][:2]
        self.hub.base_url = f"http://{_in_url(host)}:{self.port}"

    async def _listen_with_tls(self, runner: web.AppRunner, folder: Path) -> None:
        """Serve the same on a second port with TLS, made for this run."""
        self._certificate = make_certificate(folder, self.settings.host)
        context = server_context(self._certificate)
        site = web.TCPSite(runner, self.settings.host, 0, ssl_context=context)
        await site.start()
        host, port = runner.addresses[-1][:2]
        self.hub.tls_url = f"https://{_in_url(host)}:{port}"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@asynccontextmanager
async def running_lab(settings: LabSettings | None = None) -> AsyncIterator[Lab]:
    """Run a lab for the length of a block."""
    lab = Lab(settings)
    await lab.start()
    try:
        yield lab
    finally:
        await lab.close()
