"""Answers that are lists: calls, summaries, jobs, machines (6); and keys of rows (5.4)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from softphone.model.monitor import (
    CoursePoint,
    Job,
    JobState,
    Machine,
    ObservedCall,
    SummaryPoint,
    TurnServer,
)
from softphone.model.text import clean_block

from .wire_json import as_text, line, number, raw_id, seconds, shown, table, tables
from .wire_names import LIST_LIMIT, Table, Wire
from .wire_quality import Counts, Reader, call_in_list, call_snapshot

_PARTS = (
    *("callId", "clientId"),
    *("peerConnectionId", "ssrc", "trackId", "transportId", "candidatePairId", "label"),
    *("name", "type", "extensionType", "sampleSeq"),
)
_MACHINE = (
    *("workerId", "serverId", "state", "hostname", "version", "startedAt", "lastHeartbeatAt"),
    *("cpu", "memoryBytes"),
)
_JOB_STATES = {state.value: state for state in JobState}


def calls_in(payload: Table, names: Wire, counts: Counts) -> list[ObservedCall]:
    """Return the calls of an answer. Of equal ones the last wins; a call id that started anew
    is another call."""
    found: dict[tuple[str, float | None], ObservedCall] = {}
    for row in tables(names.row(payload, "calls"), LIST_LIMIT):
        call = call_in_list(row, names, counts)
        if call is None:
            counts["callId"] += 1
            continue
        found[call.id, call.started_at] = call
    return list(found.values())


def answered_at(payload: Table, names: Wire) -> float | None:
    """Return the service's clock in an answer."""
    return seconds(names.row(payload, "timestamp"))


def summary_in(
    payload: Table, names: Wire
) -> tuple[tuple[tuple[str, str], ...], tuple[SummaryPoint, ...]]:
    """Return totals in their order, null as "", and their course."""
    figures = tuple(
        (line(name), shown(value))
        for name, value in list(payload.items())[:LIST_LIMIT]
        if not isinstance(value, dict | list)
    )
    counts: Counts = Counts()
    points: list[SummaryPoint] = []
    for row in tables(names.row(payload, "series"), LIST_LIMIT):
        read = Reader(row, names, counts)
        at = read.at("timestamp")
        if at is not None:
            calls, clients, issues = (read.row.get(k) for k in ("calls", "clients", "issues"))
            points.append(
                SummaryPoint(at, _whole(calls), _whole(clients), read.score(), _whole(issues))
            )
    return figures, tuple(points)


def course_in(rows: Iterable[str], names: Wire) -> tuple[CoursePoint, ...]:
    """Return the figures of clients in stored snapshots of a call (JSON texts)."""
    counts: Counts = Counts()
    calls = (call_snapshot(json.loads(text), names, counts) for text in rows)
    return tuple(
        CoursePoint(one.client, one.at, one.score, one.rtt_ms, one.jitter_ms, one.loss_in)
        for call in calls
        for one in call.clients
        if one.at is not None
    )


def jobs_in(payload: Table, names: Wire) -> tuple[Job, ...]:
    """Return all jobs; one without an id is no job."""
    found = (_job(Reader(row, names, Counts())) for row in _listed(payload, "jobs", names))
    return tuple(job for job in found if job.id)


def machines_in(payload: Table, list_name: str, kind: str, names: Wire) -> tuple[Machine, ...]:
    """Return workers or servers. An answer of another shape is shown by what it holds: its first
    list of objects, or the answer itself as one machine (6.6)."""
    rows = tables(names.row(payload, list_name), LIST_LIMIT)
    if not rows:
        lists = (tables(value, LIST_LIMIT) for value in payload.values())
        rows = next((found for found in lists if found), [])
    if not rows and payload and names.row(payload, list_name) is None:
        rows = [payload]
    return tuple(_machine(Reader(row, names, Counts()), kind) for row in rows)


def turn_in(payload: Table, names: Wire) -> tuple[TurnServer, ...]:
    """Return what went through TURN servers: the list an answer holds, whatever its name."""
    lists = (tables(value, LIST_LIMIT) for value in payload.values())
    rows = next((found for found in lists if found), [])
    return tuple(_turn(Reader(row, names, Counts())) for row in rows)


def _turn(read: Reader) -> TurnServer:
    return TurnServer(
        address=read.text("turnIp"),
        at=read.at("timestamp"),
        sent_bytes=read.number("totalBytesSent"),
        received_bytes=read.number("totalBytesReceived"),
        sent_packets=read.number("totalPacketsSent"),
        received_packets=read.number("totalPacketsReceived"),
        out_bps=read.number("outboundBitrate"),
        in_bps=read.number("inboundBitrate"),
    )


def _job(read: Reader) -> Job:
    progress = read.number("progress")
    state = read.get("state")
    return Job(
        id=raw_id(read.get("jobId")),
        type=read.text("type"),
        state=_JOB_STATES.get(state, JobState.UNKNOWN)
        if isinstance(state, str)
        else (JobState.UNKNOWN),
        progress=None if progress is None else min(1.0, max(0.0, progress)),
        attempts=read.whole("attempts"),
        created_at=read.at("createdAt"),
        started_at=read.at("startedAt"),
        finished_at=read.at("finishedAt"),
        worker=read.text("workerId"),
        parameters=_block(read.get("parameters")),
        result=_block(read.get("result")),
        error=line(read.get("error"), 1024),
    )


def _machine(read: Reader, kind: str) -> Machine:
    own = "workerId" if kind == "worker" else "serverId"
    known = {read.names.row_names.get(name, name) for name in _MACHINE}
    rest = [(line(key), shown(value)) for key, value in read.row.items() if key not in known]
    server = read.text("serverId")
    if kind == "worker" and server:
        rest.insert(0, ("serverId", server))
    return Machine(
        id=read.text(own) or read.text("serverId") or read.text("workerId") or line(kind),
        kind=kind,
        state=read.text("state"),
        host=read.text("hostname"),
        version=read.text("version"),
        started_at=read.at("startedAt"),
        heartbeat_at=read.at("lastHeartbeatAt"),
        cpu=read.number("cpu"),
        memory_bytes=read.number("memoryBytes"),
        figures=tuple(rest),
    )


def _listed(payload: Table, name: str, names: Wire) -> Iterable[Table]:
    return tables(names.row(payload, name), LIST_LIMIT)


def _block(value: object) -> str:
    if value is None:
        return ""
    return clean_block(value if isinstance(value, str) else as_text(value))


def _whole(value: Any) -> int | None:
    found = number(value)
    return None if found is None else round(found)


def span_in(conditions: Table, names: Wire) -> tuple[float, float] | None:
    """Return the time that conditions ask for (epoch ms), None when it is not bounded."""
    asked = table(names.row(conditions, "timestamp"))
    first = number(asked.get("gte", asked.get("gt")))
    last = number(asked.get("lte", asked.get("lt")))
    return (first, last) if first is not None and last is not None and first < last else None


# ---- keys of rows --------------------------------------------------------------------------------


def call_key(row: Table, names: Wire) -> tuple[object, ...] | None:
    """Return what tells snapshots of calls apart; None when the row lacks it."""
    return _key(row, ("callId", "timestamp"), names)


def client_key(row: Table, names: Wire) -> tuple[object, ...] | None:
    """Return what tells snapshots of clients apart; None when the row lacks it."""
    return _key(row, ("callId", "clientId", "timestamp"), names)


def report_key(row: Table, names: Wire) -> tuple[object, ...] | None:
    """Return what tells report rows apart; only the time must be there (7.1: ids may lack)."""
    at = number(names.row(row, "timestamp"))
    if at is None:
        return None
    renamed = names.row_names
    members = [renamed.get(name, name) for name in _PARTS] if renamed else _PARTS
    found = tuple(map(row.get, members))
    try:
        hash(found)
    except TypeError:  # a list or an object where an id belongs
        found = tuple(_plain(value) for value in found)
    return (*found, at)


def _key(row: Table, parts: Iterable[str], names: Wire) -> tuple[object, ...] | None:
    found: list[object] = []
    for name in parts:
        value = names.row(row, name)
        part = number(value) if name == "timestamp" else raw_id(value)
        if part is None or part == "":
            return None
        found.append(part)
    return tuple(found)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float) or value is None else as_text(value)
