"""Tolerant reading of the gateway's JSON: what has the wrong type is as if it were not there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from softphone.model.error import ProtocolError
from softphone.model.text import NAME_LIMIT, clean

from .wire_names import DEPTH_LIMIT, LIST_LIMIT, PARAMETERS_LIMIT

Table: TypeAlias = Mapping[str, Any]
Parameters: TypeAlias = tuple[tuple[str, str], ...]

_EMPTY: dict[str, Any] = {}
_NUMBER_LIMIT = 1e15
_VALUE_LIMIT = 1024


class BadMessage(ProtocolError):
    """A message that cannot be read; it is dropped and counted, the connection stays."""

    code = "BAD_MESSAGE"


def parse_object(text: str) -> Table:
    """Return the JSON object in `text`; raises BadMessage for anything else."""
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadMessage("The message is no JSON.") from None
    if not isinstance(found, dict):
        raise BadMessage("The message is no JSON object.")
    if _deeper_than(found, DEPTH_LIMIT):
        raise BadMessage("The message is nested too deep.")
    return found


def table(value: object) -> Table:
    """Return an object, an empty one for anything else."""
    return value if isinstance(value, dict) else _EMPTY


def tables(value: object) -> tuple[Table, ...]:
    """Return the objects of a list."""
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value[:LIST_LIMIT] if isinstance(item, dict))


def raw_text(value: object) -> str:
    """Return a text as it came, for ids, paths and SDP that are never shown; "" when none."""
    if isinstance(value, str):
        return value
    return str(value) if _is_number(value) else ""


def line(value: object, limit: int = NAME_LIMIT) -> str:
    """Return a text or number as one harmless line; "" when it is neither."""
    return clean(raw_text(value), limit)


def number(value: object) -> float | None:
    """Return a finite number, also one written as text; None when it is none."""
    if isinstance(value, str) and len(value) < 32:
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    # Compared first: a whole number of JSON may be too large for a float.
    return float(value) if abs(value) < _NUMBER_LIMIT else None


def whole(value: object) -> int | None:
    """Return a whole number, also one written as text; None when it is none."""
    found = number(value)
    return int(found) if found is not None and found == int(found) else None


def texts(value: object) -> tuple[str, ...]:
    """Return the texts of a list."""
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value[:LIST_LIMIT] if isinstance(item, str))


def parameters(value: object) -> Parameters:
    """Return custom parameters: objects with name and value (4.18)."""
    return tuple(
        (line(item.get("name")), line(item.get("value"), _VALUE_LIMIT))
        for item in tables(value)[:PARAMETERS_LIMIT]
        if line(item.get("name"))
    )


def parameter_list(given: Parameters) -> list[dict[str, str]]:
    """Return custom parameters in the form of the wire."""
    return [{"name": name, "value": value} for name, value in given]


def without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that hold something; zero and False do."""
    return {key: value for key, value in values.items() if value not in (None, "", [], ())}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _deeper_than(value: object, limit: int) -> bool:
    """Tell whether containers are nested deeper; without recursion, whatever the depth."""
    level = [value]
    for _ in range(limit):
        inside: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inside += item.values()
            elif isinstance(item, list):
                inside += item
        if not inside:
            return False
        level = inside
    return True
