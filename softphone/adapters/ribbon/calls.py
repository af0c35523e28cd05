"""All calls of an account: finds the call of a notification, keeps time, joins two (4). Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from softphone.model import event as e
from softphone.model.call import CallId, CallInput, EndReason, MediaState, Parameters, Party
from softphone.model.error import ProtocolError, Refused, SoftphoneError
from softphone.model.event import Level
from softphone.model.report import SoundStep
from softphone.webrtc.description import offered
from softphone.webrtc.peer import PeerState

from . import far_offers as far
from . import negotiation as n
from . import operations as o
from . import wire
from .call import AUDIT, RibbonCall, Surroundings, far_party
from .ends import end_reason
from .report import SOUND_EVENT_OF
from .states import Input, Op, Operation, State
from .steps import CallAsk, Emit, Made, Steps, Ticket

_EARLY_NOTICES = 64
_EARLY_KEPT_S = 10.0
_BY_OPERATION = frozenset(
    {
        *(Op.REJECT, Op.FORWARD_CALL, Op.SEND_RINGING_FEEDBACK, Op.SEND_CUSTOM_PARAMETERS),
        *(Op.DIRECT_TRANSFER, Op.CONSULTATIVE_TRANSFER, Op.RESYNC),
    }
)
_MEDIA = {
    PeerState.CHECKING: MediaState.OPENING,
    PeerState.CONNECTED: MediaState.OPENING,
    PeerState.COMPLETED: MediaState.FLOWING,
    PeerState.DISCONNECTED: MediaState.SILENT,
    PeerState.FAILED: MediaState.LOST,
}


@dataclass(slots=True)
class RibbonCalls:
    """The calls of one account that are not over, and what they still owe the gateway."""

    around: Surroundings
    new_call_id: Callable[[], CallId]
    live: dict[CallId, RibbonCall] = field(default_factory=dict)
    finished: deque[RibbonCall] = field(default_factory=lambda: deque(maxlen=100))
    strays: int = 0
    _early: deque[tuple[wire.CallNotice, float]] = field(
        default_factory=lambda: deque(maxlen=_EARLY_NOTICES)
    )
    _abandoned: set[Ticket] = field(default_factory=set)

    # ---- looking -------------------------------------------------------------------------------

    def get(self, call: CallId) -> RibbonCall:
        """Return a call that is not over; Refused (NO_CALL) otherwise."""
        found = self.live.get(call)
        if found is None:
            raise Refused("That call is over.", code="NO_CALL")
        return found

    def by_session(self, session: str) -> RibbonCall | None:
        """Return the call of a session."""
        return next((call for call in self.live.values() if call.session == session), None)

    @property
    def placing(self) -> bool:
        """Tell whether a call waits for its session, or an abandoned one for its end."""
        return bool(self._abandoned) or any(not call.session for call in self.live.values())

    @property
    def withdrawn(self) -> bool:
        """Tell whether a call that was given up may still come to life at the gateway."""
        return bool(self._abandoned)

    # ---- the operator --------------------------------------------------------------------------

    def dial(
        self, to: str, display_name: str, parameters: Parameters, now: float
    ) -> tuple[RibbonCall, Operation, Steps]:
        """Place a call; Refused while offline or for what is no address."""
        if not self.around.online:
            raise Refused("Not online: the call cannot be placed now.", code="NOT_ONLINE")
        if not to.strip() or not to.isprintable() or len(to) > 256:
            raise Refused(f"{to[:40]!r} is not an address.", code="BAD_NUMBER")
        address = self.around.address(to)
        call = self._new(Party(wire.shown_address(address, self.around.domain)), now)
        call.target = address
        o.set_parameters(call, parameters)
        op, steps = n.make(call, now, display_name or self.around.settings.display_name)
        return call, op, [self._dialed(call), *steps]

    def join(
        self, first: CallId, second: CallId, now: float
    ) -> tuple[RibbonCall, Operation, Steps]:
        """Make one conversation of two held calls (4.16)."""
        one, two = self.get(first), self.get(second)
        if one is two:
            raise Refused("A call cannot be joined with itself.", code="BAD_STATE")
        if State.ON_HOLD not in (one.state, two.state) or one.state is not two.state:
            raise Refused("Both calls must be on hold for that.", code="BAD_STATE")
        addresses = ",".join(wire.bare(call.remote.address) for call in (one, two))
        names = " + ".join(call.remote.label for call in (one, two))
        call = self._new(Party(addresses, names), now)
        call.joins = (one.id, two.id)
        op, steps = n.join(call, now)
        op.then = f"{one.session}\n{two.session}"
        return call, op, [self._dialed(call), *steps]

    def leave(self, now: float, reason: EndReason = EndReason.OFFLINE) -> Steps:
        """End everything: offers are left to the user's other devices (4.8)."""
        steps: Steps = []
        for call in list(self.live.values()):
            if call.ringing:
                steps += call.over(reason, now, event="IGNORE")
            else:
                steps += o.hang_up(call, now, reason)
        return self.sorted_out(steps)

    # ---- results of steps ----------------------------------------------------------------------

    def answered(self, ask: CallAsk, reply: wire.Answer, now: float) -> Steps:
        """Take the gateway's answer to a request."""
        ticket = ask.ticket
        if ticket is None:
            return []
        if ticket in self._abandoned:
            self._abandoned.discard(ticket)
            return self._end_abandoned(reply)
        call = self.live.get(ticket.call)
        if call is None:
            return []
        if ticket.part == AUDIT:
            return self.sorted_out(call.audited(reply, now))
        op = call.operations.get(ticket.operation)
        if op is None:
            return []
        by_operation = op.type in _BY_OPERATION or ticket.part == "resync"
        steps = (o if by_operation else n).told(call, op, reply, now)
        return self.sorted_out([*steps, *self._replay(call, now)])

    def failed(self, ask: CallAsk, problem: SoftphoneError, now: float) -> Steps:
        """Take it that a request got no answer."""
        ticket = ask.ticket
        if ticket is None:
            return []
        self._abandoned.discard(ticket)
        call = self.live.get(ticket.call)
        if call is None:
            return []
        if ticket.part == AUDIT:
            return call.audited(None, now)
        op = call.operations.get(ticket.operation)
        if op is None:
            return []
        by_operation = op.type in _BY_OPERATION or ticket.part == "resync"
        return self.sorted_out((o if by_operation else n).not_told(call, op, problem, now))

    def made(self, ticket: Ticket, found: Made, now: float) -> Steps:
        """Take a description of our own."""
        call, op = self._of(ticket)
        if call is None or op is None:
            return []
        steps = n.made(call, op, found, now)
        if not op.local and not op.sends_offer:
            steps = [*steps, *far.made(call, op, now)]
        return self.sorted_out(steps)

    def taken(self, ticket: Ticket, now: float) -> Steps:
        """Take it that the far end's answer is applied."""
        call, op = self._of(ticket)
        if call is None:
            return []
        if ticket.part == n.EARLY:
            return n.early_taken(call)
        return self.sorted_out(n.taken(call, op, now)) if op is not None else []

    def media_failed(self, ticket: Ticket, problem: SoftphoneError, now: float) -> Steps:
        """Take it that a description could not be made or applied."""
        call, op = self._of(ticket)
        if call is None or op is None:
            return []
        if ticket.part == n.EARLY:
            text = f"early media cannot be played: {problem.message}"
            return [call.remark(Level.WARNING, text)]
        return self.sorted_out(n.not_made(call, op, problem, now))

    def faulted(self, call_id: CallId, problem: SoftphoneError, now: float) -> Steps:
        """Close all that is under way on a call after a failure inside; it goes on if it is up."""
        call = self.live.get(call_id)
        if call is None:
            return []
        steps = far.refuse_waiting(call)
        for op in list(call.operations.values()):
            if op.id not in call.operations:
                continue  # the call is over with the one before
            if op.negotiates:
                steps += n.not_made(call, op, problem, now)
            else:
                steps += call.finish(op, now, problem)
        return self.sorted_out(steps)

    def microphone_wanted(self, call_id: CallId, now: float) -> str:
        """Note in the report that the call's sound is being connected; return the step's id."""
        call = self.live.get(call_id)
        return call.report.begin("GET_USER_MEDIA", call.at(now)) if call is not None else ""

    def microphone_had(self, call_id: CallId, step: str, error: str, now: float) -> None:
        """Note that it is connected, or why not."""
        call = self.live.get(call_id)
        if call is not None:
            call.report.end(step, call.at(now), error)

    def sound_step(self, call_id: CallId, step: SoundStep, now: float, *, over: bool) -> None:
        """Note in the report what the engine does with the call's sound."""
        call = self.live.get(call_id)
        if call is None:
            return
        if over:
            call.report.end(call.sound_steps.pop(step, ""), call.at(now))
        else:
            call.report.end(call.sound_steps.get(step, ""), call.at(now))
            call.sound_steps[step] = call.report.begin(SOUND_EVENT_OF[step], call.at(now))

    def sound_failed(self, call_id: CallId, problem: SoftphoneError, now: float) -> Steps:
        """Our side has no sound: a call without it is of no use."""
        call = self.live.get(call_id)
        if call is None:
            return []
        delete = call.delete()
        over = call.over(EndReason.FAILED, now, problem.code, problem.message, event="END_LOCAL")
        return self.sorted_out([*delete, *over])

    def peer_changed(self, call_id: CallId, state: PeerState) -> Steps:
        """Take the state of a call's connection (4.3)."""
        call = self.live.get(call_id)
        media = _MEDIA.get(state)
        if call is None or media is None or media is call.media:
            return []
        before, call.media = call.media, media
        steps: Steps = [Emit(e.CallMediaChanged(call_id, media))]
        if media is MediaState.LOST:
            what = "could not be built" if before is MediaState.OPENING else "is lost"
            text = f"the audio connection {what}; restart its audio, or hang up"
            steps.append(call.remark(Level.WARNING, text))
        return steps

    def silent(self, call_id: CallId, silent: bool) -> Steps:
        """Take it that nothing comes from the far end, or something again."""
        call = self.live.get(call_id)
        if call is None or call.media is MediaState.LOST:
            return []
        call.media = MediaState.SILENT if silent else MediaState.FLOWING
        return [Emit(e.CallMediaChanged(call_id, call.media))]

    # ---- notifications -------------------------------------------------------------------------

    def heard(self, notice: wire.CallNotice, now: float) -> Steps:
        """Take a notification about a call; one about a call nobody knows yet may wait for it."""
        if notice.event is wire.EventType.CALL:
            return self._offered(notice, now)
        call = self.by_session(notice.session)
        if call is not None:
            return self.sorted_out(self._about(call, notice, now))
        if self.placing:
            self._early.append((notice, now))
        else:
            self.strays += 1
        return []

    def line_changed(self, online: bool, now: float) -> Steps:
        """The line is up, with calls that may have changed meanwhile, or it is gone."""
        before, self.around.online = self.around.online, online
        steps: Steps = []
        if online and not before:
            for call in list(self.live.values()):
                steps += n.line_up(call, now)
        return self.sorted_out(steps)

    def resync(self, now: float) -> Steps:
        """Ask about every call the gateway knows (4.19)."""
        steps: Steps = []
        for call in list(self.live.values()):
            if call.session and call.doing(Op.RESYNC) is None:
                steps += o.resync(call, now)[1]
        return steps

    def _offered(self, notice: wire.CallNotice, now: float) -> Steps:
        if self.by_session(notice.session) is not None:
            return []  # told twice
        video = False
        if notice.sdp:
            try:
                audio, video = offered(notice.sdp)
            except ProtocolError as problem:
                return self._unusable(notice, problem.message, now)
            if not audio:
                return self._unusable(notice, "The caller offers no audio.", now)
        call, steps = self._incoming(notice, video, now)
        call.offer = notice.sdp
        if self.around.settings.ringing_feedback == "auto":
            steps += o.ring(call, now)[1]
        else:
            call.step(Input.ACCEPTED)
            call.audit_from(now)
        return steps

    def _incoming(
        self, notice: wire.CallNotice, video: bool, now: float
    ) -> tuple[RibbonCall, Steps]:
        remote = far_party(notice.names, True, self.around.domain)
        called = notice.names.callee_number or self.around.settings.user
        local = Party(wire.shown_address(called, self.around.domain))
        call = RibbonCall(self.around, self.new_call_id(), True, remote, local, notice.session)
        call.created = now
        call.receive_event = call.report.begin("RECEIVE_CALL", call.at(now))
        call.report.end(call.receive_event, call.at(now))
        self.live[call.id] = call
        offer = e.CallOffered(
            self.around.account, call.id, notice.session, remote, local, notice.parameters, video
        )
        return call, [Emit(offer)]

    def _unusable(self, notice: wire.CallNotice, why: str, now: float) -> Steps:
        """Refuse a call that could never be answered, and say so."""
        call, steps = self._incoming(notice, False, now)
        body = wire.Disposition(wire.DispositionAction.REJECT, notice.session).body()
        user = self.around.settings.user
        path = wire.resource_path(user, wire.Resource.CALL_DISPOSITION)
        steps += [CallAsk(None, "POST", path, body)]
        steps += [call.remark(Level.WARNING, f"an offered call was refused: {why}")]
        over = call.over(EndReason.FAILED, now, "BAD_OFFER", why, event="END_LOCAL")
        return self.sorted_out([*steps, *over])

    def _about(self, call: RibbonCall, notice: wire.CallNotice, now: float) -> Steps:
        event = wire.EventType
        match notice.event:
            case event.RINGING:
                return [*self._names(call, notice), *self._rings(call, now)]
            case event.SESSION_PROGRESS:
                return [*self._names(call, notice), *n.progressed(call, notice)]
            case event.RESPOND_UPDATE:
                return n.responded(call, notice, now)
            case event.START_UPDATE:
                return far.offered(call, notice, now)
            case event.CALL_END:
                return self._ended(call, notice, now)
            case event.CALL_CANCEL:
                if not call.ringing or call.doing(Op.ANSWER) is not None:
                    return []
                return call.over(EndReason.TAKEN_BY_OTHER, now, cancelled=True)
            case _:
                return self._completed(call, notice, now)

    def _names(self, call: RibbonCall, notice: wire.CallNotice) -> Steps:
        return [*call.named(notice.names), *call.told_parameters(notice.parameters)]

    def _rings(self, call: RibbonCall, now: float) -> Steps:
        if call.incoming or call.state is not State.INITIATED:
            return []
        call.step(Input.RING)
        make = call.doing(Op.MAKE)
        call.report.point("REMOTE_RINGING", call.at(now), make.event if make else "")
        return call.progressed(CallInput.ALERT)

    def _ended(self, call: RibbonCall, notice: wire.CallNotice, now: float) -> Steps:
        steps = call.named(notice.names)
        reason = end_reason(
            notice.code, incoming=call.incoming, connected=call.connected is not None
        )
        return [*steps, *call.over(reason, now, notice.code, notice.reason)]

    def _completed(self, call: RibbonCall, notice: wire.CallNotice, now: float) -> Steps:
        join = next((x for x in self.live.values() if call.id in x.joins), None)
        if notice.event is wire.EventType.SESSION_FAIL and join is not None and not join.up:
            why = f"{notice.reason or 'no reason given'} ({notice.code or '-2'})"
            problem = Refused(f"The calls could not be joined: {why}.", code="JOIN_FAILED")
            op = join.doing(Op.JOIN)
            failed = join.finish(op, now, problem) if op is not None else []
            delete = join.delete()
            over = join.over(EndReason.FAILED, now, notice.code, problem.message)
            return [*failed, *delete, *over]
        return o.finished(call, notice, now)

    # ---- time ----------------------------------------------------------------------------------

    def next_wake(self) -> float | None:
        """Return when `wake` is due (monotonic)."""
        due = [call.next_wake() for call in self.live.values()]
        return min((at for at in due if at is not None), default=None)

    def wake(self, now: float) -> Steps:
        """Do what time has brought."""
        steps: Steps = []
        for call in list(self.live.values()):
            steps += [*call.audit(now), *n.overdue(call, now)]
        return self.sorted_out(steps)

    # ---- private -------------------------------------------------------------------------------

    def _new(self, remote: Party, now: float) -> RibbonCall:
        local = Party(self.around.settings.user, self.around.settings.display_name)
        call = RibbonCall(self.around, self.new_call_id(), False, remote, local)
        call.created = now
        self.live[call.id] = call
        return call

    def _dialed(self, call: RibbonCall) -> Emit:
        account = self.around.account
        return Emit(e.CallDialed(account, call.id, call.remote, call.local, call.parameters))

    def _of(self, ticket: Ticket) -> tuple[RibbonCall | None, Operation | None]:
        call = self.live.get(ticket.call)
        return call, call.operations.get(ticket.operation) if call is not None else None

    def _replay(self, call: RibbonCall, now: float) -> Steps:
        """Take what was told about a call before its session was known (4.5)."""
        if not call.session or not self._early:
            return []
        own = [x for x, _ in self._early if x.session == call.session]
        kept = [
            (x, at)
            for x, at in self._early
            if x.session != call.session and now - at < _EARLY_KEPT_S
        ]
        self._early = deque(kept, maxlen=_EARLY_NOTICES)
        return [step for notice in own if call.live for step in self._about(call, notice, now)]

    def _end_abandoned(self, reply: wire.Answer) -> Steps:
        """A call that was given up while the gateway made it has a session now: end it."""
        if not reply.ok:
            return []
        try:
            session = wire.session_of(reply.body)
        except wire.BadMessage:
            return []
        user = self.around.settings.user
        path = wire.resource_path(user, wire.Resource.CALL_SESSIONS, session)
        return [CallAsk(None, "DELETE", path)]

    def sorted_out(self, steps: Steps) -> Steps:
        """Put calls that are over away; one that has no session yet is ended when it has."""
        for call in [x for x in self.live.values() if not x.live]:
            del self.live[call.id]
            self.finished.append(call)
            if call.placing is not None and not call.session:
                self._abandoned.add(call.placing)
        return steps
