"""Exchanging descriptions on a call: first offers, hold, restarts, the far end's (4.5 to 4.17).

Pure functions on a `RibbonCall`. A local exchange is offer, request, answer; a remote one, begun
in `far_offers`, is offer, answer, request. `made`, `told` and `taken` bring the results of steps.
"""

from __future__ import annotations

from softphone.model import event as e
from softphone.model.call import CallInput, EndReason, MediaState
from softphone.model.error import ProtocolError, Refused, SoftphoneError
from softphone.model.event import Level
from softphone.webrtc.description import Direction, parse

from . import wire
from .answers import refusal
from .call import RibbonCall
from .far_offers import next_offer, refuse_waiting
from .states import Input, Op, Operation, State, Status, Transition
from .steps import (
    CallAsk,
    Emit,
    Finished,
    Made,
    MakeAnswer,
    MakeOffer,
    Steps,
    TakeAnswer,
    Ticket,
    Withdraw,
)

EARLY = "early"
_RESTART_WAIT_S = 60.0
_FIRST = (Op.MAKE, Op.JOIN)


# ---- exchanges we begin ------------------------------------------------------------------------


def make(call: RibbonCall, now: float, display_name: str) -> tuple[Operation, Steps]:
    """Begin an outgoing call."""
    op, steps = call.start(Op.MAKE, now)
    op.then = display_name
    return op, [*steps, call.make_offer(op, now, Direction.SENDRECV)]


def join(call: RibbonCall, now: float) -> tuple[Operation, Steps]:
    """Begin a call that joins two others."""
    op, steps = call.start(Op.JOIN, now)
    return op, [*steps, call.make_offer(op, now, Direction.SENDRECV)]


def hold(call: RibbonCall, on: bool, now: float) -> tuple[Operation, Steps]:
    """Put the call on hold, or take it back."""
    if not call.up:
        raise Refused("Only a call that is up can be held.", code="BAD_STATE")
    if call.local_hold == on:
        words = "already on hold" if on else "not on hold here"
        raise Refused(f"The call is {words}.", code="BAD_STATE")
    op, steps = call.start(Op.HOLD if on else Op.UNHOLD, now)
    direction = Direction.INACTIVE if on else Direction.SENDRECV
    return op, [*steps, call.make_offer(op, now, direction)]


def restart(call: RibbonCall, now: float) -> tuple[Operation, Steps]:
    """Negotiate the media anew; the passive side waits a little, both wait for the line (4.14)."""
    if not call.up:
        raise Refused("Only a call that is up has audio to restart.", code="BAD_STATE")
    op, steps = call.start(Op.MEDIA_RESTART, now)
    op.fresh = call.media is MediaState.LOST
    if not call.around.online:
        op.then, op.due = "line", now + _RESTART_WAIT_S
        return op, steps
    if not call.active_role:
        op.then, op.due = "pause", now + call.around.settings.media_retry_s
        return op, steps
    return op, [*steps, _restart_offer(call, op, now)]


def answer(call: RibbonCall, now: float) -> tuple[Operation, Steps]:
    """Answer an offered call; without an offer in it we make one (slow start, 4.17)."""
    if not call.ringing:
        raise Refused("Only a call that rings can be answered.", code="BAD_STATE")
    op, steps = call.start(Op.ANSWER, now)
    steps = [*call.progressed(CallInput.ANSWER), *steps]
    if call.offer:
        op.sends_offer = False
        op.media_event = call.report.begin("CREATE_ANSWER", call.at(now), op.event)
        ticket = Ticket(call.id, op.id)
        return op, [*steps, MakeAnswer(ticket, call.offer, Direction.SENDRECV)]
    return op, [*steps, call.make_offer(op, now, Direction.SENDRECV)]


def _restart_offer(call: RibbonCall, op: Operation, now: float) -> MakeOffer:
    op.then, op.due = "", None
    direction = Direction.INACTIVE if call.local_hold else Direction.SENDRECV
    return call.make_offer(op, now, direction, restarts=True)


# ---- results of steps --------------------------------------------------------------------------


def made(call: RibbonCall, op: Operation, found: Made, now: float) -> Steps:
    """Our description is there: send it."""
    began = call.report.started(op.media_event, call.at(now))
    ready = found.ice[0] if found.ice and found.ice[0] > began else call.at(now)
    call.report.end(op.media_event, ready)
    call.report.made(found, op.type.value, op.event, began, call.at(now))
    kind = wire.CallRequestType
    parameters = call.parameters
    match op.type:
        case Op.MAKE:
            return [_create(call, op, found.sdp, now)]
        case Op.JOIN:
            return [_create_join(call, op, found.sdp, now)]
        case Op.ANSWER:
            call.active_role = found.active
            request = wire.CallRequest(kind.ANSWER, found.sdp, parameters=parameters)
            return [call.ask(op, request, now, "ANSWER_SESSION")]
        case _ if op.local:
            request = wire.CallRequest(kind.START_UPDATE, found.sdp, parameters=parameters)
        case _:
            request = wire.CallRequest(kind.RESPOND_UPDATE, found.sdp, parameters=parameters)
    return [call.ask(op, request, now, "UPDATE_SESSION")]


def not_made(call: RibbonCall, op: Operation, problem: SoftphoneError, now: float) -> Steps:
    """Our description could not be made, or the far end's not applied."""
    withdraw: Steps = [Withdraw(call.id)]
    if op.type in (*_FIRST, Op.ANSWER):
        return [*call.finish(op, now, problem), *_hopeless(call, problem, now)]
    if op.local or op.type is Op.SLOW_START:
        ended = [*call.finish(op, now, problem), *_told_peer(call, op, problem)]
        return [*withdraw, *ended, *next_offer(call, now)]
    refuse = wire.CallRequest(wire.CallRequestType.RESPOND_UPDATE, sdp_code=wire.REFUSED_SDP_CODE)
    return [
        CallAsk(None, "PUT", call.path, refuse.body()),
        call.remark(Level.WARNING, f"a change by the far end was refused: {problem.message}"),
        *call.finish(op, now, problem),
        *next_offer(call, now),
    ]


def told(call: RibbonCall, op: Operation, reply: wire.Answer, now: float) -> Steps:
    """The gateway answered our request."""
    call.report.end(op.rest_event, call.at(now), "" if reply.ok else reply.words)
    call.placing = None
    if not reply.ok:
        return _refused(call, op, refusal(reply), reply, now)
    if op.type in _FIRST:
        steps = _accepted(call, op, reply, now)
        if not call.live:
            return steps
    elif op.type is Op.ANSWER and not op.sends_offer:
        op.move(Transition.UPDATE)
        call.applied(call.offer)
        return [*call.answered(now), *call.finish(op, now)]
    elif not op.local and op.type is not Op.SLOW_START:
        op.move(Transition.UPDATE)
        return [*call.finish(op, now), *next_offer(call, now)]
    else:
        op.move(Transition.UPDATE)
        steps = []
    if op.type not in _FIRST:
        op.due = now + call.around.settings.missing_answer_s
    early, op.held_back = op.held_back, None
    return [*steps, *(responded(call, early, now) if early is not None else [])]


def not_told(call: RibbonCall, op: Operation, problem: SoftphoneError, now: float) -> Steps:
    """There was no answer to our request."""
    call.report.end(op.rest_event, call.at(now), problem.message)
    call.placing = None
    return _refused(call, op, problem, None, now)


def taken(call: RibbonCall, op: Operation, now: float) -> Steps:
    """The far end's answer is applied."""
    call.report.end(op.media_event, call.at(now))
    match op.type:
        case Op.MAKE | Op.JOIN:
            return [*call.answered(now), *call.finish(op, now)]
        case Op.ANSWER:
            return [*call.answered(now), *call.finish(op, now)]
        case Op.HOLD | Op.UNHOLD if op.local:
            return [*call.held(op.type is Op.HOLD), *call.finish(op, now), *next_offer(call, now)]
        case Op.SLOW_START:
            held = call.held_there(_silenced(call))
            return [*held, *call.finish(op, now), *next_offer(call, now)]
        case _:
            return [*call.finish(op, now), *next_offer(call, now)]


def early_taken(call: RibbonCall) -> Steps:
    """Early media is applied: it can be heard."""
    if call.state not in (State.INITIATED, State.RINGING, State.EARLY_MEDIA):
        return []
    first = call.state is not State.EARLY_MEDIA
    call.step(Input.PROGRESS)
    return [*(call.progressed(CallInput.EARLY_MEDIA) if first else []), *call.sound()]


def _create(call: RibbonCall, op: Operation, sdp: str, now: float) -> CallAsk:
    supported = (wire.SUPPORTED_EARLY_MEDIA,) if call.around.settings.early_media else ()
    own = f"sip:{call.around.settings.user}"
    request = wire.CallRequest(
        wire.CallRequestType.START,
        sdp,
        call.target,
        wire.named(own, op.then),
        supported=supported,
        parameters=call.parameters,
    )
    return _post(call, op, request, now)


def _create_join(call: RibbonCall, op: Operation, sdp: str, now: float) -> CallAsk:
    first, _, second = op.then.partition("\n")
    request = wire.CallRequest(
        wire.CallRequestType.JOIN, sdp, first=first, second=second, parameters=call.parameters
    )
    return _post(call, op, request, now)


def _post(call: RibbonCall, op: Operation, request: wire.CallRequest, now: float) -> CallAsk:
    data = (("requestType", "CREATE_SESSION"),)
    op.rest_event = call.report.begin("REST_REQUEST", call.at(now), op.event, data)
    path = wire.resource_path(call.around.settings.user, wire.Resource.CALL_CONTROL)
    call.placing = Ticket(call.id, op.id)
    return CallAsk(call.placing, "POST", path, request.body())


def _accepted(call: RibbonCall, op: Operation, reply: wire.Answer, now: float) -> Steps:
    """The gateway took the call: from now on its notifications have a name."""
    try:
        call.session = wire.session_of(reply.body)
    except wire.BadMessage as problem:
        return _refused(call, op, problem, None, now)
    op.move(Transition.UPDATE)
    call.step(Input.ACCEPTED)
    call.audit_from(now)
    return [
        Emit(e.CallNamed(call.id, call.session, call.remote)),
        *call.progressed(CallInput.DIAL_ACCEPTED),
        *([Finished(op.id)] if op.type is Op.MAKE else []),  # who dialled need not wait longer
    ]


def _refused(
    call: RibbonCall,
    op: Operation,
    problem: SoftphoneError,
    reply: wire.Answer | None,
    now: float,
) -> Steps:
    """A request failed: the first ones end the call, later ones change nothing."""
    if op.type in _FIRST:
        return [*call.finish(op, now, problem), *_hopeless(call, problem, now, code_of=reply)]
    if op.type is Op.ANSWER:
        return _answer_refused(call, op, problem, reply, now)
    if reply is not None and reply.code == wire.NO_RESOURCE:
        call.audit_at = now  # the audit finds out whether the call is gone
    withdraw: Steps = [Withdraw(call.id)] if op.sends_offer else []
    return [
        *withdraw,
        *call.finish(op, now, problem),
        *_told_peer(call, op, problem),
        *next_offer(call, now),
    ]


def _answer_refused(
    call: RibbonCall,
    op: Operation,
    problem: SoftphoneError,
    reply: wire.Answer | None,
    now: float,
) -> Steps:
    if reply is not None and reply.code == wire.ALREADY_ANSWERED:
        op.then = "resync"
        data = (("requestType", "GET_SESSION"),)
        op.rest_event = call.report.begin("REST_REQUEST", call.at(now), op.event, data)
        return [CallAsk(Ticket(call.id, op.id, "resync"), "GET", call.path)]
    return [*call.finish(op, now, problem), *_hopeless(call, problem, now, code_of=reply)]


def _hopeless(
    call: RibbonCall,
    problem: SoftphoneError,
    now: float,
    code_of: wire.Answer | None = None,
) -> Steps:
    """The call cannot go on: end it here and at the gateway."""
    code = problem.code
    if code_of is not None:
        code = str(code_of.status if code_of.code is None else code_of.code)
    delete = call.delete()
    steps = call.over(EndReason.FAILED, now, code, problem.message, event="END_LOCAL")
    return [*delete, *steps]


def _told_peer(call: RibbonCall, op: Operation, problem: SoftphoneError) -> Steps:
    """Say that an exchange nobody waits for has failed."""
    if op.local:
        return []
    return [call.remark(Level.WARNING, f"a change by the far end failed: {problem.message}")]


# ---- notifications -----------------------------------------------------------------------------


def responded(call: RibbonCall, notice: wire.CallNotice, now: float) -> Steps:
    """Take the far end's answer or refusal to our offer (4.11, 4.12)."""
    op = next((o for o in call.operations.values() if _awaits(o)), None)
    if op is None:
        return []
    if op.status is Status.ONGOING:  # it overtook the answer to our request
        op.held_back = notice
        return []
    op.due = None
    steps = [*call.named(notice.names), *call.told_parameters(notice.parameters)]
    if not notice.sdp:
        return [*steps, *_offer_refused(call, op, notice, now)]
    op.move(Transition.RESUME)
    data = (("operation", op.type.value),)
    op.media_event = call.report.begin("PROCESS_MEDIA_REMOTE", call.at(now), op.event, data)
    if call.theirs is None:
        call.active_role = _setup_of(notice.sdp) == "passive"
    call.applied(notice.sdp)
    return [*steps, TakeAnswer(Ticket(call.id, op.id), notice.sdp)]


def progressed(call: RibbonCall, notice: wire.CallNotice) -> Steps:
    """Take early media (4.10); without a description it is only a sign of life."""
    op = call.doing(*_FIRST)
    if op is None or not notice.sdp or op.status is not Status.PENDING:
        return []
    return [TakeAnswer(Ticket(call.id, op.id, EARLY), notice.sdp, provisional=True)]


def overdue(call: RibbonCall, now: float) -> Steps:
    """Undo exchanges whose answer never came, refuse offers that waited too long."""
    steps: Steps = []
    if call.waiting_offer is not None and now >= call.waiting_offer[1]:
        steps += refuse_waiting(call)
    for op in list(call.operations.values()):
        if op.due is None or now < op.due:
            continue
        op.due = None
        if op.then == "pause":
            steps.append(_restart_offer(call, op, now))
            continue
        text = "There was no answer in time; the call is as before."
        problem = Refused(text, code="NO_ANSWER")
        if op.type is Op.ANSWER:
            steps += [*call.finish(op, now, problem), *_hopeless(call, problem, now)]
            continue
        steps += [Withdraw(call.id)] if op.negotiates and op.then != "line" else []
        steps += [*call.finish(op, now, problem), *_told_peer(call, op, problem)]
        steps += next_offer(call, now)
    return steps


def line_up(call: RibbonCall, now: float) -> Steps:
    """The line is back: restarts that waited for it go on."""
    op = call.doing(Op.MEDIA_RESTART)
    if op is None or op.then != "line":
        return []
    return [_restart_offer(call, op, now)]


def _awaits(op: Operation) -> bool:
    """Tell whether an operation waits for the far end's answer, or soon will."""
    waits = op.type in (*_FIRST, Op.SLOW_START) or (op.local and op.negotiates and op.sends_offer)
    return waits and op.status in (Status.ONGOING, Status.PENDING)


def _offer_refused(call: RibbonCall, op: Operation, notice: wire.CallNotice, now: float) -> Steps:
    reason = notice.reason or notice.code
    glare = notice.envelope_code == wire.GLARE_STATUS and bool(notice.retry_after)
    glare = glare and reason in ("", wire.GLARE_REASON)  # the same code tells other refusals
    text = "The far end changed the call at the same moment; try again."
    if not glare:
        text = "The far end did not accept the change" + (f" ({reason})." if reason else ".")
    if op.type in (*_FIRST, Op.ANSWER):
        text = "The far end's answer holds no session description."
    problem = Refused(text, code="GLARE" if glare else "REFUSED_BY_PEER")
    if op.type in (*_FIRST, Op.ANSWER):
        return [*call.finish(op, now, problem), *_hopeless(call, problem, now)]
    return [
        Withdraw(call.id),
        *call.finish(op, now, problem),
        *_told_peer(call, op, problem),
        *next_offer(call, now),
    ]


def _silenced(call: RibbonCall) -> bool:
    """Tell whether the far end's answer lets nothing flow although we would."""
    audio = call.theirs.audio if call.theirs else None
    return not call.local_hold and audio is not None and audio.direction is Direction.INACTIVE


def _setup_of(sdp: str) -> str:
    try:
        audio = parse(sdp).audio
    except ProtocolError:
        return ""
    return audio.transport.setup if audio else ""


__all__ = [
    *("answer", "early_taken", "hold", "join", "line_up", "made", "make", "not_made"),
    *("not_told", "overdue", "progressed", "responded", "restart", "taken", "told", "EARLY"),
]
