"""What goes over the socket between host and desk. Pure.

A frame is one byte of kind, two of length (big-endian), and that many bytes:

    HELLO    JSON: protocol, version, role, the codecs this side understands; the first frame of
             each side, nothing is taken before it
    AUDIO    codec (1), number (2), acknowledged number (2), 10 ms of sound
    CONTROL  JSON: what the host wants of the desk, what the desk tells
    HEARD    acknowledged number (2), while nothing is sent

A stream loses nothing, but it stalls, and SSH buffers megabytes: so every frame of sound carries
the number of the last one that came the other way, and the sender holds back what would only grow
old.
Numbers count 10 ms each, sent or not. Unknown kinds and fields are ignored, for newer versions.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from softphone.model.error import ProtocolError
from softphone.secret import Secret

PROTOCOL = 2
FRAME_S = 0.01
MASK = 0xFFFF
NO_TOKEN = Secret("")
_HALF = (MASK + 1) // 2
_HEAD = struct.Struct("!BH")
_SOUND, _NUMBER = struct.Struct("!BHH"), struct.Struct("!H")
_LARGEST = 8_192
_MOST_CODECS = 16


class Kind(IntEnum):
    """Kinds of frames."""

    HELLO = 1
    AUDIO = 2
    CONTROL = 3
    HEARD = 4


class Codec(IntEnum):
    """How 10 ms of sound are coded: mu-law at 8 kHz, which everybody understands, or Opus."""

    MULAW = 0
    OPUS = 1


@dataclass(frozen=True, slots=True)
class Sound:
    """10 ms of one direction. `heard` is the number of the last frame of the other one."""

    codec: Codec
    number: int
    heard: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Hello:
    """How each side begins. The host shows the token that the desk gave it another way."""

    role: str
    version: str
    protocol: int = PROTOCOL
    token: Secret = NO_TOKEN
    opus: bool = False
    """Whether this side understands Opus."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The number of the last frame of sound that came."""

    number: int


Frame = Hello | Sound | Heard | Mapping[str, Any]


def since(number: int, before: int) -> int:
    """Return how many frames a number is after another, negative before it; across the wrap."""
    return (number - before + _HALF & MASK) - _HALF


def pack_hello(hello: Hello) -> bytes:
    """Return the bytes of a greeting."""
    codecs = [codec.name.lower() for codec in Codec if hello.opus or codec is not Codec.OPUS]
    fields: dict[str, Any] = {
        "protocol": hello.protocol,
        "version": hello.version,
        "role": hello.role,
        "codecs": codecs,
    }
    if hello.token:
        fields["token"] = hello.token.reveal()
    return _packed(Kind.HELLO, json.dumps(fields).encode())


def pack_sound(sound: Sound) -> bytes:
    """Return the bytes of 10 ms."""
    head = _SOUND.pack(sound.codec, sound.number & MASK, sound.heard & MASK)
    return _packed(Kind.AUDIO, head + sound.payload)


def pack_heard(heard: Heard) -> bytes:
    """Return the bytes of an acknowledgement."""
    return _packed(Kind.HEARD, _NUMBER.pack(heard.number & MASK))


def pack_control(fields: Mapping[str, Any]) -> bytes:
    """Return the bytes of a control message; raises ValueError above 8 kB."""
    return _packed(Kind.CONTROL, json.dumps(fields).encode())


class Unpacker:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._rest = bytearray()

    @property
    def waiting(self) -> int:
        """How many bytes wait for the rest of their frame; bounded by the largest frame."""
        return len(self._rest)

    def push(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that are complete now; raises ProtocolError for what is none."""
        self._rest += data
        while len(self._rest) >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._rest)
            if length > _LARGEST:
                raise ProtocolError(f"A frame of {length} bytes is too long.")
            if len(self._rest) < _HEAD.size + length:
                return
            body = bytes(self._rest[_HEAD.size : _HEAD.size + length])
            del self._rest[: _HEAD.size + length]
            frame = _read(kind, body)
            if frame is not None:
                yield frame


def _packed(kind: Kind, body: bytes) -> bytes:
    if len(body) > _LARGEST:
        raise ValueError("frame too long")
    return _HEAD.pack(kind, len(body)) + body


def _read(kind: int, body: bytes) -> Frame | None:
    if kind == Kind.AUDIO:
        return _sound(body)
    if kind == Kind.HEARD:
        if len(body) != _NUMBER.size:
            raise ProtocolError("An acknowledgement has another length.")
        return Heard(*_NUMBER.unpack(body))
    if kind == Kind.CONTROL:
        return _object(body)
    if kind == Kind.HELLO:
        return _hello(_object(body))
    return None


def _sound(body: bytes) -> Sound | None:
    if len(body) <= _SOUND.size:
        raise ProtocolError("A frame of sound is too short.")
    codec, number, heard = _SOUND.unpack_from(body)
    if codec not in iter(Codec):
        return None
    return Sound(Codec(codec), number, heard, body[_SOUND.size :])


def _hello(fields: Mapping[str, Any]) -> Hello:
    protocol, version, role = (fields.get(name) for name in ("protocol", "version", "role"))
    if type(protocol) is not int or not isinstance(version, str) or not isinstance(role, str):
        raise ProtocolError("The greeting lacks protocol, version or role.")
    token = fields.get("token")
    shown = Secret(token[:200]) if isinstance(token, str) else NO_TOKEN
    codecs = fields.get("codecs")
    opus = isinstance(codecs, list) and Codec.OPUS.name.lower() in codecs[:_MOST_CODECS]
    return Hello(role[:16], version[:32], protocol, shown, opus)


def _object(body: bytes) -> Mapping[str, Any]:
    if body.count(b"{") + body.count(b"[") > 1_000:
        raise ProtocolError("A control message is nested too deep.")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise ProtocolError("A control message is not JSON.") from None
    if not isinstance(found, dict):
        raise ProtocolError("A control message is not a JSON object.")
    return found
