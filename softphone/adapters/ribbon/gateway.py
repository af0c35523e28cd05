"""A Ribbon gateway from Python, without console and engine.

    async with RibbonGateway(url=..., user=..., password_env="PASSWORD") as gateway:
        call = await gateway.dial("echo@example.com", play="greeting.wav", record="heard.wav")
        await call.connected()
        await call.hang_up()

Everything belongs to one event loop. States and end reasons are those of `softphone.model.call`;
what is refused raises a SoftphoneError with a sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from softphone.config import AccountConfig, Source
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import (
    AccountName,
    CallId,
    CallInput,
    CallState,
    Direction,
    EndReason,
    Parameters,
    Party,
    next_state,
)
from softphone.model.error import ConnectError, OutOfOrder, Refused
from softphone.model.event import AdapterEvent
from softphone.model.presence import LinkState
from softphone.model.report import CallReport, SoundStep

from .client import RibbonAdapter, make

if TYPE_CHECKING:
    from softphone.audio.engine import AudioEngine
    from softphone.audio.report import AudioReport

logger = logging.getLogger(__name__)

EVENTS = ("incoming_call", "call_changed", "call_ended", "link", "message", "event")
_START_LIMIT_S = 10.0
_SIGN_IN_LIMIT_S = 30.0


@dataclass(slots=True, eq=False)
class RibbonCall:
    """One call, from its offer or dial on. Its fields change as the call goes."""

    gateway: RibbonGateway
    id: CallId
    direction: Direction
    state: CallState
    remote: Party
    held_by_us: bool = False
    held_by_them: bool = False
    end_reason: EndReason | None = None
    end_detail: str = ""
    parameters: Parameters = ()
    report: CallReport | None = None
    _play: str = ""
    _record: str = ""

    async def answer(self, *, play: str | Path = "", record: str | Path = "") -> None:
        """Answer; returns when the call is up. `play` goes out instead of the microphone."""
        self._play, self._record = str(play), str(record)
        await self.gateway.submit(c.Answer(self.id))

    async def decline(self) -> None:
        """Refuse a ringing call."""
        await self.gateway.submit(c.Decline(self.id))

    async def hang_up(self) -> None:
        """End the call; does nothing when it is over."""
        if self.state is not CallState.ENDED:
            await self.gateway.submit(c.HangUp(self.id))

    async def hold(self) -> None:
        """Put the call on hold; returns when the far end knows."""
        await self.gateway.submit(c.Hold(self.id))

    async def resume(self) -> None:
        """Take the call back."""
        await self.gateway.submit(c.Resume(self.id))

    async def transfer(self, to: str | RibbonCall) -> None:
        """Send the far end somewhere, or connect it with the far end of another call."""
        other = to.id if isinstance(to, RibbonCall) else None
        command = c.TransferTo(self.id, other) if other else c.Transfer(self.id, str(to))
        await self.gateway.submit(command)

    async def send_tones(self, digits: str) -> None:
        """Send DTMF; a comma is a pause."""
        await self.gateway.submit(c.SendTones(self.id, digits))

    async def connected(self, limit_s: float = 60.0) -> None:
        """Wait until the call is up; Refused when it ends before, ConnectError when it is late."""
        up = (CallState.ACTIVE, CallState.HELD)
        await self.gateway.until(lambda: self.state in (*up, CallState.ENDED), limit_s)
        if self.state is CallState.ENDED:
            words = self.end_reason.words if self.end_reason else "over"
            raise Refused(f"The call is over: {self.end_detail or words}.", code="NO_CALL")

    async def ended(self, limit_s: float | None = None) -> EndReason | None:
        """Wait for the call's end and return its reason."""
        await self.gateway.until(lambda: self.state is CallState.ENDED, limit_s)
        return self.end_reason

    async def played(self, limit_s: float | None = None) -> None:
        """Wait until the file to play has gone out, or the call is over."""
        await self.gateway.until(lambda: not self._play or self.state is CallState.ENDED, limit_s)


class RibbonGateway:
    """One user of a Ribbon gateway. Settings are those of a Ribbon account."""

    def __init__(self, *, audio: str | tuple[str, str] = "auto", **settings: Any) -> None:
        """Take the account's settings (`url`, `user`, …); ConfigError names a wrong one.

        `audio` is a sound device for both ways or (microphone, speaker): "auto", "null",
        "tone", "file:IN.wav", "portaudio:NAME".
        """
        table = {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()}
        account = AccountConfig(
            AccountName("ribbon"), "ribbon", {"online_at_start": False, **table}, Source(None)
        )
        self.adapter: RibbonAdapter = make(account)
        self.calls: dict[CallId, RibbonCall] = {}
        self._devices = (audio, audio) if isinstance(audio, str) else audio
        self._listeners: dict[str, list[Callable[[Any], object]]] = {name: [] for name in EVENTS}
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._link = e.LinkChanged(account.name, LinkState.OFFLINE)
        self._next_files = ("", "")
        self._sound: AudioEngine | None = None
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        # The adapters' layer knows no sound engine; this facade is a program of its own.
        from softphone.audio.engine import AudioEngine
        from softphone.audio.report import AudioSettings

        microphone, speaker = self._devices
        self._sound = AudioEngine(AudioSettings(input=microphone, output=speaker), self._heard_of)
        self._sound.start()
        self._running = asyncio.create_task(self.adapter.run(_Context(self)))
        try:
            await self.until(lambda: self.adapter.running, _START_LIMIT_S)
            await self.submit(c.GoOnline(self.adapter.name))
            final = (LinkState.ONLINE, LinkState.FAILED)
            await self.until(lambda: self._link.link in final, _SIGN_IN_LIMIT_S)
            if self._link.link is LinkState.FAILED:
                raise ConnectError(self._link.cause, code=self._link.code)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        if self._sound is not None:
            await asyncio.to_thread(self._sound.close)

    # ---- what a program asks for ---------------------------------------------------------------

    async def dial(
        self,
        to: str,
        *,
        play: str | Path = "",
        record: str | Path = "",
        parameters: Parameters = (),
        display_name: str = "",
        audio_kbps: int = 0,
        dscp: int = -1,
    ) -> RibbonCall:
        """Place a call; returns when the gateway has taken it.

        `audio_kbps` and `dscp` are those of the settings unless given.
        """
        self._next_files = (str(play), str(record))
        command = c.Dial(
            to,
            self.adapter.name,
            display_name=display_name,
            parameters=parameters,
            audio_kbps=audio_kbps,
            dscp=dscp,
        )
        placed = await self.submit(command)
        assert isinstance(placed, c.CallPlaced)
        return self.calls[placed.call]

    async def submit(self, command: c.AccountCommand | c.CallCommand) -> c.Value | None:
        """Do any command of `softphone.model.command`; raises a SoftphoneError when refused."""
        return await self.adapter.submit(command)

    async def join(self, one: RibbonCall, other: RibbonCall) -> RibbonCall:
        """Make one conversation of two calls and return it."""
        placed = await self.submit(c.Join(one.id, other.id))
        assert isinstance(placed, c.CallPlaced)
        return self.calls[placed.call]

    def set_sdp_handlers(self, handlers: Sequence[Callable[[str], str]]) -> None:
        """Let these edit each description we send, in calls that begin from now on."""
        self.adapter.sdp_handlers[:] = handlers

    def on(self, event: str, listener: Callable[[Any], object]) -> Callable[[], None]:
        """Call `listener` at each event of EVENTS; return a function that ends that."""
        if event not in self._listeners:
            raise ValueError(f"No event {event!r}; one of {', '.join(EVENTS)}.")
        self._listeners[event].append(listener)
        return lambda: self._listeners[event].remove(listener)

    async def until(self, done: Callable[[], bool], limit_s: float | None) -> None:
        """Wait until something is so; ConnectError when it is not in time."""
        if done():
            return
        entry = (done, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        try:
            await asyncio.wait_for(entry[1], limit_s)
        except TimeoutError:
            raise ConnectError("The gateway does not answer in time.") from None
        finally:
            self._waiting.remove(entry)

    # ---- from the adapter ----------------------------------------------------------------------

    def take(self, event: AdapterEvent) -> None:
        """Follow a fact, tell listeners, wake whoever waits."""
        match event:
            case e.LinkChanged():
                self._link = event
                self._tell("link", event)
            case e.MessageChanged(message):
                self._tell("message", message)
            case e.ErrorRaised(_, code, text):
                logger.warning("%s: %s", code, text)
            case _:
                self._take_call(event)
        self._tell("event", event)
        self._wake()

    def _wake(self) -> None:
        for done, future in list(self._waiting):
            if done() and not future.done():
                future.set_result(None)

    def _take_call(self, event: AdapterEvent) -> None:
        match event:
            case e.CallOffered(_, call, _, remote, parameters=parameters):
                offered = RibbonCall(self, call, Direction.INBOUND, CallState.RINGING, remote)
                offered.parameters = parameters
                self.calls[call] = offered
                self._tell("incoming_call", offered)
            case e.CallDialed(_, call, remote):
                dialed = RibbonCall(self, call, Direction.OUTBOUND, CallState.DIALING, remote)
                dialed._play, dialed._record = self._next_files
                self._next_files = ("", "")
                self.calls[call] = dialed
            case e.CallProgressed(call, what) if call in self.calls:
                self._progressed(self.calls[call], what)
            case e.CallHeldByPeer(call, held) if call in self.calls:
                self.calls[call].held_by_them = held
                self._tell("call_changed", self.calls[call])
            case e.CallReported(report) if report.call in self.calls:
                self.calls[report.call].report = report
            case e.CallOver(call, reason, _, detail) if call in self.calls:
                over = self.calls[call]
                over.state, over.end_reason, over.end_detail = CallState.ENDED, reason, detail
                self._tell("call_ended", over)
            case _:
                pass

    def _progressed(self, call: RibbonCall, what: CallInput) -> None:
        if what in (CallInput.HOLD, CallInput.RESUME):
            call.held_by_us = what is CallInput.HOLD
        else:
            with contextlib.suppress(OutOfOrder):
                call.state = next_state(call.state, what)
        self._tell("call_changed", call)

    def _tell(self, event: str, value: object) -> None:
        for listener in list(self._listeners[event]):
            try:
                listener(value)
            except Exception:
                logger.exception("a listener for %s failed", event)

    def _heard_of(self, report: AudioReport) -> None:
        logger.info("sound: %s", report.text)  # on the sound engine's thread

    # ---- sound ---------------------------------------------------------------------------------

    def attach(self, call: CallId) -> None:
        """Connect a call's sound, with the files it was given."""
        leg, known = self.adapter.media(call), self.calls[call]
        assert self._sound is not None and leg is not None
        self._sound.attach(call, leg)
        self._sound.set_talk(call, talk=True, listen=True)
        if known._play:
            self._sound.play_file(call, Path(known._play), self._played_soon(known))
            self.adapter.sound_step(call, SoundStep.FILE, over=False)
        if known._record:
            self._sound.record(call, Path(known._record))

    def _played_soon(self, call: RibbonCall) -> Callable[[], None]:
        """Return what the sound engine may call on its thread at a file's end."""
        loop = asyncio.get_running_loop()

        def played() -> None:
            call._play = ""
            self.adapter.sound_step(call.id, SoundStep.FILE, over=True)
            self._wake()

        def from_sound_thread() -> None:
            loop.call_soon_threadsafe(played)

        return from_sound_thread

    def detach(self, call: CallId) -> None:
        """Disconnect a call's sound; what was recorded is in its file then."""
        if self._sound is not None:
            self._sound.detach(call)


class _Context:
    """What the adapter needs of its surroundings: clocks, identities, sound."""

    def __init__(self, gateway: RibbonGateway) -> None:
        self._gateway = gateway
        self._attached: set[CallId] = set()

    def emit(self, event: AdapterEvent) -> None:
        self._gateway.take(event)

    def new_call_id(self) -> CallId:
        return CallId(uuid.uuid4().hex[:16])

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def start_media(self, call: CallId) -> None:
        self._gateway.attach(call)
        self._attached.add(call)

    def stop_media(self, call: CallId) -> None:
        if call in self._attached:
            self._attached.discard(call)
            self._gateway.detach(call)

    def play_tones(self, call: CallId, digits: str, duration_ms: int, gap_ms: int) -> None:
        if call in self._attached and self._gateway._sound is not None:
            self._gateway._sound.send_tones(call, digits, duration_ms, gap_ms)
