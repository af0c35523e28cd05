"""Commands of the operator, turned into operations and awaited."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from softphone.model import command as c
from softphone.model.call import CallId, Parameters
from softphone.model.error import Refused, RequestError, Unsupported
from softphone.webrtc.peer import codecs_available

from . import negotiation as n
from . import operations as o
from . import wire
from .call import RibbonCall
from .states import State

if TYPE_CHECKING:
    from .user import RibbonUser

_DIGITS = re.compile(r"[0-9*#A-Da-d,]{1,64}")
_PAUSE_S = 2.0  # a comma among tones
_TIMES_MS = (40, 2000)


class Desk:
    """Does what an operator asks of one signed-in user."""

    def __init__(self, user: RibbonUser) -> None:
        self._user = user
        self._tones: dict[CallId, asyncio.Task[None]] = {}

    async def run(self, command: c.AccountCommand | c.CallCommand) -> c.Value | None:
        """Do it and wait for its end; raises a SoftphoneError with the reason why not."""
        match command:
            case c.Dial():
                return await self._dial(command)
            case c.TransferTo(call, other):
                await self._transfer_to(call, other)
            case c.Join(call, other):
                return await self._join(call, other)
            case (
                c.Answer()
                | c.Decline()
                | c.Ignore()
                | c.Forward()
                | c.HangUp()
                | c.Hold()
                | c.Resume()
                | c.SendTones()
                | c.Transfer()
                | c.SetParameters()
                | c.SendRinging()
                | c.RestartMedia()
                | c.Resync()
            ):
                await self._call(command)
            case c.ShowReport(call):
                return self._report(call)
            case c.ShowStatistics(call):
                return self._statistics(call)
            case c.Mute() | c.Record() | c.PlayFile():
                raise Unsupported("The console does that itself.")
            case _:
                return await self._account(command)
        return None

    def call_over(self, call: CallId) -> None:
        """Stop what still plays in a call."""
        task = self._tones.pop(call, None)
        if task is not None:
            task.cancel()

    # ---- one call ------------------------------------------------------------------------------

    async def _call(
        self,
        command: c.Answer
        | c.Decline
        | c.Ignore
        | c.Forward
        | c.HangUp
        | c.Hold
        | c.Resume
        | c.SendTones
        | c.Transfer
        | c.SetParameters
        | c.SendRinging
        | c.RestartMedia
        | c.Resync,
    ) -> None:
        user, now = self._user, self._user.now
        calls = user.protocol.calls
        call = calls.get(command.call)
        match command:
            case c.Answer(parameters=parameters):
                if parameters:
                    o.set_parameters(call, parameters)
                o.set_traffic(call, command.audio_kbps, command.dscp)
                operation, steps = n.answer(call, now)
            case c.Decline():
                operation, steps = o.decline(call, now)
            case c.Ignore():
                return user.do(calls.sorted_out(o.ignore(call, now)))
            case c.Forward(_, to):
                operation, steps = o.forward(call, to, now)
            case c.HangUp():
                if call.ringing:
                    operation, steps = o.decline(call, now)
                else:
                    return user.do(calls.sorted_out(o.hang_up(call, now)))
            case c.Hold():
                operation, steps = n.hold(call, True, now)
            case c.Resume():
                operation, steps = n.hold(call, False, now)
            case c.SendTones():
                return self._send_tones(call, command)
            case c.Transfer(_, to):
                await self._held(call)
                operation, steps = o.transfer(calls.get(call.id), to, user.now)
            case c.SetParameters(_, parameters, send):
                return await self._set_parameters(call, parameters, send)
            case c.SendRinging():
                operation, steps = o.ring(call, now)
            case c.RestartMedia():
                operation, steps = n.restart(call, now)
            case c.Resync():
                operation, steps = o.resync(call, now)
        await user.finished(operation.id, steps)
        return None

    async def _dial(self, command: c.Dial) -> c.Value:
        user = self._user
        o.check_traffic(command.audio_kbps, command.dscp)
        calls = user.protocol.calls
        name, parameters = command.display_name, command.parameters
        call, operation, steps = calls.dial(command.to, name, parameters, user.now)
        o.set_traffic(call, command.audio_kbps, command.dscp)
        await user.finished(operation.id, steps)  # until the gateway has taken it
        return c.CallPlaced(call.id)

    async def _held(self, call: RibbonCall) -> None:
        """Put a call on hold where the operator did not: transfers need it (4.15)."""
        if call.state is State.CONNECTED:
            operation, steps = n.hold(call, True, self._user.now)
            await self._user.finished(operation.id, steps)

    async def _transfer_to(self, first: CallId, second: CallId) -> None:
        calls, user = self._user.protocol.calls, self._user
        if first == second:
            raise Refused("A call cannot be transferred to itself.", code="BAD_STATE")
        for call in (calls.get(first), calls.get(second)):
            await self._held(call)
        one, two = calls.get(first), calls.get(second)
        operation, steps = o.transfer_to(one, two, user.now)
        await user.finished(operation.id, steps)

    async def _join(self, first: CallId, second: CallId) -> c.Value:
        calls, user = self._user.protocol.calls, self._user
        if first == second:
            raise Refused("A call cannot be joined with itself.", code="BAD_STATE")
        for call in (calls.get(first), calls.get(second)):
            await self._held(call)
        joined, operation, steps = calls.join(first, second, user.now)
        await user.finished(operation.id, steps)
        return c.CallPlaced(joined.id)

    async def _set_parameters(self, call: RibbonCall, parameters: Parameters, send: bool) -> None:
        o.set_parameters(call, parameters)
        if send:
            operation, steps = o.send_parameters(call, self._user.now)
            await self._user.finished(operation.id, steps)

    # ---- tones ---------------------------------------------------------------------------------

    def _send_tones(self, call: RibbonCall, command: c.SendTones) -> None:
        if not _DIGITS.fullmatch(command.digits):
            raise Refused("Tones are 0 to 9, * and #; a comma is a pause.", code="BAD_NUMBER")
        for time_ms in (command.duration_ms, command.gap_ms):
            if not _TIMES_MS[0] <= time_ms <= _TIMES_MS[1]:
                raise Refused("A tone and its gap last 40 to 2000 ms.", code="BAD_NUMBER")
        media = self._user.legs.get(call.id)
        if media is None or not call.sounding:
            raise Refused("There is no sound to send tones on yet.", code="BAD_STATE")
        if call.local_hold or call.remote_hold:
            raise Refused("A call on hold carries no tones.", code="BAD_STATE")
        call.report.point("SEND_DTMF", call.at(self._user.now))
        if media.leg.send_tones(command.digits, command.duration_ms, command.gap_ms):
            return
        before = self._tones.get(call.id)
        self._tones[call.id] = self._user.own(self._play_tones(command, before))

    async def _play_tones(self, command: c.SendTones, before: asyncio.Task[None] | None) -> None:
        """Play digits into the sound, one after the other, where RTP events were not agreed."""
        if before is not None:
            await asyncio.wait([before])
        context = self._user.context
        for digit in command.digits:
            wait_s = _PAUSE_S
            if digit != ",":
                context.play_tones(command.call, digit, command.duration_ms, command.gap_ms)
                wait_s = (command.duration_ms + command.gap_ms) / 1000
            await asyncio.sleep(wait_s)

    # ---- looking -------------------------------------------------------------------------------

    def _report(self, call: CallId) -> c.Value:
        calls = self._user.protocol.calls
        known = calls.live.get(call) or next((x for x in calls.finished if x.id == call), None)
        if known is None:
            raise Refused("There is no report of that call.", code="NO_CALL")
        return c.ReportFound(known.report.snapshot())

    def _statistics(self, call: CallId) -> c.Value:
        known = self._user.protocol.calls.get(call)
        media = self._user.legs.get(call)
        if media is None:
            raise Refused("This call has no media yet.", code="BAD_STATE")
        known.report.point("GET_STATS", known.at(self._user.now))
        figures = media.statistics
        listed = [(name, _shown(getattr(figures, name))) for name in figures.__dataclass_fields__]
        return c.FiguresFound((("platform_state", known.state.value), *listed))

    # ---- the account ---------------------------------------------------------------------------

    async def _account(self, command: c.AccountCommand) -> c.Value | None:
        user = self._user
        session = user.protocol.session
        match command:
            case c.GoOnline() | c.RetryNow():
                user.do(session.open(user.now))
            case c.GoOffline():
                await user.leave()
            case c.SetAvailable() | c.ListNumbers():
                pass  # a Ribbon user is reachable while online, and has no further numbers
            case c.ChangeServices(_, add, drop):
                user.do(session.change(add, drop))
            case c.ShowSubscriptions():
                return self._subscriptions()
            case c.ResetConnection():
                user.do(session.reset(user.now))
            case c.SetLine(_, keep_alive, notifications):
                session.keep_alive = session.keep_alive if keep_alive is None else keep_alive
                if notifications is not None:
                    user.takes_notifications = notifications
                user.do([])
            case c.TakeNotification(_, text):
                if not user.take(text, pushed=True):
                    raise Refused("That is no notification, or one that came before.")
            case _:
                return await self._service(command)
        return None

    async def _service(self, command: c.AccountCommand) -> c.Value | None:
        if not self._user.protocol.session.up and isinstance(command, c.SendMessage):
            raise Refused("Not online: the message waits.", code="NOT_ONLINE")
        if isinstance(command, c.SubscribeEvent) and not self._has_event(command.event):
            raise Refused(
                f"{command.event} is no service of this account; add it to its services first.",
                code="NOT_SUBSCRIBED",
            )
        try:
            return await self._user.services.run(command)
        except wire.BadMessage as problem:
            raise RequestError(problem.message, code=problem.code) from None
        finally:
            self._user.do([])

    def _has_event(self, event: str) -> bool:
        session = self._user.protocol.session
        return session.has(event) or session.has(f"{wire.EVENT_SERVICE_PREFIX}{event}")

    def _subscriptions(self) -> c.Value:
        session, services, inbox = (
            self._user.protocol.session,
            self._user.services,
            self._user.inbox,
        )
        known = session.subscription
        line = (
            ("state", session.phase.name.lower()),
            ("correlator", known.correlator if known else session.correlator),
            ("expires_s", str(known.expires_s) if known else ""),
            ("keep_alive", "on" if session.keep_alive else "off"),
            ("ping_s", f"{self._user.settings.ping_s:g}"),
            ("notifications", "taken" if self._user.takes_notifications else "ignored"),
            ("reconnects", str(session.reconnects)),
            ("reconnect_limit", str(self._user.settings.reconnect_limit)),
            ("reconnect_delay_s", f"{self._user.settings.reconnect_delay_s:g}"),
            ("codecs", ", ".join(dict.fromkeys(codec.name for codec in codecs_available()))),
            ("taken", str(inbox.taken)),
            ("repeated", str(inbox.repeated)),
            ("unreadable", str(inbox.bad)),
            ("too_many", str(inbox.flooded)),
        )
        events = tuple(
            c.EventSubscription(event, known_event.users)
            for event, known_event in services.events.items()
        )
        names = tuple(service.value for service in wire.Service)
        return c.SubscriptionsFound(session.granted, session.wanted, names, events, line)


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if isinstance(value, float) else str(value)
