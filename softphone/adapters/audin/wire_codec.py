"""Audin's messages to and from text: reading takes any alias, writing only the first.

What cannot be read raises BadMessage and never anything else, whatever the text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, replace
from functools import lru_cache
from typing import Any, TypeVar, cast

from softphone.model.error import ProtocolError
from softphone.model.text import clean

from .wire_messages import (
    Accept,
    Answered,
    AudioControl,
    AudioServerMessage,
    AvailableSet,
    CallAssigned,
    CallGone,
    CallTaken,
    ClientMessage,
    Connected,
    DtmfControl,
    Ended,
    HangupControl,
    IncomingCall,
    Message,
    MuteControl,
    OutboundStarted,
    Ping,
    Pong,
    Reject,
    ServerError,
    ServerMessage,
    SetAvailable,
    SetUnavailable,
    StartOutbound,
    Unknown,
)
from .wire_names import ACCEPT, DEPTH_LIMIT, REASON_NO_ANSWER, START_OUTBOUND, Table, Wire

_GAVE_UP = frozenset({REASON_NO_ANSWER, "cancelled", "canceled", "timeout"})  # ASSUMED (6.4)
_IDS_LIMIT = 1000
_MESSAGE_LIMIT = 512
_SID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")  # (7.1)
_DIGIT = re.compile(r"[0-9*#]")  # FACT (row 39)


class BadMessage(ProtocolError):
    """A message that cannot be read; it is dropped and counted, the socket stays open."""

    code = "BAD_MESSAGE"


_CLIENT = (SetAvailable, SetUnavailable, Ping, Accept, Reject, StartOutbound)
_SERVER = (
    *(Connected, AvailableSet, IncomingCall, CallTaken, CallAssigned, OutboundStarted, Pong),
    *(ServerError, CallGone),
)
_CONTROL = (MuteControl, DtmfControl, HangupControl)
_AUDIO_SERVER = (Answered, Ended)
_TYPE_KEYS: dict[type, str] = {
    kind: "type_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    for kind in (*_CLIENT, *_SERVER, *_AUDIO_SERVER)
} | {
    ServerError: "type_error",
    MuteControl: "type_mute",
    DtmfControl: "type_dtmf",
    HangupControl: "type_hangup",
}
_T = TypeVar("_T")


def encode(message: Message, names: Wire) -> str:
    """Return the text of a message: first aliases, no empty optional fields."""
    whole: dict[str, Any] = {names.field_type: _types_of(type(message), names)[0]}
    for item in fields(message):
        value = getattr(message, item.name)
        if value is not None and value != "":
            whole[_aliases_of(item, names)[0]] = value
    return json.dumps(whole, separators=(",", ":"))


def decode_server(text: str, names: Wire) -> ServerMessage:
    """Return what the server said on the presence socket; raises BadMessage."""
    return cast(ServerMessage, _decode(text, _SERVER, names))


def decode_client(text: str, names: Wire) -> ClientMessage | Unknown:
    """Return what the client said on the presence socket; raises BadMessage."""
    return cast("ClientMessage | Unknown", _decode(text, _CLIENT, names))


def decode_audio_control(text: str, names: Wire) -> AudioControl | Unknown:
    """Return what the client said on the audio socket; raises BadMessage."""
    return cast("AudioControl | Unknown", _decode(text, _CONTROL, names))


def decode_audio_server(text: str, names: Wire) -> AudioServerMessage:
    """Return what the server said on the audio socket; raises BadMessage."""
    return cast(AudioServerMessage, _decode(text, _AUDIO_SERVER, names))


def is_call_sid(sid: str) -> bool:
    """Tell whether a call id from the server may go into a path (7.1)."""
    return _SID.fullmatch(sid) is not None and sid not in (".", "..")


def pick(table: Table, aliases: tuple[str, ...], read: Callable[[object], _T | None]) -> _T | None:
    """Return the first alias that is there with the right type, or None."""
    for alias in aliases:
        value = read(table.get(alias))
        if value is not None:
            return value
    return None


@lru_cache(maxsize=64)
def _kinds(kinds: tuple[type, ...], names: Wire) -> dict[str, type]:
    return {said: kind for kind in kinds for said in _types_of(kind, names)}


def _types_of(kind: type, names: Wire) -> tuple[str, ...]:
    said = getattr(names, _TYPE_KEYS[kind])
    return said if isinstance(said, tuple) else (said,)


def _aliases_of(item: Field[Any], names: Wire) -> tuple[str, ...]:
    aliases: tuple[str, ...] = getattr(names, "field_" + item.name.rstrip("_"))
    return aliases


def _decode(text: str, kinds: tuple[type, ...], names: Wire) -> object:
    table = parse_object(text)
    said = table.get(names.field_type)
    if not isinstance(said, str):
        raise BadMessage("The message has no type.")
    kind = _kinds(kinds, names).get(said)
    return Unknown(clean(said)) if kind is None else _build(kind, table, names)


def _build(kind: type, table: Table, names: Wire) -> object:
    values: dict[str, Any] = {}
    for item in fields(kind):
        value = pick(table, _aliases_of(item, names), _READ.get(item.name, read_text))
        if value is not None:
            values[item.name] = value
        elif item.default is MISSING:
            raise BadMessage(f"{kind.__name__} lacks a usable {item.name}.")
    made: object = kind(**values)
    if isinstance(made, CallTaken) and made.reason in _GAVE_UP:
        return replace(made, reason=REASON_NO_ANSWER)
    if isinstance(made, ServerError) and made.re in (names.type_start_outbound, names.type_accept):
        canonical = {names.type_start_outbound: START_OUTBOUND, names.type_accept: ACCEPT}
        return replace(made, re=canonical[made.re])
    return made


def parse_object(text: str | bytes) -> dict[str, Any]:
    """Return a JSON object; BadMessage for anything else, NaN, 1e400 or nesting above 32."""
    try:
        found = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise BadMessage("The message is not valid JSON.") from None
    if not isinstance(found, dict):
        raise BadMessage("The message is not a JSON object.")
    if _deeper_than(found, DEPTH_LIMIT):
        raise BadMessage("The message is nested too deeply.")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _deeper_than(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(item, levels - 1) for item in inside)


def read_text(value: object) -> str | None:
    return (clean(value) or None) if isinstance(value, str) else None


def _long_text(value: object) -> str | None:
    return (clean(value, _MESSAGE_LIMIT) or None) if isinstance(value, str) else None


def _caller(value: object) -> str | None:
    text = read_text(value)
    return None if text is None or text.strip().lower() == "anonymous" else text


def _sid(value: object) -> str | None:
    return value if isinstance(value, str) and is_call_sid(value) else None


def read_id(value: object) -> str | None:
    """An id is given back to the server, so it is taken as it is or not at all."""
    return value if isinstance(value, str) and value and clean(value) == value else None


def read_ids(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(item for item in value[:_IDS_LIMIT] if read_id(item) is not None)


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _digit(value: object) -> str | None:
    return value if isinstance(value, str) and _DIGIT.fullmatch(value) else None


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


_READ: dict[str, Callable[[object], Any]] = {
    "call_sid": _sid,
    "from_": _caller,
    "message": _long_text,
    "phone_number_ids": read_ids,
    "accepted": read_ids,
    "rejected": read_ids,
    "phone_number_id": read_id,
    "ring_timeout_ms": _integer,
    "muted": _boolean,
    "digit": _digit,
}
