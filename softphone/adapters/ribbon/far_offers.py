"""Offers of the far end in a call that is up: hold, added media, no offer at all (4.12 to 4.17).

Pure functions on a `RibbonCall`. One exchange goes on at a time; a second offer waits a little.
"""

from __future__ import annotations

from softphone.model.error import ProtocolError
from softphone.model.event import Level
from softphone.webrtc.change import Change, change_between
from softphone.webrtc.description import Direction, parse

from . import wire
from .call import RibbonCall
from .states import UP, Op, Operation
from .steps import CallAsk, MakeAnswer, Steps, Ticket

_OPS = {
    Change.HOLD: Op.HOLD,
    Change.UNHOLD: Op.UNHOLD,
    Change.START_MOH: Op.START_MOH,
    Change.STOP_MOH: Op.STOP_MOH,
    Change.ADD_MEDIA: Op.ADD_MEDIA,
    Change.REMOVE_MEDIA: Op.REMOVE_MEDIA,
    Change.UPDATE: Op.GENERIC_REMOTE,
}
_MEDIA_WORDS = {
    Op.ADD_MEDIA: "the far end sends more than before; only sound is taken",
    Op.REMOVE_MEDIA: "the far end sends less than before",
}


def offered(call: RibbonCall, notice: wire.CallNotice, now: float) -> Steps:
    """Take an offer in a call that is up; another exchange on its way decides (4.12)."""
    if call.state not in UP:
        return []
    busy = call.negotiation
    if busy is None:
        return begin(call, notice, now)
    refuse = wire.CallRequest(wire.CallRequestType.RESPOND_UPDATE, sdp_code=wire.GLARE_SIP_CODE)
    if busy.local or call.waiting_offer is not None:
        return [CallAsk(None, "PUT", call.path, refuse.body())]
    call.waiting_offer = notice, now + wire.GLARE_WAIT_S
    return []


def begin(call: RibbonCall, notice: wire.CallNotice, now: float) -> Steps:
    """Begin the exchange an offer asks for; one without a description asks for ours."""
    steps = [*call.named(notice.names), *call.told_parameters(notice.parameters)]
    direction = Direction.INACTIVE if call.local_hold else Direction.SENDRECV
    if not notice.sdp:
        op, working = call.start(Op.SLOW_START, now, local=False)
        op.fresh = not call.around.settings.keep_peer_in_slow_start
        return [*steps, *working, call.make_offer(op, now, direction)]
    try:
        change = change_between(
            call.theirs,
            parse(notice.sdp),
            held_here=call.local_hold,
            held_there=call.remote_hold,
        )
    except ProtocolError:
        change = Change.UPDATE  # the peer says what is wrong with it
    op, working = call.start(_OPS[change], now, local=False)
    op.sends_offer = False
    op.media_event = call.report.begin("CREATE_ANSWER", call.at(now), op.event)
    op.held_back = notice
    return [*steps, *working, MakeAnswer(Ticket(call.id, op.id), notice.sdp, direction)]


def made(call: RibbonCall, op: Operation, now: float) -> Steps:
    """The far end's offer was applied while answering it: what it means counts from now on."""
    notice, op.held_back = op.held_back, None
    if notice is None:
        return []
    call.applied(notice.sdp)
    if op.type is Op.HOLD:
        return call.held_there(True)
    if op.type in (Op.ADD_MEDIA, Op.REMOVE_MEDIA):
        return [call.remark(Level.INFO, _MEDIA_WORDS[op.type])]
    return call.held_there(False) if op.type is Op.UNHOLD else []


def next_offer(call: RibbonCall, now: float) -> Steps:
    """Take the offer that waited for the exchange before it."""
    if call.waiting_offer is None or call.negotiation is not None or not call.up:
        return []
    notice, _ = call.waiting_offer
    call.waiting_offer = None
    return begin(call, notice, now)


def refuse_waiting(call: RibbonCall) -> Steps:
    """Refuse the far end's offer that waits for the exchange before it."""
    if call.waiting_offer is None:
        return []
    call.waiting_offer = None
    refuse = wire.CallRequest(wire.CallRequestType.RESPOND_UPDATE, sdp_code=wire.GLARE_SIP_CODE)
    return [CallAsk(None, "PUT", call.path, refuse.body())]
