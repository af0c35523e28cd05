"""Audin from Python, with the names of the platform's own SDK in Python spelling.

    async with AudinOperator(core_url=..., token_url=...) as operator:
        operator.on("incoming_call", lambda call: call.accept())
        await operator.go_online([number.id for number in await operator.list_phone_numbers()])

Everything belongs to one event loop. Sound goes to the devices named by `audio` (see
`softphone.audio.devices`); "null" is silence in real time. States and end reasons are those of
`softphone.model.call`; a refused request raises OperatorRequestError with the SDK's code.
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
from softphone.model.event import AdapterEvent
from softphone.model.presence import LinkState, OwnNumber

from .client import AudinAdapter, make

if TYPE_CHECKING:
    from softphone.audio.engine import AudioEngine

logger = logging.getLogger(__name__)

EVENTS = (
    "presence_state_changed",
    "availability_changed",
    "incoming_call",
    "call_started",
    "call_ended",
    "error",
)
_START_LIMIT_S = 10.0


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
        """Close or open the microphone."""
        self.muted = on
        self._operator._mute(self._id, on)

    def send_dtmf(self, digit: str) -> None:
        """Send one of 0-9, * and #."""
        self._operator._act(c.SendTones(self._id, digit))

    def hangup(self) -> None:
        """End the call."""
        self._operator._act(c.HangUp(self._id))


class AudinOperator:
    """One operator of the Audin service."""

    def __init__(self, *, audio: str = "auto", **settings: Any) -> None:
        """Take the settings of an Audin account (`core_url`, `token_url`, …); ConfigError."""
        table: Mapping[str, Any] = {"online_at_start": False, **settings}
        account = AccountConfig(AccountName("audin"), "audin", table, Source(None))
        self._adapter: AudinAdapter = make(account)
        self._context = _Context(self)
        self._listeners: dict[str, list[Callable[[Any], None]]] = {name: [] for name in EVENTS}
        self._calls: dict[CallId, OperatorCall] = {}
        self._numbers: tuple[OwnNumber, ...] = ()
        self._state = LinkState.OFFLINE
        self._audio_spec = audio
        self._sound: AudioEngine | None = None
        self._running: asyncio.Task[None] | None = None
        self._jobs: set[asyncio.Task[None]] = set()
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    async def __aenter__(self) -> Self:
        # The adapters' layer knows no sound engine; this facade is a program of its own.
        from softphone.audio.engine import AudioEngine
        from softphone.audio.report import AudioSettings

        self._sound = AudioEngine(
            AudioSettings(input=self._audio_spec, output=self._audio_spec), lambda report: None
        )
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
        if self._sound is not None:
            await asyncio.to_thread(self._sound.close)

    # ---- the SDK's methods ---------------------------------------------------------------------

    @property
    def state(self) -> LinkState:
        """Return the presence state."""
        return self._state

    @property
    def current_call(self) -> OperatorCall | None:
        """Return the call that is up or on its way, else the oldest offer."""
        live = [call for call in self._calls.values() if call.state is not CallState.ENDED]
        busy = [call for call in live if call.state is not CallState.RINGING]
        return next(iter(busy or live), None)

    async def list_phone_numbers(self) -> tuple[OwnNumber, ...]:
        """Return the account's numbers: `id` for going online, `number` as caller id."""
        await self._request(c.ListNumbers(self._adapter.name))
        return self._numbers

    async def go_online(self, phone_number_ids: Sequence[str]) -> None:
        """Connect and be available on these numbers; again with another set to change it."""
        name = self._adapter.name
        await self._request(c.GoOnline(name, tuple(phone_number_ids)))
        await self._request(c.SetAvailable(name, True))
        await self._until(lambda: self._state in (LinkState.ONLINE, LinkState.FAILED))
        if self._state is LinkState.FAILED:
            raise OperatorRequestError("CONNECT_FAILED", "The service could not be reached.")

    async def go_offline(self) -> None:
        """Withdraw, end the call, close."""
        await self._request(c.SetAvailable(self._adapter.name, False))
        await self._request(c.GoOffline(self._adapter.name))

    async def dial(self, to: str, caller_id: str) -> OperatorCall:
        """Place a call; returns when the platform has taken it and audio is opening."""
        placed = await self._request(c.Dial(to, self._adapter.name, caller_id))
        assert isinstance(placed, c.CallPlaced)
        return self._calls[placed.call]

    def on(self, event: str, listener: Callable[[Any], None]) -> Callable[[], None]:
        """Call `listener` at each event; return a function that ends that."""
        self._listeners[event].append(listener)
        return lambda: self.off(event, listener)

    def off(self, event: str, listener: Callable[[Any], None]) -> None:
        """Stop calling `listener`."""
        with contextlib.suppress(ValueError):
            self._listeners[event].remove(listener)

    def once(self, event: str, listener: Callable[[Any], None]) -> Callable[[], None]:
        """Call `listener` at the next event only."""

        def first(value: Any) -> None:
            self.off(event, first)
            listener(value)

        return self.on(event, first)

    # ---- from the calls ------------------------------------------------------------------------

    def _act(self, command: c.CallCommand) -> None:
        """Do something whose outcome shows in the call's state; a refusal is an `error` event."""

        async def act() -> None:
            try:
                await self._adapter.submit(command)
            except SoftphoneError as problem:
                self._tell("error", OperatorError(problem.code, problem.message))

        task = asyncio.get_running_loop().create_task(act())
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    def _mute(self, call: CallId, on: bool) -> None:
        if self._sound is not None and call in self._context.attached:
            self._sound.set_muted(call, on)
        self._act(c.Mute(call, on))

    async def _request(self, command: c.AccountCommand) -> c.Value | None:
        try:
            return await self._adapter.submit(command)
        except SoftphoneError as problem:
            raise OperatorRequestError(problem.code, problem.message, problem) from problem

    # ---- from the adapter ----------------------------------------------------------------------

    def _tell(self, event: str, value: object) -> None:
        for listener in list(self._listeners[event]):
            try:
                listener(value)
            except Exception:
                logger.exception("a listener for %s failed", event)

    def _take(self, event: AdapterEvent) -> None:
        match event:
            case e.LinkChanged(_, link):
                if link is not self._state:
                    self._state = link
                    self._tell("presence_state_changed", link)
            case e.NumbersListed(_, numbers):
                self._numbers = numbers
            case e.AvailabilityChanged(_, availability) if availability.confirmed:
                result = AvailabilityResult(availability.accepted, availability.rejected)
                self._tell("availability_changed", result)
            case e.ErrorRaised(_, code, text):
                self._tell("error", OperatorError(code, text))
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
            case e.CallNamed(call_id, native_id) if call_id in self._calls:
                self._calls[call_id].call_sid = native_id
            case e.CallProgressed(call_id, what) if call_id in self._calls:
                call = self._calls[call_id]
                call.state = CallState.CONNECTING
                if what is CallInput.CONNECT:
                    call.state = CallState.ACTIVE
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
