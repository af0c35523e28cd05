"""When to try a lost connection again, and how to notice that the machine slept.

Each platform brings its own schedule; where it fixes none, full jitter is used. A circuit
breaker keeps connections that die young from becoming a storm (robustness: S11).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

STABLE_AFTER_S = 10.0
_YOUNG_CLOSES = 5
_BREAK_S = 30.0
_SHORTEST_S = 0.5
_WATCH_EVERY_S = 1.0
_JUMP_S = 10.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """Waits before the 1st, 2nd, … try in seconds; the last one repeats.

    `jitter` is the share by which a wait varies either way (0.1 is ±10 %); None is full
    jitter: anything between half a second and the step.
    """

    steps_s: tuple[float, ...]
    jitter: float | None = None


@dataclass(slots=True)
class Backoff:
    """Where one connection stands in its schedule. Time comes in as an argument (monotonic)."""

    schedule: Schedule
    random: Callable[[], float] = random.random
    _attempt: int = 0
    _opened: float | None = None
    _young_closes: list[float] = field(default_factory=list)

    @property
    def attempt(self) -> int:
        """Return how many tries have failed since the last good connection."""
        return self._attempt

    def opened(self, now: float) -> None:
        """Note that the connection is up."""
        self._opened = now

    def closed(self, now: float, *, longest: bool = False, at_once: bool = False) -> float:
        """Note a failure or loss and return the seconds to wait before the next try.

        `longest` starts at the last step (the server asked for patience); `at_once` at the first.
        """
        opened, self._opened = self._opened, None
        if opened is not None and now - opened >= STABLE_AFTER_S:
            self._attempt = 0
            self._young_closes.clear()
        elif opened is not None:
            self._young_closes = [t for t in self._young_closes if now - t < 60.0] + [now]
        if at_once:
            self._attempt = 0
        steps = self.schedule.steps_s
        step = steps[-1] if longest else steps[min(self._attempt, len(steps) - 1)]
        self._attempt += 1
        wait = self._vary(step)
        return max(wait, _BREAK_S) if len(self._young_closes) >= _YOUNG_CLOSES else wait

    def _vary(self, step: float) -> float:
        jitter = self.schedule.jitter
        if jitter is None:
            shortest = min(_SHORTEST_S, step)  # spread evenly above it, not heaped on it
            return shortest + (step - shortest) * self.random()
        return step * (1.0 + jitter * (2.0 * self.random() - 1.0))


def clock_jump(before: tuple[float, float], after: tuple[float, float]) -> float:
    """Return by how many seconds wall and monotonic clock drifted apart between two readings.

    Each reading is (monotonic, wall). A suspended machine stops the monotonic clock only.
    """
    return (after[1] - before[1]) - (after[0] - before[0])


async def watch_clock(
    monotonic: Callable[[], float], wall: Callable[[], float], woke: Callable[[float], None]
) -> None:
    """Call `woke(seconds)` whenever the machine slept, was stopped, or its clock was set.

    Runs until cancelled. A late timer counts too: a stopped process sees no clock difference.
    """
    before = (monotonic(), wall())
    while True:
        await asyncio.sleep(_WATCH_EVERY_S)
        after = (monotonic(), wall())
        late = after[0] - before[0] - _WATCH_EVERY_S
        gone = max(abs(clock_jump(before, after)), late)
        before = after
        if gone >= _JUMP_S:
            woke(gone)
