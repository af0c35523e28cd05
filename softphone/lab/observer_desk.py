"""What the lab's Observer side answers to each request (6)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any

from softphone.adapters.observer import wire

from . import observer_ids as ids
from .hub import Hub
from .observer_connection import Connection
from .observer_issues import Row, issue_open
from .observer_jobs import Denied, Jobs
from .observer_real import RealCall, RealCalls
from .observer_snapshots import call_snapshots, client_samples, client_snapshots
from .observer_source import CallSource, Source, database
from .observer_world import ROOMS, World, WorldCall

_N = wire.Wire()
_ADMIN = (
    *(_N.type_workers, _N.type_servers, _N.type_start_job, _N.type_jobs, _N.type_cancel_job),
    *(_N.type_clean_failed, _N.type_clean_completed),
)
_KINDS = {
    _N.filter_call: (ids.CALL,),
    _N.filter_client: (ids.CLIENT,),
    _N.filter_transport: (ids.TRANSPORT,),
    _N.filter_producer: (ids.PRODUCER,),
    _N.filter_consumer: (ids.CONSUMER,),
    _N.filter_track: (ids.TRACK,),
}
_INTERVAL_MS = {"1m": 60_000, "5m": 300_000, "1h": 3_600_000}
_POINTS_MOST = 200
_HOUR_MS = 3_600_000


class Desk:
    """All answers; connections bring the requests."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.world = World(hub.keys.key("observer world"))
        self.real = RealCalls(hub)
        self.jobs = Jobs(hub)
        self.asked: Counter[str] = Counter()
        self._answers: dict[str, Callable[[wire.Table, int], dict[str, Any]]] = {
            _N.type_find: self._find,
            _N.type_ongoing: self._ongoing,
            _N.type_summary: self._summary,
            _N.type_turn: self._turn,
            _N.type_jobs: lambda _payload, _now: self.jobs.listed(),
            _N.type_start_job: lambda payload, _now: self.jobs.start(payload),
            _N.type_cancel_job: lambda payload, _now: self.jobs.cancel(payload),
            _N.type_clean_failed: lambda payload, _now: self.jobs.clean("failed", payload),
            _N.type_clean_completed: lambda payload, _now: self.jobs.clean("completed", payload),
        }

    def do(
        self, connection: Connection, all_: Collection[Connection], request: wire.Request
    ) -> dict[str, Any]:
        """Return the payload of the answer; raises Denied."""
        now_ms, kind, payload = round(time.time() * 1000), request.type, request.payload
        if kind in _ADMIN and connection.role != "admin":
            raise Denied(wire.FORBIDDEN, "this needs the role admin")
        if kind == _N.type_frame:
            return self._frame(connection, payload)
        if kind in (_N.type_create_database, _N.type_create_call, _N.type_create_client):
            return self._create(connection, kind, payload, now_ms)
        if kind == _N.type_workers:
            running = self.world.running(now_ms)
            clients = sum(p.here(now_ms) for call in running for p in call.people)
            return self.jobs.workers(len(running), clients)
        if kind == _N.type_servers:
            return self.jobs.servers(len(all_), sum(len(one.frames) for one in all_))
        answer = self._answers.get(kind)
        if answer is None:
            raise Denied(wire.UNSUPPORTED, f"{kind[:40]} is unknown here")
        self._many = self._hub.faults.get("many_calls", connection.user)
        return answer(payload, now_ms)

    # ---- frames --------------------------------------------------------------------------------

    def _frame(self, connection: Connection, payload: wire.Table) -> dict[str, Any]:
        frame = connection.known(payload)
        if payload.get("action") == _N.action_close:
            connection.forget(frame)
            return {}
        if payload.get("action") != _N.action_update:
            raise Denied(wire.BAD_REQUEST, "action must be update or close.")
        return connection.update(frame, wire.table(payload.get("params")))

    def _create(
        self, connection: Connection, kind: str, payload: wire.Table, now_ms: int
    ) -> dict[str, Any]:
        key: tuple[str, ...] = ()
        if kind == _N.type_create_database:
            source: Source = database(self.world, payload, now_ms)
        else:
            call_id = payload.get(_N.filter_call)
            client = payload.get(_N.filter_client) if kind == _N.type_create_client else ""
            if not isinstance(call_id, str) or not isinstance(client, str):
                raise Denied(wire.BAD_REQUEST, "callId and clientId must be strings.")
            key = (call_id, client)
            source = self._snapshots(connection, call_id, client, now_ms)
        frame = connection.create(source, payload, key)
        if self._hub.faults.on("early_rows", connection.user):
            connection.push(frame, (row for _, row in list(source.stored(None, now_ms))[:50]))
        return {connection.names.field_frame_id[0]: frame.id}

    def _snapshots(
        self, connection: Connection, call_id: str, client: str, now_ms: int
    ) -> CallSource:
        samples = self._hub.faults.on("samples", connection.user)
        real = self.real.calls.get(call_id)
        if real is not None:
            return CallSource(real, self._real_rows(real, client))
        call = self.world.find(call_id, (ids.CALL,), now_ms)
        if call is None:
            raise Denied(wire.NOT_FOUND, "no such call")
        if not client:
            return CallSource(call, lambda after, until: call_snapshots(call, after, until))
        person = next((p for p in call.people if p.id == client and p.joined_ms <= now_ms), None)
        if person is None:
            raise Denied(wire.NOT_FOUND, "no such client")
        make = client_samples if samples else client_snapshots
        return CallSource(call, lambda after, until: make(call, person, after, until))

    def _real_rows(self, call: RealCall, client: str) -> Callable[[int, int], Iterator[Row]]:
        if not client:
            return call.snapshots
        if client not in call.clients:
            raise Denied(wire.NOT_FOUND, "no such client")
        return lambda after, until: call.client_snapshots(client, after, until)

    # ---- lists ---------------------------------------------------------------------------------

    def _ongoing(self, _payload: wire.Table, now_ms: int) -> dict[str, Any]:
        calls = [_listed(call, now_ms) for call in self.world.running(now_ms)]
        calls += [call.listed(now_ms) for call in self.real.running()]
        if self._many is not None and calls:
            calls += [
                calls[place % len(calls)] | {"callId": f"many-{place}", "roomId": f"room-{place}"}
                for place in range(self._many["count"])
            ]
        return {"calls": calls, "timestamp": now_ms}

    def _find(self, payload: wire.Table, now_ms: int) -> dict[str, Any]:
        given = {name: payload[name] for name in (*_KINDS, _N.filter_room) if name in payload}
        if not given:
            raise Denied(wire.BAD_REQUEST, "at least one filter is needed")
        for name, value in given.items():
            if not isinstance(value, str):
                raise Denied(wire.BAD_REQUEST, f"{name} must be a string")
        limit = wire.whole(payload.get("limit", 50))
        if limit is None or not 1 <= limit <= wire.FIND_MOST:
            raise Denied(wire.BAD_REQUEST, f"limit must be 1 to {wire.FIND_MOST}")
        since = int(wire.number(payload.get("from")) or 0)
        until = int(wire.number(payload.get("to")) or now_ms)
        found: dict[str, Row] | None = None
        for name, value in given.items():
            one = self._matching(name, value, since, until, now_ms)
            found = one if found is None else {k: v for k, v in found.items() if k in one}
        listed = list((found or {}).values())
        for row in listed:
            row["matchedBy"] = list(given)
        return {"calls": listed[:limit], "truncated": len(listed) > limit}

    def _matching(
        self, name: str, value: str, since: int, until: int, now_ms: int
    ) -> dict[str, Row]:
        """Return calls one filter finds, the newest first."""
        calls: list[WorldCall] = []
        if name == _N.filter_room:
            day = max(since, until - 24 * _HOUR_MS)
            if value in ROOMS:
                calls = list(self.world.between(day, until, now_ms, value))[::-1]
        else:
            one = self.world.find(value, _KINDS[name], now_ms)
            if one is not None and one.started_ms <= until and one.ended_ms >= since:
                calls = [one]
        found = {call.id: _listed(call, now_ms) for call in calls}
        return found | {call.id: call.listed(now_ms) for call in self.real.find(name, value)}

    def _summary(self, payload: wire.Table, now_ms: int) -> dict[str, Any]:
        until = int(wire.number(payload.get("to")) or now_ms)
        since = int(wire.number(payload.get("from")) or until - _HOUR_MS)
        interval = payload.get("interval", "5m")
        if interval not in _INTERVAL_MS or since >= until:
            raise Denied(wire.BAD_REQUEST, "bad interval or range")
        room = payload.get(_N.filter_room)
        step = max(_INTERVAL_MS[interval], (until - since) // _POINTS_MOST)
        wanted = room if isinstance(room, str) else ""
        calls = list(self.world.between(since, until, now_ms, wanted))
        series = [_point(calls, at) for at in range(since // step * step + step, until, step)]
        running = [call for call in calls if call.started_ms <= now_ms < call.ended_ms]
        here = [p for call in running for p in call.people if p.here(now_ms)]
        rtts = [p.reading(at["timestamp"], 1000).rtt_ms for at in series for p in at.pop("_here")]
        edges = ((0, 50), (50, 150), (150, 300), (300, 10**9))
        names = ("Lt50", "Lt150", "Lt300", "GtOrEq300")
        scores = [point["score"] for point in series if point["score"] is not None]
        return {
            "currentActiveCalls": len(running) + len(self.real.running()),
            "currentNumberOfClients": len(here) + 2 * len(self.real.running()),
            "currentNumberOfClientsUsingTURN": sum(p.scene.turn for p in here),
            "totalAddedCall": sum(since <= call.started_ms < until for call in calls),
            "totalRemovedCall": sum(since <= call.ended_ms < until for call in calls),
            "totalClientIssues": sum(point["issues"] for point in series),
            **{
                f"totalRtt{name}Measurements": sum(low <= rtt < high for rtt in rtts)
                for name, (low, high) in zip(names, edges, strict=True)
            },
            "averageScore": round(sum(scores) / len(scores), 2) if scores else None,
            "series": series,
        }

    def _turn(self, _payload: wire.Table, now_ms: int) -> dict[str, Any]:
        sent = now_ms // 1000 % 10**6 * 5000
        return {
            "servers": [
                {
                    "turnIp": "192.0.2.7", "totalBytesSent": sent, "totalBytesReceived": sent,
                    "totalPacketsSent": sent // 100, "totalPacketsReceived": sent // 100,
                    "deltaBytesSent": 5000, "deltaBytesReceived": 5000, "timestamp": now_ms,
                    "outboundBitrate": None, "inboundBitrate": None,
                }
            ]
        }  # fmt: skip


def _listed(call: WorldCall, now_ms: int) -> Row:
    """Return a call as a row of a list."""
    over = call.ended_ms <= now_ms
    at = min(now_ms, call.ended_ms - 1)
    here = [p for p in call.people if p.here(at)]
    scores = {p.index: round(p.reading(at, 5000).score, 2) for p in here}
    issues = [issue_open(p, at) for p in here]
    return {
        "callId": call.id,
        "roomId": call.room,
        "serviceId": call.service,
        "startedAt": call.started_ms,
        "endedAt": call.ended_ms if over else None,
        "durationInMs": call.ended_ms - call.started_ms if over else None,
        "maxNumberOfClients": call.peak(at),
        "numberOfIssues": sum(issues),
        "highestSeverity": "major" if any(issues) else None,
        "score": round(sum(scores.values()) / len(scores), 2) if scores else None,
        "clients": [
            {
                "clientId": p.id, "userId": p.user, "displayName": p.name,
                "joinedAt": p.joined_ms, "score": scores[p.index],
            }
            for p in here
        ],
    }  # fmt: skip


def _point(calls: list[WorldCall], at: int) -> dict[str, Any]:
    running = [call for call in calls if call.started_ms <= at < call.ended_ms]
    here = [p for call in running for p in call.people if p.here(at)]
    scores = [p.reading(at, 5000).score for p in here]
    return {
        "timestamp": at,
        "calls": len(running),
        "clients": len(here),
        "score": round(sum(scores) / len(scores), 2) if scores else None,
        "issues": sum(issue_open(p, at) for p in here),
        "_here": here,
    }
