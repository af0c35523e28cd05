"""The Ribbon adapter: owns sockets, requests, peers and tasks, does what `protocol` says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from softphone.adapters.base import Context
from softphone.adapters.request import is_insecure, tls_context
from softphone.audio.leg import Leg
from softphone.config import AccountConfig
from softphone.model import command as c
from softphone.model.call import CallId
from softphone.model.capability import Capabilities
from softphone.model.error import Refused
from softphone.model.report import SoundStep

from . import wire
from .features import CAPABILITIES
from .settings import FIXED, RibbonSettings, correlator_of, read_settings
from .user import RibbonUser

_KEPT = (c.GoOnline, c.GoOffline, c.SetAvailable)


def make(account: AccountConfig) -> RibbonAdapter:
    """Return the adapter of a configured account; raises ConfigError."""
    return RibbonAdapter(account, read_settings(account))


class RibbonAdapter:
    """One user of a Ribbon gateway."""

    kind = "ribbon"

    def __init__(self, account: AccountConfig, settings: RibbonSettings) -> None:
        self.name = account.name
        self.identity = settings.user
        self.settings = settings
        self.correlator = correlator_of(account, settings)
        self.sdp_handlers: list[Callable[[str], str]] = []
        """What a program wants done to each description that is sent, in calls begun later."""
        socket = settings.socket_base
        self.insecure = is_insecure(settings.url) or is_insecure(socket)
        self._tls = tls_context(settings.ca_file)
        self._online_wanted = settings.online_at_start
        self._running: RibbonUser | None = None

    async def run(self, context: Context) -> None:
        """Connect and keep the line until cancelled; nothing of it is left afterwards."""
        import aiohttp  # heavy; not needed by `check-config`

        # A request comes every 25 s in a call: a kept connection is nearly always a dead one.
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=16, keepalive_timeout=10.0)
        async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
            user = RibbonUser(self, context, session)
            self._running = user
            try:
                await user.run(self._online_wanted)
            finally:
                self._running = None

    async def submit(self, command: c.AccountCommand | c.CallCommand) -> c.Value | None:
        """Do what the operator asks; raises a SoftphoneError with the reason when it cannot."""
        if isinstance(command, c.GoOnline | c.GoOffline):
            self._online_wanted = isinstance(command, c.GoOnline)
        if self._running is None:
            if isinstance(command, _KEPT):
                return None  # done as soon as it runs
            raise Refused("This account is just starting; try again.", code="NOT_ONLINE")
        return await self._running.submit(command)

    def capabilities(self) -> Capabilities:
        """Return what a Ribbon gateway can do, and why not the rest."""
        return CAPABILITIES

    def media(self, call: CallId) -> Leg | None:
        """Return a call's audio once it has any."""
        return self._running.leg(call) if self._running is not None else None

    def address_of(self, typed: str) -> str:
        """Return the whole address of somebody: no scheme, with the user's domain."""
        return wire.full(typed, wire.domain_of(self.settings.user))

    async def reload(self, account: AccountConfig) -> frozenset[str]:
        """Take changed settings; those of FIXED stay as they are until a new start."""
        fresh = read_settings(account)
        kept = {key: getattr(self.settings, key) for key in FIXED}
        before, self.settings = self.settings, replace(fresh, **kept)
        if self._running is not None:
            await self._running.reload(before, self.settings)
        return FIXED

    def sound_step(self, call: CallId, step: SoundStep, *, over: bool) -> None:
        """Put what the engine does with a call's sound into the call's report."""
        if self._running is not None:
            self._running.protocol.calls.sound_step(call, step, self._running.now, over=over)

    @property
    def running(self) -> bool:
        """Tell whether commands are taken."""
        return self._running is not None

    @property
    def tls(self) -> Any:
        """Return the TLS context."""
        return self._tls
