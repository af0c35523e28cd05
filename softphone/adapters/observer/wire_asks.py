"""What requests carry, and what their short answers say (6): every name can be corrected."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .wire_json import raw_id, whole
from .wire_names import Table, Wire

_LATELY_MS = 3_600_000


def asked_between(since: float, until: float, names: Wire) -> dict[str, int]:
    """Return a range of time (epoch seconds) in milliseconds; 0 is no limit."""
    given = ((names.ask_from, since), (names.ask_to, until))
    return {name: round(at * 1000) for name, at in given if at}


def find_payload(
    filters: Mapping[str, str], since: float, until: float, limit: int, names: Wire
) -> dict[str, Any]:
    """Return what a look-up asks (6.1); the filters are in the wire's names already."""
    return {**filters, **asked_between(since, until, names), names.ask_limit: limit}


def summary_payload(
    since: float, until: float, interval: str, room: str, service: str, names: Wire
) -> dict[str, Any]:
    """Return what a summary asks (6.3)."""
    given = {names.filter_room: room, names.ask_service: service}
    wanted = {name: value for name, value in given.items() if value}
    return {**asked_between(since, until, names), names.ask_interval: interval, **wanted}


def database_payload(resource: str, conditions: Table, names: Wire) -> dict[str, Any]:
    """Return what creates a frame of a resource (6.4)."""
    return {names.ask_resource: resource, names.ask_conditions: conditions}


def resource_in(payload: Table, names: Wire) -> str:
    """Return which resource a frame was asked of, "" for snapshots."""
    return raw_id(payload.get(names.ask_resource))


def accepting_packed(payload: Table, names: Wire) -> dict[str, Any]:
    """Return what creates a frame, saying that rows may come packed (5.2)."""
    return {**payload, names.ask_accept: [names.accept_newrows]}


def lately_conditions(now: float, names: Wire) -> str:
    """Return conditions as JSON: the rows of the last hour."""
    until = round(now * 1000)
    column = names.row_names.get("timestamp", "timestamp")
    return json.dumps({column: {"gte": until - _LATELY_MS, "lte": until}})


def start_payload(job_type: str, parameters: Table, names: Wire) -> dict[str, Any]:
    """Return what starts a job (6.6)."""
    return {names.ask_job_type: job_type, names.ask_parameters: parameters}


def cancel_payload(job_type: str, job: str, names: Wire) -> dict[str, Any]:
    """Return what cancels a job."""
    return {names.ask_job_type: job_type, names.ask_job: job}


def clean_payload(jobs: Iterable[str], names: Wire) -> dict[str, Any]:
    """Return what removes jobs that are over; none named means all."""
    return {names.ask_jobs: list(jobs)}


def started_in(answer: Table, names: Wire) -> str:
    """Return the id of a job that was started, "" when the service gave none."""
    return raw_id(answer.get(names.ask_job))


def cancelled_in(answer: Table, names: Wire) -> bool:
    """Tell whether a job was cancelled."""
    return answer.get(names.answer_cancelled) is True


def removed_in(answer: Table, names: Wire) -> int:
    """Return how many jobs were removed."""
    return whole(answer.get(names.answer_removed)) or 0


def truncated_in(answer: Table, names: Wire) -> bool:
    """Tell whether there is more than was answered."""
    return answer.get(names.answer_truncated) is True
