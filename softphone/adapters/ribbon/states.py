"""States of calls and of operations on them, each with its one table (4.2, 4.4). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto

from softphone.model.error import OutOfOrder

from . import wire


class State(StrEnum):
    """Where a call stands, in the platform's words."""

    INITIATING = "Initiating"
    INITIATED = "Initiated"
    EARLY_MEDIA = "Early Media"
    RINGING = "Ringing"
    CANCELLED = "Cancelled"
    CONNECTED = "Connected"
    ON_HOLD = "On Hold"
    ENDED = "Ended"


class Input(Enum):
    """What can happen to a call."""

    ACCEPTED = auto()
    RING = auto()
    PROGRESS = auto()
    ANSWERED = auto()
    CANCEL = auto()
    HOLD = auto()
    UNHOLD = auto()
    END = auto()


_S, _I = State, Input
_BEFORE = (_S.INITIATING, _S.INITIATED, _S.EARLY_MEDIA, _S.RINGING)
UP = (_S.CONNECTED, _S.ON_HOLD)
OVER = (_S.CANCELLED, _S.ENDED)

NEXT: dict[tuple[State, Input], State] = {
    (_S.INITIATING, _I.ACCEPTED): _S.INITIATED,
    (_S.INITIATING, _I.RING): _S.RINGING,  # our own ringing was taken by the gateway
    (_S.INITIATED, _I.RING): _S.RINGING,
    (_S.INITIATED, _I.PROGRESS): _S.EARLY_MEDIA,
    (_S.RINGING, _I.PROGRESS): _S.EARLY_MEDIA,
    (_S.EARLY_MEDIA, _I.PROGRESS): _S.EARLY_MEDIA,
    (_S.INITIATING, _I.ANSWERED): _S.CONNECTED,
    (_S.INITIATED, _I.ANSWERED): _S.CONNECTED,
    (_S.RINGING, _I.ANSWERED): _S.CONNECTED,
    (_S.EARLY_MEDIA, _I.ANSWERED): _S.CONNECTED,
    (_S.CONNECTED, _I.HOLD): _S.ON_HOLD,
    (_S.ON_HOLD, _I.HOLD): _S.ON_HOLD,
    (_S.ON_HOLD, _I.UNHOLD): _S.CONNECTED,
    (_S.CONNECTED, _I.UNHOLD): _S.CONNECTED,
    **{(state, _I.CANCEL): _S.CANCELLED for state in _BEFORE},
    **{(state, _I.END): _S.ENDED for state in (*_BEFORE, *UP)},
}


def next_state(state: State, what: Input) -> State:
    """Return the state after `what`; OutOfOrder for an input that does not fit."""
    try:
        return NEXT[state, what]
    except KeyError:
        raise OutOfOrder(what.name, state) from None


class Op(StrEnum):
    """What is done to a call; `operation` in the platform's events."""

    MAKE = "MAKE"
    ANSWER = "ANSWER"
    REJECT = "REJECT"
    FORWARD_CALL = "FORWARD_CALL"
    SEND_RINGING_FEEDBACK = "SEND_RINGING_FEEDBACK"
    HOLD = "HOLD"
    UNHOLD = "UNHOLD"
    MEDIA_RESTART = "MEDIA_RESTART"
    SEND_CUSTOM_PARAMETERS = "SEND_CUSTOM_PARAMETERS"
    DIRECT_TRANSFER = "DIRECT_TRANSFER"
    CONSULTATIVE_TRANSFER = "CONSULTATIVE_TRANSFER"
    JOIN = "JOIN"
    RESYNC = "RESYNC"
    SLOW_START = "SLOW_START"
    ADD_MEDIA = "ADD_MEDIA"
    REMOVE_MEDIA = "REMOVE_MEDIA"
    START_MOH = "START_MOH"
    STOP_MOH = "STOP_MOH"
    GENERIC_REMOTE = "GENERIC_REMOTE"


class Status(StrEnum):
    """How far an operation is."""

    NOT_STARTED = "NOT_STARTED"
    ONGOING = "ONGOING"
    PENDING = "PENDING"
    RESOLVING = "RESOLVING"
    FINISHED = "FINISHED"


class Transition(StrEnum):
    """What moves an operation on."""

    START = "START"
    UPDATE = "UPDATE"
    RESUME = "RESUME"
    FINISH = "FINISH"


_T = Transition
MOVES: dict[tuple[Status, Transition], Status] = {
    (Status.NOT_STARTED, _T.START): Status.ONGOING,
    (Status.ONGOING, _T.UPDATE): Status.PENDING,
    (Status.PENDING, _T.RESUME): Status.RESOLVING,
    (Status.NOT_STARTED, _T.FINISH): Status.FINISHED,
    (Status.ONGOING, _T.FINISH): Status.FINISHED,
    (Status.PENDING, _T.FINISH): Status.FINISHED,
    (Status.RESOLVING, _T.FINISH): Status.FINISHED,
}

# Operations that exchange descriptions: one at a time on a call (4.4).
NEGOTIATING = frozenset(
    {
        *(Op.MAKE, Op.ANSWER, Op.HOLD, Op.UNHOLD, Op.MEDIA_RESTART, Op.JOIN, Op.SLOW_START),
        *(Op.ADD_MEDIA, Op.REMOVE_MEDIA, Op.START_MOH, Op.STOP_MOH, Op.GENERIC_REMOTE),
    }
)
# What the operator reads while it goes on.
WORDS = {
    Op.HOLD: "holding",
    Op.UNHOLD: "resuming",
    Op.MEDIA_RESTART: "restarting audio",
    Op.DIRECT_TRANSFER: "transferring",
    Op.CONSULTATIVE_TRANSFER: "transferring",
    Op.JOIN: "joining",
    Op.ANSWER: "answering",
    Op.FORWARD_CALL: "forwarding",
    Op.REJECT: "declining",
    Op.RESYNC: "checking",
}


@dataclass(slots=True, eq=False)
class Operation:
    """One step performed on a call. `due` ends its wait (monotonic)."""

    id: int
    type: Op
    local: bool = True
    status: Status = Status.NOT_STARTED
    due: float | None = None
    fresh: bool = False
    sends_offer: bool = True
    held_back: wire.CallNotice | None = field(default=None, repr=False)
    event: str = ""
    media_event: str = ""
    rest_event: str = ""
    then: str = ""

    def move(self, transition: Transition) -> None:
        """Move on; OutOfOrder for a transition that does not fit."""
        try:
            self.status = MOVES[self.status, transition]
        except KeyError:
            raise OutOfOrder(transition, self.status) from None

    @property
    def negotiates(self) -> bool:
        """Tell whether no other negotiation may go on beside it."""
        return self.type in NEGOTIATING
