"""One run of the adapter: everything that lives between connect and cancel."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, assert_never

from softphone.adapters.base import Context
from softphone.adapters.retry import watch_clock
from softphone.audio.leg import Leg
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId, EndReason
from softphone.model.error import SoftphoneError, TokenError
from softphone.model.event import Level
from softphone.model.presence import LinkState
from softphone.webrtc.peer import PeerState, warm_up

from . import wire
from .conversions import local_record
from .credentials import Credentials
from .desk import Desk
from .inbox import Inbox
from .line import Line
from .media import CallMedia, peer_settings
from .protocol import RibbonProtocol
from .rest import Ask, Rest
from .services import Services
from .steps import (
    AskSubscription,
    CallAsk,
    CloseMedia,
    CloseSocket,
    Emit,
    Finished,
    Lost,
    Made,
    MakeAnswer,
    MakeOffer,
    OpenSocket,
    Ping,
    Ready,
    StartMedia,
    Step,
    Steps,
    TakeAnswer,
    Withdraw,
)

if TYPE_CHECKING:
    import aiohttp

    from .client import RibbonAdapter

logger = logging.getLogger(__name__)

_LEAVE_LIMIT_S = 2.0
_SAY_AGAIN_S = 60.0
_MediaStep = MakeOffer | MakeAnswer | TakeAnswer


class RibbonUser:
    """The owner of line, peers and tasks of one signed-in user."""

    def __init__(
        self, adapter: RibbonAdapter, context: Context, session: aiohttp.ClientSession
    ) -> None:
        settings = adapter.settings
        self.adapter, self.context, self.settings = adapter, context, settings
        self.credentials = Credentials(settings, context.monotonic)
        self.rest = Rest(session, settings, self.credentials, context.wall, self._sign_in_refused)
        offset = context.wall() - context.monotonic()
        self.protocol = RibbonProtocol(
            adapter.name,
            settings,
            adapter.correlator,
            context.new_call_id,
            lambda now: now + offset,
        )
        self.inbox = Inbox(settings.id_cache)
        self.services = Services(
            adapter.name, settings, self.rest, context.emit, context.monotonic, context.wall
        )
        self.media: dict[CallId, CallMedia] = {}
        self.takes_notifications = True
        self._line = Line(self, settings.socket_base, self.credentials, adapter.tls)
        self._desk = Desk(self)
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns: dict[CallId, asyncio.Task[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._refused_at: float | None = None
        self._left = False

    # ---- life ----------------------------------------------------------------------------------

    async def run(self, online: bool) -> None:
        """Keep line and calls going until cancelled."""
        self.do([Emit(e.LinkChanged(self.adapter.name, LinkState.OFFLINE))])
        self.own(self._warm_up())
        if online:
            self.do(self.protocol.session.open(self.now))
        try:
            await watch_clock(self.context.monotonic, self.context.wall, self._woke)
        finally:
            self._left = True
            try:
                await self.leave()
            finally:
                await self._line.closed()
                await _end_all(self._tasks)
                await asyncio.gather(*(media.close() for media in self.media.values()))
                await self.credentials.close()

    @property
    def now(self) -> float:
        """Return monotonic seconds."""
        return self.context.monotonic()

    async def leave(self) -> None:
        """End calls, give the subscription back, close; all of it within two seconds."""
        self.do(self.protocol.calls.leave(self.now))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_LIMIT_S):
                while self.protocol.calls.withdrawn and self._tasks:
                    await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
                self.do(self.protocol.session.leave())
                if self._tasks:
                    await asyncio.wait(self._tasks)
        self.do(self.protocol.session.leave())

    async def submit(self, command: c.AccountCommand | c.CallCommand) -> c.Value | None:
        """Do what the operator asks."""
        return await self._desk.run(command)

    def leg(self, call: CallId) -> Leg | None:
        """Return a call's sound."""
        media = self.media.get(call)
        return media.leg if media is not None else None

    async def finished(self, operation: int, steps: Steps) -> None:
        """Do the steps of an operation and wait for its end; raises what it failed with."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[operation] = future
        self.do(steps)
        try:
            await future
        finally:
            self._waiting.pop(operation, None)

    def own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something that ends with this run at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _warm_up(self) -> None:
        await asyncio.to_thread(warm_up)  # so that the first call need not wait for it

    def _woke(self, gone_s: float) -> None:
        text = f"woke after {gone_s:.0f} s, reconnecting"
        self.context.emit(e.Remarked(self.adapter.name, Level.WARNING, text))
        if self.protocol.session.up:
            self.protocol.line_went(self.now)
            self.do(self.protocol.session.reset(self.now))

    def _sign_in_refused(self, answer: wire.Answer) -> None:
        """Say that the credentials are refused; not again and again."""
        self.credentials.drop()
        said, now = self._refused_at, self.now
        if said is None or now - said > _SAY_AGAIN_S:
            self._refused_at = now
            name = self.adapter.name
            self.context.emit(e.ErrorRaised(name, "UNAUTHORIZED", answer.words))

    # ---- the notification socket (LineOwner) ---------------------------------------------------

    def socket_opened(self, round_: int) -> None:
        """The notification socket is open."""
        self.do(self.protocol.session.socket_opened(round_, self.now))

    def socket_failed(self, round_: int, cause: str) -> None:
        """A try to open it failed."""
        self.do(self.protocol.session.socket_failed(round_, cause, self.now))

    def socket_closed(self, round_: int, code: int, cause: str) -> None:
        """It is gone."""
        steps = self.protocol.session.socket_closed(round_, code, cause, self.now)
        self.do([*self.protocol.line_went(self.now), *steps])

    def socket_said(self, text: str | bytes) -> None:
        """It brought something."""
        if self.takes_notifications:
            self.take(text, pushed=False)

    def take(self, text: str | bytes, *, pushed: bool) -> bool:
        """Take a notification, however it came; False when it is none or a repeated one."""
        notice = self.inbox.take(text, self.now)
        if notice is None:
            return False
        self._tell(notice, text if isinstance(text, str) else "")
        match notice:
            case wire.CallNotice():
                call = notice.event is wire.EventType.CALL
                if call and not pushed and self.settings.incoming_mode == "push":
                    return True
                self.do(self.protocol.notified(notice, self.now))
            case wire.LossNotice():
                self.do(self.protocol.notified(notice, self.now))
            case wire.MessageNotice():
                self.services.message(notice, str(self.context.new_call_id()))
            case wire.PresenceNotice() | wire.MwiNotice():
                self.services.notified(notice)
            case wire.GenericNotice() | wire.UnknownNotice():
                pass  # told as an event
            case _:
                assert_never(notice)
        return True

    def _tell(self, notice: wire.Notice, text: str) -> None:
        body = wire.shown(text)
        name = wire.event_name(notice)
        event = e.PlatformEvent(self.adapter.name, name, self.context.wall(), body)
        self.context.emit(event)

    # ---- media (MediaOwner) --------------------------------------------------------------------

    def peer_changed(self, call: CallId, state: PeerState) -> None:
        """A call's connection changed."""
        self.do(self.protocol.calls.peer_changed(call, state))

    def peer_silent(self, call: CallId, silent: bool) -> None:
        """Nothing comes in a call, or something again."""
        self.do(self.protocol.calls.silent(call, silent))

    def _media_of(self, call: CallId) -> CallMedia:
        media = self.media.get(call)
        if media is None:
            known = self.protocol.session.subscription
            settings = peer_settings(
                self.settings, known.turn if known else None, self.adapter.sdp_handlers
            )
            media = self.media[call] = CallMedia(self, call, settings, self.own)
        return media

    async def _media_step(self, step: _MediaStep, before: asyncio.Task[None] | None) -> None:
        """Do one step of a call's negotiation, after the one before it."""
        if before is not None:
            await asyncio.wait([before])
        media = self.media.get(step.ticket.call)
        if media is None:
            return  # the call is over
        calls = self.protocol.calls
        try:
            made = await self._negotiate(media, step)
        except SoftphoneError as problem:
            self.do(calls.media_failed(step.ticket, problem, self.now))
            return
        if made is not None:
            self.do(calls.made(step.ticket, made, self.now))
        else:
            self.do(calls.taken(step.ticket, self.now))

    async def _negotiate(self, media: CallMedia, step: _MediaStep) -> Made | None:
        match step:
            case MakeOffer(_, direction, restart, fresh):
                return await media.offer(direction, restart=restart, fresh=fresh)
            case MakeAnswer(_, offer, direction):
                return await media.answer(offer, direction)
            case TakeAnswer(_, answer, provisional):
                await media.accept(answer, provisional=provisional)
                return None
            case _:
                assert_never(step)

    def _start_media(self, call: CallId) -> None:
        calls = self.protocol.calls
        begun = calls.microphone_wanted(call, self.now)
        try:
            self.context.start_media(call)
        except SoftphoneError as problem:
            calls.microphone_had(call, begun, problem.message, self.now)
            self.do(calls.sound_failed(call, problem, self.now))
        else:
            calls.microphone_had(call, begun, "", self.now)

    def _close_media(self, call: CallId) -> None:
        self.context.stop_media(call)
        self._turns.pop(call, None)
        self._desk.call_over(call)
        media = self.media.pop(call, None)
        if media is not None:
            self.own(media.close())
        self._remember(call)

    def _remember(self, call: CallId) -> None:
        known = self.protocol.calls.live.get(call) or next(
            (x for x in self.protocol.calls.finished if x.id == call), None
        )
        record = local_record(known) if known else None
        if record is not None:
            self.services.local.append(record)

    # ---- doing what the protocol says ----------------------------------------------------------

    def do(self, steps: Steps) -> None:
        """Do the steps in order, and be back when the next is due."""
        for step in steps:
            self._do_one(step)
        self._rearm()

    def _do_one(self, step: Step) -> None:
        match step:
            case Emit(event):
                self.context.emit(event)
            case AskSubscription():
                self.own(self._ask_subscription(step))
            case OpenSocket():
                ping_s = self.settings.ping_s if self.protocol.session.keep_alive else None
                self._line.open(step, ping_s)
            case CloseSocket():
                self.protocol.line_went(self.now)
                self._line.close()
            case Ping():
                self._line.ping()
            case Ready(fresh):
                self._ready(fresh)
            case Lost():
                reason = EndReason.LINK_LOST
                self.do(self.protocol.calls.leave(self.now, reason))
            case CallAsk():
                self.own(self._ask_call(step))
            case MakeOffer() | MakeAnswer() | TakeAnswer():
                call = step.ticket.call
                self._media_of(call)
                self._turns[call] = self.own(self._media_step(step, self._turns.get(call)))
            case Withdraw(call):
                if call in self.media:
                    self.media[call].withdraw()
            case StartMedia(call):
                self._start_media(call)
            case CloseMedia(call):
                self._close_media(call)
            case Finished(operation, error):
                self._finish(operation, error)
            case _:
                assert_never(step)

    def _ready(self, fresh: bool) -> None:
        self.do(self.protocol.line_came(self.now))
        if fresh:
            self.own(self.services.begin(self.protocol.session.has))

    def _finish(self, operation: int, error: SoftphoneError | None) -> None:
        future = self._waiting.get(operation)
        if future is None or future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    async def _ask_subscription(self, step: AskSubscription) -> None:
        session = self.protocol.session
        first = step.method == "POST"
        if first:
            self.credentials.drop()
            self.credentials.session = None
        ask = Ask(step.method, step.path, step.body, subscribing=first)
        try:
            answer = await self.rest.send(ask)
        except SoftphoneError as problem:
            self.do(session.failed(step, problem, self.now))
            return
        if answer.ok and step.method != "DELETE":
            self._keep_session(answer)
        self.do(session.answered(step, answer, self.now))

    def _keep_session(self, answer: wire.Answer) -> None:
        """Remember what signs further requests after an HMAC token (1.4)."""
        with contextlib.suppress(wire.BadMessage):
            granted = wire.Subscription.read(answer.body)
            self.credentials.session = granted.session or self.credentials.session

    async def _ask_call(self, step: CallAsk) -> None:
        calls = self.protocol.calls
        ask = Ask(step.method, step.path, step.body, reads_answer=step.method != "DELETE")
        try:
            answer = await self.rest.send(ask)
        except SoftphoneError as problem:
            if step.ticket is None:
                logger.info("a request nobody waits for failed: %s", problem)
            self.do(calls.failed(step, problem, self.now))
            return
        self.do(calls.answered(step, answer, self.now))

    # ---- time ----------------------------------------------------------------------------------

    def _rearm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # Offline nothing is renewed, however long it is due: it is all asked for anew afterwards.
        renewal = self.services.next_renewal() if self.protocol.session.up else None
        due = [self.protocol.next_wake(), renewal]
        soonest = min((at for at in due if at is not None), default=None)
        if soonest is not None and not self._left:
            delay = max(0.0, soonest - self.now)
            self._timer = asyncio.get_running_loop().call_later(delay, self._wake)

    def _wake(self) -> None:
        renewal = self.services.next_renewal()
        if renewal is not None and renewal <= self.now and self.protocol.session.up:
            self.own(self._renew_events())
        self.do(self.protocol.wake(self.now))

    async def _renew_events(self) -> None:
        with contextlib.suppress(TokenError):
            await self.services.renew_events()
        self._rearm()


async def _end_all(tasks: set[asyncio.Task[None]]) -> None:
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
