"""Agent status of a contact-centre platform."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .call import AccountName


class AgentGroup(StrEnum):
    """What a status means for the operator's day, and its colour."""

    AVAILABLE = "available"
    BUSY = "busy"
    HELD = "held"
    AFTER_CALL = "after_call"
    PREVIEW = "preview"
    PAUSED = "paused"
    LEAVING = "leaving"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AgentCall:
    """A call the platform holds for the agent: told of, with no audio of ours."""

    id: str
    number: str = ""
    step: str = ""
    """How far it is, in the platform's words."""


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """Status of the signed-in agent; `queued` is what comes next, if anything is set.

    `status_id` is the platform's number of the status, `native_call` the platform's call it is
    about, and `may_dispose` tells whether that call waits for its disposition. `calls` are all
    calls the platform holds for the agent.
    """

    account: AccountName
    group: AgentGroup
    title: str
    reason: str = ""
    queued: str = ""
    since_mono: float = 0.0
    status_id: int | None = None
    campaign: str = ""
    campaign_id: str = ""
    native_call: str = ""
    may_dispose: bool = False
    calls: tuple[AgentCall, ...] = ()
