"""Tolerant reading of the service's JSON: what has the wrong type is as if it were not there."""

from __future__ import annotations

import json
import math
from typing import Any

from softphone.model.error import ProtocolError
from softphone.model.text import NAME_LIMIT, clean

from .wire_names import DEPTH_LIMIT, Table

_EMPTY: dict[str, Any] = {}
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ENCODER = json.JSONEncoder(separators=(",", ":"))


class BadMessage(ProtocolError):
    """A message that cannot be read; it is dropped and counted, the connection stays."""

    code = "BAD_MESSAGE"


def parse_object(text: str) -> Table:
    """Return the JSON object in `text`; raises BadMessage for anything else.

    NaN and Infinity, which the service's own arithmetic can make, are read as null.
    """
    try:
        found = json.loads(
            text,
            parse_constant=lambda _name: None,
            parse_float=_finite,
            object_pairs_hook=_without_duplicates,
        )
    except (ValueError, RecursionError):
        raise BadMessage("The message is no JSON.") from None
    if not isinstance(found, dict):
        raise BadMessage("The message is no JSON object.")
    if _maybe_deep(text) and _deeper_than(found, DEPTH_LIMIT):
        raise BadMessage("The message is nested too deep.")
    return found


def as_text(row: object) -> str:
    """Return a row as JSON text in plain ASCII: harmless on a terminal, and exactly what came."""
    return _ENCODER.encode(row)


def table(value: object) -> Table:
    """Return an object, an empty one for anything else."""
    return value if isinstance(value, dict) else _EMPTY


def tables(value: object, limit: int) -> list[Table]:
    """Return the objects of a list."""
    if not isinstance(value, list):
        return []
    return [item for item in value[:limit] if isinstance(item, dict)]


def raw_id(value: object) -> str:
    """Return an id as it came, for sending back; a number counts as its digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""


def line(value: object, limit: int = NAME_LIMIT) -> str:
    """Return a text, or a number as text, as one harmless line; "" when it is neither."""
    return clean(raw_id(value), limit)


def number(value: object) -> float | None:
    """Return a finite number; a numeral in a text is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def whole(value: object) -> int | None:
    """Return a whole number that is not negative."""
    found = number(value)
    return int(found) if found is not None and found >= 0 and found == int(found) else None


def seconds(value: object) -> float | None:
    """Return epoch milliseconds as seconds; None for what no calendar can show."""
    found = number(value)
    return found / 1000.0 if found is not None and 0 < found < 4e12 else None


def flag(value: object) -> bool | None:
    """Return a truth value."""
    return value if isinstance(value, bool) else None


def shown(value: object) -> str:
    """Return any value for people: one harmless line, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        if isinstance(value, float) and (abs(value) > 1e15 or value != round(value, 3)):
            return f"{value:.4g}"
        return str(value)[:64]
    return clean(json.dumps(value, ensure_ascii=False))


def _finite(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(text)
    return found


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member is there twice")
    return found


def _maybe_deep(text: str) -> bool:
    """Tell whether the brackets of a text may be nested too deep. Only brackets are looked at,
    those in strings too, as a message may have a hundred thousand values: pairs with nothing
    between them are taken away, the innermost level first."""
    brackets = text.encode("utf-8", "surrogatepass").translate(None, _NO_BRACKETS)
    for _ in range(DEPTH_LIMIT):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return bool(brackets)


def _deeper_than(value: object, limit: int) -> bool:
    """Tell whether containers are nested deeper; without recursion, whatever the depth."""
    level = [value]
    for _ in range(limit):
        inside: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inside += [v for v in item.values() if isinstance(v, dict | list)]
            elif isinstance(item, list):
                inside += [v for v in item if isinstance(v, dict | list)]
        if not inside:
            return False
        level = inside
    return True
