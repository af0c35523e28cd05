"""Time as an argument: the console asks a clock, tests freeze one."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What the console needs to know about time."""

    def wall(self) -> float:
        """Return epoch seconds, for times of day."""
        ...

    def mono(self) -> float:
        """Return monotonic seconds, for durations and countdowns."""
        ...


class SystemClock:
    """The machine's clock."""

    def wall(self) -> float:
        return time.time()

    def mono(self) -> float:
        return time.monotonic()


def local_time(epoch: float) -> datetime:
    """Return epoch seconds as local time; a value no calendar has becomes 1970."""
    try:
        return datetime.fromtimestamp(epoch).astimezone()
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(0).astimezone()


def local_epoch(text: str) -> float | None:
    """Return the epoch seconds of "2026-12-31 14:30" in local time, None when it is no such."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M").astimezone().timestamp()
    except (ValueError, OverflowError):
        return None
