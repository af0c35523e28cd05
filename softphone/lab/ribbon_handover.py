"""Transfers and joins on the lab's Ribbon gateway (reference, 4.15 and 4.16)."""

from __future__ import annotations

import asyncio

from softphone.adapters.ribbon import wire

from .farends import FarEnd
from .hub import Hub
from .ribbon_calls import RibbonCalls
from .ribbon_conference import Conference
from .ribbon_far import FarLeg
from .ribbon_leg import UserLeg
from .ribbon_party import CANCELLED, NO_REPLY, Link, Nobody, Party, Reply, other_of
from .ribbon_users import DOMAIN
from .world import Caller

_DONE, _JOINED = "Transfer Successful", "Join Successful"
_LEFT_ALONE = Reply(code=CANCELLED)


class Handover:
    """Gives calls from one user to another, or brings two of them together."""

    def __init__(self, hub: Hub, calls: RibbonCalls) -> None:
        self._hub = hub
        self._calls = calls

    # ---- transfer ------------------------------------------------------------------------------

    async def direct(self, leg: UserLeg, address: str) -> None:
        """Ring the target without a description; its offer goes to the party that stays."""
        stays = other_of(leg)
        if stays is None:
            leg.failed(NO_REPLY, "There is nobody to transfer.")
            return
        target = self._calls.party_for(address, Caller(stays.number, stays.name))
        if isinstance(target, str):
            leg.failed(target, Reply(code=target).reason)
            return
        target.show(stays)
        leg.ringing_party = target
        offer = await target.ring("", (), Nobody())
        leg.ringing_party = None
        if offer.forward:
            offer = Reply(code=CANCELLED)
        if not offer.code:
            offer = await self._bring_together(leg, stays, target, offer)
        if offer.code:
            target.end(offer.code)
            if leg.alive:
                leg.failed(offer.code, offer.reason)

    async def _bring_together(
        self, leg: UserLeg, stays: Party, target: Party, offer: Reply
    ) -> Reply:
        """Pass the target's offer to the party that stays, and its answer back."""
        if not stays.alive or not leg.alive:
            return _LEFT_ALONE
        stays.show(target)
        async with _its_turn(leg):
            answer = await stays.ask(offer.sdp)
        if answer.code or not answer.sdp:
            stays.show(leg)
            return Reply(code=answer.code or NO_REPLY)
        leg.completed(wire.END_TRANSFERRED, _DONE)
        Link(stays, target)
        target.answered(answer.sdp)
        self._settled(stays, target)
        return Reply(answer.sdp)

    async def attended(self, leg: UserLeg, second: UserLeg) -> None:
        """Let the first party make an offer; it goes to the second one (the recipe of 4.15)."""
        stays, target = other_of(leg), other_of(second)
        if stays is None or target is None:
            leg.failed(NO_REPLY, "There is nobody to transfer.")
            return
        stays.show(target)
        async with _its_turn(leg):
            offer = await stays.ask("")
        answer = Reply(code=offer.code or NO_REPLY)
        if offer.sdp and target.alive and second.alive:
            target.show(stays)
            async with _its_turn(second):
                answer = await target.ask(offer.sdp)
        if answer.code or not answer.sdp or not leg.alive:
            stays.show(leg)
            target.show(second)
            leg.failed(answer.code or NO_REPLY, answer.reason)
            return
        leg.completed(wire.END_TRANSFERRED, _DONE)
        second.completed(wire.END_TRANSFERRED, _DONE)
        Link(stays, target)
        stays.answered(answer.sdp)
        self._settled(stays, target)

    def _settled(self, stays: Party, target: Party) -> None:
        for party in (stays, target):
            if isinstance(party, FarLeg):
                party.end_later_if_alone()
            elif isinstance(party, UserLeg):
                self._calls.changed(party)

    # ---- join ----------------------------------------------------------------------------------

    async def join(self, joined: UserLeg, first: UserLeg, second: UserLeg, sdp: str) -> None:
        """Mix a user and the other parties of two of its calls."""
        parties = [party for leg in (first, second) if (party := other_of(leg)) is not None]
        room = Conference(self._hub, lambda: self._end_room(facing))
        facing: list[FarLeg] = []
        own = self._facing(room)
        facing.append(own)
        Link(joined, own)
        answer = await own.ask(sdp)
        if answer.code or len(parties) < 2:
            joined.end(answer.code or NO_REPLY, "The calls cannot be joined.")
            room.close()
            return
        joined.answered(answer.sdp)
        self._calls.changed(joined)
        for leg in (first, second):
            leg.completed(wire.END_JOINED, _JOINED)
        for party in parties:
            if isinstance(party, FarLeg):
                # It is here already: no peer, no codec, no second way through the network.
                room.adopt(party.give_up_media())
            else:
                facing.append(await self._seat(room, party))

    async def _seat(self, room: Conference, party: Party) -> FarLeg:
        """Offer the mixer to one party; who refuses is out."""
        own = self._facing(room)
        Link(party, own)
        offer = await own.ask("")
        answer = await party.ask(offer.sdp)
        if answer.code or not answer.sdp:
            party.end(answer.code)
            own.end(answer.code)
        else:
            own.answered(answer.sdp)
        return own

    def _facing(self, room: Conference) -> FarLeg:
        end = FarEnd(room.seat(), answered=True)
        address = f"{wire.CONFERENCE_PREFIX}{DOMAIN}"
        return self._calls.new_far(end, "Conference", address)

    def _end_room(self, facing: list[FarLeg]) -> None:
        for far in facing:
            far.hang_up("conference over")


def _its_turn(leg: UserLeg) -> asyncio.Lock:
    """Return what keeps an offer to a leg's other party apart from those on their way."""
    return asyncio.Lock() if leg.link is None else leg.link.lock
