"""Audin from Python, with the names of the platform's own SDK in Python spelling.

    async with AudinOperator(core_url=..., token_url=...) as operator:
        operator.on("incoming_call", lambda call: call.accept())
        await operator.go_online([number.id for number in await operator.list_phone_numbers()])

Everything belongs to one event loop. States of calls and end reasons are those of
`softphone.model.call`; a refused request raises OperatorRequestError with the SDK's code.
docs/audin.md says what each name of the SDK has become.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from softphone.config import AccountConfig, Source
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, CallId, CallInput, CallState, Direction, EndReason
from softphone.model.error import SoftphoneError
from softphone.model.event import AdapterEvent, Level
from softphone.model.presence import LinkState, OwnNumber

from .client import AudinAdapter, make
from .rest import GetToken

if TYPE_CHECKING:
    from softphone.audio.engine import AudioEngine
    from softphone.audio.report import AudioReport

EVENTS = (
    "presence_state_changed",
    "availability_changed",
    "incoming_call",
    "call_started",
    "call_ended",
    "error",
)
DIGITS = "0123456789*#"
_START_LIMIT_S = 10.0
_LEVELS = {Level.WARNING: logging.WARNING, Level.ERROR: logging.ERROR}


class OperatorRequestError(SoftphoneError):
    """A request was refused; `code` is UNAUTHORIZED, REQUEST_FAILED, BUSY, NOT_ONLINE, …"""

    def __init__(self, code: str, message: str, cause: BaseException | None = None) -> None:
        super().__init__(message, code=code)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class AvailabilityResult:
    """Which number ids the server accepted and rejected."""

    accepted: tuple[str, ...]
    rejected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OperatorError:
    """A non-fatal error, as the event `error` carries it."""

    code: str
    message: str
    cause: BaseException | None = None


class OperatorCall:
    """One call, from its offer or dial on. Its fields change as the call goes."""

    def __init__(self, operator: AudinOperator, call: CallId, direction: Direction) -> None:
        self._operator = operator
        self._id = call
        self.direction = direction
        self.call_sid = ""
        self.from_: str | None = None
        self.to: str | None = None
        self.state = CallState.RINGING if direction is Direction.INBOUND else CallState.DIALING
        self.end_reason: EndReason | None = None
        self.muted = False

    def accept(self) -> None:
        """Answer; does nothing unless the call rings."""
        if self.state is CallState.RINGING:
            self._operator._act(c.Answer(self._id))

    def reject(self) -> None:
        """Decline; does nothing unless the call rings."""
        if self.state is CallState.RINGING:
            self._operator._act(c.Decline(self._id))

    def mute(self, on: bool) -> None:
        """Close or open the microphone; before the call is up it counts from then on."""
        if self.state is not CallState.ENDED:
            self.muted = on
            self._operator._mute(self._id, on)

    def send_dtmf(self, digit: str) -> None:
        """Send one of 0-9, * and #, once the call is up; anything else is a ValueError."""
        if len(digit) != 1 or digit not in DIGITS:
            raise ValueError(f"{digit!r} is not one of 0-9, * and #.")
        self._operator._act(c.SendTones(self._id, digit))

    def hangup(self) -> None:
        """End the call; does nothing while it rings (`reject` does) or when it is over."""
        if self.state not in (CallState.RINGING, CallState.ENDED):
            self._operator._act(c.HangUp(self._id))


class AudinOperator:
    """One operator of the Audin service."""

    def __init__(
        self,
        *,
        get_token: GetToken | None = None,
        audio: str | tuple[str, str] = "auto",
        logger: logging.Logger | None = None,
        **settings: Any,
    ) -> None:
        """Take the settings of an Audin account (`core_url`, `heartbeat_s`, …); ConfigError.

        Tokens come from `get_token` (each call gives a fresh one, as `{"token": …, "expiresAt":
        …}` or the token alone), or from `token_url`, or from `api_url` with a key. `audio` is a
        sound device for both ways or (microphone, speaker): "auto", "null" (silence in real
        time), "tone", "file:IN.wav", "portaudio:NAME". `logger` gets diagnostics.
        """
        listed = {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()}
        table: Mapping[str, Any] = {"online_at_start": False, **listed}
        account = AccountConfig(AccountName("audin"), "audin", table, Source(None))
        self._adapter: AudinAdapter = make(account, get_token)
        self._context = _Context(self)
        self._listeners: dict[str, list[_Listener]] = {name: [] for name in EVENTS}
        self._calls: dict[CallId, OperatorCall] = {}
        self._dialed: OperatorCall | None = None
        self._numbers: tuple[OwnNumber, ...] = ()
        self._link = LinkState.OFFLINE
        self._cause = OperatorError("", "")
        self._devices = (audio, audio) if isinstance(audio, str) else audio
        self._log = logger or logging.getLogger(__name__)
        self._sound: AudioEngine | None = None
        self._running: asyncio.Task[None] | None = None
        self._jobs: set[asyncio.Task[None]] = set()
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    async def __aenter__(self) -> Self:
        # The adapters' layer knows no sound engine; this facade is a program of its own.
        from softphone.audio.engine import AudioEngine
        from softphone.audio.report import AudioSettings

        microphone, speaker = self._devices
        self._sound = AudioEngine(AudioSettings(input=microphone, output=speaker), self._heard_of)
        self._sound.start()
        self._running = asyncio.create_task(self._adapter.run(self._context))
        await self._until(lambda: self._adapter.running)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        for job in self._jobs:
            job.cancel()
        if self._sound is not None:
            await asyncio.to_thread(self._sound.close)

    # ---- the SDK's methods ---------------------------------------------------------------------

    @property
    def state(self) -> LinkState:
        """Return the presence state: OFFLINE, CONNECTING, ONLINE or RECONNECTING."""
        return LinkState.OFFLINE if self._link is LinkState.FAILED else self._link

    @property
    def current_call(self) -> OperatorCall | None:
        """Return the call that is up or on its way, else the oldest offer."""
        live = [call for call in self._calls.values() if call.state is not CallState.ENDED]
        busy = [call for call in live if call.state is not CallState.RINGING]
        return next(iter(busy or live), None)

    async def list_phone_numbers(self) -> tuple[OwnNumber, ...]:
        """Return the account's numbers: `id` for going online, `number` as caller id.

        Raises OperatorRequestError UNAUTHORIZED, or REQUEST_FAILED for anything else.
        """
        try:
            await self._request(c.ListNumbers(self._adapter.name))
        except OperatorRequestError as problem:
            if problem.code != "UNAUTHORIZED":
                problem.code = "REQUEST_FAILED"
            raise
        return self._numbers

    async def go_online(self, phone_number_ids: Sequence[str]) -> None:
        """Connect and be available on these numbers; again with another set to change it.

        An empty list means the set of the last time, at first every number. Returns when the
        line is up; raises OperatorRequestError when it is refused, or not up after ten seconds
        (it keeps trying).
        """
        name = self._adapter.name
        await self._request(c.GoOnline(name, tuple(phone_number_ids) or None))
        await self._request(c.SetAvailable(name, True))
        await self._until(lambda: self._link in (LinkState.ONLINE, LinkState.FAILED))
        if self._link is LinkState.FAILED:
            raise OperatorRequestError(self._cause.code, self._cause.message)

    async def go_offline(self) -> None:
        """Withdraw, end the call, close; nothing reconnects."""
        await self._request(c.SetAvailable(self._adapter.name, False))
        await self._request(c.GoOffline(self._adapter.name))
        await self._until(lambda: self._link is LinkState.OFFLINE)

    async def dial(self, to: str, caller_id: str) -> OperatorCall:
        """Place a call; returns when the platform has taken it and audio is opening."""
        await self._request(c.Dial(to, self._adapter.name, caller_id))
        assert self._dialed is not None
        return self._dialed

    def on(self, event: str, listener: Callable[[Any], object]) -> Callable[[], None]:
        """Call `listener` at each event; return a function that ends that."""
        return self._listen(event, _Listener(listener, once=False))

    def once(self, event: str, listener: Callable[[Any], object]) -> Callable[[], None]:
        """Call `listener` at the next event only; return a function that ends that."""
        return self._listen(event, _Listener(listener, once=True))

    def off(self, event: str, listener: Callable[[Any], object]) -> None:
        """Stop calling `listener`, whether it came by `on` or by `once`."""
        known = self._of(event)
        known[:] = [one for one in known if one.call != listener]

    def _listen(self, event: str, listener: _Listener) -> Callable[[], None]:
        known = self._of(event)
        known.append(listener)

        def end() -> None:
            known[:] = [one for one in known if one is not listener]

        return end

    def _of(self, event: str) -> list[_Listener]:
        if event not in self._listeners:
            raise ValueError(f"No event {event!r}; one of {', '.join(EVENTS)}.")
        return self._listeners[event]

    # ---- from the calls ------------------------------------------------------------------------

    def _act(self, command: c.CallCommand) -> None:
        """Do something whose outcome shows in the call's state; a refusal is an `error` event."""

        async def act() -> None:
            try:
                await self._adapter.submit(command)
            except SoftphoneError as problem:
                self._tell("error", OperatorError(problem.code, problem.message, problem))

        task = asyncio.get_running_loop().create_task(act())
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    def _mute(self, call: CallId, on: bool) -> None:
        if self._sound is not None and call in self._context.attached:
            self._sound.set_muted(call, on)
        self._act(c.Mute(call, on))

    async def _request(self, command: c.AccountCommand) -> c.Value | None:
        if self._running is None or self._running.done():
            raise RuntimeError("Use it inside `async with AudinOperator(...) as operator:`.")
        if self._jobs:
            await asyncio.wait(self._jobs)  # what was asked of a call before comes first
        try:
            return await self._adapter.submit(command)
        except SoftphoneError as problem:
            raise OperatorRequestError(problem.code, problem.message, problem) from problem

    # ---- from the adapter ----------------------------------------------------------------------

    def _heard_of(self, report: AudioReport) -> None:
        self._log.info("sound: %s", report.text)  # on the sound engine's thread

    def _tell(self, event: str, value: object) -> None:
        known = self._listeners[event]
        for listener in list(known):
            if listener.once:
                known[:] = [one for one in known if one is not listener]
            try:
                listener.call(value)
            except Exception:
                self._log.exception("a listener for %s failed", event)

    def _take(self, event: AdapterEvent) -> None:
        match event:
            case e.LinkChanged(_, link, cause, code):
                before = self.state
                self._link = link
                self._cause = OperatorError(code, cause)
                if self.state is not before:
                    self._log.info("%s%s", link, f": {cause}" if cause else "")
                    self._tell("presence_state_changed", self.state)
            case e.NumbersListed(_, numbers):
                self._numbers = numbers
            case e.AvailabilityChanged(_, availability) if availability.confirmed:
                result = AvailabilityResult(availability.accepted, availability.rejected)
                self._tell("availability_changed", result)
            case e.ErrorRaised(_, code, text):
                self._log.warning("%s: %s", code, text)
                self._tell("error", OperatorError(code, text))
            case e.Remarked(_, level, text):
                self._log.log(_LEVELS.get(level, logging.INFO), "%s", text)
            case _:
                self._take_call(event)
        for done, future in list(self._waiting):
            if done() and not future.done():
                future.set_result(None)

    def _take_call(self, event: AdapterEvent) -> None:
        match event:
            case e.CallOffered(_, call_id, native_id, remote, local):
                if call_id in self._calls:
                    return
                call = self._calls[call_id] = OperatorCall(self, call_id, Direction.INBOUND)
                call.call_sid, call.from_, call.to = native_id, remote.address, local.address
                self._tell("incoming_call", call)
            case e.CallDialed(_, call_id, remote, local):
                call = self._calls[call_id] = OperatorCall(self, call_id, Direction.OUTBOUND)
                call.from_, call.to = local.address, remote.address
                self._dialed = call
            case e.CallNamed(call_id, native_id) if call_id in self._calls:
                self._calls[call_id].call_sid = native_id
            case e.CallProgressed(call_id, what) if call_id in self._calls:
                call = self._calls[call_id]
                call.state = CallState.CONNECTING
                if what is CallInput.CONNECT:
                    call.state = CallState.ACTIVE
                    if call.muted:
                        self._mute(call_id, True)  # until now the server was not told
                    self._tell("call_started", call)
            case e.CallOver(call_id, reason) if call_id in self._calls:
                call = self._calls.pop(call_id)
                call.state, call.end_reason = CallState.ENDED, reason
                self._tell("call_ended", call)
            case _:
                pass

    async def _until(self, done: Callable[[], bool]) -> None:
        if done():
            return
        entry = (done, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        try:
            await asyncio.wait_for(entry[1], _START_LIMIT_S)
        except TimeoutError:
            raise OperatorRequestError("CONNECT_FAILED", "The service does not answer.") from None
        finally:
            self._waiting.remove(entry)


@dataclass(frozen=True, slots=True, eq=False)
class _Listener:
    call: Callable[[Any], object]
    once: bool


class _Context:
    """What the adapter needs of its surroundings: clocks, identities, sound."""

    def __init__(self, operator: AudinOperator) -> None:
        self._operator = operator
        self.attached: set[CallId] = set()

    def emit(self, event: AdapterEvent) -> None:
        self._operator._take(event)

    def new_call_id(self) -> CallId:
        return CallId(uuid.uuid4().hex[:16])

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def start_media(self, call: CallId) -> None:
        sound, leg = self._operator._sound, self._operator._adapter.media(call)
        assert sound is not None and leg is not None
        sound.attach(call, leg)
        sound.set_talk(call, talk=True, listen=True)
        known = self._operator._calls.get(call)
        if known is not None and known.muted:
            sound.set_muted(call, True)
        self.attached.add(call)

    def stop_media(self, call: CallId) -> None:
        if call in self.attached:
            self.attached.discard(call)
            assert self._operator._sound is not None
            self._operator._sound.detach(call)

    def play_tones(self, call: CallId, digits: str, duration_ms: int, gap_ms: int) -> None:
        if call in self.attached:
            assert self._operator._sound is not None
            self._operator._sound.send_tones(call, digits, duration_ms, gap_ms)
