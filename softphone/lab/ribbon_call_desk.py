"""Requests about calls at the lab's Ribbon gateway (reference, 4)."""

from __future__ import annotations

import asyncio
import re

from softphone.adapters.ribbon import wire

from .hub import Hub
from .ribbon_calls import RibbonCalls
from .ribbon_channels import Channels
from .ribbon_handover import Handover
from .ribbon_leg import UserLeg
from .ribbon_negotiation import relay_offer
from .ribbon_party import DECLINED, Reply, other_of
from .ribbon_rest import Asked, Route, Said, Wrong
from .ribbon_users import DOMAIN

_At = wire.Resource

_NAMED = re.compile(r"\s*(.*?)\s*<[^<>]*>\s*")
_CONFLICT = 409


class CallDesk:
    """Turns requests into what happens to calls."""

    def __init__(self, hub: Hub, channels: Channels, calls: RibbonCalls) -> None:
        self._hub = hub
        self._channels = channels
        self._calls = calls
        self._handover = Handover(hub, calls)

    def table(self) -> list[Route]:
        """Return what it answers."""
        inside, sessions = wire.Envelope.CALL, f"{_At.CALL_SESSIONS}/*"
        return [
            Route("POST", _At.CALL_CONTROL, inside, self._create),
            Route("PUT", sessions, inside, self._change),
            Route("GET", sessions, inside, self._status),
            Route("DELETE", sessions, inside, self._delete),
            Route("POST", _At.CALL_DISPOSITION, inside, self._dispose),
            Route("POST", _At.CLICK_TO_CALL, wire.Envelope.CLICK_TO_CALL, self._click),
        ]

    # ---- new calls -----------------------------------------------------------------------------

    def _create(self, asked: Asked) -> Said:
        request = wire.CallRequest.read(asked.body)
        if not self._channels.with_service(asked.user.user, wire.Service.CALL):
            raise Wrong(403, wire.NOT_ENABLED)
        if not request.sdp:
            raise Wrong(400, wire.INVALID_BODY)
        if request.type is wire.CallRequestType.JOIN:
            return self._join(asked, request)
        if request.type is not wire.CallRequestType.START or not request.to:
            raise Wrong(400, wire.INVALID_BODY)
        leg = self._calls.new_leg(asked.user, incoming=False)
        named = _NAMED.fullmatch(request.from_)
        leg.name = (named[1] if named else "") or leg.name
        leg.shown_number = wire.bare(request.to)
        leg.heard_sdp(request.sdp)
        self._hub.note(f"{asked.user.user} calls {wire.bare(request.to)} ({leg.id})")
        asked.afterwards(lambda: self._hub.spawn(self._start(leg, request)))
        return Said(wire.call_answer(leg.id))

    async def _start(self, leg: UserLeg, request: wire.CallRequest) -> None:
        """Tell nobody before the caller has read the answer: it would be lost (4.5)."""
        await asyncio.sleep(wire.START_NOTICE_S)
        if leg.alive:
            await self._calls.place(leg, request.to, request.sdp, request.parameters)

    def _join(self, asked: Asked, request: wire.CallRequest) -> Said:
        first = self._connected(asked, request.first)
        second = self._connected(asked, request.second)
        if first is second:
            raise Wrong(400, wire.INVALID_PARAMETER)
        joined = self._calls.new_leg(asked.user, incoming=False)

        async def join() -> None:
            await asyncio.sleep(wire.START_NOTICE_S)
            await self._handover.join(joined, first, second, request.sdp)

        asked.afterwards(lambda: self._hub.spawn(join()))
        return Said(wire.call_answer(joined.id))

    def _click(self, asked: Asked) -> Said:
        first, second = wire.read_click_request(asked.body)
        first, second = (wire.normalised(one, DOMAIN) for one in (first, second))
        click = self._calls.click
        asked.afterwards(lambda: self._hub.spawn(click(first, second, asked.user)))
        return Said(wire.simple_answer(wire.Envelope.CLICK_TO_CALL))

    # ---- calls that are there ------------------------------------------------------------------

    def _change(self, asked: Asked) -> Said:
        request = wire.CallRequest.read(asked.body)
        leg = self._leg(asked, asked.ident)
        match request.type:
            case wire.CallRequestType.AUDIT:
                leg.last_audit = self._hub.now
            case wire.CallRequestType.RINGING:
                asked.afterwards(lambda: leg.rang(request.parameters))
            case wire.CallRequestType.ANSWER:
                self._answer(asked, leg, request)
            case wire.CallRequestType.START_UPDATE:
                self._offer(asked, leg, request)
            case wire.CallRequestType.RESPOND_UPDATE:
                reply = Reply(request.sdp, request.sdp_code, request.parameters)
                asked.afterwards(lambda: self._replied(leg, reply))
            case wire.CallRequestType.TRANSFER:
                self._transfer(asked, leg, request)
            case wire.CallRequestType.CUSTOM_HEADERS:
                other = other_of(leg)
                if other is not None:
                    other.waiting = (*other.waiting, *request.parameters)
            case wire.CallRequestType.START | wire.CallRequestType.JOIN:
                raise Wrong(400, wire.INVALID_BODY)
        return Said(wire.call_answer())

    def _answer(self, asked: Asked, leg: UserLeg, request: wire.CallRequest) -> None:
        if not request.sdp:
            raise Wrong(400, wire.INVALID_BODY)
        if leg.up or not leg.incoming:
            raise Wrong(_CONFLICT, wire.ALREADY_ANSWERED)
        # Decided before the answer goes out, told after it: two devices may answer at once.
        reply = Reply(request.sdp, parameters=request.parameters)
        if not leg.claim(reply):
            raise Wrong(_CONFLICT, wire.ALREADY_ANSWERED)
        asked.afterwards(leg.announce)

    def _offer(self, asked: Asked, leg: UserLeg, request: wire.CallRequest) -> None:
        if not leg.up or not request.sdp:
            raise Wrong(400, wire.INVALID_PARAMETER)
        leg.heard_sdp(request.sdp)
        glare = self._hub.faults.on("glare", leg.user.user)

        def pass_on() -> None:
            if glare:
                leg.refused()
            else:
                self._hub.spawn(relay_offer(leg, request.sdp, request.parameters))

        asked.afterwards(pass_on)

    def _replied(self, leg: UserLeg, reply: Reply) -> None:
        if not leg.replied(reply):
            self._hub.note(f"{leg.user.user} answered what nobody asked ({leg.id})")

    def _transfer(self, asked: Asked, leg: UserLeg, request: wire.CallRequest) -> None:
        if not leg.up or not (request.address or request.session):
            raise Wrong(400, wire.INVALID_PARAMETER)
        if not request.session:
            direct = self._handover.direct
            asked.afterwards(lambda: self._hub.spawn(direct(leg, request.address)))
            return
        second = self._connected(asked, request.session)
        attended = self._handover.attended
        asked.afterwards(lambda: self._hub.spawn(attended(leg, second)))

    def _status(self, asked: Asked) -> Said:
        leg = self._calls.leg_of(asked.user.user, asked.ident)
        if leg is None:
            raise Wrong(404, wire.NO_SESSION)
        state = wire.SESSION_ANSWERED if leg.up else "RINGING"
        return Said(wire.call_answer(state=state))

    def _delete(self, asked: Asked) -> Said:
        leg = self._calls.leg_of(asked.user.user, asked.ident)
        if leg is None and not self._calls.was_leg(asked.user.user, asked.ident):
            raise Wrong(404, wire.NO_RESOURCE)
        if leg is not None:
            asked.afterwards(leg.hang_up)
        return Said()

    def _dispose(self, asked: Asked) -> Said:
        wanted = wire.Disposition.read(asked.body)
        leg = self._leg(asked, wanted.session)
        forward = wanted.action is wire.DispositionAction.FORWARD
        if forward and not wanted.address:
            raise Wrong(400, wire.INVALID_PARAMETER)
        reply = Reply(forward=wanted.address) if forward else Reply(code=DECLINED)
        if not leg.claim(reply):
            raise Wrong(_CONFLICT, wire.ALREADY_ANSWERED)
        asked.afterwards(leg.announce)
        return Said(wire.disposition_answer())

    # ---- looking -------------------------------------------------------------------------------

    def _leg(self, asked: Asked, session: str) -> UserLeg:
        leg = self._calls.leg_of(asked.user.user, session)
        if leg is None:
            raise Wrong(404, wire.NO_RESOURCE)
        return leg

    def _connected(self, asked: Asked, session: str) -> UserLeg:
        leg = self._leg(asked, session)
        if not leg.up:
            raise Wrong(400, wire.INVALID_PARAMETER)
        return leg
