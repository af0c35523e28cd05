"""Faults of the lab's Observer side: what exactly is sent, and how rows are spoilt."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from softphone.adapters.observer import wire

from .client_socket import Item
from .hostile import HOSTILE_TEXTS

if TYPE_CHECKING:
    from .observer_connection import Connection, LabFrame

_MALFORMED = (
    "{",
    "not json",
    "[1, 2]",
    "null",
    '{"kind": "response", "x": 1e999}',
    '{"kind": "response", "kind": "response"}',
    '{"kind": "response", "x": ' + "9" * 5000 + "}",
    "\ufeff{}",
    "",
)
_WRONG: tuple[object, ...] = (7, None, [1], {"a": 1}, True, 1.5, "", [None], "4.2")
_FIGURES = ("score", "currentAvgRttInMs", "jitterInMs", "fractionLost", "rttInMs", "clients")


def items(name: str, args: dict[str, Any], connection: Connection) -> Iterable[Item]:
    """Return what a fault that happens at once sends to a client."""
    count = args.get("count", 1)
    match name:
        case "malformed_json":
            return [_MALFORMED[place % len(_MALFORMED)] for place in range(count)]
        case "deep_json":
            return ["[" * 30_000 + "]" * 30_000, '{"a":' * 80 + "1" + "}" * 80] * count
        case "wrong_types":
            return [_said(connection, value) for value in _WRONG] + _wrong_responses()
        case "unknown_type":
            return [json.dumps({"kind": "from_the_future", "x": [1, {"y": None}]})] * count
        case "hostile_text":
            return [
                wire.encode_trouble(frame.id, frame.next_seq(), text, connection.names)
                for frame in connection.frames.values()
                for text in HOSTILE_TEXTS
            ] + [wire.encode_problem(t, wire.Problem(t, t), connection.names) for t in _short()]
        case "oversize":
            return ['{"kind":"x","y":"' + "x" * (wire.MESSAGE_LIMIT + 1000) + '"}']
        case "flood":
            return [json.dumps({"kind": "from_the_future"})] * count
        case "binary":
            return [b"\x00\xff binary"] * count
        case "raw":
            return [args["text"]]
        case "ghost_rows":
            return _ghosts(connection)
        case _:
            return []


def do_on_frames(name: str, args: dict[str, Any], connection: Connection) -> None:
    """Do a fault to all frames of a client."""
    for frame in list(connection.frames.values()):
        if name == "end_frames":
            connection.end(frame, args["reason"])
        elif name == "stream_error":
            text = args["text"]
            connection.say(wire.encode_trouble(frame.id, frame.next_seq(), text, connection.names))
        elif name == "row_flood" and frame.last_row is not None:
            began = round(time.time() * 1000)
            row = frame.last_row
            connection.push(
                frame, (row | {"timestamp": began + place / 1000} for place in range(args["count"]))
            )


def spoiled(rows: list[Any], form: str, frame: LabFrame) -> list[Any]:
    """Return rows as a broken service sends them."""
    match form:
        case "duplicate":
            return [copy for row in rows for copy in (row, row)]
        case "shuffle":
            return list(reversed(rows))
        case "gap":
            frame.next_seq()
            return rows[1:]
        case "keyless":
            return [
                {key: value for key, value in row.items() if key not in ("callId", "timestamp")}
                for row in rows
            ]
        case "wrong_types":
            wrong: tuple[Any, ...] = ("4.2", {}, "x", [1], "5", None)
            return [row | dict(zip(_FIGURES, wrong, strict=True)) for row in rows]
        case "odd_values":
            odd: tuple[Any, ...] = (99, -5, 10**20, 3.5, -1, [])
            return [row | dict(zip(_FIGURES, odd, strict=True)) for row in rows]
        case "hostile":
            return [
                row | {"displayName": HOSTILE_TEXTS[place % len(HOSTILE_TEXTS)], "x": "y" * 10_000}
                for place, row in enumerate(rows, frame.seq)
            ]
        case "future":
            return [row | {"timestamp": row["timestamp"] + 3_600_000} for row in rows]
        case "huge":
            return [row | {"acceptedSamples": 2**63, "score": 1e300} for row in rows]
        case "none":
            return [7, None, "row", *rows]
        case _:
            return rows


def _said(connection: Connection, value: object) -> str:
    names = connection.names
    return json.dumps(
        {
            "kind": names.kind_notification,
            "type": names.type_frame,
            names.field_frame_id[0]: next(iter(connection.frames), "f-1"),
            "seq": value if not isinstance(value, int) else "7",
            "event": {"type": names.event_newrow, "payload": value},
        }
    )


def _wrong_responses() -> list[str]:
    return [
        json.dumps({"kind": "response", "requestId": value, "payload": value}) for value in _WRONG
    ]


def _ghosts(connection: Connection) -> list[str]:
    now = round(time.time() * 1000)
    row = {"callId": "ghost", "clientId": "ghost", "timestamp": now}
    known = [frame.id for frame in connection.closed]
    return [
        wire.encode_rows(frame_id, 1, [row], False, connection.names)
        for frame_id in (*known, *(f"f-ghost-{place}" for place in range(300)))
    ]


def _short() -> list[str]:
    return [text[:60] for text in HOSTILE_TEXTS]
