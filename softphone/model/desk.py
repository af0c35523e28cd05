"""The operator's own state over all platforms, and what the desk still has to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .call import CallId


class DeskState(StrEnum):
    """Whether calls are brought to the operator."""

    ROUTABLE = "routable"
    NOT_ROUTABLE = "not_routable"
    AFTER_CALL = "after_call"
    OFFLINE = "offline"

    @property
    def words(self) -> str:
        """Return the state as an operator would say it."""
        return _WORDS[self]


_WORDS = {
    DeskState.ROUTABLE: "available",
    DeskState.NOT_ROUTABLE: "not available",
    DeskState.AFTER_CALL: "after-call work",
    DeskState.OFFLINE: "offline",
}


@dataclass(frozen=True, slots=True)
class NextState:
    """A state that begins when the last call has ended; `reason` is the operator's word for it."""

    state: DeskState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """How the operator stands. `since_mono` is when the state began (monotonic seconds).

    `until_mono`: after-call work ends by itself then; None: not by itself. `queued` is what comes
    when the last call ends. `undisposed` are calls (the oldest first) that need a disposition
    before the next one is offered. `quiet`: do not disturb, nothing rings aloud.
    """

    state: DeskState = DeskState.OFFLINE
    reason: str = ""
    since_mono: float = 0.0
    until_mono: float | None = None
    queued: NextState | None = None
    undisposed: tuple[CallId, ...] = ()
    quiet: bool = False
