"""JSON for the model: every event, command, reply and the console state, and back.

Classes that travel by themselves carry `"type"`, their name in snake case; inside a field the
type hint tells what to read. Reading is strict: a wrong type raises ProtocolError and nothing
else, because the other end of the engine's socket may be an older or a broken client.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import types
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from . import command as command_module
from . import event as event_module
from .error import ProtocolError

# `Any` stands for JSON here and in the type hints being walked; it does not leave this module.
T = TypeVar("T")
_Writer = Callable[[Any], Any]
_Reader = Callable[[Any], Any]
_LARGEST = 2**53  # what every JSON reader keeps exactly
_COMPLAINT_LIMIT = 200


def encode(value: object) -> dict[str, Any]:
    """Return a tagged model object as JSON data."""
    kind: Any = type(value)
    return {"type": tag(kind), **_writer(kind)(value)}


def encode_plain(value: object) -> Any:
    """Return a model object as JSON data without a tag of its own."""
    kind: Any = type(value)
    return _writer(kind)(value)


def decode(data: object, expected: type[T]) -> T:
    """Return the `expected` model class (or union of them) from JSON data.

    Raises ProtocolError when the data has another shape.
    """
    found: T = _read(data, expected)
    return found


def decode_event(data: object) -> event_module.Event:
    """Return an event told by the engine."""
    found: event_module.Event = _read(data, event_module.Event)
    return found


def is_known_event(data: object) -> bool:
    """Tell whether an event is one of these: an engine that is newer may tell of others too."""
    kind = data.get("type") if isinstance(data, Mapping) else None
    return kind in _event_tags()


def decode_command(data: object) -> command_module.Command:
    """Return a command sent by a client."""
    found: command_module.Command = _read(data, command_module.Command)
    return found


def dumps(data: object) -> str:
    """Return one line of JSON; NaN and infinity are errors."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def loads(line: str | bytes) -> dict[str, Any]:
    """Return the JSON object of one line; anything else raises ProtocolError."""
    try:
        data = json.loads(line, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as problem:
        raise ProtocolError(f"not JSON: {type(problem).__name__}") from None
    if not isinstance(data, dict):
        raise ProtocolError("not a JSON object")
    return data


@cache
def tag(kind: Any) -> str:
    """Return the snake-case name a class travels under."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


@cache
def _event_tags() -> frozenset[str]:
    return frozenset(tag(kind) for kind in get_args(event_module.Event))


def _read(data: object, hint: Any) -> Any:
    try:
        return _reader(hint)(data)
    except (KeyError, TypeError, ValueError) as problem:
        complaint = str(problem)[:_COMPLAINT_LIMIT]
        raise ProtocolError(f"message not understood: {complaint}") from None


def _reject_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number here")


# ---- writers ---------------------------------------------------------------------------------


@cache
def _writer(hint: Any) -> _Writer:
    hint = _resolve(hint)
    if dataclasses.is_dataclass(hint):
        fields = [
            (name, _writer(field_hint))
            for name, field_hint in get_type_hints(hint).items()
            if not name.startswith("_")
        ]
        return lambda value: {name: write(getattr(value, name)) for name, write in fields}
    if _is_union(hint):
        return _write_member(get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda value: value.value
    origin = get_origin(hint)
    if origin in (tuple, frozenset, list):
        return _write_many(get_args(hint), ordered=origin is not frozenset)
    if origin is dict:
        write_item = _writer(get_args(hint)[1])
        return lambda value: {str(key): write_item(item) for key, item in value.items()}
    return lambda value: value


def _write_member(members: tuple[Any, ...]) -> _Writer:
    several = len([m for m in members if m is not types.NoneType]) > 1

    def write(value: Any) -> Any:
        if value is None:
            return None
        if several and dataclasses.is_dataclass(value):
            return encode(value)
        kind: Any = type(value) if several else _only(members)
        return _writer(kind)(value)

    return write


def _write_many(arguments: tuple[Any, ...], *, ordered: bool) -> _Writer:
    if len(arguments) == 2 and arguments[1] is not Ellipsis:
        writers = [_writer(argument) for argument in arguments]
        return lambda value: [write(item) for write, item in zip(writers, value, strict=True)]
    write_item = _writer(arguments[0])
    if ordered:
        return lambda value: [write_item(item) for item in value]
    return lambda value: sorted(write_item(item) for item in value)


# ---- readers ---------------------------------------------------------------------------------


@cache
def _reader(hint: Any) -> _Reader:
    hint = _resolve(hint)
    if dataclasses.is_dataclass(hint):
        return _read_dataclass(hint)
    if _is_union(hint):
        return _read_member(get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    origin = get_origin(hint)
    if origin in (tuple, frozenset, list):
        return _read_many(origin, get_args(hint))
    if origin is dict:
        read_item = _reader(get_args(hint)[1])
        return lambda data: {key: read_item(item) for key, item in _mapping(data).items()}
    return _read_scalar(hint)


def _read_dataclass(kind: Any) -> _Reader:
    readers = {
        name: _reader(hint)
        for name, hint in get_type_hints(kind).items()
        if not name.startswith("_")
    }

    def read(data: Any) -> Any:
        given = _mapping(data)
        return kind(**{name: r(given[name]) for name, r in readers.items() if name in given})

    return read


def _read_member(members: tuple[Any, ...]) -> _Reader:
    concrete = [member for member in members if member is not types.NoneType]
    nullable = len(concrete) < len(members)
    if len(concrete) == 1:
        read_one = _reader(concrete[0])
    else:
        by_tag = {tag(member): _reader(member) for member in concrete}

        def read_one(data: Any) -> Any:
            kind = _mapping(data)["type"]
            if kind not in by_tag:
                raise ValueError(f"unknown type {str(kind)[:40]!r}")
            return by_tag[kind](data)

    def read(data: Any) -> Any:
        return None if data is None and nullable else read_one(data)

    return read


def _read_many(origin: Any, arguments: tuple[Any, ...]) -> _Reader:
    if len(arguments) == 2 and arguments[1] is not Ellipsis:
        readers = [_reader(argument) for argument in arguments]
        return lambda data: tuple(
            read(item) for read, item in zip(readers, _sequence(data), strict=True)
        )
    read_item = _reader(arguments[0])
    return lambda data: origin(read_item(item) for item in _sequence(data))


def _read_scalar(hint: Any) -> _Reader:
    def read(data: Any) -> Any:
        if type(data) is int and abs(data) > _LARGEST:
            raise ValueError("number out of range")
        if hint is float and type(data) in (int, float):
            if not math.isfinite(data):
                raise ValueError(f"{data} is not a number here")
            return float(data)
        if type(data) is not hint:
            raise TypeError(f"{type(data).__name__} where {hint.__name__} belongs")
        if hint is str:
            data.encode()  # a lone surrogate is valid JSON, but can be neither stored nor sent on
        return data

    return read


# ---- type hints ------------------------------------------------------------------------------


def _resolve(hint: Any) -> Any:
    return _resolve(hint.__supertype__) if hasattr(hint, "__supertype__") else hint


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


def _only(members: tuple[Any, ...]) -> Any:
    return next(member for member in members if member is not types.NoneType)


def _mapping(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise TypeError(f"{type(data).__name__} where an object belongs")
    return data


def _sequence(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise TypeError(f"{type(data).__name__} where a list belongs")
    return data
