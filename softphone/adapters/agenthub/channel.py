"""One Phoenix channel: joined, lost, joined again (reference, section 4). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from softphone.model.error import OutOfOrder

from . import wire
from .wire import names as n


class ChannelState(StrEnum):
    """How a channel stands."""

    CLOSED = "closed"
    JOINING = "joining"
    JOINED = "joined"
    WAITING = "waiting"
    STOPPED = "stopped"


class Input(StrEnum):
    """What can happen to a channel."""

    ASK = "ask"
    OK = "ok"
    FAILED = "failed"
    STOP = "stop"
    LOST = "lost"


_S, _I = ChannelState, Input
NEXT: Mapping[tuple[ChannelState, Input], ChannelState] = {
    (_S.CLOSED, _I.ASK): _S.JOINING,
    (_S.WAITING, _I.ASK): _S.JOINING,
    (_S.STOPPED, _I.ASK): _S.JOINING,
    (_S.JOINING, _I.OK): _S.JOINED,
    (_S.JOINING, _I.FAILED): _S.WAITING,
    (_S.JOINED, _I.FAILED): _S.WAITING,
    (_S.JOINING, _I.STOP): _S.STOPPED,
    (_S.JOINED, _I.STOP): _S.STOPPED,
    (_S.WAITING, _I.STOP): _S.STOPPED,
    **{(state, _I.LOST): _S.CLOSED for state in ChannelState},
}


class Channel:
    """A topic of ours. Times are monotonic seconds and come in as arguments."""

    def __init__(self, topic: str, params: Mapping[str, Any]) -> None:
        self.topic = topic
        self.join_ref = ""
        self.state = ChannelState.CLOSED
        self.due: float | None = None
        """When to act next: give up waiting for the answer to a join, or join again."""
        self.tries = 0
        self._params = params

    def step(self, what: Input) -> None:
        """Take a step of the table; an illegal one raises OutOfOrder and changes nothing."""
        try:
            self.state = NEXT[self.state, what]
        except KeyError:
            raise OutOfOrder(what, self.state) from None

    def join(self, ref: str, now: float, limit_s: float) -> wire.Frame:
        """Return the frame that joins; its reference is new each time."""
        self.step(Input.ASK)
        self.join_ref, self.due = ref, now + limit_s
        return wire.Frame(ref, ref, self.topic, n.EVENT_JOIN, self._params)

    def joined(self) -> None:
        """The server let us in."""
        self.step(Input.OK)
        self.due, self.tries = None, 0

    def failed(self, now: float, wait_s: float | None = None) -> float:
        """It did not work, or no longer; return when it is tried again."""
        self.step(Input.FAILED)
        if wait_s is None:
            wait_s = n.REJOIN_STEPS_S[min(self.tries, len(n.REJOIN_STEPS_S) - 1)]
        self.tries += 1
        self.due = now + wait_s
        return self.due

    def stop(self) -> None:
        """Leave it alone until somebody asks again."""
        self.step(Input.STOP)
        self.due = None

    def lost(self) -> None:
        """The socket is gone."""
        self.step(Input.LOST)
        self.due, self.tries = None, 0

    def mine(self, frame: wire.Frame) -> bool:
        """Tell whether a message belongs to the join in force; a broadcast always does."""
        return frame.join_ref is None or frame.join_ref == self.join_ref
