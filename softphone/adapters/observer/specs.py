"""What is asked of the service: checked before it is sent, in the words of the wire. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from softphone.model.error import Refused
from softphone.model.text import clean

from . import wire
from .frame import Spec
from .wire import Table, Wire


def call_frame(call: str, names: Wire) -> Spec:
    """Return the frame of a call's snapshots."""
    payload = {names.filter_call: _id(call, "call")}
    return Spec(
        names.type_create_call, payload, f"call {clean(call)}", wire.call_key, live_of=(call, "")
    )


def client_frame(call: str, client: str, names: Wire) -> Spec:
    """Return the frame of a client's snapshots."""
    payload = {names.filter_call: _id(call, "call"), names.filter_client: _id(client, "client")}
    what = f"client {clean(client)} in call {clean(call)}"
    return Spec(names.type_create_client, payload, what, wire.client_key, live_of=(call, client))


def database_frame(resource: str, conditions: str | Table, names: Wire) -> Spec:
    """Return the frame of rows of a resource."""
    asked = json_object(conditions)
    payload = wire.database_payload(_id(resource, "resource"), asked, names)
    span = wire.span_in(asked, names)
    return Spec(names.type_create_database, payload, clean(resource), wire.report_key, span_ms=span)


def json_object(text: str | Table, what: str = "The conditions") -> dict[str, Any]:
    """Return a JSON object of at most 64 KiB; raises Refused for anything else."""
    if not isinstance(text, str):
        text = json.dumps(text)
    if len(text.encode("utf-8", "replace")) > wire.PARAMETERS_LIMIT:
        raise Refused(f"{what} have more than 64 KiB.", code=wire.BAD_REQUEST)
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        raise Refused(f"{what} are no JSON.", code=wire.BAD_REQUEST) from None
    if not isinstance(found, dict):
        raise Refused(f"{what} must be a JSON object.", code=wire.BAD_REQUEST)
    return found


def named_filters(given: Iterable[tuple[str, str]], names: Wire) -> dict[str, str]:
    """Return filters in the wire's names; ours and the wire's are understood."""
    known = names.filters()
    found: dict[str, str] = {}
    for name, value in given:
        key = known.get(name, name)
        if key not in known.values():
            listed = ", ".join(known)
            raise Refused(f"{clean(name)!r} is no filter; one of {listed}.", code=wire.BAD_REQUEST)
        found[key] = _id(value, name)
    if not found:
        raise Refused("Give at least one id to look for.", code=wire.BAD_REQUEST)
    return found


def look_up(text: str) -> str:
    """Return what was pasted, as a plain value (10)."""
    found = text.strip()[: wire.LOOKUP_LIMIT].strip()
    if not found:
        raise Refused("Give an id to look for.", code=wire.BAD_REQUEST)
    return found


def _id(value: str, what: str) -> str:
    if not value or len(value) > 1024:
        raise Refused(f"The {what} has no usable id.", code=wire.BAD_REQUEST)
    return value
