"""Each platform's pure part with its life going on, fed with one message after the other, and what
must be true of everything it lets through."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from softphone.adapters.agenthub import wire as agenthub
from softphone.adapters.agenthub.facts import _READERS as AGENTHUB_EVENTS
from softphone.adapters.agenthub.steps import Emit as AgentHubEmit
from softphone.adapters.audin import wire as audin
from softphone.adapters.audin.steps import Emit as AudinEmit
from softphone.adapters.observer import wire as observer
from softphone.adapters.ribbon import wire as ribbon
from softphone.adapters.ribbon.inbox import Inbox
from softphone.adapters.ribbon.steps import Emit as RibbonEmit
from softphone.model import codec
from softphone.model.error import ProtocolError, Refused
from softphone.secret import Secret
from tests.adapters.agenthub.test_protocol import AGENT, ONLINE
from tests.adapters.agenthub.test_protocol import Rig as AgentHubRig
from tests.adapters.audin.operator_rig import Rig as AudinRig
from tests.adapters.ribbon.rig import Rig as RibbonRig

_DATA = Path(__file__).parent.parent / "adapters"
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_LIFE_S = 0.02
"""How much time passes with each message."""


class Driver(Protocol):
    """One platform. `feed` takes a message and returns what was let through, for everybody to see;
    it raises nothing but what a reader of its platform catches."""

    seeds: list[str]
    longest: int
    """The longest text that it may let through."""

    def feed(self, message: str | bytes) -> Iterable[object]: ...


class AudinDriver:
    """Presence and calls of an operator; now and then the line is lost, and a number is dialled."""

    longest = 70_000

    def __init__(self) -> None:
        found = json.loads((_DATA / "audin/data/server_to_client.json").read_text())
        self.seeds = [one["text"] for one in found]
        self._rig = AudinRig().online()
        self._names = audin.Wire()
        self._count = 0

    def feed(self, message: str | bytes) -> Iterable[object]:
        rig, self._count = self._rig, self._count + 1
        rig.now += _LIFE_S
        rig.steps.clear()
        if self._count % 500 == 0:
            rig.do(rig.protocol.closed(rig.now))
            rig.do(rig.protocol.opened(rig.now))
        if self._count % 97 == 0:
            with contextlib.suppress(Refused):  # a call is up
                rig.do(rig.protocol.dial("+390211111111", "", rig.now)[1])
        rig.do(rig.protocol.wake(rig.now))
        if isinstance(message, str):
            with contextlib.suppress(ProtocolError):
                audin.decode_audio_server(message, self._names)
            with contextlib.suppress(ProtocolError):
                rig.hear(audin.decode_server(message, self._names))
        return [step.event for step in rig.steps if isinstance(step, AudinEmit)]


class RibbonDriver:
    """Notifications of a gateway to a user with calls."""

    longest = 70_000

    def __init__(self) -> None:
        found = json.loads((_DATA / "ribbon/data/notifications.json").read_text())
        self.seeds = [json.dumps(one) for one in found]
        self._rig = RibbonRig().online()
        self._inbox = Inbox(1000)

    def feed(self, message: str | bytes) -> Iterable[object]:
        rig = self._rig
        rig.now += _LIFE_S
        rig.steps.clear()
        rig.do(rig.protocol.wake(rig.now))
        notice = self._inbox.take(message, rig.now)
        if notice is None:
            return []
        shown = [ribbon.shown(message) if isinstance(message, str) else ""]
        if isinstance(notice, ribbon.CallNotice | ribbon.LossNotice):
            rig.do(rig.protocol.notified(notice, rig.now))
        return [*shown, *(step.event for step in rig.steps if isinstance(step, RibbonEmit))]


class AgentHubDriver:
    """Channel messages of an agent who is an admin, with every event the platform knows."""

    longest = 70_000

    def __init__(self) -> None:
        event = json.loads((_DATA / "agenthub/data/event.json").read_text())
        session = (_DATA / "agenthub/data/session.txt").read_text().splitlines()
        self.seeds = [line[2:] for line in session if line.startswith("< ")]
        self._seed_id = event["eventId"]
        kinds = {**event, "eventData": dict.fromkeys(_FIELDS, "7")}
        self.seeds += [
            json.dumps(["3", None, AGENT, "event", {**kinds, "eventType": name}])
            for name in AGENTHUB_EVENTS
        ]
        self._now = 0.0
        self._rig = self._anew()

    def _anew(self) -> AgentHubRig:
        rig = AgentHubRig()
        rig.ok(AGENT, self._now)
        rig.ok(ONLINE, self._now)
        return rig

    def feed(self, message: str | bytes) -> Iterable[object]:
        self._now += _LIFE_S
        steps = self._rig.wake(self._now)
        frame = None
        try:
            if isinstance(message, str):
                frame = agenthub.decode(message)
            else:
                frame = agenthub.decode_from_server(message)
        except agenthub.BadFrame:
            pass
        if frame is not None:
            topic = frame.topic if frame.topic in self._rig.joins else AGENT
            join = self._rig.joins[topic].ref
            payload = frame.payload
            if payload.get("eventId") == self._seed_id:  # each event comes once
                payload = {**payload, "eventId": f"{self._now * 1000:.0f}-0"}
            frame = dataclasses.replace(frame, join_ref=join, payload=payload)
            steps += self._rig.say(frame, self._now)
        if not self._rig.protocol.connected:
            self._rig = self._anew()
        return [step.event for step in steps if isinstance(step, AgentHubEmit)]


class ObserverDriver:
    """Answers and rows of a monitored service."""

    longest = 8_000_000  # a row is kept as it came, six characters for one

    def __init__(self) -> None:
        found = json.loads((_DATA / "observer/data/messages.json").read_text())
        self.seeds = [json.dumps(one["text"]) for one in found["answers"]]
        rows = [dict.fromkeys(_ROW_FIELDS, value) for value in (7, "room-9", [1.0], {"a": 2})]
        self.seeds += [
            json.dumps(
                {"kind": "notification", "type": "dataFrame", "dataFrameId": "f-3", "seq": 1,
                 "event": {"type": "newrow", "payload": row}}
            )
            for row in rows
        ]  # fmt: skip
        self._names = observer.Wire()
        self._before: Mapping[str, Any] = {}

    def feed(self, message: str | bytes) -> Iterable[object]:
        if isinstance(message, bytes):
            return []
        try:
            found = observer.decode_server(message, self._names)
        except observer.BadMessage:
            return []
        shown: list[object] = []
        if isinstance(found, observer.RowsCame):
            for row in found.rows:
                shown += self._row(row)
        if isinstance(found, observer.Response):
            shown.append(found.problem)
        return shown

    def _row(self, row: Mapping[str, Any]) -> Iterable[object]:
        names, counts = self._names, observer.Counts()
        for key_of in (observer.call_key, observer.client_key, observer.report_key):
            key_of(row, names)
        whole = observer.snapshot_of(row, self._before)
        self._before = row
        observer.jobs_in({"jobs": [row]}, names)
        observer.machines_in(row, "workers", "worker", names)
        return [
            observer.client_snapshot(whole, names, counts),
            observer.call_snapshot(row, names, counts),
            observer.summary_in(row, names),
        ]


class EngineDriver:
    """Lines of the engine's own socket, as commands to it and as events from it."""

    longest = 70_000

    def __init__(self) -> None:
        self.seeds = [json.dumps(one) for one in _LINES]

    def feed(self, message: str | bytes) -> Iterable[object]:
        for read in (codec.decode_command, codec.decode_event):
            try:
                data = codec.loads(message)
                for part in (data, data.get("request"), data.get("event")):
                    read(part)
            except ProtocolError:
                continue
        return []


DRIVERS: dict[str, Callable[[], Driver]] = {
    "audin": AudinDriver,
    "ribbon": RibbonDriver,
    "agenthub": AgentHubDriver,
    "observer": ObserverDriver,
    "engine": EngineDriver,
}

_FIELDS = (
    *("statusId", "reasonId", "listReason", "campaignName", "phoneNumber", "callId", "message"),
    *("customerName", "dialogId", "listDispositions", "listCalls", "code", "description", "login"),
)
_ROW_FIELDS = (
    *("callId", "clientId", "roomId", "timestamp", "score", "issues", "scoreReasons", "clients"),
    *("peerConnections", "inboundTracks", "rttInMs", "fractionLost", "payload", "type"),
)
_LINES: tuple[dict[str, Any], ...] = (
    {"hello": {"version": 1, "role": "console", "name": "x"}},
    {"id": 1, "request": {"type": "dial", "to": "+39021234567", "account": "audin"}},
    {"id": 2, "request": {"type": "hang_up", "call": "c1"}},
    {"id": 3, "request": {"type": "list_history", "filter": {"text": "x", "limit": 50}}},
    {"id": 4, "request": {"type": "save_contact", "contact": {"id": "1", "name": "Bob"}}},
)


def harmful(value: object, longest: int) -> list[str]:
    """Return every text in a value, however deep, that could act on a terminal or is too long."""
    found: list[str] = []
    _search(value, longest, found)
    return found


def _search(value: object, longest: int, found: list[str]) -> None:
    match value:
        case str():
            text = value.replace("\n", "")
            if _CONTROL.search(text) or len(value) > longest:
                found.append(value[:200])
        case Enum() | Secret() | bytes() | int() | float() | None:
            pass
        case Mapping():
            for key, inner in value.items():
                _search(key, longest, found)
                _search(inner, longest, found)
        case list() | tuple() | set() | frozenset():
            for inner in value:
                _search(inner, longest, found)
        case _ if dataclasses.is_dataclass(value):
            for one in dataclasses.fields(value):
                _search(getattr(value, one.name), longest, found)
