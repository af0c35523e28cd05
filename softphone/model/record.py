"""The written record of a call, kept from its first ring or dial."""

from __future__ import annotations

from dataclasses import dataclass

from .call import AccountName, Call, Direction, Party
from .quality import QualitySummary


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened to a call. `at` is epoch seconds."""

    at: float
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call as history shows it."""

    call: Call
    quality: QualitySummary = QualitySummary()
    note: str = ""
    timeline: tuple[TimelineEntry, ...] = ()
    recordings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlatformRecord:
    """A call as the platform remembers it. `start` is epoch seconds."""

    native_id: str
    account: AccountName
    direction: Direction
    remote: Party
    start: float
    duration_s: float
    missed: bool = False


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which calls to list. `text` is searched in names, numbers, notes and dispositions.

    `disposition`: only calls of which exactly this came.
    """

    text: str = ""
    account: str = ""
    missed: bool = False
    before: str = ""
    limit: int = 100
    disposition: str = ""
