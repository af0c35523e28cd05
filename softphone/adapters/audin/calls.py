"""The calls of one Audin operator (reference, section 8). Pure.

One call may be on its way up or live; offers may wait beside it. Every call gets exactly one
end reason, the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from softphone.model import event as e
from softphone.model.call import AccountName, CallId, CallInput, EndReason, Party
from softphone.model.error import OutOfOrder, ProtocolError, Refused, RequestError
from softphone.model.event import Level

from . import wire
from .steps import CloseAudio, DialDone, Emit, EndUnwanted, OpenAudio, Send, SendAudio, Steps


class Phase(StrEnum):
    """Where a call stands between the two sockets."""

    RINGING = "ringing"
    ACCEPTING = "accepting"
    DIALING = "dialing"
    OPENING = "opening"
    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    """Hung up before the server told where; ended as soon as it does (8.2)."""
    OVER = "over"


class Move(StrEnum):
    """What moves a call from phase to phase."""

    ACCEPT = "accept"
    PLACED = "placed"
    AUDIO = "audio"
    HANG_UP = "hang_up"
    END = "end"


_P, _M = Phase, Move
NEXT: dict[tuple[Phase, Move], Phase] = {
    (_P.RINGING, _M.ACCEPT): _P.ACCEPTING,
    (_P.ACCEPTING, _M.PLACED): _P.OPENING,
    (_P.DIALING, _M.PLACED): _P.OPENING,
    (_P.OPENING, _M.AUDIO): _P.ACTIVE,
    (_P.ACCEPTING, _M.HANG_UP): _P.WITHDRAWN,
    (_P.DIALING, _M.HANG_UP): _P.WITHDRAWN,
    (_P.OPENING, _M.HANG_UP): _P.OVER,
    (_P.ACTIVE, _M.HANG_UP): _P.OVER,
    **{(phase, _M.END): _P.OVER for phase in _P if phase is not _P.OVER},
}
_BUSY = (_P.ACCEPTING, _P.DIALING, _P.OPENING, _P.ACTIVE)

BUSY_TEXT = "Audin takes one call at a time; end the other one first."
_REMEMBER_S = 300.0
_RINGS_AGAIN = (EndReason.OFFLINE, EndReason.NO_ANSWER)


@dataclass(slots=True)
class AudinCall:
    """One call. `limit` is when waiting for the server ends (monotonic)."""

    id: CallId
    phase: Phase
    outbound: bool
    sid: str = ""
    limit: float | None = None
    told_reason: str = ""

    def move(self, what: Move) -> None:
        """Take one step of the table; an illegal one raises OutOfOrder and changes nothing."""
        try:
            self.phase = NEXT[self.phase, what]
        except KeyError:
            raise OutOfOrder(what, self.phase) from None


@dataclass(slots=True)
class AudinCalls:
    """All calls that are not over, and the ids of those that ended lately."""

    account: AccountName
    new_call_id: Callable[[], CallId]
    local_party: Callable[[str, str], Party]
    """From a number id and a number to the operator's own party."""
    queue_second_offer: bool = True
    _calls: dict[CallId, AudinCall] = field(default_factory=dict)
    _ended: dict[str, tuple[EndReason, float]] = field(default_factory=dict)

    # ---- looking -------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Tell whether a call is on its way up or live; a mere offer does not count."""
        return any(call.phase in _BUSY for call in self._calls.values())

    @property
    def withdrawn(self) -> bool:
        """Tell whether a call that was hung up early may still be placed by the server (8.2)."""
        return self._one(Phase.WITHDRAWN) is not None

    @property
    def talking(self) -> bool:
        """Tell whether a call is live."""
        return any(call.phase is Phase.ACTIVE for call in self._calls.values())

    def get(self, call_id: CallId) -> AudinCall | None:
        """Return a call that is not over."""
        return self._calls.get(call_id)

    def next_limit(self) -> float | None:
        """Return when `overdue` has something to do, or None."""
        limits = [call.limit for call in self._calls.values() if call.limit is not None]
        return min(limits, default=None)

    # ---- what the operator does ----------------------------------------------------------------

    def accept(self, call_id: CallId, now: float) -> Steps:
        """Answer an offer; raises Refused unless it rings and no other call is up."""
        call = self._find(call_id)
        if call.phase is not Phase.RINGING:
            raise Refused("This call does not ring any more.")
        if self.busy or self._one(Phase.WITHDRAWN, outbound=False):
            raise Refused(BUSY_TEXT, code="BUSY")
        call.move(Move.ACCEPT)
        call.limit = now + wire.ACCEPT_LIMIT_S
        return [
            Send(wire.Accept(call.sid)),
            Emit(e.CallProgressed(call.id, CallInput.ANSWER)),
        ]

    def decline(self, call_id: CallId, now: float) -> Steps:
        """Refuse an offer; raises Refused unless it rings."""
        call = self._find(call_id)
        if call.phase is not Phase.RINGING:
            raise Refused("Only a ringing call can be declined; hang up instead.")
        return [Send(wire.Reject(call.sid)), *self._end(call, EndReason.DECLINED, now)]

    def ignore(self, call_id: CallId, now: float) -> Steps:
        """Stop ringing here and leave the offer to the other operators."""
        call = self._find(call_id)
        if call.phase is not Phase.RINGING:
            raise Refused("Only a ringing call can be ignored.")
        return self._end(call, EndReason.IGNORED, now)

    def dial(self, to: str, caller_id: str, now: float) -> tuple[CallId, Steps]:
        """Place a call; raises Refused (BUSY) when one is up."""
        if self.busy or self._one(Phase.WITHDRAWN, outbound=True):
            raise Refused(BUSY_TEXT, code="BUSY")
        call = AudinCall(self.new_call_id(), Phase.DIALING, outbound=True)
        call.limit = now + wire.DIAL_LIMIT_S
        self._calls[call.id] = call
        dialed = e.CallDialed(self.account, call.id, Party(to), self.local_party("", caller_id))
        return call.id, [Emit(dialed), Send(wire.StartOutbound(to, caller_id))]

    def hang_up(self, call_id: CallId, now: float) -> Steps:
        """End a call; before there is an audio socket it ends here at once (8.2)."""
        call = self._find(call_id)
        if call.phase is Phase.RINGING:
            raise Refused("This call rings: decline it instead.")
        if call.phase in (Phase.ACCEPTING, Phase.DIALING):
            return self._withdraw(call, EndReason.CANCELLED, "hangup")
        reason = EndReason.HANGUP if call.phase is Phase.ACTIVE else EndReason.CANCELLED
        call.move(Move.HANG_UP)
        return [CloseAudio(call.id), *self._over(call, reason, now)]

    def mute(self, call_id: CallId, on: bool) -> Steps:
        """Tell the server about the microphone; nothing before the call is up."""
        call = self._find(call_id)
        return [SendAudio(call.id, wire.MuteControl(on))] if call.phase is Phase.ACTIVE else []

    def tones(self, call_id: CallId, digits: str) -> Steps:
        """Send DTMF control messages; raises Refused unless the call is up."""
        call = self._find(call_id)
        if call.phase is not Phase.ACTIVE:
            raise Refused("Tones can be sent once the call is up.")
        return [SendAudio(call.id, wire.DtmfControl(digit)) for digit in digits]

    # ---- what the server says ------------------------------------------------------------------

    def offered(self, message: wire.IncomingCall, now: float) -> Steps:
        """Take `incoming_call` (8.1, 9.7 and the rows on repeated ids in section 11)."""
        known = self._by_sid(message.call_sid)
        if known is not None and known.phase is not Phase.RINGING:
            return []
        if known is None and self._stays_over(message.call_sid, now):
            return []
        remote = Party(message.from_ or "", message.display_name or "")
        local = self.local_party(message.phone_number_id or "", message.to or "")
        if known is not None:
            return [Emit(e.CallOffered(self.account, known.id, known.sid, remote, local))]
        if self.busy or (not self.queue_second_offer and self._one(Phase.RINGING)):
            return self._auto_decline(message.call_sid, remote, local, now)
        call = AudinCall(self.new_call_id(), Phase.RINGING, outbound=False, sid=message.call_sid)
        call.limit = now + message.ring_limit_s
        self._calls[call.id] = call
        return [Emit(e.CallOffered(self.account, call.id, call.sid, remote, local))]

    def taken(self, sid: str, reason: str, now: float) -> Steps:
        """Take `call_taken`: another operator has it, or nobody answered in time."""
        call = self._by_sid(sid)
        if call is None:
            return []
        if call.phase is Phase.WITHDRAWN:
            self._calls.pop(call.id)
            return []
        if call.phase not in (Phase.RINGING, Phase.ACCEPTING):
            return []
        gave_up = reason == wire.REASON_NO_ANSWER and call.phase is Phase.RINGING
        ended = EndReason.NO_ANSWER if gave_up else EndReason.TAKEN_BY_OTHER
        return self._end(call, ended, now, code=reason)

    def gone(self, sid: str, reason: str, now: float) -> Steps:
        """Take the extension for an offer that the caller gave up (6.4)."""
        call = self._by_sid(sid)
        if call is None or call.phase not in (Phase.RINGING, Phase.ACCEPTING):
            return []
        return self._end(call, EndReason.NO_ANSWER, now, code=reason, detail="caller gave up")

    def assigned(self, message: wire.CallAssigned, now: float) -> Steps:
        """Take `call_assigned`: the call is ours, open its audio."""
        call = self._by_sid(message.call_sid)
        if call is not None and call.phase is Phase.WITHDRAWN:
            return self._end_unwanted(call, message.call_sid)
        if call is None and self._gave_up_waiting(message.call_sid):
            return [EndUnwanted(message.call_sid)]
        if call is None or call.phase is not Phase.ACCEPTING:
            return []
        call.move(Move.PLACED)
        call.limit = None
        return [OpenAudio(call.id, call.sid), *self._decline_the_rest(now)]

    def started(self, message: wire.OutboundStarted, now: float) -> Steps:
        """Take `outbound_started`: ours, late, withdrawn, or never asked for."""
        sid = message.call_sid
        withdrawn = self._one(Phase.WITHDRAWN, outbound=True)
        if withdrawn is not None:
            return self._end_unwanted(withdrawn, sid)
        call = self._one(Phase.DIALING)
        if self._by_sid(sid) is not None:
            return [] if call is None else self._dial_failed(call, _wrong_sid(sid), now)
        if call is None:
            return [EndUnwanted(sid), self._remark("an outbound call nobody asked for was ended")]
        call.move(Move.PLACED)
        call.sid, call.limit = sid, None
        return [
            Emit(e.CallNamed(call.id, sid)),
            Emit(e.CallProgressed(call.id, CallInput.DIAL_ACCEPTED)),
            DialDone(call.id),
            OpenAudio(call.id, sid),
        ]

    def failed(self, message: wire.ServerError, now: float) -> Steps:
        """Take `error`; who it is about is decided in the order of 6.5."""
        call = self._blamed(message)
        code, text = message.code or "SERVER_ERROR", message.message or "refused by the server"
        if call is None:
            return [Emit(e.ErrorRaised(self.account, code, text))]
        if call.phase is Phase.WITHDRAWN:
            self._calls.pop(call.id)
            return []
        if call.phase is Phase.DIALING:
            return self._dial_failed(call, RequestError(text, code=code), now)
        if call.phase in (Phase.RINGING, Phase.ACCEPTING):
            return self._end(call, EndReason.FAILED, now, code=code, detail=text)
        return [Emit(e.ErrorRaised(self.account, code, text))]

    # ---- the audio socket ----------------------------------------------------------------------

    def audio_opened(self, call_id: CallId) -> Steps:
        """Audio is up at both ends: the call is active (7.4)."""
        call = self._calls.get(call_id)
        if call is None or call.phase is not Phase.OPENING:
            return []
        call.move(Move.AUDIO)
        return [Emit(e.CallProgressed(call.id, CallInput.CONNECT))]

    def audio_said(self, call_id: CallId, message: wire.AudioServerMessage) -> Steps:
        """Take a text message of the audio socket; servers need not send any (7.3)."""
        call = self._calls.get(call_id)
        match message:
            case wire.Answered() if call is not None and call.outbound:
                restarted = Emit(e.CallRestarted(call.id))
                return [restarted, self._remark("far end picked up", call.id)]
            case wire.Ended(reason) if call is not None:
                call.told_reason = reason
                return []
            case _:
                return []

    def audio_closed(self, call_id: CallId, close: wire.AudioClose, now: float) -> Steps:
        """The audio socket is gone, or could not be opened (8.3, 10.1)."""
        call = self._calls.get(call_id)
        if call is None:
            return []
        reason, detail = _reason_of(close, call)
        return self._end(call, reason, now, code=call.told_reason or close.value, detail=detail)

    def audio_failed(self, call_id: CallId, code: str, detail: str, now: float) -> Steps:
        """Our own side of the audio cannot go on (no microphone, no socket)."""
        call = self._calls.get(call_id)
        if call is None:
            return []
        return [
            Emit(e.ErrorRaised(self.account, code, detail)),
            *self._end(call, EndReason.FAILED, now, code=code, detail=detail),
        ]

    # ---- time, losses, leaving -----------------------------------------------------------------

    def overdue(self, now: float) -> Steps:
        """End what has waited too long."""
        steps: Steps = []
        for call in list(self._calls.values()):
            if call.limit is None or now < call.limit:
                continue
            if call.phase is Phase.RINGING:
                steps += self._end(call, EndReason.NO_ANSWER, now)
            elif call.phase is Phase.WITHDRAWN:
                self._calls.pop(call.id)
            elif call.phase is Phase.DIALING:
                late = RequestError("The server did not place the call.", code="DIAL_TIMEOUT")
                steps += self._dial_failed(call, late, now)
            else:
                text = "the server did not assign the call"
                steps += self._end(call, EndReason.FAILED, now, code="ACCEPT_TIMEOUT", detail=text)
        return steps

    def presence_lost(self, now: float) -> Steps:
        """End offers: the server has taken them back. Calls with audio go on (9.8)."""
        steps: Steps = []
        for call in self._in(Phase.RINGING):
            steps += self._end(call, EndReason.OFFLINE, now, detail="connection lost")
        return steps

    def leave(self, now: float) -> Steps:
        """Go offline on purpose: decline offers, hang up the live call (9.9)."""
        steps: Steps = []
        for call in list(self._calls.values()):
            if call.phase is Phase.RINGING:
                steps.append(Send(wire.Reject(call.sid)))
            elif call.phase in (Phase.OPENING, Phase.ACTIVE):
                steps.append(CloseAudio(call.id))
            if call.phase in (Phase.ACCEPTING, Phase.DIALING):
                steps += self._withdraw(call, EndReason.OFFLINE)
            elif call.phase is not Phase.WITHDRAWN:
                steps += self._end(call, EndReason.OFFLINE, now)
        return steps

    def forget_withdrawn(self) -> None:
        """Wait no longer for what the server does with calls that were hung up early."""
        for call in self._in(Phase.WITHDRAWN):
            self._calls.pop(call.id)

    # ---- private -------------------------------------------------------------------------------

    def _find(self, call_id: CallId) -> AudinCall:
        call = self._calls.get(call_id)
        if call is None or call.phase is Phase.WITHDRAWN:
            raise Refused("That call is over.", code="NO_CALL")
        return call

    def _by_sid(self, sid: str) -> AudinCall | None:
        return next((call for call in self._calls.values() if call.sid == sid), None)

    def _in(self, phase: Phase) -> Iterator[AudinCall]:
        return iter([call for call in self._calls.values() if call.phase is phase])

    def _one(self, phase: Phase, *, outbound: bool | None = None) -> AudinCall | None:
        found = (c for c in self._in(phase) if outbound is None or c.outbound is outbound)
        return next(found, None)

    def _blamed(self, message: wire.ServerError) -> AudinCall | None:
        if message.call_sid:
            return self._by_sid(message.call_sid)
        dialing = self._one(Phase.DIALING) or self._one(Phase.WITHDRAWN, outbound=True)
        accepting = self._one(Phase.ACCEPTING) or self._one(Phase.WITHDRAWN, outbound=False)
        if message.re == wire.START_OUTBOUND:
            return dialing
        if message.re == wire.ACCEPT:
            return accepting
        return None if message.re else dialing or accepting

    def _withdraw(self, call: AudinCall, reason: EndReason, code: str = "") -> Steps:
        """End a call here; at the server it is ended as soon as that has placed it (8.2)."""
        call.move(Move.HANG_UP)
        steps: Steps = [Emit(e.CallOver(call.id, reason, code))]
        if call.outbound and reason is EndReason.OFFLINE:
            steps.append(DialDone(call.id, Refused("Went offline.", code="NOT_ONLINE")))
        elif call.outbound:
            steps.append(DialDone(call.id, Refused("Hung up before the call was placed.")))
        return steps

    def _gave_up_waiting(self, sid: str) -> bool:
        """Tell whether our accept of this call found no answer in time; now it is too late."""
        return sid in self._ended and self._ended[sid][0] is EndReason.FAILED

    def _stays_over(self, sid: str, now: float) -> bool:
        """Tell whether an offer repeats a call that ended for good a moment ago."""
        self._ended = {s: v for s, v in self._ended.items() if now - v[1] < _REMEMBER_S}
        known = self._ended.get(sid)
        return known is not None and known[0] not in _RINGS_AGAIN

    def _auto_decline(self, sid: str, remote: Party, local: Party, now: float) -> Steps:
        self._ended[sid] = (EndReason.DECLINED, now)
        declined = e.CallAutoDeclined(self.account, self.new_call_id(), sid, remote, local)
        return [Send(wire.Reject(sid)), Emit(declined)]

    def _decline_the_rest(self, now: float) -> Steps:
        """One call is ours: the other offers go to other operators (9.7)."""
        steps: Steps = []
        for call in self._in(Phase.RINGING):
            steps.append(Send(wire.Reject(call.sid)))
            text = "another call was answered"
            steps += self._end(call, EndReason.DECLINED, now, code="busy", detail=text)
        return steps

    def _end_unwanted(self, call: AudinCall, sid: str) -> Steps:
        self._calls.pop(call.id)
        return [EndUnwanted(sid)]

    def _dial_failed(
        self, call: AudinCall, problem: RequestError | ProtocolError, now: float
    ) -> Steps:
        ended = self._end(call, EndReason.FAILED, now, code=problem.code, detail=problem.message)
        return [*ended, DialDone(call.id, problem)]

    def _end(
        self, call: AudinCall, reason: EndReason, now: float, code: str = "", detail: str = ""
    ) -> Steps:
        call.move(Move.END)
        return self._over(call, reason, now, code, detail)

    def _over(
        self, call: AudinCall, reason: EndReason, now: float, code: str = "", detail: str = ""
    ) -> Steps:
        self._calls.pop(call.id, None)
        if call.sid:
            self._ended[call.sid] = (reason, now)
        return [Emit(e.CallOver(call.id, reason, code, detail))]

    def _remark(self, text: str, call: CallId | None = None) -> Emit:
        return Emit(e.Remarked(self.account, Level.INFO, text, call))


def _wrong_sid(sid: str) -> ProtocolError:
    return ProtocolError(f"The server gave the id of another call ({sid}).")


_TOLD = {
    "hangup": EndReason.REMOTE_HANGUP,
    "remote_hangup": EndReason.REMOTE_HANGUP,
    "no_answer": EndReason.NO_ANSWER,
    "taken_by_other": EndReason.TAKEN_BY_OTHER,
    "rejected": EndReason.DECLINED,
    "busy": EndReason.BUSY,
    "failed": EndReason.FAILED,
    "offline": EndReason.OFFLINE,
}


def _reason_of(close: wire.AudioClose, call: AudinCall) -> tuple[EndReason, str]:
    """Return why a call ended whose audio socket closed (8.3, 9.6), with words beside."""
    early = call.phase is not Phase.ACTIVE
    match close:
        case wire.AudioClose.BUSY:
            return EndReason.BUSY, "busy"
        case wire.AudioClose.NO_ANSWER:
            return EndReason.NO_ANSWER, ""
        case wire.AudioClose.AUTH:
            return EndReason.FAILED, "session expired"
        case wire.AudioClose.REMOTE_HANGUP if call.told_reason:
            return _TOLD.get(call.told_reason, EndReason.REMOTE_HANGUP), ""
        case wire.AudioClose.REMOTE_HANGUP if early:
            return EndReason.FAILED, "closed before there was audio"
        case wire.AudioClose.REMOTE_HANGUP:
            return EndReason.REMOTE_HANGUP, ""
        case wire.AudioClose.FAILED:
            return EndReason.FAILED, "audio connection lost" if not early else "no audio connection"
