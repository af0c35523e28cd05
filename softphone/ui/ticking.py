"""When the clock on the screen must move next: each second in a call or wrap-up, else a minute."""

from __future__ import annotations

import math

from softphone.model.agent import AgentGroup
from softphone.model.call import CallState
from softphone.model.presence import LinkState
from softphone.model.state import ConsoleState

_TIMED = (CallState.RINGING, CallState.ACTIVE, CallState.HELD)


def needs_seconds(state: ConsoleState) -> bool:
    """Tell whether anything on the screen counts seconds."""
    if any(call.state in _TIMED for call in state.calls.values()):
        return True
    if any(agent.group is AgentGroup.AFTER_CALL for agent in state.agents.values()):
        return True
    if state.desk.until_mono is not None:
        return True
    return any(
        account.link is LinkState.RECONNECTING and account.retry_mono is not None
        for account in state.accounts.values()
    )


def wait_s(state: ConsoleState, wall: float, mono: float) -> float:
    """Return how long to wait for the next change of a time on the screen."""
    if needs_seconds(state):
        return 1.0 - math.fmod(mono, 1.0)
    return 60.0 - math.fmod(wall, 60.0) + 0.01
