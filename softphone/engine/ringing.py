"""Let calls ring as the rules say: `ringrules` decides, the sound engine does it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from softphone.audio.devices import parse_spec
from softphone.audio.ringtone import RingSound
from softphone.config import RingConfig
from softphone.model.call import Call, CallId, CallState
from softphone.model.error import AudioError
from softphone.model.event import Level

from .ringrules import Moment, RingRules

if TYPE_CHECKING:
    from .engine import Engine

FLOOR_DBFS = -40.0
"""A ring at volume 0; volume 1 is 0 dBFS."""


class Ringing:
    """Keeps ringer and offers in step, and remembers who of the callers is a favourite."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rules = RingRules(engine.config.ring)
        self._vips: set[CallId] = set()
        self._heard: frozenset[CallId] = frozenset()
        self._sound: RingSound | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._broken: set[str] = set()

    def use(self, rings: Mapping[str, RingConfig]) -> None:
        """Ring by other rules from now on, also for who rings already."""
        self._rules = RingRules(rings)
        self._broken.clear()
        self.route()

    def judged(self, call: Call) -> Call:
        """Return a new offer as it may be heard, before anybody is told of it."""
        calls = list(self._engine.book.calls.values())
        return replace(call, silenced=self._rules.silenced(call, calls, self._moment()))

    def favourite(self, call: CallId) -> None:
        """Take note that a favourite contact calls."""
        self._vips.add(call)
        self.route()

    def call_over(self, call: CallId) -> None:
        """Forget a caller."""
        self._vips.discard(call)

    def route(self) -> None:
        """Bring the ringer, and what each offer says of itself, in step with the calls."""
        engine = self._engine
        calls = list(engine.book.calls.values())
        now = self._moment()
        for call in calls:
            if call.state is CallState.RINGING:
                silenced = self._rules.silenced(call, calls, now)
                if silenced != call.silenced:
                    engine.change_call(call.id, silenced=silenced)
                    return  # telling of it has come back here
        self._wake(self._rules.next_change(calls, now.mono), now.mono)
        heard = [
            call
            for call in calls
            if call.state is CallState.RINGING and not call.owner and not call.silenced
        ]
        there = bool(engine.hub.consoles()) and engine.config.audio.ring
        busy = any(call.live and call.state is not CallState.RINGING for call in calls)
        self._ring(heard if there else [], busy=busy)

    def stop(self) -> None:
        """Wait for nothing any more."""
        if self._timer:
            self._timer.cancel()

    def _ring(self, heard: list[Call], *, busy: bool) -> None:
        """Ring for the oldest while nobody talks; one soft tone for each new one else."""
        ids = frozenset(call.id for call in heard)
        fresh, self._heard = ids - self._heard, ids
        first = min(heard, key=lambda call: (call.created_mono, call.id), default=None)
        wanted = self._sound_of(first) if first is not None and not busy else None
        if wanted != self._sound:
            self._sound = wanted
            self._engine.sound.ring(wanted)
        if busy and fresh:
            self._engine.sound.beep_waiting()

    def _sound_of(self, call: Call) -> RingSound:
        rule = self._rules.of(call.account)
        dbfs = None if rule.volume < 0 else FLOOR_DBFS * (1.0 - rule.volume)
        device = rule.device
        try:
            if device:
                parse_spec(device)
        except AudioError as problem:
            if device not in self._broken:
                self._broken.add(device)
                self._engine.note(call.account, Level.WARNING, f"ring: {problem.message}")
            device = ""
        return RingSound(rule.tone, dbfs, device)

    def _moment(self) -> Moment:
        engine = self._engine
        away = engine.operator.away()
        return Moment(engine.monotonic(), engine.preferences.quiet, self._vips, away)

    def _wake(self, at: float | None, mono: float) -> None:
        self.stop()
        if at is not None and not self._engine.stopped.is_set():
            later = asyncio.get_running_loop().call_later
            self._timer = later(max(0.01, at - mono), self.route)
