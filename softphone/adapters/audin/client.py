"""The Audin adapter: owns sockets and tasks, does what `protocol` says."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, assert_never

from softphone.adapters.base import Context
from softphone.adapters.request import is_insecure, tls_context
from softphone.adapters.retry import watch_clock
from softphone.adapters.token import TokenCache
from softphone.audio.leg import G711Leg, Leg
from softphone.config import AccountConfig
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId
from softphone.model.capability import Capabilities
from softphone.model.error import AudioError, Refused, SoftphoneError, TokenError, Unsupported
from softphone.model.event import Level
from softphone.model.presence import LinkState, OwnNumber

from . import wire
from .features import CAPABILITIES
from .line import PresenceLine
from .media import MediaSocket
from .protocol import AudinProtocol
from .rest import GetToken, called_token, fetch_token, list_numbers
from .settings import AudinSettings, read_settings
from .steps import (
    CloseAudio,
    DialDone,
    Emit,
    EndUnwanted,
    OpenAudio,
    Reconnect,
    Send,
    SendAudio,
    Step,
    Steps,
)

if TYPE_CHECKING:
    import aiohttp

logger = logging.getLogger(__name__)

_DIGITS = re.compile(r"[0-9*#,]{1,64}")
_LEAVE_LIMIT_S = 2.0
_SETTLE_LIMIT_S = 1.0
_PAUSE_S = 2.0  # a comma among tones


def make(account: AccountConfig, get_token: GetToken | None = None) -> AudinAdapter:
    """Return the adapter of a configured account; raises ConfigError.

    `get_token` gives session tokens instead of a configured token source.
    """
    settings, names = read_settings(account, own_tokens=get_token is not None)
    return AudinAdapter(account, settings, names, get_token)


class AudinAdapter:
    """One operator of the Audin service."""

    kind = "audin"

    def __init__(
        self,
        account: AccountConfig,
        settings: AudinSettings,
        names: wire.Wire,
        get_token: GetToken | None = None,
    ) -> None:
        self.get_token = get_token
        self.name = account.name
        self.identity = settings.display_name or settings.operator_ref
        urls = (settings.core_url, settings.token_url, settings.api_url)
        self.insecure = any(is_insecure(url) for url in urls if url)
        self._settings = settings
        self._names = names
        self._tls = tls_context(settings.ca_file)
        self._online_wanted = settings.online_at_start
        self._available_wanted = False
        self._running: _Operator | None = None

    async def run(self, context: Context) -> None:
        """Connect and keep the line until cancelled; nothing of it is left afterwards."""
        import aiohttp  # heavy; not needed by `check-config`

        # Requests are hours apart: an idle connection would only be one more thing to lose.
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=4, force_close=True)
        async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
            operator = _Operator(self, context, session)
            self._running = operator
            try:
                await operator.run()
            finally:
                self._running = None

    async def submit(self, command: c.AccountCommand | c.CallCommand) -> c.Value | None:
        """Do what the operator asks; raises a SoftphoneError with the reason when it cannot."""
        match command:
            case c.GoOnline():
                self._online_wanted = True
            case c.GoOffline():
                self._online_wanted = False
            case c.SetAvailable(_, available):
                self._available_wanted = available
            case _:
                pass
        if self._running is None:
            if isinstance(command, c.GoOnline | c.GoOffline | c.SetAvailable):
                return None  # done as soon as it runs
            raise Refused("This account is just starting; try again.", code="NOT_ONLINE")
        return await self._running.submit(command)

    def capabilities(self) -> Capabilities:
        """Return what Audin can do, and why not the rest."""
        return CAPABILITIES

    def media(self, call: CallId) -> Leg | None:
        """Return a call's audio once its socket is open."""
        return self._running.legs.get(call) if self._running is not None else None

    @property
    def running(self) -> bool:
        """Tell whether commands are taken."""
        return self._running is not None

    @property
    def settings(self) -> AudinSettings:
        """Return the settings of this account."""
        return self._settings

    @property
    def names(self) -> wire.Wire:
        """Return the names on the wire."""
        return self._names

    @property
    def wants(self) -> tuple[bool, bool]:
        """Return whether to be online, and whether to take offers."""
        return self._online_wanted, self._available_wanted

    @property
    def tls(self) -> Any:
        """Return the TLS context; None where a URL needs none."""
        return self._tls


class _Operator:
    """One run of the adapter: everything that lives between connect and cancel."""

    def __init__(
        self, adapter: AudinAdapter, context: Context, session: aiohttp.ClientSession
    ) -> None:
        settings = adapter.settings
        self.legs: dict[CallId, G711Leg] = {}
        self._adapter = adapter
        self._context = context
        self._session = session
        self._settings = settings
        self._names = adapter.names
        self._tls = adapter.tls
        fetch = (
            partial(fetch_token, session, settings, adapter.names, context.wall)
            if adapter.get_token is None
            else partial(called_token, adapter.get_token, context.wall)
        )
        self._token = TokenCache(fetch, context.monotonic)
        self._protocol = AudinProtocol(adapter.name, settings, context.new_call_id)
        steps_s = tuple(step / 1000.0 for step in settings.reconnect_backoff_ms)
        self._line = PresenceLine(
            self, settings.core_url, adapter.names, self._token, self._tls, steps_s
        )
        self._media: dict[CallId, MediaSocket] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listing: asyncio.Task[None] | None = None
        self._tones: dict[CallId, asyncio.Task[None]] = {}
        self._dials: dict[CallId, asyncio.Future[None]] = {}
        self._settled = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._left = False

    # ---- life ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep line, clock watch and calls going until cancelled."""
        online, available = self._adapter.wants
        self._do(self._protocol.set_available(available, self.monotonic()))
        if online:
            self._go_online()
        watch = watch_clock(self.monotonic, self._context.wall, self._woke)
        # No TaskGroup: it would cut the line before there was time to say good bye on it.
        keeping = [asyncio.create_task(self._line.run()), asyncio.create_task(watch)]
        try:
            done, _ = await asyncio.wait(keeping, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._left = True
            try:
                await self._leave()
            finally:
                await _end_all([*keeping, *self._tasks])
                await self._token.close()

    async def _leave(self) -> None:
        """End calls, withdraw, close; all of it within two seconds (9.9)."""
        self._do(self._protocol.leave(self.monotonic()))
        if self._listing is not None:
            self._listing.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_LIMIT_S):
                await self._settle()
                await self._line.close()
                if self._tasks:
                    await asyncio.wait(self._tasks)
        await _end_all(list(self._tasks))
        self._protocol.left()
        self._rearm()

    async def _settle(self) -> None:
        """Wait a moment for calls that were hung up before the server had placed them (8.2)."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_LIMIT_S):
                while self._protocol.calls.withdrawn and self._protocol.presence.online:
                    self._settled.clear()
                    await self._settled.wait()

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return self._context.monotonic()

    def _go_online(self) -> None:
        """Open the line, and list the numbers meanwhile so that offers can name them."""
        if not self._line.wanted:
            self._list_soon()
        self._line.open()

    def _woke(self, gone_s: float) -> None:
        text = f"woke after {gone_s:.0f} s, reconnecting"
        self._context.emit(e.Remarked(self._adapter.name, Level.WARNING, text))
        self._line.reconnect(text)

    # ---- commands ------------------------------------------------------------------------------

    async def submit(self, command: c.AccountCommand | c.CallCommand) -> c.Value | None:
        """Do what the operator asks."""
        now = self.monotonic()
        calls = self._protocol.calls
        match command:
            case c.Dial(to, _, from_number):
                return await self._dial(to, from_number)
            case c.Answer(call):
                self._do(calls.accept(call, now))
            case c.Decline(call):
                self._do(calls.decline(call, now))
            case c.Ignore(call):
                self._do(calls.ignore(call, now))
            case c.HangUp(call):
                self._do(calls.hang_up(call, now))
            case c.Mute(call, on):
                self._do(calls.mute(call, bool(on)))
            case c.SendTones():
                self._send_tones(command)
            case c.GoOnline(_, numbers):
                self._do(self._protocol.go_online(numbers, now))
                self._go_online()
            case c.GoOffline():
                await self._leave()
            case c.SetAvailable(_, available):
                self._do(self._protocol.set_available(available, now))
            case c.RetryNow():
                self._line.open()
            case c.ListNumbers():
                await self._list_numbers()
            case _:
                raise Unsupported("Audin cannot do that.")
        return None

    async def _dial(self, to: str, from_number: str) -> c.Value:
        call, steps = self._protocol.dial(to, from_number, self.monotonic())
        placed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._dials[call] = placed
        self._do(steps)
        try:
            await placed
        finally:
            self._dials.pop(call, None)
        return c.CallPlaced(call)

    def _send_tones(self, command: c.SendTones) -> None:
        if not _DIGITS.fullmatch(command.digits):
            raise Refused("Tones are 0 to 9, * and #; a comma is a pause.", code="BAD_NUMBER")
        self._protocol.calls.tones(command.call, "")  # refused at once unless the call is up
        before = self._tones.get(command.call)
        self._tones[command.call] = self._start(self._send_in_time(command, before))

    async def _send_in_time(self, command: c.SendTones, before: asyncio.Task[None] | None) -> None:
        """Send digits one by one, message and tone together, in the rhythm of the tones."""
        if before is not None:
            await before
        try:
            for digit in command.digits:
                await asyncio.sleep(_PAUSE_S if digit == "," else self._send_tone(command, digit))
        except SoftphoneError as problem:
            if self._protocol.call(command.call) is not None:
                self.line_trouble(problem.code, problem.message)

    def _send_tone(self, command: c.SendTones, digit: str) -> float:
        """Send one digit and return how long it takes (seconds)."""
        way = self._settings.dtmf
        steps = self._protocol.calls.tones(command.call, digit)
        if way in ("control", "both"):
            self._do(steps)
        if way in ("inband", "both"):
            self._context.play_tones(command.call, digit, command.duration_ms, command.gap_ms)
        return (command.duration_ms + command.gap_ms) / 1000

    def _list_soon(self) -> None:
        if self._listing is None or self._listing.done():
            self._listing = self._start(self._list_numbers_quietly())

    async def _list_numbers(self) -> None:
        core = self._settings.core_url
        found = await list_numbers(self._session, core, self._names, self._token)
        self._listed(found)

    def _listed(self, numbers: tuple[OwnNumber, ...]) -> None:
        self._do(self._protocol.listed(numbers, self.monotonic()))

    async def _list_numbers_quietly(self) -> None:
        try:
            await self._list_numbers()
        except TokenError:
            pass  # the line says so too
        except SoftphoneError as problem:
            self.line_trouble(problem.code, f"Numbers could not be listed. {problem.message}")

    # ---- the presence line (LineOwner) ---------------------------------------------------------

    def line_opened(self) -> None:
        """The presence socket is open; numbers that could not be listed before are, now."""
        self._do(self._protocol.opened(self.monotonic()))
        if not self._protocol.numbers:
            self._list_soon()

    def line_said(self, message: wire.ServerMessage) -> None:
        """Take a message of the presence socket."""
        was_online = self._protocol.presence.online
        self._do(self._protocol.received(message, self.monotonic()))
        self._tell_online(was_online)

    def line_closed(self) -> None:
        """The presence socket is gone."""
        self._do(self._protocol.closed(self.monotonic()))

    def line_state(
        self, link: LinkState, cause: str = "", code: str = "", retry_mono: float | None = None
    ) -> None:
        """Report how the line stands."""
        self._context.emit(e.LinkChanged(self._adapter.name, link, cause, code, retry_mono))

    def line_trouble(self, code: str, text: str) -> None:
        """Report an error that is not the end of anything."""
        self._context.emit(e.ErrorRaised(self._adapter.name, code, text))

    def _tell_online(self, was_online: bool) -> None:
        if self._protocol.presence.online and not was_online:
            self.line_state(LinkState.ONLINE)

    # ---- audio sockets (MediaOwner) ------------------------------------------------------------

    def media_opened(self, call: CallId, leg: G711Leg) -> None:
        """A call's audio socket is open: connect it to the sound engine."""
        if self._protocol.call(call) is None:
            raise AudioError("The call is over.")
        self.legs[call] = leg
        self._context.start_media(call)
        self._do(self._protocol.calls.audio_opened(call))

    def media_said(self, call: CallId, message: wire.AudioServerMessage) -> None:
        """Take a text message of an audio socket."""
        self._do(self._protocol.calls.audio_said(call, message))

    def media_closed(self, call: CallId, close: wire.AudioClose) -> None:
        """An audio socket is gone."""
        if close is wire.AudioClose.AUTH:
            self._token.drop()
        self._do(self._protocol.calls.audio_closed(call, close, self.monotonic()))

    def media_failed(self, call: CallId, code: str, detail: str) -> None:
        """Our side of the audio cannot go on."""
        self._do(self._protocol.calls.audio_failed(call, code, detail, self.monotonic()))

    async def _carry(self, call: CallId, media: MediaSocket) -> None:
        try:
            await media.run()
        finally:
            self._media.pop(call, None)
            self.legs.pop(call, None)
            self._context.stop_media(call)
            tones = self._tones.pop(call, None)
            if tones is not None:
                tones.cancel()

    # ---- doing what the protocol says ----------------------------------------------------------

    def _do(self, steps: Steps) -> None:
        for step in steps:
            self._do_one(step)
        self._rearm()

    def _do_one(self, step: Step) -> None:
        match step:
            case Send(message):
                self._line.send(message)
            case Emit(event):
                self._context.emit(event)
            case OpenAudio(call, sid):
                media = self._media_socket(call, sid)
                self._media[call] = media
                self._start(self._carry(call, media))
            case EndUnwanted(sid):
                self._start(self._media_socket(CallId(""), sid).hang_up_only())
            case SendAudio(call, message):
                if call in self._media:
                    self._media[call].send(message)
            case CloseAudio(call):
                if call in self._media:
                    self._media[call].hang_up()
            case DialDone(call, error):
                self._dial_done(call, error)
            case Reconnect(why):
                self._line.reconnect(why)
            case _:
                assert_never(step)

    def _media_socket(self, call: CallId, sid: str) -> MediaSocket:
        core = self._settings.core_url
        url_for = partial(wire.audio_url, core, sid, names=self._names)
        return MediaSocket(self, call, url_for, self._token, self._tls, self._names)

    def _dial_done(self, call: CallId, error: SoftphoneError | None) -> None:
        future = self._dials.get(call)
        if future is None or future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    def _rearm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._settled.set()
        self._line.watch_closely(self._protocol.calls.talking)
        due = self._protocol.next_wake()
        if due is not None and not self._left:
            delay = max(0.0, due - self.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self._wake)

    def _wake(self) -> None:
        was_online = self._protocol.presence.online
        self._do(self._protocol.wake(self.monotonic()))
        self._tell_online(was_online)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _end_all(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
