"""Calls of the lab's Ribbon gateway: placing, ringing, answering, ending (reference, 4)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from softphone.adapters.ribbon import wire
from softphone.webrtc.sdp import Direction

from . import farends
from .farends import FAR_ENDS, FarEnd
from .hub import Hub
from .ribbon_channels import Channels
from .ribbon_far import FarLeg
from .ribbon_leg import UserLeg
from .ribbon_party import (
    CANCELLED,
    DECLINED,
    NOBODY,
    NOT_FOUND,
    Link,
    Nobody,
    Party,
    Reply,
    other_of,
)
from .ribbon_users import DOMAIN, RibbonUser, user_named, user_with_extension
from .sounds import Patch
from .world import Caller

_OVER_KEPT = 100
_FORWARDS = 5
_AUDIT_EVERY_S = 1.0
_PCMU_ONLY = frozenset({"0102", "0105"})
"""Last digits of far ends that answer with G.711 only; the others prefer Opus."""
_EARLY = frozenset({farends.ANNOUNCEMENT})


class RibbonCalls:
    """All parties and who talks to whom."""

    def __init__(self, hub: Hub, channels: Channels) -> None:
        self._hub = hub
        self._channels = channels
        self.legs: dict[str, UserLeg] = {}
        self.far_legs: dict[str, FarLeg] = {}
        self._over: deque[UserLeg | FarLeg] = deque(maxlen=_OVER_KEPT)
        self.changed: Callable[[UserLeg], None] = lambda _leg: None
        """Told when a user's leg is answered or over."""
        self.last_change = 0.0
        self._watch: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self.legs) + len(self.far_legs)

    # ---- looking -------------------------------------------------------------------------------

    def leg_of(self, user: str, session: str) -> UserLeg | None:
        """Return a user's live leg."""
        leg = self.legs.get(session)
        return leg if leg is not None and leg.user.user == user else None

    def was_leg(self, user: str, session: str) -> bool:
        """Tell whether a leg of the user is over."""
        return any(
            isinstance(leg, UserLeg) and leg.id == session and leg.user.user == user
            for leg in self._over
        )

    def find_far(self, ident: str) -> FarLeg | None:
        """Return a far end by its own id, or by the id of the leg it talks to; also one over."""
        leg = self.legs.get(ident)
        if leg is not None:
            other = other_of(leg)
            return other if isinstance(other, FarLeg) else None
        known = [*self.far_legs.values(), *(x for x in self._over if isinstance(x, FarLeg))]
        return next((far for far in known if far.id == ident), None)

    def busy(self, user: str) -> bool:
        """Tell whether a user talks."""
        return any(leg.up for leg in self.legs.values() if leg.user.user == user)

    def state(self) -> list[dict[str, Any]]:
        """Return all calls, those that are over last."""
        live: list[UserLeg | FarLeg] = [*self.legs.values(), *self.far_legs.values()]
        return [one.state() for one in (*live, *reversed(self._over))]

    # ---- parties -------------------------------------------------------------------------------

    def new_leg(self, user: RibbonUser, *, incoming: bool) -> UserLeg:
        """Return a new leg of a user."""
        leg = UserLeg(self._hub, self._channels, user, self._leg_over, incoming=incoming)
        self.legs[leg.id] = leg
        self._watch_audits()
        return leg

    def new_far(self, far_end: FarEnd, name: str, number: str, **options: Any) -> FarLeg:
        """Return a new far end."""
        codecs = self._hub.faults.get("far_end_codec", number)
        if codecs is not None:
            options["codecs"] = (codecs["name"],)
        far = FarLeg(self._hub, far_end, name, number, self._far_over, **options)
        self.far_legs[far.id] = far
        return far

    def party_for(self, address: str, caller: Caller) -> Party | str:
        """Return whom an address means, ready to ring; a SIP code when it means nobody."""
        user = user_named(address)
        if user is not None:
            return self.new_leg(user, incoming=True)
        plain = wire.full(address, DOMAIN)
        local, _, domain = plain.rpartition("@")
        if domain.lower() != DOMAIN or not local:
            return NOT_FOUND
        number = FAR_ENDS.get(local.lower(), local)
        if not number.lstrip("+*#").isdecimal():
            return NOT_FOUND
        return self._party_at(number, caller)

    def _party_at(self, number: str, caller: Caller) -> Party | str:
        user = user_with_extension(number[-4:]) if len(number) < 5 or _is_lab(number) else None
        if user is not None:
            return self.new_leg(user, incoming=True)
        if number.endswith(farends.REJECTED):
            return DECLINED
        shown = f"{number}@{DOMAIN}"
        if farends.operator_in(number) is not None:
            patch = Patch()
            if not self._hub.reach(number, caller, patch):
                return NOBODY
            return self.new_far(farends.PatchedFarEnd(patch.near), "Operator", shown)
        far_end = farends.dialled(number, self._hub.settings.times)
        codecs: dict[str, Any] = {"codecs": ("PCMU",)} if number[-4:] in _PCMU_ONLY else {}
        early = number[-4:] in _EARLY
        return self.new_far(far_end, farends.title(number), shown, early=early, **codecs)

    # ---- placing -------------------------------------------------------------------------------

    async def place(
        self, caller: Party, to: str, sdp: str, parameters: wire.Parameters = ()
    ) -> None:
        """Ring whom `to` means for a caller, and bring back what comes of it."""
        for _ in range(_FORWARDS):
            target = self.party_for(to, Caller(_phone(caller.number), caller.name))
            if isinstance(target, str):
                caller.end(target)
                return
            reply = await self.connect(caller, target, sdp, parameters)
            if not reply.forward:
                break
            to = reply.forward
        if not caller.alive:
            return
        if reply.code or reply.forward:
            caller.end(reply.code or NOBODY, reply.reason)

    async def connect(
        self, caller: Party, target: Party, sdp: str, parameters: wire.Parameters
    ) -> Reply:
        """Ring one party for another; when it answers they talk."""
        Link(caller, target)
        reply = await target.ring(sdp, parameters, caller)
        if reply.code or reply.forward or not caller.alive:
            return reply
        if sdp:
            caller.answered(reply.sdp, reply.parameters)
        else:
            said = await caller.ask(reply.sdp, reply.parameters)
            if said.code:
                target.end(said.code)
                return said
            target.answered(said.sdp, said.parameters)
        self._note_up(caller, target)
        return reply

    async def click(self, first: str, second: str, asker: RibbonUser) -> None:
        """Ring both parties, the calling one first, and connect them (4.24)."""
        who = Caller(None, asker.name)
        one = self.party_for(first, who)
        two = self.party_for(second, who)
        for party, other in ((one, two), (two, one)):
            if isinstance(party, str):
                if not isinstance(other, str):
                    other.end(party)
                self._hub.note(f"click to call: nobody at {first} or {second}")
                return
        assert not isinstance(one, str) and not isinstance(two, str)
        Link(one, two)
        offer = await one.ring("", (), Nobody())
        if offer.code or offer.forward:
            two.end(CANCELLED)
            return
        answer = await two.ring(offer.sdp, (), Nobody())
        if answer.code or not answer.sdp:
            one.end(answer.code or NOBODY)
            return
        one.answered(answer.sdp)
        self._note_up(one, two)

    def _note_up(self, *parties: Party) -> None:
        self.last_change = self._hub.now
        for party in parties:
            if isinstance(party, UserLeg):
                self.changed(party)

    def change_far_ends(self, user: str, direction: Direction | None) -> int:
        """Let far ends of a user's calls offer a change; None: they ask for an offer."""
        legs = [leg for leg in self.legs.values() if leg.user.user == user and leg.up]
        fars = [far for leg in legs if isinstance(far := other_of(leg), FarLeg)]
        for far in fars:
            work = far.ask_for_offer() if direction is None else far.change(direction)
            self._hub.spawn(work)
        return len(fars)

    # ---- ends ----------------------------------------------------------------------------------

    def _leg_over(self, leg: UserLeg) -> None:
        self.legs.pop(leg.id, None)
        self._over.append(leg)
        self.last_change = self._hub.now
        self._hub.note(f"{leg.user.user}: {leg.id} is over ({leg.reason})")
        self.changed(leg)

    def _far_over(self, far: FarLeg) -> None:
        self.far_legs.pop(far.id, None)
        self._over.append(far)

    def _watch_audits(self) -> None:
        """End legs whose clients do not audit them any more (4.19)."""
        if self._watch is None:
            self._watch = self._hub.after(_AUDIT_EVERY_S, self._look_for_dead)

    def _look_for_dead(self) -> None:
        self._watch = None
        limit_s = self._hub.settings.audit_limit_s
        for leg in list(self.legs.values()):
            if leg.up and self._hub.now - leg.last_audit > limit_s:
                self._hub.note(f"{leg.user.user}: {leg.id} is not audited any more")
                other = other_of(leg)
                leg.end(reason="Call audit missing")
                if other is not None:
                    other.end(reason="Call audit missing")
        if self.legs:
            self._watch_audits()

    def close(self) -> None:
        """End everything."""
        for leg in list(self.legs.values()):
            leg.hang_up()
        for far in list(self.far_legs.values()):
            far.end("closed")


def _is_lab(number: str) -> bool:
    return number.lstrip("+").startswith(farends.PREFIX.lstrip("+"))


def _phone(number: str) -> str:
    """Return the number of an address without its domain."""
    return number.rpartition("@")[0] or number
