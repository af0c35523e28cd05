"""Jobs and machines of the lab's Observer side: progress, failure, cancelling, cleaning (6.6)."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

from softphone.adapters.observer import wire
from softphone.adapters.observer.wire import Problem

from .hub import Hub

_STEPS = 10
_OVER = ("completed", "failed", "cancelled")
_DEFAULT_S = {"exportCall": 2.0, "recomputeScores": 3.0, "purgeCalls": 1.0}


class Denied(Exception):
    """What was asked is refused, with the problem to answer."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.problem = Problem(code, text)


@dataclass(slots=True)
class _Job:
    id: str
    type: str
    parameters: dict[str, Any]
    created: int
    seconds: float
    fails: bool
    state: str = "waiting"
    progress: float | None = None
    started: int | None = None
    finished: int | None = None
    error: str | None = None
    result: dict[str, Any] | None = None

    def row(self) -> dict[str, Any]:
        return {
            "jobId": self.id,
            "type": self.type,
            "state": self.state,
            "progress": self.progress,
            "attempts": 1,
            "createdAt": self.created,
            "startedAt": self.started,
            "finishedAt": self.finished,
            "parameters": self.parameters,
            "result": self.result,
            "error": self.error,
            "workerId": "worker-1" if self.started else None,
        }


@dataclass(slots=True)
class Jobs:
    """All jobs of a lab."""

    hub: Hub
    _jobs: dict[str, _Job] = field(default_factory=dict)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _began: int = field(default_factory=lambda: _now())

    def start(self, payload: wire.Table) -> dict[str, Any]:
        """Start a job; an equal one that waits or runs is not started twice."""
        kind, parameters = payload.get("type"), payload.get("parameters", {})
        if kind not in wire.JOB_TYPES:
            raise Denied(wire.BAD_REQUEST, f"No job type {str(kind)[:40]}.")
        if not isinstance(parameters, dict):
            raise Denied(wire.BAD_REQUEST, "parameters must be an object.")
        for job in self._jobs.values():
            if job.state not in _OVER and (job.type, job.parameters) == (kind, parameters):
                return {}
        seconds = wire.number(parameters.get("seconds"))
        length = _DEFAULT_S.get(kind, 3.0) if seconds is None else seconds
        job = _Job(
            f"job-{next(self._ids)}", kind, parameters, _now(),
            min(max(length, 0.1), 3600.0), parameters.get("fail") is True,
        )  # fmt: skip
        self._jobs[job.id] = job
        self.hub.after(min(0.2, job.seconds / 10), lambda: self._step(job))
        return {"jobId": job.id}

    def cancel(self, payload: wire.Table) -> dict[str, Any]:
        """Cancel a job; false when it is over already."""
        job = self._jobs.get(str(payload.get("jobId")))
        if job is None or job.type != payload.get("type"):
            raise Denied(wire.NOT_FOUND, "No such job.")
        if job.state in _OVER:
            return {"cancelled": False}
        job.state, job.finished = "cancelled", _now()
        return {"cancelled": True}

    def clean(self, state: str, payload: wire.Table) -> dict[str, Any]:
        """Remove jobs that are over from the list; all of that state when none is named."""
        wanted = payload.get("jobIds") or []
        if not isinstance(wanted, list):
            raise Denied(wire.BAD_REQUEST, "jobIds must be a list.")
        gone = [
            job.id for job in self._jobs.values()
            if job.state == state and (not wanted or job.id in wanted)
        ]  # fmt: skip
        for one in gone:
            del self._jobs[one]
        return {"removed": len(gone)}

    def listed(self) -> dict[str, Any]:
        """Return all jobs, the newest first."""
        return {"jobs": [job.row() for job in reversed(self._jobs.values())]}

    def workers(self, calls: int, clients: int) -> dict[str, Any]:
        """Return two workers; the second has not been heard of for a while."""
        active = sum(job.state == "active" for job in self._jobs.values())
        common = {"serverId": "server-1", "pid": 4711, "startedAt": self._began}
        return {
            "workers": [
                common | {
                    "workerId": "worker-1", "state": "running", "cpu": 0.12 + 0.3 * active,
                    "memoryBytes": 180_000_000, "activeJobs": active, "observedCalls": calls,
                    "observedClients": clients, "lastHeartbeatAt": _now() - 800,
                },
                common | {
                    "workerId": "worker-2", "state": "draining", "cpu": None,
                    "memoryBytes": 95_000_000, "activeJobs": 0, "observedCalls": 0,
                    "observedClients": 0, "lastHeartbeatAt": _now() - 45_000,
                },
            ]
        }  # fmt: skip

    def servers(self, connections: int, frames: int) -> dict[str, Any]:
        """Return the one server."""
        return {
            "servers": [
                {
                    "serverId": "server-1", "hostname": "observer.lab.test", "version": "0.11.1",
                    "state": "running", "startedAt": self._began, "cpu": 0.08,
                    "memoryBytes": 210_000_000, "connections": connections,
                    "dataFrames": frames, "lastHeartbeatAt": _now() - 500,
                }
            ]
        }  # fmt: skip

    def _step(self, job: _Job) -> None:
        if job.state in _OVER:
            return
        if job.started is None:
            job.state, job.started, job.progress = "active", _now(), 0.0
        else:
            job.progress = round(min(1.0, (job.progress or 0.0) + 1 / _STEPS), 3)
        if job.fails and (job.progress or 0.0) >= 0.5:
            job.state, job.error, job.finished = "failed", "selfTest was told to fail", _now()
        elif (job.progress or 0.0) >= 1.0:
            job.state, job.result, job.finished = "completed", {"ok": True}, _now()
        else:
            self.hub.after(job.seconds / _STEPS, lambda: self._step(job))


def _now() -> int:
    return round(time.time() * 1000)
