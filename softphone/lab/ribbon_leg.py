"""One user's end of a call on the lab's Ribbon gateway: all devices of the user share it (4)."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from softphone.adapters.ribbon import wire

from .hub import Hub
from .ribbon_channels import Channels
from .ribbon_party import CANCELLED, NO_REPLY, NOBODY, REASONS, Link, Party, Progress, Reply
from .ribbon_users import RibbonUser

_ASK_LIMIT_S = 60.0  # above the 45 s after which a client gives its own offer up (4.4)
_WITH_PARAMETERS = frozenset(
    {
        wire.EventType.CALL,
        wire.EventType.RINGING,
        wire.EventType.SESSION_PROGRESS,
        wire.EventType.RESPOND_UPDATE,
        wire.EventType.START_UPDATE,
    }
)
_ROLE = re.compile(r"a=setup:(active|passive)")


class LegState(StrEnum):
    """Where a leg stands."""

    RINGING = "ringing"
    UP = "up"
    OVER = "over"


class UserLeg:
    """A leg whose media is at the user's client; the gateway only passes descriptions on."""

    def __init__(
        self,
        hub: Hub,
        channels: Channels,
        user: RibbonUser,
        over: Callable[[UserLeg], None],
        *,
        incoming: bool,
    ) -> None:
        self.id = f"s-{secrets.token_hex(10)}"
        self.user = user
        self.incoming = incoming
        self.name, self.number = user.name, user.user
        self.link: Link | None = None
        self.waiting: wire.Parameters = ()
        self.status = LegState.RINGING
        self.began = self.last_audit = hub.now
        self.answered_at: float | None = None
        self.reason = ""
        self.missed = False
        self.role = ""
        self.shown_name = self.shown_number = ""
        self.ringing_party: Party | None = None
        """Who rings because of a transfer of this leg."""
        self._hub = hub
        self._channels = channels
        self._over = over
        self._rung: asyncio.Future[Reply] | None = None
        self._asked: asyncio.Future[Reply] | None = None
        self._caller: Progress | None = None
        self._decision: Reply | None = None
        self._told_ringing = False

    @property
    def alive(self) -> bool:
        """Tell whether the call is not over."""
        return self.status is not LegState.OVER

    @property
    def up(self) -> bool:
        """Tell whether it has been answered."""
        return self.status is LegState.UP

    def show(self, other: Party) -> None:
        """Show another party from now on."""
        self.shown_name, self.shown_number = other.name, other.number

    # ---- what the gateway wants of the user ----------------------------------------------------

    async def ring(self, sdp: str, parameters: wire.Parameters, caller: Progress) -> Reply:
        """Ring on all devices; return what the first of them says."""
        devices = self._channels.with_service(self.user.user, wire.Service.CALL)
        if not devices:
            self.missed = True
            self._finish("nobody there")
            return Reply(code=NOBODY)
        self._caller = caller
        self._rung = asyncio.get_running_loop().create_future()
        self.tell(wire.EventType.CALL, sdp, parameters)
        if any(wire.SUPPORTED_RINGING not in one.supported for one in devices):
            self.rang(())
        try:
            async with asyncio.timeout(self._hub.settings.ring_limit_s):
                return await self._rung
        except TimeoutError:
            self.missed = True
            self.end(CANCELLED, "No answer")
            return Reply(code=CANCELLED)

    async def ask(self, sdp: str, parameters: wire.Parameters = ()) -> Reply:
        """Offer a change, or ask for an offer; return the client's answer."""
        if not self.alive:
            return Reply(code=CANCELLED)
        self._asked = asyncio.get_running_loop().create_future()
        self.tell(wire.EventType.START_UPDATE, sdp, parameters)
        try:
            async with asyncio.timeout(_ASK_LIMIT_S):
                return await self._asked
        except TimeoutError:
            return Reply(code=NO_REPLY)
        finally:
            self._asked = None

    def ringing(self, parameters: wire.Parameters) -> None:
        """The called party rings; told once (4.6)."""
        if not self._told_ringing and not self.up:
            self._told_ringing = True
            self.tell(wire.EventType.RINGING, parameters=parameters)

    def progress(self, sdp: str) -> None:
        """The called party can be heard before it answers (4.10)."""
        self.tell(wire.EventType.SESSION_PROGRESS, sdp)

    def answered(self, sdp: str, parameters: wire.Parameters = ()) -> None:
        """What the user offered was answered."""
        self._go_up()
        self.tell(wire.EventType.RESPOND_UPDATE, sdp, parameters)

    def refused(self, reason: str = wire.GLARE_REASON) -> None:
        """What the user offered was refused; clients undo it for this one code only (4.12)."""
        self._say(
            wire.CallNotice(
                wire.EventType.RESPOND_UPDATE,
                self._channels.event_id(),
                self.id,
                names=self._names(),
                reason=reason,
                envelope_code=wire.GLARE_STATUS,
                retry_after=1,
            )
        )

    def end(self, code: str = "", reason: str = "") -> None:
        """The other side, or the gateway, ended the call."""
        if not self.alive:
            return
        if self.incoming and not self.up:
            self.missed = True
        why = reason or REASONS.get(code, "")
        self.tell(wire.EventType.CALL_END, code=code, reason=why)
        self._finish(why or "ended")

    def completed(self, code: int, reason: str) -> None:
        """A transfer or join took the other party over: this leg is done (4.15)."""
        self.link = None
        self.tell(wire.EventType.SESSION_COMPLETE, code=str(code), reason=reason)
        self._finish(reason)

    def failed(self, code: str, reason: str) -> None:
        """A transfer or join of this leg came to nothing; the leg stays (4.15)."""
        self.tell(wire.EventType.SESSION_FAIL, code=code, reason=reason)

    # ---- what the user's clients say -----------------------------------------------------------

    def rang(self, parameters: wire.Parameters) -> None:
        """A device rings."""
        if self._caller is not None and self.status is LegState.RINGING:
            self._caller.ringing(parameters)

    def claim(self, reply: Reply) -> bool:
        """Take a device's decision; False when another one was first. `announce` tells of it."""
        if self._decision is not None or self._rung is None or self._rung.done():
            return False
        self._decision = reply
        self.heard_sdp(reply.sdp)
        if reply.sdp:
            self._go_up()
        return True

    def announce(self) -> None:
        """Tell everybody what was decided: the caller, and all devices of the user (4.8)."""
        if self._rung is None or self._rung.done() or self._decision is None:
            return
        self._rung.set_result(self._decision)
        self.tell(wire.EventType.CALL_CANCEL)
        if not self.up:
            self._finish("forwarded" if self._decision.forward else "declined")

    def replied(self, reply: Reply) -> bool:
        """Take the answer to an offer; False when nobody asked."""
        if self._asked is None or self._asked.done():
            return False
        self.heard_sdp(reply.sdp)
        self._asked.set_result(reply)
        return True

    def heard_sdp(self, sdp: str) -> None:
        """Remember which DTLS role the client has taken."""
        found = _ROLE.search(sdp)
        if found:
            self.role = found[1]

    def hang_up(self) -> None:
        """The user ended the call, or gave up."""
        if not self.alive:
            return
        if self.ringing_party is not None:
            self.ringing_party.end(CANCELLED)
        other = None if self.link is None else self.link.other(self)
        self._finish("hung up")
        if other is not None:
            other.end("" if other.up and self.answered_at is not None else CANCELLED)

    # ---- private -------------------------------------------------------------------------------

    def tell(
        self,
        event: wire.EventType,
        sdp: str = "",
        parameters: wire.Parameters = (),
        code: str = "",
        reason: str = "",
    ) -> None:
        """Notify all devices of the user."""
        if event in _WITH_PARAMETERS and self.waiting:
            parameters, self.waiting = (*self.waiting, *parameters), ()
        notice = wire.CallNotice(
            event,
            self._channels.event_id(),
            self.id,
            sdp,
            self._names(),
            parameters,
            code,
            reason,
        )
        self._say(notice)

    def _say(self, notice: wire.CallNotice) -> None:
        self._channels.tell(self.user.user, wire.Service.CALL, notice)

    def _names(self) -> wire.Names:
        """Return all five names: caller and remote are both the other party (4.7)."""
        name, number = self.shown_name, self.shown_number
        return wire.Names(name, number, self.user.user, name, number)

    def _go_up(self) -> None:
        if self.status is LegState.RINGING:
            self.status = LegState.UP
            self.answered_at = self.last_audit = self._hub.now

    def _finish(self, reason: str) -> None:
        if not self.alive:
            return
        self.status, self.reason = LegState.OVER, reason
        for waiting in (self._rung, self._asked):
            if waiting is not None and not waiting.done():
                with contextlib.suppress(asyncio.InvalidStateError):
                    waiting.set_result(Reply(code=CANCELLED))
        self._over(self)

    def state(self) -> dict[str, Any]:
        """Return everything about it, for people and tests."""
        other = None if self.link is None else self.link.other(self)
        return {
            "sid": self.id,
            "direction": "inbound" if self.incoming else "outbound",
            "phase": self.status.value,
            "operator": self.user.user,
            "from": self.shown_number if self.incoming else self.number,
            "name": self.shown_name,
            "to": self.number if self.incoming else self.shown_number,
            "answered": self.answered_at is not None,
            "reason": self.reason,
            "age_s": round(self._hub.now - self.began, 3),
            "other": None if other is None else other.id,
            "offers": 0 if self.link is None else len(self.link.offers),
        }
