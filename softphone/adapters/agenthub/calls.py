"""Calls the platform holds for the agent, as its events tell of them (10.3). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from softphone.model.agent import AgentCall

from .wire_events import text, truth

_LIMIT = 50
_FINISHED = "finished"
_WRAP_UP = "wrap-up"
_MARKS = {"consulting": "consulting", "redialed": "redialled", "manualCall": "manual call"}


class AgentCalls:
    """All calls by the platform's id, in the order they were told."""

    def __init__(self) -> None:
        self._known: dict[str, AgentCall] = {}
        self._numbers: dict[str, str] = {}
        self._dialled = ""

    def dialled(self, number: str) -> None:
        """The agent lets the platform dial: the next call without a number goes there."""
        self._dialled = number

    def all(self) -> tuple[AgentCall, ...]:
        """Return the calls as they stand."""
        return tuple(self._known.values())

    def popped(self, call: str, number: str) -> None:
        """Keep the number a pop came with: later events name the call by its id only."""
        if call and number:
            self._numbers.pop(call, None)
            self._numbers[call] = number
            if len(self._numbers) > _LIMIT:
                del self._numbers[next(iter(self._numbers))]

    def step(self, call: str, step: str, number: str = "") -> None:
        """One call got further; a finished one goes."""
        if not call:
            return
        if step == _FINISHED:
            self._known.pop(call, None)
            return
        before = self._known.get(call, AgentCall(call))
        number = number or before.number or self._numbers.get(call, "")
        if not number and call not in self._known:
            number, self._dialled = self._dialled, ""
        if call in self._known or len(self._known) < _LIMIT:
            self._known[call] = replace(before, number=number, step=step or before.step)

    def listed(self, calls: Iterable[Mapping[str, Any]]) -> None:
        """Take a whole list: what is not in it is over."""
        before, self._known = self._known, {}
        for data in calls:
            call = text(data, "callId")
            if truth(data, _FINISHED):
                continue
            if call in before:
                self._known[call] = before[call]
            marks = [words for key, words in _MARKS.items() if truth(data, key)]
            self.step(call, ", ".join(marks), text(data, "phoneNumber"))

    def ended(self, call: str) -> None:
        """Nobody talks any more; the call stays until its disposition is given."""
        if call in self._known:
            self._known[call] = replace(self._known[call], step=_WRAP_UP)

    def over(self) -> None:
        """The agent waits or pauses: no call is left."""
        self._known.clear()
