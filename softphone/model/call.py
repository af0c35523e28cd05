"""Calls: identity, parties, states, the one transition table, end reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType, TypeAlias

from .error import OutOfOrder

AccountName = NewType("AccountName", str)
CallId = NewType("CallId", str)
"""Made by the engine, unique for ever; the platform's own id is `Call.native_id`."""


Parameters: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values a platform carries along with a call, for people to read."""


class Direction(StrEnum):
    """Who started the call, seen from the operator."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class CallState(StrEnum):
    """Where a call stands, in words every platform is mapped onto."""

    RINGING = "ringing"
    DIALING = "dialing"
    ALERTING = "alerting"
    EARLY_MEDIA = "early_media"
    CONNECTING = "connecting"
    ACTIVE = "active"
    HELD = "held"
    ENDED = "ended"


class CallInput(StrEnum):
    """What can happen to a call that exists."""

    ANSWER = "answer"
    DIAL_ACCEPTED = "dial_accepted"
    ALERT = "alert"
    EARLY_MEDIA = "early_media"
    CONNECT = "connect"
    HOLD = "hold"
    RESUME = "resume"
    END = "end"


class EndReason(StrEnum):
    """Why a call is over; the platform's own word is kept in `Call.end_detail`."""

    HANGUP = "hangup"
    REMOTE_HANGUP = "remote_hangup"
    DECLINED = "declined"
    IGNORED = "ignored"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELLED = "cancelled"
    TAKEN_BY_OTHER = "taken_by_other"
    FORWARDED = "forwarded"
    TRANSFERRED = "transferred"
    FAILED = "failed"
    OFFLINE = "offline"
    OPERATOR_LOST = "operator_lost"
    LINK_LOST = "link_lost"
    LOST_BY_SERVER = "lost_by_server"
    INTERRUPTED = "interrupted"
    BLOCKED = "blocked"

    @property
    def words(self) -> str:
        """Return the reason as an operator would say it."""
        return _WORDS[self]


_WORDS = {
    EndReason.HANGUP: "hung up",
    EndReason.REMOTE_HANGUP: "far end hung up",
    EndReason.DECLINED: "declined",
    EndReason.IGNORED: "ignored",
    EndReason.BUSY: "busy",
    EndReason.NO_ANSWER: "no answer",
    EndReason.CANCELLED: "cancelled",
    EndReason.TAKEN_BY_OTHER: "taken by another operator",
    EndReason.FORWARDED: "forwarded",
    EndReason.TRANSFERRED: "transferred",
    EndReason.FAILED: "failed",
    EndReason.OFFLINE: "went offline",
    EndReason.OPERATOR_LOST: "operator lost",
    EndReason.LINK_LOST: "connection lost",
    EndReason.LOST_BY_SERVER: "unknown to the server",
    EndReason.INTERRUPTED: "interrupted",
    EndReason.BLOCKED: "blocked",
}

_S, _I = CallState, CallInput
_BEFORE_MEDIA = (_S.RINGING, _S.DIALING, _S.ALERTING, _S.EARLY_MEDIA, _S.CONNECTING)

NEXT: dict[tuple[CallState, CallInput], CallState] = {
    (_S.RINGING, _I.ANSWER): _S.CONNECTING,
    (_S.RINGING, _I.CONNECT): _S.ACTIVE,
    (_S.DIALING, _I.DIAL_ACCEPTED): _S.CONNECTING,
    (_S.DIALING, _I.ALERT): _S.ALERTING,
    (_S.DIALING, _I.EARLY_MEDIA): _S.EARLY_MEDIA,
    (_S.DIALING, _I.CONNECT): _S.ACTIVE,
    (_S.ALERTING, _I.EARLY_MEDIA): _S.EARLY_MEDIA,
    (_S.ALERTING, _I.CONNECT): _S.ACTIVE,
    (_S.EARLY_MEDIA, _I.ALERT): _S.EARLY_MEDIA,
    (_S.EARLY_MEDIA, _I.CONNECT): _S.ACTIVE,
    (_S.CONNECTING, _I.ALERT): _S.ALERTING,
    (_S.CONNECTING, _I.EARLY_MEDIA): _S.EARLY_MEDIA,
    (_S.CONNECTING, _I.CONNECT): _S.ACTIVE,
    (_S.ACTIVE, _I.HOLD): _S.HELD,
    (_S.HELD, _I.HOLD): _S.HELD,
    (_S.HELD, _I.RESUME): _S.ACTIVE,
    **{(state, _I.END): _S.ENDED for state in (*_BEFORE_MEDIA, _S.ACTIVE, _S.HELD)},
}


def next_state(state: CallState, what: CallInput) -> CallState:
    """Return the state after `what`; raise OutOfOrder for an input that does not fit."""
    try:
        return NEXT[state, what]
    except KeyError:
        raise OutOfOrder(what, state) from None


class HoldKind(StrEnum):
    """Who holds: nobody, the platform (wire) or our own engine (local)."""

    NONE = "none"
    WIRE = "wire"
    LOCAL = "local"


class MediaState(StrEnum):
    """What the operator can expect to hear."""

    NONE = "none"
    OPENING = "opening"
    FLOWING = "flowing"
    SILENT = "silent"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a call: its address (E.164, SIP URI or other), and a name when known.

    An empty address is a caller who withheld it. `known` is the operator's own contact name.
    """

    address: str = ""
    name: str = ""
    known: str = ""

    @property
    def label(self) -> str:
        """Return the best thing to show in one column."""
        return self.known or self.name or self.address or "unknown caller"


class PendingKind(StrEnum):
    """Acts that wait a moment, so that the operator can take them back."""

    END = "end"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class Pending:
    """What will be done with a call at `due_mono` (monotonic seconds) unless it is undone.

    `to` is the address of a transfer.
    """

    kind: PendingKind
    due_mono: float
    to: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """All that is known of one call. `*_at` are epoch seconds, `*_mono` monotonic seconds.

    `operation` is what the platform is doing with it just now ("holding"), empty when nothing.
    `joined` are the other calls of its conference; `aside`: the operator left them to themselves.
    `pending` may still be undone. `silenced`: it rings without a sound, by the operator's rules.
    `disposition` is what came of it.
    """

    id: CallId
    account: AccountName
    direction: Direction
    state: CallState
    remote: Party = Party()
    local: Party = Party()
    native_id: str = ""
    created_at: float = 0.0
    created_mono: float = 0.0
    answered_at: float | None = None
    answered_mono: float | None = None
    ended_at: float | None = None
    ended_mono: float | None = None
    end_reason: EndReason | None = None
    end_code: str = ""
    end_detail: str = ""
    muted: bool = False
    held_by_us: bool = False
    held_by_them: bool = False
    hold_kind: HoldKind = HoldKind.NONE
    recording: bool = False
    recording_paused: bool = False
    media: MediaState = MediaState.NONE
    link_lost: bool = False
    joined: frozenset[CallId] = frozenset()
    aside: bool = False
    tones: str = ""
    owner: str = ""
    missed: bool = False
    parameters: Parameters = ()
    received_parameters: Parameters = ()
    video_offered: bool = False
    operation: str = ""
    pending: Pending | None = None
    silenced: bool = False
    disposition: str = ""

    @property
    def live(self) -> bool:
        """Tell whether the call is still up in any way."""
        return self.state is not CallState.ENDED

    @property
    def answered(self) -> bool:
        """Tell whether both sides were ever connected."""
        return self.answered_at is not None

    def stepped(self, what: CallInput) -> Call:
        """Return the call after `what`; raise OutOfOrder and change nothing when illegal."""
        return replace(self, state=next_state(self.state, what))

    def ended(
        self, reason: EndReason, at: float, mono: float, code: str = "", detail: str = ""
    ) -> Call:
        """Return the call as over. The first reason stays: an ended call comes back unchanged."""
        if not self.live:
            return self
        return replace(
            self.stepped(CallInput.END),
            ended_at=at,
            ended_mono=mono,
            end_reason=reason,
            end_code=code,
            end_detail=detail,
            media=MediaState.NONE,
            operation="",
            pending=None,
            missed=self.direction is Direction.INBOUND
            and not self.answered
            and (reason in MISSED_REASONS or code == "busy"),
        )

    def seconds(self, mono: float) -> float:
        """Return how long the call has talked, or rung while it was not answered."""
        start = self.created_mono if self.answered_mono is None else self.answered_mono
        end = mono if self.ended_mono is None else self.ended_mono
        return max(0.0, end - start)


MISSED_REASONS = frozenset(
    {
        EndReason.NO_ANSWER,
        EndReason.CANCELLED,
        EndReason.IGNORED,
        EndReason.OFFLINE,
        EndReason.LINK_LOST,
        EndReason.FAILED,
        EndReason.OPERATOR_LOST,
        EndReason.INTERRUPTED,
    }
)
"""An inbound call that ended so before it was answered is worth calling back."""
