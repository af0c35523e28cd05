"""Events of the platform, read tolerantly: what is missing or wrong is empty (10.1). Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from softphone.model.text import clean, clean_block

from . import wire_names as n

_ID = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")
_LIST_LIMIT = 500
_TEXT_FIELD_LIMIT = 512


@dataclass(frozen=True, slots=True)
class OlosEvent:
    """One event; `data` and `payload` are as they came, so read them with the functions here."""

    type: str
    id: str = ""
    agent: str = ""
    campaign: str = ""
    channel_type: str = ""
    channel: str = ""
    timestamp: float | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, int] | None:
        """Return the id as two numbers, which is how ids are compared; None: it is no such id."""
        return order_of(self.id)


def order_of(event_id: str) -> tuple[int, int] | None:
    """Return an event id as two numbers; None when it is not of that form."""
    found = _ID.fullmatch(event_id)
    return (int(found.group(1)), int(found.group(2))) if found else None


def read_event(name: str, payload: Mapping[str, Any]) -> OlosEvent | None:
    """Return the event in a channel message; None when its type is not one an event may have."""
    if n.FIELD_TYPE in payload:
        kind, data = payload[n.FIELD_TYPE], payload.get(n.FIELD_DATA)
    elif n.FIELD_DATA in payload and isinstance(payload[n.FIELD_DATA], dict):
        kind, data = name, payload[n.FIELD_DATA]
    else:
        kind, data = name, payload
    if not isinstance(kind, str) or not kind or kind in n.CLIENT_EVENTS:
        return None
    stamp = payload.get(n.FIELD_TIMESTAMP)
    return OlosEvent(
        clean(kind, 64),
        text(payload, n.FIELD_ID),
        text(payload, n.FIELD_AGENT),
        text(payload, n.FIELD_CAMPAIGN),
        text(payload, n.FIELD_CHANNEL_TYPE),
        text(payload, n.FIELD_CHANNEL),
        number(stamp),
        data if isinstance(data, dict) else {},
        payload,
    )


def text(data: Mapping[str, Any], *keys: str, limit: int = _TEXT_FIELD_LIMIT) -> str:
    """Return the first of these fields that is a text or a number, harmless; "" for none."""
    for key in keys:
        value = data.get(key)
        if isinstance(value, str) and value:
            return clean(value, limit)
        if isinstance(value, bool):
            continue
        if isinstance(value, int) and abs(value) < 2**63:
            return str(value)
        if isinstance(value, float) and math.isfinite(value):
            return f"{value:g}" if value != int(value) else str(int(value))
    return ""


def block(data: Mapping[str, Any], *keys: str) -> str:
    """Return a text of several lines; JSON in it stands indented, anything else as it is."""
    for key in keys:
        value = data.get(key)
        if isinstance(value, str) and value:
            return clean_block(_pretty(value))
        if isinstance(value, dict | list) and value:
            return clean_block(_dump(value, indent=2))
    return ""


def truth(data: Mapping[str, Any], key: str) -> bool:
    """Tell whether a field is true; the texts "true" and "1" count."""
    value = data.get(key)
    return value is True or (isinstance(value, str | int) and str(value).lower() in ("true", "1"))


def items(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list, at most 500; what is no object is left out."""
    value = data.get(key)
    if not isinstance(value, list):
        return []
    return [item for item in value[:_LIST_LIMIT] if isinstance(item, dict)]


def texts(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the texts of a list, harmless, at most 500."""
    value = data.get(key)
    if not isinstance(value, list):
        return ()
    found = (text({"": item}, "") for item in value[:_LIST_LIMIT])
    return tuple(item for item in found if item)


def number(value: object) -> float | None:
    """Return a finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def body_of(payload: Mapping[str, Any]) -> str:
    """Return an event as JSON text for the raw stream, cut to a few KB."""
    return clean(_dump(payload), n.BODY_LIMIT)


def fields_of(data: Mapping[str, Any], skip: tuple[str, ...] = ()) -> tuple[tuple[str, str], ...]:
    """Return the plain fields of an event's data in order, to be shown; at most 40."""
    found: list[tuple[str, str]] = []
    for key, value in data.items():
        if key in skip or len(found) >= 40:
            continue
        shown = str(value).lower() if isinstance(value, bool) else text(data, key)
        if isinstance(value, dict | list):
            shown = clean(_dump(value), _TEXT_FIELD_LIMIT)
        found.append((clean(key, 64), shown or "-"))
    return tuple(found)


def _dump(value: object, indent: int | None = None) -> str:
    try:
        return json.dumps(value, ensure_ascii=True, indent=indent)
    except (RecursionError, ValueError):
        return '"(too deep to show)"'


def _pretty(value: str) -> str:
    if value[:1] not in "{[" or len(value) > 65_536:
        return value
    try:
        return json.dumps(json.loads(value), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return value
