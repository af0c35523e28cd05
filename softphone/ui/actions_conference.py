"""What the keys for conversations of several calls send: the platform's own way, or ours.

Where one platform has both calls and can join or connect them, it does. Else they are mixed here.
"""

from __future__ import annotations

from collections.abc import Mapping

from softphone.model import command as c
from softphone.model.call import Call, CallState
from softphone.model.capability import Capability

from .situation import Situation, in_call, refusal_of, two_calls

Values = Mapping[str, str]
_ANSWERED = (CallState.ACTIVE, CallState.HELD)


def join(now: Situation, _values: Values) -> list[c.Command]:
    """Return what joins the call in focus and the other one."""
    if not (now.call and now.other):
        return []
    if _platform_can(now, Capability.JOIN, now.call, now.other):
        return [c.Join(now.call.id, now.other.id)]
    return [c.Conference((now.call.id, now.other.id))]


def conference(now: Situation, _values: Values) -> list[c.Command]:
    """Return what joins all answered calls."""
    up = [call for call in now.state.live_calls() if call.state in _ANSWERED]
    first = now.call
    if first is None:
        return []
    if _platform_can(now, Capability.JOIN, *up):
        return [c.Join(first.id, call.id) for call in up if call.id != first.id]
    return [c.Conference(tuple(call.id for call in up))]


def hand_over(now: Situation, _values: Values) -> list[c.Command]:
    """Return what connects two far ends without the operator, or brings him back to them."""
    call, other = now.call, now.other
    if call is None:
        return []
    if call.joined:
        return [c.StepOut(call.id)]
    if other is None:
        return []
    if _platform_can(now, Capability.ATTENDED_TRANSFER, call, other):
        return [c.TransferTo(call.id, other.id)]
    return [c.Conference((call.id, other.id)), c.StepOut(call.id, True)]


def leave(now: Situation, _values: Values) -> list[c.Command]:
    """Return what takes the call in focus out of its conference."""
    return [c.LeaveConference(now.call.id)] if now.call else []


def in_conference(now: Situation) -> str | None:
    """The call must be in a conference."""
    if reason := in_call(now):
        return reason
    return None if now.call and now.call.joined else "This call is in no conference."


def two_or_joined(now: Situation) -> str | None:
    """There must be two answered calls, or one conference."""
    return None if in_conference(now) is None else two_calls(now)


def _platform_can(now: Situation, capability: Capability, *calls: Call) -> bool:
    account = now.account(calls[0].account)
    together = len({call.account for call in calls}) == 1 and not any(x.joined for x in calls)
    return together and account is not None and refusal_of(account, capability) is None
