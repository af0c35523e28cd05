"""A call's report: what was done, how long each step took, and figures made of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .call import CallId, Parameters


class SoundStep(StrEnum):
    """What the engine, not the platform, does with a call's sound."""

    FILE = "file"
    """A file is played to the far end."""
    DEVICE = "device"
    """Another microphone or speaker is used."""


@dataclass(frozen=True, slots=True)
class ReportEvent:
    """One step. Times are epoch seconds, `end` None while it goes on; `parent` is another's id."""

    id: str
    type: str
    start: float
    end: float | None = None
    parent: str = ""
    error: str = ""
    data: Parameters = ()


@dataclass(frozen=True, slots=True)
class ReportMetric:
    """One figure in milliseconds, made of the events named."""

    type: str
    value_ms: float
    operation: str = ""
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallReport:
    """The timeline of one call, in the order of the starts, and its metrics.

    `native` is the platform's own form of it as JSON text, for scripts; empty when it has none.
    """

    call: CallId
    events: tuple[ReportEvent, ...] = ()
    metrics: tuple[ReportMetric, ...] = ()
    native: str = ""
