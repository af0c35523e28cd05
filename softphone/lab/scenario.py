"""Callers that ring by themselves, in the rhythm of a scenario."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

from softphone.model.error import Refused

from .faults import EVERYBODY
from .hub import Hub, RingRequest
from .settings import SCENARIOS
from .world import NUMBERS, Caller, Rhythm, rhythm

_LOOK_EVERY_S = 0.1
_TALKS_S = (20.0, 60.0)
# Where nobody takes calls on a number, callers of these ring a user by name.
_RING_USERS_TOO = ("busy", "hostile")
# What everybody says is spoilt while people are hostile: notifications and rows for as long, and
# with each caller once everything else a platform can tell.
_HOSTILE = "hostile"
_WHILE_HOSTILE = {"notice_hostile": {}, "rows_odd": {"form": "hostile"}}
_WITH_EACH_CALLER = "hostile_text"


class Scenario:
    """Rings callers in while operators are there."""

    def __init__(self, hub: Hub, name: str) -> None:
        self._hub = hub
        self.name = name
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        if self.name == _HOSTILE:
            for fault, given in _WHILE_HOSTILE.items():
                self._hub.faults.set(fault, EVERYBODY, self._hub.faults.check(fault, given))
        self._task = asyncio.create_task(self._run(self._rhythm()), name="lab scenario")

    async def change(self, name: str) -> None:
        """Go over to another scenario; Refused when there is none of that name."""
        if name not in SCENARIOS:
            raise Refused(f"No scenario {name!r}; one of {', '.join(SCENARIOS)}.")
        await self.close()
        if self.name == _HOSTILE:
            for fault in _WHILE_HOSTILE:
                self._hub.faults.clear(fault, EVERYBODY)
        self.name = self._hub.scenario = name
        self._hub.note(f"scenario {name}")
        self.start()

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _rhythm(self) -> Rhythm:
        settings = self._hub.settings
        return rhythm(self.name, settings.first_call_s, settings.calls_every_s)

    async def _run(self, beat: Rhythm) -> None:
        if beat.first_s is None:
            return
        callers = list(beat.callers)
        self._hub.keys.chance.shuffle(callers)
        wait_s = beat.first_s
        for caller in itertools.cycle(callers):
            await self._until_due(beat, wait_s)
            self._ring(caller)
            if self.name == _HOSTILE:
                self._talk_nonsense()
            wait_s = self._hub.keys.chance.uniform(*beat.every_s)

    def _talk_nonsense(self) -> None:
        args = self._hub.faults.check(_WITH_EACH_CALLER, {})
        for service in self._hub.services:
            service.fault_now(_WITH_EACH_CALLER, EVERYBODY, args)

    async def _until_due(self, beat: Rhythm, wait_s: float) -> None:
        """Wait until someone has been idle for so long, or for so long and someone is there."""
        if not beat.only_when_idle:
            await asyncio.sleep(wait_s)
        while True:
            # First: a caller whom nobody could take leaves everybody as idle as before.
            await asyncio.sleep(_LOOK_EVERY_S)
            if self._idle_for(wait_s) if beat.only_when_idle else self._attended():
                return

    def _ring(self, caller: Caller) -> None:
        chance = self._hub.keys.chance
        number = chance.choice(NUMBERS[:2])
        request = RingRequest(number.id, caller, talks_s=chance.uniform(*_TALKS_S))
        for service in self._hub.services:
            if service.attended() and service.ring(request) is not None:
                return
        if self.name in _RING_USERS_TOO:
            for service in self._hub.services:
                user = service.somebody()
                if user is not None:
                    service.ring(replace(request, number=user))
                    return

    def _attended(self) -> bool:
        return any(service.attended() for service in self._hub.services)

    def _idle_for(self, seconds: float) -> bool:
        since = [service.idle_since() for service in self._hub.services if service.attended()]
        idle = [moment for moment in since if moment is not None]
        return bool(idle) and len(idle) == len(since) and self._hub.now - max(idle) >= seconds
