"""A monitored WebRTC service: calls, quality of their clients, frames of rows, jobs, machines.

None is "not known" and never zero. Times are epoch seconds, scores 0 to 5 as the service gives
them, `mos` is our own estimate beside them (1 to 4.5), loss a share of 1, rates bit/s.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from .call import AccountName, Parameters

FrameId = NewType("FrameId", str)
"""Ours, and the same through reconnects; the service's own id may change."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Something that is or was wrong with a client; `ended_at` None while it lasts."""

    type: str
    at: float | None = None
    ended_at: float | None = None
    severity: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a client, such as a track that was added."""

    what: str
    at: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ClientQuality:
    """One client of a monitored call at one moment.

    `odd` names figures that came outside their range and are shown clamped. `facts` are further
    things to show in order (path, browser, system, tracks); `row` is the row as JSON text.
    """

    call: str
    client: str
    at: float | None = None
    name: str = ""
    user: str = ""
    score: float | None = None
    reasons: Parameters = ()
    mos: float | None = None
    rtt_ms: float | None = None
    rtt_max_ms: float | None = None
    jitter_ms: float | None = None
    buffer_ms: float | None = None
    loss_in: float | None = None
    loss_out: float | None = None
    audio_in_bps: float | None = None
    audio_out_bps: float | None = None
    turn: bool | None = None
    tcp: bool | None = None
    muted: bool | None = None
    joined_at: float | None = None
    left_at: float | None = None
    issues: tuple[Issue, ...] = ()
    happened: tuple[Happening, ...] = ()
    odd: tuple[str, ...] = ()
    facts: Parameters = ()
    row: str = ""


@dataclass(frozen=True, slots=True)
class ObservedCall:
    """One call of the service. `ended_at` None: it goes on. `matched_by`: filters that found it."""

    id: str
    room: str = ""
    service: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    duration_s: float | None = None
    clients_now: int | None = None
    clients_peak: int | None = None
    issues: int | None = None
    severity: str = ""
    score: float | None = None
    worst_score: float | None = None
    clients: tuple[ClientQuality, ...] = ()
    matched_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SummaryPoint:
    """One interval of a summary."""

    at: float
    calls: int | None = None
    clients: int | None = None
    score: float | None = None
    issues: int | None = None


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """Stored figures of a client at one moment."""

    client: str
    at: float
    score: float | None = None
    rtt_ms: float | None = None
    jitter_ms: float | None = None
    loss_in: float | None = None


class FrameState(StrEnum):
    """How a frame stands."""

    CREATED = "created"
    OPEN = "open"
    STALE = "stale"
    CLOSED = "closed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Frame:
    """A growing list of rows. `what` says in words what it is of; `received` counts all rows that
    came, `kept` those still in memory; `updating` while stored rows are being fetched, `progress`
    (0 to 1) where it can be told how far that is."""

    id: FrameId
    account: AccountName
    what: str
    state: FrameState = FrameState.CREATED
    received: int = 0
    kept: int = 0
    updating: bool = False
    progress: float | None = None
    partial: bool = False
    problem: str = ""
    stale_since: float | None = None


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    ACTIVE = "active"
    DELAYED = "delayed"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Job:
    """One job of the service; `progress` 0 to 1."""

    id: str
    type: str
    state: JobState
    progress: float | None = None
    attempts: int | None = None
    created_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    worker: str = ""
    parameters: str = ""
    result: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """A worker or server of the service; `cpu` is a share of one core."""

    id: str
    kind: str
    state: str = ""
    host: str = ""
    version: str = ""
    started_at: float | None = None
    heartbeat_at: float | None = None
    cpu: float | None = None
    memory_bytes: float | None = None
    figures: Parameters = ()


@dataclass(frozen=True, slots=True)
class TurnServer:
    """What went through a TURN server until `at`; any figure may be unknown."""

    address: str
    at: float | None = None
    sent_bytes: float | None = None
    received_bytes: float | None = None
    sent_packets: float | None = None
    received_packets: float | None = None
    out_bps: float | None = None
    in_bps: float | None = None
