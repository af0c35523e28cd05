"""Messages of Audin's two sockets. A field without a default is a must-field (reference, 6.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .wire_names import RING_LIMIT_S, RING_LONGEST_S, RING_SHORTEST_S


@dataclass(frozen=True, slots=True)
class SetAvailable:
    """Be offered calls on these numbers; replaces the list before."""

    phone_number_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetUnavailable:
    """Be offered no calls."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Heartbeat of the client."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Answer an offer."""

    call_sid: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Decline an offer."""

    call_sid: str


@dataclass(frozen=True, slots=True)
class StartOutbound:
    """Place a call, showing one of the account's numbers (E.164)."""

    to: str
    caller_id: str


@dataclass(frozen=True, slots=True)
class Connected:
    """The server's greeting."""

    session_id: str | None = None
    protocol: str | None = None
    server_time: str | None = None


@dataclass(frozen=True, slots=True)
class AvailableSet:
    """On which numbers calls will be offered, and on which not."""

    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """An offer. `from_` is None when the caller is unknown or anonymous."""

    call_sid: str
    from_: str | None = None
    to: str | None = None
    phone_number_id: str | None = None
    display_name: str | None = None
    ring_timeout_ms: int | None = None

    @property
    def ring_limit_s(self) -> float:
        """How long to ring: what the server says within bounds, else our own limit (6.4)."""
        if self.ring_timeout_ms is None:
            return RING_LIMIT_S
        longest = round(RING_LONGEST_S * 1000)  # clamped as an int: it may be too big for a float
        return max(RING_SHORTEST_S, min(self.ring_timeout_ms, longest) / 1000)


@dataclass(frozen=True, slots=True)
class CallTaken:
    """The offer is over; every word for "nobody answered" is read as REASON_NO_ANSWER."""

    call_sid: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CallAssigned:
    """The call is ours: open its audio socket."""

    call_sid: str
    from_: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class OutboundStarted:
    """The call is being placed: open its audio socket."""

    call_sid: str
    to: str | None = None
    caller_id: str | None = None


@dataclass(frozen=True, slots=True)
class Pong:
    """Answer to a ping."""


@dataclass(frozen=True, slots=True)
class ServerError:
    """Something went wrong; `re` is START_OUTBOUND, ACCEPT or another type as it came."""

    code: str | None = None
    message: str | None = None
    call_sid: str | None = None
    re: str | None = None


@dataclass(frozen=True, slots=True)
class CallGone:
    """Extension: the caller gave up before anybody answered."""

    call_sid: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A well-formed message of a type we do not know; to be ignored."""

    type: str


@dataclass(frozen=True, slots=True)
class MuteControl:
    """The operator's microphone was closed or opened."""

    muted: bool


@dataclass(frozen=True, slots=True)
class DtmfControl:
    """One digit of 0-9 * #."""

    digit: str


@dataclass(frozen=True, slots=True)
class HangupControl:
    """End the call."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Extension: the far end of an outbound call picked up."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Extension: why the server is about to close the audio socket."""

    reason: str = ""


ClientMessage: TypeAlias = SetAvailable | SetUnavailable | Ping | Accept | Reject | StartOutbound
ServerMessage: TypeAlias = (
    Connected
    | AvailableSet
    | IncomingCall
    | CallTaken
    | CallAssigned
    | OutboundStarted
    | Pong
    | ServerError
    | CallGone
    | Unknown
)
AudioControl: TypeAlias = MuteControl | DtmfControl | HangupControl
AudioServerMessage: TypeAlias = Answered | Ended | Unknown
Message: TypeAlias = ClientMessage | ServerMessage | AudioControl | AudioServerMessage
