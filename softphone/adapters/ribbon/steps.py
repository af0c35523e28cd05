"""What the pure parts ask the client to do, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from softphone.model.call import CallId
from softphone.model.error import SoftphoneError
from softphone.model.event import AdapterEvent
from softphone.webrtc.description import Direction


@dataclass(frozen=True, slots=True)
class Ticket:
    """Whose result it will be: an operation of a call; `part` tells its requests apart."""

    call: CallId
    operation: int
    part: str = ""


@dataclass(frozen=True, slots=True)
class Emit:
    """Report a fact to the engine."""

    event: AdapterEvent


# ---- subscription ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskSubscription:
    """Create (`POST`), change (`PUT`) or delete the subscription; `round` comes back with it."""

    method: str
    path: str
    round: int
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """Open the notification socket on this channel; `limit_s` is for the handshake."""

    channel: str = field(repr=False)
    round: int
    limit_s: float


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """Close the notification socket, also while it is being opened."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Send the keep-alive of 3.2."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The line is up; `fresh`: on a new subscription."""

    fresh: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """The line is gone for good: calls on it cannot be kept."""


# ---- calls -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallAsk:
    """Send a request about a call; without a ticket nobody waits for what it says."""

    ticket: Ticket | None
    method: str
    path: str
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class MakeOffer:
    """Make an offer; `restart` with new ICE credentials, `fresh` on a new peer, same sound."""

    ticket: Ticket
    direction: Direction
    restart: bool = False
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class MakeAnswer:
    """Answer an offer."""

    ticket: Ticket
    offer: str = field(repr=False)
    direction: Direction


@dataclass(frozen=True, slots=True)
class TakeAnswer:
    """Apply an answer to the call's own offer."""

    ticket: Ticket
    answer: str = field(repr=False)
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take the call's own offer back: it was refused."""

    call: CallId


@dataclass(frozen=True, slots=True)
class StartMedia:
    """Connect the call's sound."""

    call: CallId


@dataclass(frozen=True, slots=True)
class CloseMedia:
    """Disconnect the call's sound and close its peer."""

    call: CallId


@dataclass(frozen=True, slots=True)
class Finished:
    """An operation is over; whoever waits for it may go on, or fails with the error."""

    operation: int
    error: SoftphoneError | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A description of our own, and when its candidates were collected (epoch seconds)."""

    sdp: str = field(repr=False)
    ice: tuple[float, float] | None = None
    relays: tuple[tuple[str, float], ...] = ()
    active: bool = False
    """Whether this side's DTLS role is the active one."""


Step: TypeAlias = (
    Emit
    | AskSubscription
    | OpenSocket
    | CloseSocket
    | Ping
    | Ready
    | Lost
    | CallAsk
    | MakeOffer
    | MakeAnswer
    | TakeAnswer
    | Withdraw
    | StartMedia
    | CloseMedia
    | Finished
)
Steps: TypeAlias = list[Step]
