"""The state of one Audin operator: messages, commands and the time in; what to do out.

Pure. The client gives every input together with monotonic time, does the returned steps in
order, and calls `wake` at `next_wake()`. This is the one place where presence and calls meet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from softphone.model import event as e
from softphone.model.call import AccountName, CallId, Party
from softphone.model.error import Refused
from softphone.model.presence import OwnNumber

from . import wire
from .calls import AudinCall, AudinCalls
from .presence import Presence
from .settings import AudinSettings
from .steps import Emit, Steps


class AudinProtocol:
    """One operator's presence and calls."""

    def __init__(
        self, account: AccountName, settings: AudinSettings, new_call_id: Callable[[], CallId]
    ) -> None:
        self.account = account
        self.numbers: tuple[OwnNumber, ...] = ()
        self.presence = Presence(account, settings.heartbeat_s, wanted=settings.phone_number_ids)
        self.calls = AudinCalls(
            account, new_call_id, self._local_party, settings.second_offer == "queue"
        )
        self._default_caller_id = settings.caller_id

    # ---- the presence socket -------------------------------------------------------------------

    def opened(self, now: float) -> Steps:
        """The presence socket is open."""
        return self.presence.opened(now)

    def closed(self, now: float) -> Steps:
        """The presence socket is gone."""
        return [*self.calls.presence_lost(now), *self.presence.closed()]

    def received(self, message: wire.ServerMessage, now: float) -> Steps:
        """Take one message of the presence socket."""
        self.presence.heard(now)
        match message:
            case wire.Connected():
                return self.presence.greeted(message.protocol or "", now)
            case wire.AvailableSet(accepted, rejected):
                return self.presence.confirmed(accepted, rejected)
            case wire.IncomingCall():
                return self.calls.offered(message, now)
            case wire.CallTaken():
                return self.calls.taken(message.call_sid, message.reason or "", now)
            case wire.CallGone():
                return self.calls.gone(message.call_sid, message.reason or "", now)
            case wire.CallAssigned():
                return self.calls.assigned(message, now)
            case wire.OutboundStarted():
                return self.calls.started(message, now)
            case wire.ServerError():
                return self.calls.failed(message, now)
            case wire.Pong() | wire.Unknown():
                return []
            case _:
                assert_never(message)

    def listed(self, numbers: tuple[OwnNumber, ...], now: float) -> Steps:
        """Take the account's numbers; with none chosen or configured, all of them are wanted."""
        self.numbers = numbers
        told: Steps = [Emit(e.NumbersListed(self.account, numbers))]
        if self.presence.wanted or not self.presence.available:
            return told
        return [*told, *self.presence.choose(tuple(number.id for number in numbers), now)]

    # ---- time ----------------------------------------------------------------------------------

    def next_wake(self) -> float | None:
        """Return when `wake` is due (monotonic), or None."""
        limits = (self.presence.next_limit(), self.calls.next_limit())
        return min((limit for limit in limits if limit is not None), default=None)

    def wake(self, now: float) -> Steps:
        """Do what time has brought."""
        return [*self.presence.overdue(now), *self.calls.overdue(now)]

    # ---- the operator --------------------------------------------------------------------------

    def go_online(self, numbers: tuple[str, ...] | None, now: float) -> Steps:
        """Be available on these numbers; None is the set of the last time."""
        return [] if numbers is None else self.presence.choose(numbers, now)

    def set_available(self, available: bool, now: float) -> Steps:
        """Offer calls, or stop offering."""
        if available and not self.presence.wanted:
            self.presence.wanted = tuple(number.id for number in self.numbers)
        return self.presence.set_available(available, now)

    def leave(self, now: float) -> Steps:
        """Go offline on purpose: offers declined, call ended, availability withdrawn (9.9)."""
        return [*self.calls.leave(now), *self.presence.leave()]

    def left(self) -> None:
        """The line is closed on purpose: nothing more will be heard of withdrawn calls."""
        self.calls.forget_withdrawn()

    def dial(self, to: str, from_number: str, now: float) -> tuple[CallId, Steps]:
        """Place a call; raises Refused (NOT_ONLINE, BUSY, BAD_NUMBER)."""
        if not self.presence.online:
            raise Refused("Not online: the call cannot be placed now.", code="NOT_ONLINE")
        return self.calls.dial(to, self._caller_id(from_number), now)

    def call(self, call_id: CallId) -> AudinCall | None:
        """Return a call that is not over."""
        return self.calls.get(call_id)

    # ---- private -------------------------------------------------------------------------------

    def _caller_id(self, wanted: str) -> str:
        """Return the E.164 number to show, from a number id or a number (reference, section 5)."""
        wanted = wanted or self._default_caller_id or next(iter(self.presence.wanted), "")
        for number in self.numbers:
            if wanted in (number.id, number.number) or not wanted:
                return number.number
        if not self.numbers and wire.is_e164(wanted):
            return wanted  # the list cannot be had; the server judges
        own = ", ".join(number.number for number in self.numbers) or "none listed yet"
        raise Refused(f"{wanted!r} is not one of this account's numbers: {own}.", code="BAD_NUMBER")

    def _local_party(self, number_id: str, number: str) -> Party:
        for own in self.numbers:
            if (number_id and own.id == number_id) or (number and own.number == number):
                return Party(own.number, own.name)
        return Party(number)
