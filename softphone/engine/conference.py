"""Which calls are one conversation, and which of them have the microphone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from softphone.model.call import Call, CallId

Calls = Mapping[CallId, Call]


def conference_of(calls: Calls, call: Call) -> list[Call]:
    """Return the live calls of a call's conference, itself first; only itself when it has none."""
    others = (calls[other] for other in sorted(call.joined) if other in calls)
    return [call, *(other for other in others if other.live)]


def joined_together(calls: Calls, members: Iterable[CallId]) -> list[Call]:
    """Return calls as members of one conference, with the operator in it."""
    whole = frozenset(members)
    return [replace(calls[one], joined=whole - {one}, aside=False) for one in sorted(whole)]


def parted(calls: Calls, leaving: CallId) -> list[Call]:
    """Return what changes when a call leaves its conference.

    Who is left alone while the operator was away stays set aside: no microphone opens by itself.
    """
    changed = [
        replace(call, joined=call.joined - {leaving})
        for call in calls.values()
        if leaving in call.joined
    ]
    call = calls.get(leaving)
    return [*changed, replace(call, joined=frozenset())] if call else changed


class Floor:
    """Who has the operator's microphone and ear: one call, or the calls of one conference.

    They stay where they are until that call is held or over: a call that becomes active by
    itself takes nobody's microphone.
    """

    def __init__(self) -> None:
        self.operator: frozenset[CallId] = frozenset()
        self.aside: frozenset[CallId] = frozenset()
        self._seen: frozenset[CallId] = frozenset()

    def take(self, active: Sequence[Call]) -> None:
        """Take note of all active calls, in the order they came."""
        here = [call for call in active if not call.aside]
        fresh = [call for call in here if call.id not in self._seen]
        staying = [call for call in here if call.id in self.operator]
        holder = next(iter([*staying, *reversed(fresh), *reversed(here)]), None)
        self.operator = frozenset(
            call.id for call in here if holder is not None and _together(holder, call)
        )
        self.aside = frozenset(call.id for call in active if call.aside)
        self._seen = frozenset(call.id for call in here)

    def drop(self, call: CallId) -> None:
        """Let the floor go to the others before a call leaves them."""
        if self.operator != {call}:
            self.operator -= {call}


def _together(one: Call, other: Call) -> bool:
    return one.id == other.id or (other.id in one.joined and one.id in other.joined)
