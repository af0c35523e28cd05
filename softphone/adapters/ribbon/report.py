"""Call reports: what was done to a call, how long each step took, and figures of it (7). Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from softphone.model.call import CallId, Parameters
from softphone.model.report import CallReport, ReportEvent, ReportMetric, SoundStep

from .steps import Made

# Event names that differ from the operation's own (7).
EVENT_OF = {"HOLD": "HOLD_LOCAL", "UNHOLD": "UNHOLD_LOCAL"}
REMOTE_EVENT_OF = {
    "HOLD": "HOLD_REMOTE",
    "UNHOLD": "UNHOLD_REMOTE",
    "ADD_MEDIA": "ADD_MEDIA_REMOTE",
    "REMOVE_MEDIA": "REMOVE_MEDIA_REMOTE",
    "STOP_MOH": "START_MOH",  # the platform's own oddity
}
SOUND_EVENT_OF = {SoundStep.FILE: "PLAY_AUDIO", SoundStep.DEVICE: "REPLACE_TRACK"}
_BEGINS = ("MAKE", "RECEIVE_CALL", "JOIN")
_ENDS = ("END_LOCAL", "END_REMOTE", "JOIN", "DIRECT_TRANSFER", "CONSULTATIVE_TRANSFER")
# metric: event whose duration it is
_DURATIONS = {
    "TIME_TO_MAKE": ("MAKE",),
    "TIME_TO_ANSWER": ("ANSWER",),
    "TIME_TO_IGNORE": ("IGNORE",),
    "TIME_TO_REJECT": ("REJECT",),
    "TIME_TO_FORWARD": ("FORWARD_CALL",),
    "TIME_TO_ADD_MEDIA_REMOTE": ("ADD_MEDIA_REMOTE",),
    "TIME_TO_REMOVE_MEDIA_REMOTE": ("REMOVE_MEDIA_REMOTE",),
    "TIME_TO_RESTART_MEDIA": ("MEDIA_RESTART",),
    "TIME_TO_HOLD_LOCAL": ("HOLD_LOCAL",),
    "TIME_TO_HOLD_REMOTE": ("HOLD_REMOTE",),
    "TIME_TO_UNHOLD_LOCAL": ("UNHOLD_LOCAL",),
    "TIME_TO_UNHOLD_REMOTE": ("UNHOLD_REMOTE",),
    "TIME_TO_SEND_CUSTOM_PARAMETERS": ("SEND_CUSTOM_PARAMETERS",),
    "TIME_TO_DIRECT_TRANSFER": ("DIRECT_TRANSFER",),
    "TIME_TO_CONSULTATIVE_TRANSFER": ("CONSULTATIVE_TRANSFER",),
    "TIME_TO_JOIN": ("JOIN",),
}
_EVENTS_LIMIT = 2000


@dataclass(slots=True)
class _Event:
    id: str
    type: str
    start: float
    end: float | None = None
    parent: str = ""
    error: str = ""
    data: Parameters = ()


@dataclass(slots=True)
class Report:
    """Collects the events of one call. Times are epoch seconds."""

    call: CallId
    _events: list[_Event] = field(default_factory=list)
    _relays: dict[str, tuple[tuple[str, float], ...]] = field(default_factory=dict)

    def begin(self, kind: str, at: float, parent: str = "", data: Parameters = ()) -> str:
        """Note the beginning of a step and return its id."""
        event = _Event(f"e{len(self._events) + 1}", kind, at, None, parent, "", data)
        if len(self._events) < _EVENTS_LIMIT:
            self._events.append(event)
        return event.id

    def started(self, ident: str, default: float) -> float:
        """Return when a step began."""
        return next((event.start for event in self._events if event.id == ident), default)

    def end(self, ident: str, at: float, error: str = "", data: Parameters = ()) -> None:
        """Note the end of a step; the first end counts."""
        for event in self._events:
            if event.id == ident and event.end is None:
                event.end, event.error = max(at, event.start), error
                event.data = (*event.data, *data)

    def point(self, kind: str, at: float, parent: str = "", data: Parameters = ()) -> None:
        """Note a step that takes no time."""
        self.end(self.begin(kind, at, parent, data), at)

    def made(self, made: Made, operation: str, parent: str, began: float, at: float) -> None:
        """Note the making of a description with the collection of its candidates."""
        ice = made.ice if made.ice and made.ice[0] >= began - 0.05 else None
        data = (("operation", operation),)
        inner = self.begin("PROCESS_MEDIA_LOCAL", ice[0] if ice else at, parent, data)
        if ice:
            collected = self.begin("ICE_COLLECTION", ice[0], inner, data)
            for relay, when in made.relays:
                self.point("RELAY_CANDIDATE_COLLECTED", when, collected, (("candidate", relay),))
            self.end(collected, ice[1])
            self._relays[collected] = made.relays
        self.end(inner, at)

    def close(self, at: float, error: str = "") -> None:
        """End all that still goes on: the call is over."""
        for event in self._events:
            if event.end is None:
                event.end, event.error = max(at, event.start), error

    def snapshot(self) -> CallReport:
        """Return the report as it is now."""
        events = tuple(
            ReportEvent(x.id, x.type, x.start, x.end, x.parent, x.error, x.data)
            for x in sorted(self._events, key=lambda event: event.start)
        )
        metrics = metrics_of(events)
        native = json.dumps(self._native(events, metrics), separators=(",", ":"))
        return CallReport(self.call, events, metrics, native)

    def _native(
        self, events: tuple[ReportEvent, ...], metrics: tuple[ReportMetric, ...]
    ) -> dict[str, Any]:
        listed = [_native_metric(metric) for metric in metrics]
        listed += [self._relay_metric(event) for event in events if self._relays.get(event.id)]
        top = [_native_event(event, events) for event in events if not event.parent]
        return {"type": "CALL", "id": self.call, "data": {}, "timeline": top, "metrics": listed}

    def _relay_metric(self, event: ReportEvent) -> dict[str, Any]:
        candidates = []
        for relay, when in self._relays[event.id]:
            address, _, port = relay.rpartition(":")
            found = {"duration": _ms(when - event.start), "address": address, "port": port}
            candidates.append(found)
        data = {"operation": dict(event.data).get("operation", ""), "candidates": candidates}
        return {"type": "TIME_TO_RELAY_CANDIDATES", "data": data, "eventIds": [event.id]}


def metrics_of(events: tuple[ReportEvent, ...]) -> tuple[ReportMetric, ...]:
    """Return every figure these events give; a failed event gives none."""
    good = [event for event in events if event.end is not None and not event.error]
    found = [*_setup_metrics(good)]
    for name, kinds in _DURATIONS.items():
        found += [
            ReportMetric(name, _span(event, event), "", (event.id,))
            for event in good
            if event.type in kinds
        ]
    for event in good:
        if event.type == "ICE_COLLECTION":
            media = next((x for x in good if x.id == event.parent), event)
            operation = dict(event.data).get("operation", "")
            kind = "TIME_TO_COLLECT_ICE_CANDIDATES"
            found.append(ReportMetric(kind, _span(media, event), operation, (event.id,)))
    return tuple(found)


def _setup_metrics(good: list[ReportEvent]) -> list[ReportMetric]:
    """Return the figures that go from the start of one event to the end of another."""
    make, answer = _first(good, "MAKE"), _first(good, "ANSWER")
    receive, ringing = _first(good, "RECEIVE_CALL"), _first(good, "REMOTE_RINGING")
    begin = next((x for x in good if x.type in _BEGINS), None)
    end = next((x for x in good if x.type in _ENDS and x is not begin), None)
    answer_media = _child(good, answer, "PROCESS_MEDIA_LOCAL")
    make_media = _child(good, make, "PROCESS_MEDIA_LOCAL")
    rest, remote = _child(good, make, "REST_REQUEST"), _child(good, make, "PROCESS_MEDIA_REMOTE")
    spans = [
        ("CALL_DURATION", begin, end, False),
        ("MAKE_CALL_PRE_LOCAL_SETUP", make, make_media, True),
        ("MAKE_CALL_LOCAL_SETUP", make, make_media, False),
        ("MAKE_CALL_REMOTE_SETUP", rest, remote, False),
        ("ANSWER_CALL_PRE_LOCAL_SETUP", answer, answer_media, True),
        ("ANSWER_CALL_LOCAL_SETUP", answer, answer_media, False),
        ("TIME_FROM_RECEIVE_TO_ANSWER", receive, answer, False),
        ("TIME_TO_CALL_SETUP_DURATION", receive, answer_media, False),
        ("TIME_TO_RINGING", make, ringing, False),
    ]
    return [
        ReportMetric(name, _span(a, b, to_start=to_start), "", (a.id, b.id))
        for name, a, b, to_start in spans
        if a is not None and b is not None
    ]


def _first(events: list[ReportEvent], kind: str) -> ReportEvent | None:
    return next((event for event in events if event.type == kind), None)


def _child(events: list[ReportEvent], parent: ReportEvent | None, kind: str) -> ReportEvent | None:
    if parent is None:
        return None
    return next((x for x in events if x.type == kind and x.parent == parent.id), None)


def _span(a: ReportEvent, b: ReportEvent, *, to_start: bool = False) -> float:
    end = b.start if to_start else b.end
    return round(max(0.0, (end or a.start) - a.start) * 1000, 1)


def _native_event(event: ReportEvent, events: tuple[ReportEvent, ...]) -> dict[str, Any]:
    inside = [_native_event(x, events) for x in events if x.parent == event.id]
    members: dict[str, Any] = {
        "type": event.type,
        "id": event.id,
        "timeline": inside,
        "data": dict(event.data),
        "metrics": [],
        "start": _ms(event.start),
        "end": None if event.end is None else _ms(event.end),
    }
    if event.parent:
        members["parentId"] = event.parent
    if event.error:
        members["error"] = event.error
    return members


def _native_metric(metric: ReportMetric) -> dict[str, Any]:
    data: Any = round(metric.value_ms)
    if metric.operation:
        data = {"operation": metric.operation, "duration": data}
    return {"type": metric.type, "data": data, "eventIds": list(metric.events)}


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
