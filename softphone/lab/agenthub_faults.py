"""Faults of the lab's AgentHub that happen at once: what exactly is sent."""

from __future__ import annotations

import itertools
import json
from typing import Any

from softphone.adapters.agenthub import wire
from softphone.adapters.agenthub.wire import Frame
from softphone.adapters.agenthub.wire import names as n

from .agenthub_socket import PhoenixSocket
from .client_socket import Item
from .hostile import HOSTILE_TEXTS

_MALFORMED = (
    "{",
    "not json",
    "null",
    "",
    '{"topic":"t","event":"e","payload":{},"ref":"1"}',
    '["1","1","t"]',
    '[1,2,"t","e",{}]',
    '["1","1",7,"e",{}]',
    '["1","1","t","e",[]]',
    '["1","1","t","e",{"x":NaN}]',
    '["1","1","t","e",{"x":' + "9" * 5000 + "}]",
)
_WRONG: tuple[object, ...] = (7, None, [1], {"a": 1}, True, 1.5, "", [None], "x" * 5000, -(10**400))
_TYPES = (
    *("ChangeStatusVoice", "ChangeStatusText", "ScreenPopVoice", "ThirdPartyScreenPop"),
    *("ScreenPopText", "ScreenPopPossibleCustomers", "AsyncMessageScreenPop", "LoginCCM"),
    *("LoginCampaignVoice", "ListCalls", "ListActiveCalls", "ActiveCall", "MessageReceived"),
    *("ListPauseReasonsResponse", "ListDispositionsResponse", "NewMsgFromSupervisor"),
    *("ThirdParty", "ThirdPartyEvent", "SendMsgToSupervisorFail", "ChangeManualCallState"),
    *("DialogTerminated", "InactivityAlert", "AgentCallConnected"),
)
_FIELDS = (
    *("agentId", "agentStatusId", "status", "nextStatus", "reasonId", "campaignId", "callId"),
    *("phoneNumber", "campaignData", "phoneNumberList", "customers", "conversation", "message"),
    *("activeCalls", "calls", "pauseReasons", "dispositions", "errorCode", "description"),
    *("dialogId", "sender", "instant", "supervisorId", "messageId", "callState", "data", "reason"),
)


def items(socket: PhoenixSocket, topic: str, name: str, args: dict[str, Any]) -> list[Item]:
    """Return what a fault sends to one agent's socket."""
    count = args.get("count", 1)
    match name:
        case "malformed_json":
            return [_MALFORMED[place % len(_MALFORMED)] for place in range(count)]
        case "deep_json":
            deep = "[" * 30_000 + "]" * 30_000
            return [
                deep,
                f'[null,null,"{topic}","event",{{"eventType":"Deep","eventData":{deep}}}]',
            ]
        case "wrong_types":
            return _wrong_types(socket, topic)
        case "unknown_type":
            return [_event(socket, topic, "FromTheFuture", {"a": 1})] * count
        case "hostile_text":
            return _hostile(socket, topic)
        case "oversize":
            return [_event(socket, topic, "Huge", {"x": "x" * (n.FRAME_LIMIT + 1000)})]
        case "flood":
            return [_event(socket, topic, "Flood", {"place": place}) for place in range(count)]
        case "bad_refs":
            return _bad_refs(topic)
        case "binary":
            push = Frame(socket.channels.get(topic), None, topic, "bin", raw=b"\x00\xff")
            return [
                wire.encode_server_push(push),
                b"",
                b"\x09",
                b"\x00\xff\xff\xff",
                b"\x02\x01\x01ab",
            ]
        case "raw":
            return [args["text"].replace("{join_ref}", socket.channels.get(topic, ""))]
        case _:
            return []


def _event(socket: PhoenixSocket, topic: str, kind: object, data: object, **more: object) -> str:
    payload = {n.FIELD_TYPE: kind, n.FIELD_DATA: data, **more}
    return wire.encode(Frame(socket.channels.get(topic), None, topic, n.CHANNEL_EVENT, payload))


def _wrong_types(socket: PhoenixSocket, topic: str) -> list[Item]:
    found: list[Item] = [
        _event(socket, topic, kind, dict.fromkeys(_FIELDS, value))
        for kind, value in itertools.product(_TYPES, _WRONG)
    ]
    found += [_event(socket, topic, kind, value) for kind in _TYPES for value in _WRONG]
    found += [_event(socket, topic, value, {}) for value in (*_WRONG, *n.CLIENT_EVENTS)]
    odd = {key: [1] for key in (n.FIELD_ID, n.FIELD_AGENT, n.FIELD_CAMPAIGN, n.FIELD_TIMESTAMP)}
    found.append(_event(socket, topic, "Odd", {}, **odd))
    broken = {n.JOINS: 7, n.LEAVES: [1]}
    for event, payload in (
        ("presence_state", {"7": 1, "8": {n.METAS: 7}, "__proto__": {n.METAS: [{}]}}),
        ("presence_diff", broken),
    ):
        for where in socket.channels:
            found.append(wire.encode(Frame(None, None, where, event, payload)))
    return found


def _bad_refs(topic: str) -> list[Item]:
    ok = {n.STATUS: n.OK, n.RESPONSE: {}}
    return [
        json.dumps([None, "99999", topic, n.EVENT_REPLY, ok]),
        json.dumps(["99999", "99999", topic, n.EVENT_REPLY, ok]),
        json.dumps(["99999", None, topic, n.CHANNEL_EVENT, {n.FIELD_TYPE: "Stale"}]),
        json.dumps(["1", "1", "never:joined", n.EVENT_REPLY, ok]),
        json.dumps([None, None, "never:joined", n.CHANNEL_EVENT, {n.FIELD_TYPE: "Strange"}]),
        json.dumps([None, "99999", n.TOPIC_PHOENIX, n.EVENT_REPLY, ok]),
    ]


def _hostile(socket: PhoenixSocket, topic: str) -> list[Item]:
    found: list[Item] = []
    for place, text in enumerate(HOSTILE_TEXTS):
        shown = text.encode("utf-8", "replace").decode()
        found.append(_event(socket, topic, shown or "Empty", dict.fromkeys(_FIELDS, shown)))
        for kind in _TYPES:
            data = dict.fromkeys(_FIELDS, shown) | {"callId": f"h{place}"}
            found.append(_event(socket, topic, kind, data))
    return found
