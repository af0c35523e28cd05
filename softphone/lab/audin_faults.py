"""Faults of the lab's Audin side that happen at once: what exactly is sent."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any

from softphone.adapters.audin import wire

from .audin_audio import AudioLeg
from .client_socket import Item
from .faults import EVERYBODY
from .hostile import HOSTILE_TEXTS

_MALFORMED = (
    "{",
    "not json",
    "[1, 2]",
    "null",
    '"text"',
    "{}",
    '{"type": 7}',
    '{"type": "pong", "x": NaN}',
    '{"type": "pong", "x": 1e400}',
    '{"type": "pong", "x": ' + "9" * 5000 + "}",
    "\ufeff{}",
    "",
)
_BAD_SIDS = ("../../etc/passwd", "..", "a b", "a?b=c", "a/b", "", "x" * 10_000, "é", "\x1b[2J")
_FLOOD_FRAME = wire.SILENCE


def presence_items(name: str, args: dict[str, Any], names: wire.Wire) -> Iterable[Item]:
    """Return what a fault sends on a presence socket."""
    count = args.get("count", 1)
    sid = "CAghost"
    match name:
        case "malformed_json":
            return [_MALFORMED[place % len(_MALFORMED)] for place in range(count)]
        case "deep_json":
            return ["[" * 30_000 + "]" * 30_000] * count
        case "wrong_types":
            return _wrong_types(names)
        case "unknown_type":
            return [_said(names, "from_the_future", sid)] * count
        case "bad_call_sid":
            return [_said(names, names.type_incoming_call, bad) for bad in _BAD_SIDS]
        case "ghost_assigned":
            return [wire.encode(wire.CallAssigned(sid), names)]
        case "ghost_outbound":
            return [wire.encode(wire.OutboundStarted(sid), names)]
        case "hostile_text":
            return _hostile(names)
        case "binary_on_presence":
            return [b"\x00\xff binary"] * count
        case "oversize":
            return ['{"type":"pong","x":"' + "x" * (wire.PRESENCE_TEXT_LIMIT + 1000) + '"}']
        case "flood":
            return [wire.encode(wire.Pong(), names)] * count
        case "raw":
            return [args["text"]]
        case _:
            return []


def audio_items(name: str, args: dict[str, Any]) -> Iterable[Item]:
    """Return what a fault sends on an audio socket."""
    count = args.get("count", 1)
    match name:
        case "text_garbage_on_audio":
            return [_MALFORMED[place % len(_MALFORMED)] for place in range(count)]
        case "empty_frames":
            return [b""] * count
        case "oversize":
            return [b"\xff" * (wire.AUDIO_BINARY_LIMIT + 1000)]
        case "flood":
            return [_FLOOD_FRAME] * count
        case "raw":
            return [args["text"]]
        case _:
            return []


def on_audio(name: str, args: dict[str, Any]) -> bool:
    """Tell whether a fault is meant for audio sockets."""
    only_audio = ("text_garbage_on_audio", "empty_frames", "freeze_audio", "drop_audio")
    return name in only_audio or args.get("socket") == "audio"


def do_on_leg(leg: AudioLeg, name: str, args: dict[str, Any]) -> None:
    """Do a fault to one audio socket."""
    if name == "freeze_audio":
        leg.freeze(args["ms"])
    elif name == "drop_audio":
        leg.socket.cut()
    elif name == "close":
        leg.close(args["code"])
    for item in audio_items(name, args):
        leg.socket.put(item)


def means(who: str, ref: str) -> bool:
    """Tell whether a fault set for `who` is for this operator."""
    return who in (EVERYBODY, ref)


def _said(names: wire.Wire, kind: str, sid: object, **more: object) -> str:
    return json.dumps({names.field_type: kind, names.field_call_sid[0]: sid, **more})


def _wrong_types(names: wire.Wire) -> list[Item]:
    """Return messages with every field of a wrong type."""
    fields = {
        item.name: getattr(names, item.name)[0]
        for item in dataclasses.fields(names)
        if item.name.startswith("field_") and item.name != "field_type"
    }
    kinds = (
        names.type_incoming_call,
        names.type_available_set,
        names.type_call_taken,
        names.type_call_assigned,
        names.type_outbound_started,
        names.type_error,
        names.type_connected,
    )
    wrong: tuple[object, ...] = (7, None, [1], {"a": 1}, True, 1.5, "", [None])
    return [
        json.dumps({names.field_type: kind} | dict.fromkeys(fields.values(), value))
        for kind in kinds
        for value in wrong
    ]


def _hostile(names: wire.Wire) -> list[Item]:
    items: list[Item] = []
    for place, text in enumerate(HOSTILE_TEXTS):
        offer = wire.IncomingCall(f"CAhostile{place}", text, text, None, text, 5_000)
        items += [wire.encode(offer, names), wire.encode(wire.ServerError(text, text), names)]
        items.append(wire.encode(wire.CallTaken(f"CAhostile{place}", text), names))
    return items
