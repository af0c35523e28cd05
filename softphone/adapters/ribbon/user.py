"""One run of the adapter: everything that lives between connect and cancel."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING, Any, assert_never

from softphone.adapters.base import Context
from softphone.adapters.retry import watch_clock
from softphone.audio.leg import Leg
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId, EndReason
from softphone.model.error import Refused, SoftphoneError, TokenError
from softphone.model.event import Level
from softphone.model.presence import LinkState
from softphone.webrtc.peer import warm_up

from . import wire
from .credentials import Credentials
from .desk import Desk
from .inbox import Inbox
from .legs import Legs
from .line import Line
from .protocol import RibbonProtocol
from .rest import Ask, Rest
from .services import Services
from .settings import RibbonSettings
from .steps import (
    AskSubscription,
    CallAsk,
    CloseMedia,
    CloseSocket,
    Emit,
    Finished,
    Lost,
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
        self.legs = Legs(self)
        self.takes_notifications = True
        self._line = Line(self, settings.socket_base, self.credentials, adapter.tls)
        self._desk = Desk(self)
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
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
                await self.legs.close()
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
        """Do what the operator asks; raises a SoftphoneError with the reason why not."""
        try:
            return await self._desk.run(command)
        except SoftphoneError:
            raise
        except Exception:
            self._close_changes(getattr(command, "call", None))
            raise  # the engine logs it and answers whoever asked

    async def reload(self, before: RibbonSettings, settings: RibbonSettings) -> None:
        """Take changed settings: they count from their next use; services and presence at once."""
        self.settings = self.protocol.settings = settings
        session = self.protocol.session
        session.settings = self.protocol.calls.around.settings = settings
        self.services.settings = settings
        self.rest.settings = settings
        self.credentials.use(settings)
        self.inbox.remembered = settings.id_cache
        if settings.check_connectivity != before.check_connectivity:
            session.keep_alive = settings.check_connectivity
        if settings.services != before.services:
            self._ask_for(before.services, settings.services)
        if session.up:
            await self.services.reloaded(before)
        self._rearm()

    def _ask_for(self, before: tuple[str, ...], services: tuple[str, ...]) -> None:
        session = self.protocol.session
        drop = tuple(name for name in before if name not in services)
        try:
            self.do(session.change(services, drop))
        except Refused:  # offline, or just being asked: with the next subscription
            kept = [name for name in session.wanted if name not in drop]
            session.wanted = tuple(dict.fromkeys([*kept, *services]))

    def leg(self, call: CallId) -> Leg | None:
        """Return a call's sound."""
        media = self.legs.get(call)
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

    def socket_failed(self, round_: int, cause: str, *, unknown: bool = False) -> None:
        """A try to open it failed; `unknown`: the gateway does not know the channel."""
        session = self.protocol.session
        self.do(session.socket_failed(round_, cause, self.now, unknown=unknown))

    def socket_closed(self, round_: int, code: int, cause: str) -> None:
        """It is gone."""
        steps = self.protocol.session.socket_closed(round_, code, cause, self.now)
        self.do([*self.protocol.line_went(self.now), *steps])

    def socket_said(self, text: str | bytes) -> None:
        """It brought something; whatever that is, the socket lives on."""
        if self.takes_notifications:
            with self.guarded("a notification could not be taken"):
                self.take(text, pushed=False)

    def take(self, text: str | bytes, *, pushed: bool) -> bool:
        """Take a notification, however it came; False when it is none or a repeated one."""
        notice = self.inbox.take(text, self.now)
        if notice is None:
            return False
        call = None
        if isinstance(notice, wire.CallNotice):
            call = self.protocol.calls.by_session(notice.session)
        with self.guarded("a notification could not be taken", call.id if call else None):
            self._take(notice, text if isinstance(text, str) else "", pushed=pushed)
        return True

    def _take(self, notice: wire.Notice, text: str, *, pushed: bool) -> None:
        self._tell(notice, text)
        match notice:
            case wire.CallNotice():
                call = notice.event is wire.EventType.CALL
                if call and not pushed and self.settings.incoming_mode == "push":
                    return
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

    def _tell(self, notice: wire.Notice, text: str) -> None:
        body = wire.shown(text)
        name = wire.event_name(notice)
        event = e.PlatformEvent(self.adapter.name, name, self.context.wall(), body)
        self.context.emit(event)

    # ---- doing what the protocol says ----------------------------------------------------------

    def do(self, steps: Steps) -> None:
        """Do the steps in order, and be back when the next is due."""
        for step in steps:
            ticket = getattr(step, "ticket", None)
            with self.guarded("a step could not be done", ticket.call if ticket else None):
                self._do_one(step)
        self._rearm()

    @contextlib.contextmanager
    def guarded(self, what: str, call: CallId | None = None) -> Iterator[None]:
        """Let no defect out: log and report it, and close what is under way on `call`."""
        try:
            yield
        except Exception:
            logger.exception("%s", what)
            text = f"{what[0].upper()}{what[1:]}; the log says more."
            self.context.emit(e.ErrorRaised(self.adapter.name, "INTERNAL", text))
            self._close_changes(call)

    def _close_changes(self, call: CallId | None) -> None:
        if call is not None:
            failed = Refused("It failed inside softphone; the log says more.", code="INTERNAL")
            self.do(self.protocol.calls.faulted(call, failed, self.now))

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
                self.legs.begin(step)
            case Withdraw(call):
                self.legs.withdraw(call)
            case StartMedia(call):
                self.legs.start(call)
            case CloseMedia(call):
                self._desk.call_over(call)
                self.legs.end(call)
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
        call = step.ticket.call if step.ticket is not None else None
        with self.guarded("a request could not be handled", call):
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
        with self.guarded("what time has brought could not be done"):
            self.do(self.protocol.wake(self.now))
        self._rearm()

    async def _renew_events(self) -> None:
        with contextlib.suppress(TokenError):
            await self.services.renew_events()
        self._rearm()


async def _end_all(tasks: set[asyncio.Task[None]]) -> None:
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
