"""Faults of the lab's Audin side that happen at once: what exactly is sent."""

from __future__ import annotations

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
            return ['{"type":"from_the_future","callSid":"CA1"}'] * count
        case "bad_call_sid":
            return [_said("incoming_call", callSid=bad) for bad in _BAD_SIDS]
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


def _said(kind: str, **fields: object) -> str:
    return json.dumps({"type": kind, **fields})


def _wrong_types(names: wire.Wire) -> list[Item]:
    return [
        _said(names.type_incoming_call, callSid=7),
        _said(names.type_incoming_call, callSid=None, **{"from": ["x"]}),
        _said(names.type_available_set, accepted="pn_1", rejected=None),
        _said(names.type_call_taken),
        _said(names.type_call_assigned, callSid={"a": 1}),
        _said(names.type_outbound_started, callSid=True),
        _said(names.type_error, code=1, message=[], callSid=[], re=0),
        _said(names.type_connected, sessionId=1, protocol={}, serverTime=[]),
    ]


def _hostile(names: wire.Wire) -> list[Item]:
    items: list[Item] = []
    for place, text in enumerate(HOSTILE_TEXTS):
        offer = wire.IncomingCall(f"CAhostile{place}", text, text, None, text, 5_000)
        items += [wire.encode(offer, names), wire.encode(wire.ServerError(text, text), names)]
        items.append(wire.encode(wire.CallTaken(f"CAhostile{place}", text), names))
    return items
