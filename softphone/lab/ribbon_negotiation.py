"""Changes in calls between two clients: offers one after the other, glare (reference, 4.11-12)."""

from __future__ import annotations

import asyncio
import re

from softphone.adapters.ribbon import wire

from .ribbon_leg import UserLeg
from .ribbon_party import Link, Party, Reply

_RESTLESS = re.compile(r"^a=(sendrecv|sendonly|recvonly)\r?$", re.MULTILINE)
_ACTPASS = "a=setup:actpass"


async def relay_offer(leg: UserLeg, sdp: str, parameters: wire.Parameters) -> None:
    """Bring a client's offer to the other party and its answer back."""
    link = leg.link
    if link is None:
        return
    link.offers[leg.id] = sdp
    async with link.lock:
        if link.offers.get(leg.id) != sdp:
            return  # decided together with the other side's offer
        try:
            reply = await _until_not_glare(link, leg, sdp, parameters)
        finally:
            link.offers.pop(leg.id, None)
    if reply is None or not leg.alive:
        return
    if reply.code == wire.GLARE_SIP_CODE:
        leg.refused()
    elif reply.code or not reply.sdp:
        leg.refused(reply.reason)
    else:
        leg.answered(reply.sdp, reply.parameters)


async def _until_not_glare(
    link: Link, leg: UserLeg, sdp: str, parameters: wire.Parameters
) -> Reply | None:
    """Ask until the other side is not busy with an offer of its own; None: both were served."""
    other = link.other(leg)
    reply = await other.ask(sdp, parameters)
    waited_s = 0.0
    while reply.code == wire.GLARE_SIP_CODE and waited_s < wire.GLARE_WAIT_S:
        theirs = link.offers.get(other.id)
        if theirs is not None and _serve_both(link, leg, sdp, other, theirs):
            return None
        await asyncio.sleep(wire.GLARE_STEP_S)
        waited_s += wire.GLARE_STEP_S
        if theirs is not None or waited_s >= wire.GLARE_WAIT_S:
            reply = await other.ask(sdp, parameters)
    return reply


def _serve_both(link: Link, leg: UserLeg, sdp: str, other: Party, theirs: str) -> bool:
    """Settle two offers that crossed; False when one had to be refused and the other goes on.

    Two holds are each other's answer: a client that is refused a hold may end its call (4.12).
    Otherwise the later offer is refused and its client tries again.
    """
    link.offers.pop(other.id, None)
    if _is_still(sdp) and _is_still(theirs) and isinstance(other, UserLeg):
        link.offers.pop(leg.id, None)
        leg.answered(_as_answer(theirs, other.role or _opposite(leg.role)))
        other.answered(_as_answer(sdp, leg.role or _opposite(other.role)))
        return True
    other.refused()
    return False


def _is_still(sdp: str) -> bool:
    """Tell whether nothing flows on any line."""
    return _RESTLESS.search(sdp) is None


def _as_answer(sdp: str, role: str) -> str:
    """Return an offer as the answer of its author, who keeps its DTLS role."""
    return sdp.replace(_ACTPASS, f"a=setup:{role}")


def _opposite(role: str) -> str:
    return "passive" if role == "active" else "active"
