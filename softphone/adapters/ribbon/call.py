"""One call: its data, its operations' life, its end (4.1 to 4.9, 4.19). Pure.

What is done with it is in `negotiation` (descriptions) and `operations` (everything else).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from softphone.model import event as e
from softphone.model.call import (
    AccountName,
    CallId,
    CallInput,
    EndReason,
    MediaState,
    Parameters,
    Party,
)
from softphone.model.error import ProtocolError, Refused, SoftphoneError
from softphone.model.event import Level
from softphone.model.report import SoundStep
from softphone.webrtc.description import Description, Direction, parse

from . import wire
from .report import EVENT_OF, REMOTE_EVENT_OF, Report
from .settings import RibbonSettings
from .states import OVER, UP, WORDS, Input, Op, Operation, State, Status, Transition, next_state
from .steps import CallAsk, CloseMedia, Emit, Finished, MakeOffer, StartMedia, Step, Steps, Ticket

AUDIT = "audit"
END_TEXT_AUDIT = "Call has ended due to call audit failure."


@dataclass(slots=True)
class Surroundings:
    """What all calls of an account share. `epoch` turns monotonic seconds into epoch seconds."""

    account: AccountName
    settings: RibbonSettings
    epoch: Callable[[float], float]
    online: bool = False
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def domain(self) -> str:
        """Return the user's domain."""
        return wire.domain_of(self.settings.user)

    def number(self) -> int:
        """Return an operation's identity."""
        return next(self._numbers)

    def address(self, typed: str) -> str:
        """Return what an operator typed as an address of the platform (4.23)."""
        if self.settings.normalise:
            return wire.normalised(typed, self.domain)
        return typed.strip()


@dataclass(slots=True, eq=False)
class RibbonCall:
    """One call. `theirs` is the far end's last description that was applied."""

    around: Surroundings
    id: CallId
    incoming: bool
    remote: Party
    local: Party
    session: str = ""
    state: State = State.INITIATING
    local_hold: bool = False
    remote_hold: bool = False
    parameters: Parameters = ()
    offer: str = field(default="", repr=False)
    theirs: Description | None = field(default=None, repr=False)
    media: MediaState = MediaState.NONE
    sounding: bool = False
    active_role: bool = False
    operations: dict[int, Operation] = field(default_factory=dict)
    waiting_offer: tuple[wire.CallNotice, float] | None = field(default=None, repr=False)
    audit_at: float | None = None
    created: float = 0.0
    connected: float | None = None
    ended: float | None = None
    reason: EndReason | None = None
    report: Report = field(init=False)
    receive_event: str = ""
    sound_steps: dict[SoundStep, str] = field(default_factory=dict)
    """Steps of the report that the engine has begun, by their ids."""
    target: str = ""
    """Where an outgoing call goes, as the gateway is told."""
    joins: tuple[CallId, ...] = ()
    audio_kbps: int = 0
    """The bandwidth asked for in this call's descriptions; 0 is the account's."""
    dscp: int = -1
    """The marking of this call's packets; -1 is the account's."""
    placing: Ticket | None = None
    """The request that makes the session, while it is on its way."""

    def __post_init__(self) -> None:
        self.report = Report(self.id)

    # ---- looking -------------------------------------------------------------------------------

    @property
    def live(self) -> bool:
        """Tell whether the call is not over."""
        return self.state not in OVER

    @property
    def up(self) -> bool:
        """Tell whether both sides are connected, on hold or not."""
        return self.state in UP

    @property
    def ringing(self) -> bool:
        """Tell whether it is an offer nobody has answered."""
        before = (State.INITIATING, State.INITIATED, State.RINGING)
        return self.incoming and self.state in before

    @property
    def negotiation(self) -> Operation | None:
        """Return the exchange of descriptions that is under way."""
        started = (op for op in self.operations.values() if op.negotiates)
        return next(started, None)

    def doing(self, *types: Op) -> Operation | None:
        """Return an operation of these types that is under way."""
        return next((op for op in self.operations.values() if op.type in types), None)

    def at(self, now: float) -> float:
        """Return a moment as epoch seconds, for the report."""
        return self.around.epoch(now)

    # ---- operations ----------------------------------------------------------------------------

    def start(self, kind: Op, now: float, *, local: bool = True) -> tuple[Operation, Steps]:
        """Begin an operation; Refused (GLARE) while another negotiation goes on."""
        op = Operation(self.around.number(), kind, local)
        if op.negotiates and self.negotiation is not None:
            raise Refused(
                "Another change of this call is under way; try again in a moment.", code="GLARE"
            )
        op.move(Transition.START)
        self.operations[op.id] = op
        names = EVENT_OF if local else REMOTE_EVENT_OF
        op.event = self.report.begin(names.get(kind.value, kind.value), self.at(now))
        return op, self.working()

    def finish(self, op: Operation, now: float, error: SoftphoneError | None = None) -> Steps:
        """End an operation and tell whoever waits for it."""
        if self.operations.pop(op.id, None) is None:
            return []
        op.move(Transition.FINISH)
        words = error.message if error else ""
        for event in (op.rest_event, op.media_event, op.event):
            self.report.end(event, self.at(now), words)
        return [*self.working(), Finished(op.id, error)]

    def working(self) -> Steps:
        """Tell what is being done with the call."""
        words = next((WORDS[op.type] for op in self.operations.values() if op.type in WORDS), "")
        return [Emit(e.CallWorking(self.id, words))] if self.live else []

    def ask(self, op: Operation, request: wire.CallRequest, now: float, name: str) -> Step:
        """Send a request of an operation about this call's session."""
        data = (("requestType", name), ("wrtcsSessionId", self.session))
        op.rest_event = self.report.begin("REST_REQUEST", self.at(now), op.event, data)
        return CallAsk(Ticket(self.id, op.id), "PUT", self.path, request.body())

    def make_offer(
        self, op: Operation, now: float, direction: Direction, *, restarts: bool = False
    ) -> MakeOffer:
        """Make an offer for an operation; one that restarts keeps the connection when it can."""
        op.media_event = self.report.begin("CREATE_OFFER", self.at(now), op.event)
        ticket = Ticket(self.id, op.id)
        return MakeOffer(ticket, direction, restarts and not op.fresh, op.fresh)

    @property
    def path(self) -> str:
        """Return the path of this call's session."""
        return wire.resource_path(
            self.around.settings.user, wire.Resource.CALL_SESSIONS, self.session
        )

    # ---- facts ---------------------------------------------------------------------------------

    def step(self, what: Input) -> None:
        """Go to the next state; OutOfOrder when it does not fit."""
        self.state = next_state(self.state, what)

    def progressed(self, what: CallInput) -> Steps:
        """Tell a step of the call."""
        return [Emit(e.CallProgressed(self.id, what))]

    def sound(self) -> Steps:
        """Connect the call's sound, once."""
        if self.sounding:
            return []
        self.sounding = True
        return [StartMedia(self.id)]

    def answered(self, now: float) -> Steps:
        """Both sides are connected."""
        self.step(Input.ANSWERED)
        self.connected = now
        return [*self.progressed(CallInput.CONNECT), *self.sound(), *self._media_again()]

    def _media_again(self) -> Steps:
        """Tell the media's state after an answer, which counts as flowing, if it is not so."""
        if self.media is MediaState.FLOWING:
            return []
        return [Emit(e.CallMediaChanged(self.id, MediaState.OPENING))]

    def applied(self, sdp: str) -> None:
        """Remember what the far end said last."""
        try:
            self.theirs = parse(sdp)
        except ProtocolError:  # the peer took it; nothing to compare with next time
            self.theirs = None

    def held(self, on: bool) -> Steps:
        """The call is on hold by us, or no longer; the state follows both flags."""
        if on == self.local_hold:
            return []
        self.local_hold = on
        self._hold_state()
        return self.progressed(CallInput.HOLD if on else CallInput.RESUME)

    def held_there(self, on: bool) -> Steps:
        """The far end holds, or no longer."""
        if on == self.remote_hold:
            return []
        self.remote_hold = on
        self._hold_state()
        return [Emit(e.CallHeldByPeer(self.id, on))]

    def _hold_state(self) -> None:
        self.step(Input.HOLD if self.local_hold or self.remote_hold else Input.UNHOLD)

    def named(self, names: wire.Names) -> Steps:
        """Take better names of the far end (4.7); what is missing keeps its old value."""
        remote = far_party(names, self.incoming, self.around.domain)
        merged = Party(remote.address or self.remote.address, remote.name or self.remote.name)
        if not names.told or merged == self.remote:
            return []
        self.remote = merged
        return [Emit(e.CallNamed(self.id, self.session, merged))]

    def told_parameters(self, parameters: Parameters) -> Steps:
        """Take custom parameters of the far end."""
        return [Emit(e.CallParameters(self.id, parameters))] if parameters else []

    def remark(self, level: Level, text: str) -> Step:
        """Say something for the event log."""
        return Emit(e.Remarked(self.around.account, level, text, self.id))

    # ---- audits --------------------------------------------------------------------------------

    def audit_from(self, now: float) -> None:
        """Audit at once, and then again and again (4.19)."""
        if self.audit_at is None:
            self.audit_at = now

    def audit(self, now: float) -> Steps:
        """Ask whether the gateway still knows the call, when it is time to."""
        if self.audit_at is None or now < self.audit_at or not self.live:
            return []
        self.audit_at = now + self.around.settings.audit_s
        if not self.around.online:
            return []  # it could only fail
        request = wire.CallRequest(wire.CallRequestType.AUDIT)
        self.report.point("AUDIT_CALL", self.at(now))
        return [CallAsk(Ticket(self.id, 0, AUDIT), "PUT", self.path, request.body())]

    def audited(self, answer: wire.Answer | None, now: float) -> Steps:
        """Take the answer to an audit; None when there was none."""
        if answer is not None and answer.code == wire.NO_RESOURCE and not answer.ok:
            code = str(wire.END_AUDIT)
            missed = self.ringing and self.doing(Op.ANSWER) is None
            reason = EndReason.CANCELLED if missed else EndReason.LOST_BY_SERVER
            return self.over(reason, now, code, END_TEXT_AUDIT)
        if answer is None or not answer.ok:
            sooner = min(wire.AUDIT_AFTER_FAILURE_S, self.around.settings.audit_s)
            self.audit_at = now + sooner
        return []

    # ---- the end -------------------------------------------------------------------------------

    def delete(self) -> Steps:
        """Tell the gateway that the session is over for us; what it answers does not matter."""
        return [CallAsk(None, "DELETE", self.path)] if self.session else []

    def over(
        self,
        reason: EndReason,
        now: float,
        code: str = "",
        detail: str = "",
        *,
        event: str = "END_REMOTE",
        cancelled: bool = False,
    ) -> Steps:
        """End the call here: operations fail, sound stops, the report is complete."""
        if not self.live:
            return []
        self.step(Input.CANCEL if cancelled else Input.END)
        self.ended, self.reason = now, reason
        self.audit_at = self.waiting_offer = None
        data = tuple((k, v) for k, v in (("statusCode", code), ("reasonText", detail)) if v)
        self.report.point(event, self.at(now), "", data)
        gone = Refused(f"The call is over: {detail or reason.words}.", code="NO_CALL")
        steps: Steps = []
        for op in list(self.operations.values()):
            del self.operations[op.id]
            steps.append(Finished(op.id, gone))
        self.report.close(self.at(now), "" if reason in _GOOD_ENDS else reason.words)
        return [
            Emit(e.CallReported(self.report.snapshot())),
            Emit(e.CallOver(self.id, reason, code, detail)),
            CloseMedia(self.id),
            *steps,
        ]

    def next_wake(self) -> float | None:
        """Return when something is due."""
        due = [op.due for op in self.operations.values() if op.due is not None]
        if self.waiting_offer is not None:
            due.append(self.waiting_offer[1])
        if self.audit_at is not None:
            due.append(self.audit_at)
        return min(due, default=None)


_GOOD_ENDS = frozenset({EndReason.HANGUP, EndReason.REMOTE_HANGUP, EndReason.TRANSFERRED})


def far_party(names: wire.Names, incoming: bool, domain: str) -> Party:
    """Return the other party of a notification, by direction and conference rule (4.7)."""
    conference = names.caller_number.startswith(wire.CONFERENCE_PREFIX)
    if incoming or conference:
        name, number = names.caller_name, names.caller_number
    else:
        name, number = names.remote_name, names.remote_number
    return Party(wire.shown_address(number, domain), name)


__all__ = ["AUDIT", "RibbonCall", "Status", "Surroundings", "far_party"]
