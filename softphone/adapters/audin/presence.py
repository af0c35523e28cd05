"""The presence socket of one Audin operator (reference, section 6). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.event import Level
from softphone.model.presence import Availability

from . import wire
from .steps import Emit, Reconnect, Send, Steps


@dataclass(slots=True)
class Presence:
    """Greeting, availability and heartbeat. `wanted` and `available` outlive the socket."""

    account: AccountName
    heartbeat_s: float = wire.HEARTBEAT_S
    wanted: tuple[str, ...] = ()
    available: bool = False
    _open: bool = False
    _greeted: bool = False
    _warned_protocol: bool = False
    _greeting_limit: float | None = None
    _confirm_limit: float | None = None
    _asked_again: bool = False
    _next_ping: float = 0.0
    _last_inbound: float = 0.0
    _told: Availability = field(default_factory=Availability)

    @property
    def online(self) -> bool:
        """Tell whether the socket is open and the greeting came, or is overdue (6.1)."""
        return self._open and self._greeted

    def next_limit(self) -> float | None:
        """Return when `overdue` has something to do, or None."""
        if not self._open:
            return None
        limits = [self._next_ping, self._last_inbound + wire.SILENT_LIMIT_S]
        limits += [t for t in (self._greeting_limit, self._confirm_limit) if t is not None]
        return min(limits)

    # ---- the socket ----------------------------------------------------------------------------

    def opened(self, now: float) -> Steps:
        """The socket is open; the greeting is due within its limit."""
        self._open, self._greeted = True, False
        self._greeting_limit = now + wire.CONNECTED_LIMIT_S
        self._next_ping = now + self.heartbeat_s
        self._last_inbound = now
        return []

    def closed(self) -> Steps:
        """The socket is gone; what was accepted is not any more."""
        self._open = self._greeted = False
        self._greeting_limit = self._confirm_limit = None
        return self._tell(Availability(self._announced))

    def heard(self, now: float) -> None:
        """Note that the server said something."""
        self._last_inbound = now

    # ---- messages ------------------------------------------------------------------------------

    def greeted(self, protocol: str, now: float) -> Steps:
        """Take `connected`: announce what the operator wants."""
        steps: Steps = []
        if protocol and protocol != wire.PROTOCOL and not self._warned_protocol:
            self._warned_protocol = True
            text = f"the server speaks protocol {protocol}, this softphone {wire.PROTOCOL}"
            steps.append(Emit(e.Remarked(self.account, Level.WARNING, text)))
        if self._greeted:
            return steps
        self._greeted, self._greeting_limit = True, None
        return steps + (self._announce(now) if self.available else [])

    def confirmed(self, accepted: tuple[str, ...], rejected: tuple[str, ...]) -> Steps:
        """Take `available_set`. Numbers never asked for are shown, and not added to the wish."""
        self._confirm_limit = None
        told = self._tell(Availability(self._announced, accepted, rejected, confirmed=True))
        if told and self._announced and not accepted:
            text = "the server has accepted none of the numbers"
            told.append(Emit(e.Remarked(self.account, Level.WARNING, text)))
        return told

    # ---- what the operator wants ---------------------------------------------------------------

    def choose(self, numbers: tuple[str, ...], now: float) -> Steps:
        """Set the numbers to be reachable on; the list replaces the one before."""
        self.wanted = tuple(dict.fromkeys(numbers))
        return self._announce(now) if self.available else self._tell(Availability(self.wanted))

    def set_available(self, available: bool, now: float) -> Steps:
        """Offer calls, or stop offering while the socket stays up."""
        if available == self.available:
            return []
        self.available = available
        if available:
            return self._announce(now)
        self._confirm_limit = None
        return [*self._if_online(Send(wire.SetUnavailable())), *self._tell(Availability())]

    def leave(self) -> Steps:
        """Withdraw before closing on purpose."""
        return [*self._if_online(Send(wire.SetUnavailable())), *self._tell(Availability())]

    # ---- time ----------------------------------------------------------------------------------

    def overdue(self, now: float) -> Steps:
        """Heartbeat; a greeting or confirmation that did not come; a server gone silent."""
        if not self._open:
            return []
        if now >= self._last_inbound + wire.SILENT_LIMIT_S:
            self._last_inbound = now
            return [Reconnect("the server fell silent")]
        steps: Steps = []
        if self._greeting_limit is not None and now >= self._greeting_limit:
            steps += self.greeted("", now)
        if self._confirm_limit is not None and now >= self._confirm_limit:
            steps += self._not_confirmed(now)
        if now >= self._next_ping:
            self._next_ping = now + self.heartbeat_s
            steps.append(Send(wire.Ping()))
        return steps

    # ---- private -------------------------------------------------------------------------------

    @property
    def _announced(self) -> tuple[str, ...]:
        return self.wanted if self.available else ()

    def _announce(self, now: float) -> Steps:
        if not self.wanted:
            self._confirm_limit = None
            return [*self._if_online(Send(wire.SetUnavailable())), *self._tell(Availability())]
        told = self._tell(replace(self._told, wanted=self.wanted, confirmed=False))
        if not self.online:
            return told
        self._asked_again = False
        self._confirm_limit = now + wire.AVAILABLE_SET_LIMIT_S
        return [Send(wire.SetAvailable(self.wanted)), *told]

    def _not_confirmed(self, now: float) -> Steps:
        text = "the server has not confirmed the numbers"
        steps: Steps = [Emit(e.Remarked(self.account, Level.WARNING, text))]
        self._confirm_limit = None
        if not self._asked_again:
            self._asked_again = True
            self._confirm_limit = now + wire.AVAILABLE_SET_LIMIT_S
            steps.append(Send(wire.SetAvailable(self.wanted)))
        return steps

    def _if_online(self, step: Send) -> Steps:
        return [step] if self.online else []

    def _tell(self, availability: Availability) -> Steps:
        if availability == self._told:
            return []
        self._told = availability
        return [Emit(e.AvailabilityChanged(self.account, availability))]
