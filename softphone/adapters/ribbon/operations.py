"""What is done to a call without descriptions: declining, transfers, parameters, resync (4). Pure.

Functions on a `RibbonCall`; results come back through `told` and `not_told`.
"""

from __future__ import annotations

from softphone.model.call import EndReason, Parameters
from softphone.model.error import Refused, SoftphoneError

from . import wire
from .answers import refusal
from .call import RibbonCall
from .states import Input, Op, Operation, State, Status, Transition
from .steps import CallAsk, Steps, Ticket

_TRANSFER_LIMIT_S = 180.0
_GONE = (wire.NO_SESSION, wire.NO_RESOURCE)
TRANSFERS = (Op.DIRECT_TRANSFER, Op.CONSULTATIVE_TRANSFER)
_REQUESTS = {
    Op.REJECT: "REJECT_SESSION",
    Op.FORWARD_CALL: "FORWARD_SESSION",
    Op.RESYNC: "GET_SESSION",
    Op.SEND_RINGING_FEEDBACK: "CALL_RINGING_UPDATE_SESSION",
    Op.SEND_CUSTOM_PARAMETERS: "UPDATE_CUSTOM_PARAMETERS_ON_SESSION",
}


def ring(call: RibbonCall, now: float) -> tuple[Operation, Steps]:
    """Tell the caller that it rings here (4.6)."""
    if not call.incoming or call.state not in (State.INITIATING, State.INITIATED):
        raise Refused("Ringing was told already, or the call does not ring.", code="BAD_STATE")
    op, steps = call.start(Op.SEND_RINGING_FEEDBACK, now)
    request = wire.CallRequest(wire.CallRequestType.RINGING)
    return op, [*steps, call.ask(op, request, now, _REQUESTS[op.type])]


def decline(call: RibbonCall, now: float) -> tuple[Operation, Steps]:
    """Refuse an offered call."""
    return _dispose(call, Op.REJECT, wire.DispositionAction.REJECT, "", now)


def forward(call: RibbonCall, to: str, now: float) -> tuple[Operation, Steps]:
    """Send an offered call to somebody else."""
    address = call.around.address(to)
    return _dispose(call, Op.FORWARD_CALL, wire.DispositionAction.FORWARD, address, now)


def ignore(call: RibbonCall, now: float) -> Steps:
    """Stop ringing here; the gateway is not told (4.8)."""
    _must_ring(call)
    return call.over(EndReason.IGNORED, now, event="IGNORE")


def hang_up(call: RibbonCall, now: float, reason: EndReason = EndReason.HANGUP) -> Steps:
    """End a call; the gateway is told, whatever it answers."""
    if not call.live:
        raise Refused("That call is over.", code="NO_CALL")
    return [*call.delete(), *call.over(reason, now, event="END_LOCAL")]


def transfer(call: RibbonCall, to: str, now: float) -> tuple[Operation, Steps]:
    """Send the far end of a held call somewhere (4.15)."""
    _must_be_held(call)
    op, steps = call.start(Op.DIRECT_TRANSFER, now)
    request = wire.CallRequest(wire.CallRequestType.TRANSFER, address=call.around.address(to))
    return op, [*steps, call.ask(op, request, now, "UPDATE_SESSION")]


def transfer_to(call: RibbonCall, other: RibbonCall, now: float) -> tuple[Operation, Steps]:
    """Connect the far ends of two held calls."""
    _must_be_held(call)
    _must_be_held(other)
    op, steps = call.start(Op.CONSULTATIVE_TRANSFER, now)
    address = f"sip:{wire.full(other.remote.address, call.around.domain)}"
    kind = wire.CallRequestType.TRANSFER
    request = wire.CallRequest(kind, session=other.session, address=address)
    return op, [*steps, call.ask(op, request, now, "UPDATE_SESSION")]


def set_parameters(call: RibbonCall, parameters: Parameters) -> None:
    """Set what travels with the next messages of the call (4.18)."""
    for name, value in parameters:
        if not name or not (name + value).isprintable():
            raise Refused("A parameter needs a name, and no line breaks.", code="BAD_PARAMETER")
    if len(parameters) > wire.PARAMETERS_LIMIT:
        text = f"A call can have at most {wire.PARAMETERS_LIMIT} parameters."
        raise Refused(text, code="BAD_PARAMETER")
    call.parameters = parameters


def check_traffic(audio_kbps: int, dscp: int) -> None:
    """Raise Refused for a bandwidth or a marking that cannot be."""
    if not 0 <= audio_kbps <= wire.AUDIO_KBPS_LIMIT:
        text = f"The bandwidth of sound is 1 to {wire.AUDIO_KBPS_LIMIT} kbit/s."
        raise Refused(text, code="BAD_PARAMETER")
    if not -1 <= dscp <= wire.DSCP_LIMIT:
        text = f"The marking (DSCP) of packets is 0 to {wire.DSCP_LIMIT}."
        raise Refused(text, code="BAD_PARAMETER")


def set_traffic(call: RibbonCall, audio_kbps: int, dscp: int) -> None:
    """Set bandwidth and marking of a call that has no description yet (4.20)."""
    check_traffic(audio_kbps, dscp)
    call.audio_kbps, call.dscp = audio_kbps, dscp


def send_parameters(call: RibbonCall, now: float) -> tuple[Operation, Steps]:
    """Send the parameters at once."""
    if not call.up:
        raise Refused("Parameters can be sent in a call that is up.", code="BAD_STATE")
    if not call.parameters:
        raise Refused("There are no parameters to send.", code="BAD_PARAMETER")
    op, steps = call.start(Op.SEND_CUSTOM_PARAMETERS, now)
    kind = wire.CallRequestType.CUSTOM_HEADERS
    request = wire.CallRequest(kind, parameters=call.parameters)
    return op, [*steps, call.ask(op, request, now, _REQUESTS[op.type])]


def resync(call: RibbonCall, now: float) -> tuple[Operation, Steps]:
    """Ask how the session stands (4.19)."""
    if not call.session:
        raise Refused("The gateway does not know this call yet.", code="BAD_STATE")
    op, steps = call.start(Op.RESYNC, now)
    return op, [*steps, _get(call, op, now)]


def _get(call: RibbonCall, op: Operation, now: float) -> CallAsk:
    data = (("requestType", _REQUESTS[Op.RESYNC]), ("wrtcsSessionId", call.session))
    op.rest_event = call.report.begin("REST_REQUEST", call.at(now), op.event, data)
    return CallAsk(Ticket(call.id, op.id), "GET", call.path)


def _dispose(
    call: RibbonCall, kind: Op, action: wire.DispositionAction, address: str, now: float
) -> tuple[Operation, Steps]:
    _must_ring(call)
    if call.doing(Op.ANSWER, Op.REJECT, Op.FORWARD_CALL):
        raise Refused("The call is being answered or refused already.", code="BAD_STATE")
    op, steps = call.start(kind, now)
    data = (("requestType", _REQUESTS[kind]),)
    op.rest_event = call.report.begin("REST_REQUEST", call.at(now), op.event, data)
    user = call.around.settings.user
    path = wire.resource_path(user, wire.Resource.CALL_DISPOSITION)
    body = wire.Disposition(action, call.session, address).body()
    return op, [*steps, CallAsk(Ticket(call.id, op.id), "POST", path, body)]


# ---- results -----------------------------------------------------------------------------------


def told(call: RibbonCall, op: Operation, reply: wire.Answer, now: float) -> Steps:
    """The gateway answered a request."""
    call.report.end(op.rest_event, call.at(now), "" if reply.ok else reply.words)
    if op.type is Op.RESYNC:
        return _resynced(call, op, reply, now)
    if op.type is Op.ANSWER:  # it was answered elsewhere, and this is how the session stands
        steps = call.finish(op, now, Refused("The call was answered elsewhere.", code="TAKEN"))
        return [*steps, *_cancelled(call, now)]
    if not reply.ok:
        return _failed(call, op, refusal(reply), reply, now)
    op.move(Transition.UPDATE)
    match op.type:
        case Op.REJECT:
            return [*call.finish(op, now), *call.over(EndReason.DECLINED, now, event="END_LOCAL")]
        case Op.FORWARD_CALL:
            done = call.finish(op, now)
            return [*done, *call.over(EndReason.FORWARDED, now, event="END_LOCAL")]
        case Op.SEND_RINGING_FEEDBACK:
            if call.state in (State.INITIATING, State.INITIATED):
                call.step(Input.RING)
            call.audit_from(now)
        case Op.DIRECT_TRANSFER | Op.CONSULTATIVE_TRANSFER:
            op.due = now + _TRANSFER_LIMIT_S
            early, op.held_back = op.held_back, None
            return finished(call, early, now) if early is not None else []
        case _:
            pass
    return call.finish(op, now)


def not_told(call: RibbonCall, op: Operation, problem: SoftphoneError, now: float) -> Steps:
    """There was no answer to a request."""
    call.report.end(op.rest_event, call.at(now), problem.message)
    if op.type is Op.ANSWER:
        return [*call.finish(op, now, problem), *_cancelled(call, now)]
    return _failed(call, op, problem, None, now)


def _failed(
    call: RibbonCall,
    op: Operation,
    problem: SoftphoneError,
    reply: wire.Answer | None,
    now: float,
) -> Steps:
    if op.type is Op.SEND_RINGING_FEEDBACK and call.state is State.INITIATING:
        call.step(Input.ACCEPTED)  # it can be answered all the same (4.2)
    steps = call.finish(op, now, problem)
    if reply is not None and not reply.ok and reply.code == wire.NO_RESOURCE:
        return [*steps, *_gone(call, reply, now)]
    return steps


def _resynced(call: RibbonCall, op: Operation, reply: wire.Answer, now: float) -> Steps:
    if not reply.ok:
        gone = reply.code in _GONE
        steps = call.finish(op, now, None if gone else refusal(reply))
        return [*steps, *(_gone(call, reply, now) if gone else [])]
    steps = call.finish(op, now)
    answered = wire.session_state(reply.body).upper() == wire.SESSION_ANSWERED
    if answered and call.ringing:
        return [*steps, *_cancelled(call, now)]
    return steps


def _gone(call: RibbonCall, reply: wire.Answer, now: float) -> Steps:
    reason = EndReason.CANCELLED if call.ringing else EndReason.LOST_BY_SERVER
    return call.over(reason, now, str(reply.code), reply.words)


def _cancelled(call: RibbonCall, now: float) -> Steps:
    return call.over(EndReason.TAKEN_BY_OTHER, now, cancelled=True)


# ---- notifications of transfers and joins ------------------------------------------------------


def finished(call: RibbonCall, notice: wire.CallNotice, now: float) -> Steps:
    """Take `sessionComplete` or `sessionFail` (4.15, 4.16)."""
    op = call.doing(*TRANSFERS)
    if op is not None and op.status is Status.ONGOING:  # it overtook the answer to our request
        op.held_back = notice
        return []
    if notice.event is wire.EventType.SESSION_FAIL:
        if op is None:
            return []
        code = notice.code or "-1"
        why = f"{notice.reason or 'no reason given'} ({code})"
        problem = Refused(f"The transfer failed: {why}.", code="TRANSFER_FAILED")
        return call.finish(op, now, problem)
    steps = call.finish(op, now) if op is not None else []
    delete = call.delete()
    ended = call.over(EndReason.TRANSFERRED, now, notice.code, notice.reason, event="END_LOCAL")
    return [*steps, *delete, *ended]


def _must_ring(call: RibbonCall) -> None:
    if not call.ringing:
        raise Refused("Only a call that rings can be refused or sent on.", code="BAD_STATE")


def _must_be_held(call: RibbonCall) -> None:
    if call.state is not State.ON_HOLD:
        raise Refused("A call must be on hold for that.", code="BAD_STATE")


__all__ = [
    *(
        "TRANSFERS",
        "check_traffic",
        "decline",
        "finished",
        "forward",
        "hang_up",
        "ignore",
        "not_told",
        "resync",
    ),
    *(
        "ring",
        "send_parameters",
        "set_parameters",
        "set_traffic",
        "told",
        "transfer",
        "transfer_to",
    ),
]
