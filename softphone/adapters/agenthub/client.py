"""The AgentHub adapter: owns socket and tasks, does what `protocol` says."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, assert_never

from softphone.adapters.base import Context
from softphone.adapters.request import is_insecure, tls_context
from softphone.adapters.retry import watch_clock
from softphone.audio.leg import Leg
from softphone.config import AccountConfig
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId
from softphone.model.capability import Capabilities
from softphone.model.error import Refused, SoftphoneError, Unsupported
from softphone.model.event import Level
from softphone.model.presence import LinkState

from . import tokens as token_sources
from .commands import AgentCommand, Commands
from .facts import Desk
from .features import WITH_COMMANDS, WITHOUT_COMMANDS
from .line import Line
from .protocol import AgentHubProtocol
from .settings import AgentHubSettings, CommandSettings, read_settings
from .steps import Emit, Reconnect, Send, Step, Steps, Tell
from .steps import Refused as RefusedByServer
from .tokens import GetToken, SignIn, Tokens
from .wire import Frame, Profile
from .wire import names as n

if TYPE_CHECKING:
    import aiohttp

logger = logging.getLogger(__name__)

Listener = Callable[[str, object], None]
_LEAVE_LIMIT_S = 1.5


def make(
    account: AccountConfig, get_token: GetToken | None = None, listener: Listener | None = None
) -> AgentHubAdapter:
    """Return the adapter of a configured account; raises ConfigError.

    `get_token` gives tokens instead of a configured source; `listener` hears every event of the
    platform by name, and the client's own.
    """
    settings, profile, commands = read_settings(account, own_tokens=get_token is not None)
    return AgentHubAdapter(account, settings, profile, commands, get_token, listener)


class AgentHubAdapter:
    """One agent of AgentHub."""

    kind = "agenthub"

    def __init__(
        self,
        account: AccountConfig,
        settings: AgentHubSettings,
        profile: Profile,
        commands: CommandSettings,
        get_token: GetToken | None = None,
        listener: Listener | None = None,
    ) -> None:
        self.name = account.name
        self.identity = ""
        urls = (settings.base_url, settings.token_url, commands.base_url)
        self.insecure = any(is_insecure(url) for url in urls if url)
        self.settings = settings
        self.profile = profile
        self.commands = commands
        self.get_token = get_token
        self.listener = listener
        self.tls = tls_context(settings.ca_file)
        self.online_wanted = settings.online_at_start
        self._running: _Agent | None = None

    async def run(self, context: Context) -> None:
        """Connect and keep the line until cancelled; nothing of it is left afterwards."""
        import aiohttp  # heavy; not needed by `check-config`

        connector = aiohttp.TCPConnector(ssl=self.tls, limit=4, force_close=True)
        async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
            agent = _Agent(self, context, session)
            self._running = agent
            try:
                await agent.run()
            finally:
                self._running = None

    async def submit(self, command: c.AccountCommand | c.CallCommand) -> c.Value | None:
        """Do what the operator asks; raises a SoftphoneError with the reason when it cannot."""
        if isinstance(command, c.GoOnline | c.GoOffline):
            self.online_wanted = isinstance(command, c.GoOnline)
            if self._running is None:
                return None  # done as soon as it runs
        if self._running is None:
            raise Refused("This account is just starting; try again.", code="NOT_ONLINE")
        return await self._running.submit(command)

    def capabilities(self) -> Capabilities:
        """Return what AgentHub can do, and why not the rest."""
        return WITH_COMMANDS if self.commands.enabled else WITHOUT_COMMANDS

    def media(self, call: CallId) -> Leg | None:
        """Return None: AgentHub carries no audio."""
        return None

    @property
    def running(self) -> bool:
        """Tell whether commands are taken."""
        return self._running is not None

    @property
    def counters(self) -> dict[str, int]:
        """Return what was ignored, for tests and people who look for trouble."""
        return self._running.counters() if self._running is not None else {}


class _Agent:
    """One run of the adapter: everything that lives between connect and cancel."""

    def __init__(
        self, adapter: AgentHubAdapter, context: Context, session: aiohttp.ClientSession
    ) -> None:
        settings = adapter.settings
        self._adapter = adapter
        self._context = context
        self._protocol = AgentHubProtocol(
            adapter.name, adapter.profile, settings.heartbeat_s, settings.join_limit_s
        )
        ask = (
            token_sources.from_settings(settings, session)
            if adapter.get_token is None
            else token_sources.from_program(adapter.get_token)
        )
        self._tokens = Tokens(
            ask, context.monotonic, context.wall, settings.refresh_margin_s, settings.token_limit_s
        )
        self._line = Line(self, settings, adapter.profile, self._tokens, adapter.tls)
        self._commands: Commands | None = None
        if adapter.commands.enabled:
            self._commands = Commands(session, adapter.commands, self._desk, context.monotonic)
        self._link = LinkState.OFFLINE
        self._roles: tuple[str, ...] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._signed_in = asyncio.Event()
        self._left = False

    # ---- life ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep line, token and clock watch going until cancelled."""
        if self._adapter.online_wanted:
            self._line.open()
        work = (
            self._line.run(),
            self._keep_token_fresh(),
            watch_clock(self.monotonic, self._context.wall, self._woke),
        )
        # No TaskGroup: it would cut the line before there was time to say good bye on it.
        keeping: list[asyncio.Task[Any]] = [asyncio.create_task(one) for one in work]
        try:
            done, _ = await asyncio.wait(keeping, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._left = True
            self._rearm()
            try:
                await self._leave()
            finally:
                for task in keeping:
                    task.cancel()
                await asyncio.gather(*keeping, return_exceptions=True)
                await self._tokens.close()
                if self._commands is not None:
                    await self._commands.close()

    async def _leave(self) -> None:
        """Leave the channels and close, within a moment."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_LIMIT_S):
                self._do(self._protocol.leave())
                await self._line.close()

    async def _keep_token_fresh(self) -> None:
        """Ask for the next token before the present one expires (section 9)."""
        failures = 0
        while True:
            if await self._signed_in_within(self._renew_in(failures)):
                failures = 0  # another token came meanwhile: its time counts
                continue
            if not self._line.wanted:
                failures = 0
                await self._signed_in_within(None)
                continue
            try:
                await self._tokens.renew()
                failures = 0
            except SoftphoneError as problem:
                failures += 1
                if failures == 1:  # once, not once a try
                    text = f"The token could not be renewed. {problem.message}"
                    self.line_trouble(problem.code, text)

    def _renew_in(self, failures: int) -> float | None:
        """Return the seconds until the token is to be renewed; None: there is none yet."""
        if failures:
            return n.BAD_TOKEN_STEPS_S[min(failures, len(n.BAD_TOKEN_STEPS_S)) - 1]
        due = self._tokens.renew_at
        return None if due is None else max(0.0, due - self.monotonic())

    async def _signed_in_within(self, seconds: float | None) -> bool:
        """Wait for the next sign-in; False when none came in time."""
        self._signed_in.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._signed_in.wait()
        except TimeoutError:
            return False
        return True

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return self._context.monotonic()

    def counters(self) -> dict[str, int]:
        """Return what was ignored since the start."""
        protocol = self._protocol
        return {
            "bad_frames": self._line.bad_frames,
            "stray": protocol.stray,
            "bad_types": protocol.bad_types,
            "duplicates": protocol.desk.duplicates,
            "presence_skipped": protocol.presence.skipped,
        }

    def _desk(self) -> Desk:
        return self._protocol.desk

    def _woke(self, gone_s: float) -> None:
        text = f"woke after {gone_s:.0f} s, asking the server"
        self._context.emit(e.Remarked(self._adapter.name, Level.WARNING, text))
        self._do(self._protocol.woke(self.monotonic()))

    # ---- commands ------------------------------------------------------------------------------

    async def submit(self, command: c.AccountCommand | c.CallCommand) -> c.Value | None:
        """Do what the operator asks."""
        match command:
            case c.GoOnline() | c.RetryNow():
                self._adapter.online_wanted = True
                self._do(self._protocol.retry(self.monotonic()))
                self._line.open()
            case c.GoOffline():
                await self._leave()
            case (
                c.SetAgentStatus()
                | c.PlaceAgentCall()
                | c.HangUpAgentCall()
                | c.DisposeCall()
                | c.ListReasons()
                | c.ListDispositions()
            ):
                return await self._command(command)
            case _:
                raise Unsupported("AgentHub reports calls, it cannot place or change them.")
        return None

    async def _command(self, command: AgentCommand) -> c.Value | None:
        if self._commands is None:
            raise Unsupported("Commands are off; set enabled in the account's commands section.")
        return await self._commands.run(command)

    # ---- the line (LineOwner) ------------------------------------------------------------------

    def line_signed_in(self, sign_in: SignIn) -> None:
        """A token was got for the next socket."""
        claims = sign_in.claims
        identity = f"{claims.username or claims.agent} @ {claims.tenant}"
        if identity != self._adapter.identity:
            self._adapter.identity = identity
            self._context.emit(e.SignedIn(self._adapter.name, identity))
        if claims.roles != self._roles:
            self._roles = claims.roles
            words = f"the token is for {identity}, as {', '.join(claims.roles) or 'nothing'}"
            self._context.emit(e.Remarked(self._adapter.name, Level.INFO, words))
        self._do(self._protocol.signed_in(claims))
        self._signed_in.set()

    def line_opened(self) -> None:
        """The socket is open."""
        self._do(self._protocol.opened(self.monotonic()))

    def line_said(self, frame: Frame) -> None:
        """Take a frame."""
        self._do(self._protocol.received(frame, self.monotonic(), self._context.wall()))

    def line_closed(self) -> None:
        """The socket is gone; the line tells how it goes on."""
        self._link = LinkState.CONNECTING
        self._do(self._protocol.closed(self.monotonic()))

    def line_state(
        self, link: LinkState, cause: str = "", code: str = "", retry_mono: float | None = None
    ) -> None:
        """Report how the line stands."""
        self._link = link
        self._context.emit(e.LinkChanged(self._adapter.name, link, cause, code, retry_mono))

    def line_trouble(self, code: str, text: str) -> None:
        """Report an error that is not the end of anything."""
        self._context.emit(e.ErrorRaised(self._adapter.name, code, text))

    # ---- doing what the protocol says ----------------------------------------------------------

    def _do(self, steps: Steps) -> None:
        for step in steps:
            self._do_one(step)
        self._show_link()
        self._rearm()

    def _do_one(self, step: Step) -> None:
        match step:
            case Send(frame):
                self._line.send(frame)
            case Emit(event):
                self._context.emit(event)
            case Tell(name, value):
                if self._adapter.listener is not None:
                    self._adapter.listener(name, value)
            case Reconnect(why):
                self._line.reconnect(why)
            case RefusedByServer(why):
                self._line.reconnect(why, refused=True)
            case _:
                assert_never(step)

    def _show_link(self) -> None:
        """Tell when the agent's channel, not the socket, decides how the line stands."""
        if not self._line.up:
            return
        protocol = self._protocol
        if protocol.connected and self._link is not LinkState.ONLINE:
            self._line.confirmed()
            self.line_state(LinkState.ONLINE)
        elif protocol.trouble and self._link is LinkState.ONLINE:
            self.line_state(*self._trouble())

    def _trouble(self) -> tuple[LinkState, str, str, float | None]:
        again, cause = self._protocol.agent_retry(), self._protocol.trouble
        if again is None:
            return LinkState.FAILED, f"{cause}; press retry to join again.", "KICKED", None
        return LinkState.RECONNECTING, cause, "", again

    def _rearm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        due = self._protocol.next_wake()
        if due is not None and not self._left:
            delay = max(0.0, due - self.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self._wake)

    def _wake(self) -> None:
        self._do(self._protocol.wake(self.monotonic()))
