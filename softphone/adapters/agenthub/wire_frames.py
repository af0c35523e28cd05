"""Phoenix frames, text and binary, both ways (reference, section 3). Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from softphone.model.error import ProtocolError

from . import wire_names as n

_PUSH, _REPLY, _BROADCAST = 0, 1, 2
_LIMIT = 255


class BadFrame(ProtocolError):
    """A frame that is none; the message says what is wrong with it."""

    code = "BAD_FRAME"


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: `[join_ref, ref, topic, event, payload]`; `raw` is the data of a binary one."""

    join_ref: str | None
    ref: str | None
    topic: str
    event: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    raw: bytes | None = None


def encode(frame: Frame) -> str:
    """Return a frame as the text that goes on the wire."""
    parts = [frame.join_ref, frame.ref, frame.topic, frame.event, frame.payload]
    return json.dumps(parts, separators=(",", ":"), ensure_ascii=False)


def decode(text: str) -> Frame:
    """Return the frame in a text; BadFrame for anything else. Elements after the fifth: ignored."""
    try:
        found = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise BadFrame("not JSON") from None
    if not isinstance(found, list) or len(found) < 5:
        raise BadFrame("not an array of five")
    join_ref, ref, topic, event, payload = found[:5]
    if not isinstance(join_ref, str | None) or not isinstance(ref, str | None):
        raise BadFrame("a reference that is no text")
    if not isinstance(topic, str) or not isinstance(event, str):
        raise BadFrame("topic or event that is no text")
    if not isinstance(payload, dict):
        raise BadFrame("a payload that is no object")
    return Frame(join_ref, ref, topic, event, payload)


def decode_from_server(data: bytes) -> Frame:
    """Return the frame in a server's binary message: push, reply or broadcast."""
    kind = data[0] if data else -1
    if kind == _PUSH:
        (join_ref, topic, event), rest = _split(data, 3)
        return Frame(join_ref, None, topic, event, raw=rest)
    if kind == _REPLY:
        (join_ref, ref, topic, status), rest = _split(data, 4)
        return Frame(join_ref, ref, topic, n.EVENT_REPLY, {n.STATUS: status}, rest)
    if kind == _BROADCAST:
        (topic, event), rest = _split(data, 2)
        return Frame(None, None, topic, event, raw=rest)
    raise BadFrame("a binary message of an unknown kind")


def decode_from_client(data: bytes) -> Frame:
    """Return the frame in a client's binary push."""
    if not data or data[0] != _PUSH:
        raise BadFrame("a binary message of an unknown kind")
    (join_ref, ref, topic, event), rest = _split(data, 4)
    return Frame(join_ref, ref, topic, event, raw=rest)


def encode_push(frame: Frame) -> bytes:
    """Return a client's binary push."""
    return _join(_PUSH, (frame.join_ref, frame.ref, frame.topic, frame.event), frame.raw)


def encode_server_push(frame: Frame) -> bytes:
    """Return a server's binary push, or a broadcast when it has no join reference."""
    if frame.join_ref is None:
        return _join(_BROADCAST, (frame.topic, frame.event), frame.raw)
    return _join(_PUSH, (frame.join_ref, frame.topic, frame.event), frame.raw)


def encode_server_reply(frame: Frame) -> bytes:
    """Return a server's binary reply."""
    status = str(frame.payload.get(n.STATUS, n.OK))
    return _join(_REPLY, (frame.join_ref, frame.ref, frame.topic, status), frame.raw)


def reply_to(asked: Frame, status: str, response: Mapping[str, Any] | None = None) -> Frame:
    """Return the answer to a frame; its references are echoed as they came."""
    payload = {n.STATUS: status, n.RESPONSE: response or {}}
    return Frame(asked.join_ref, asked.ref, asked.topic, n.EVENT_REPLY, payload)


def _split(data: bytes, count: int) -> tuple[tuple[str, ...], bytes]:
    place, parts = 1 + count, []
    if len(data) < place:
        raise BadFrame("a binary message that is cut short")
    for length in data[1:place]:
        piece = data[place : place + length]
        place += length
        if len(piece) < length:
            raise BadFrame("a binary message that is cut short")
        try:
            parts.append(piece.decode())
        except UnicodeDecodeError:
            raise BadFrame("a binary message whose names are no text") from None
    return tuple(parts), data[place:]


def _join(kind: int, parts: tuple[str | None, ...], raw: bytes | None) -> bytes:
    pieces = [(part or "").encode() for part in parts]
    if any(len(piece) > _LIMIT for piece in pieces):
        raise BadFrame("a name longer than 255 bytes")
    return bytes([kind, *map(len, pieces)]) + b"".join(pieces) + (raw or b"")


def _no_number(name: str) -> float:
    raise ValueError(name)
