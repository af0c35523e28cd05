"""The pages of docs/socket.md that are made from the model: what there is, with an example each."""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
from collections.abc import Iterable
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from softphone.config import HOOK_OCCASIONS
from softphone.model import codec
from softphone.model import command as command_module
from softphone.model import command_reply as reply_module
from softphone.model import event as event_module

_BY_NAME = {
    "account": "audin",
    "activity": "away",
    "address": "+390255500101",
    "at": 1790000000.0,
    "call": "3fa81c0d9e2b4f67",
    "caller_id": "pn_1",
    "code": "sold",
    "digits": "12#",
    "id": "3fa81c0d9e2b4f67",
    "kind": "audin",
    "name": "Anna Rossi",
    "number": "+390255500101",
    "other": "81c0d93fa7e2b4f6",
    "path": "/home/anna/announcement.wav",
    "peer": "bob@example.com",
    "since": 1790000000.0,
    "text": "a few words",
    "to": "+390255500101",
    "until": 1790086400.0,
    "user": "bob@example.com",
    "when": "20m",
}


def pages() -> str:
    """Return the generated part of the document."""
    return "\n".join(
        (
            "## Commands\n",
            *(_entry(kind, "command") for kind in _members(command_module.Command)),
            "## Events\n",
            *(_entry(kind, "event") for kind in _members(event_module.Event)),
            "## Values of replies\n",
            *(_entry(kind, "value") for kind in _members(reply_module.Value)),
            "## Hooks\n",
            "A hook gets the event as above, with `occasion` beside its `type`:\n",
            *(f"- `{occasion}`" for occasion in HOOK_OCCASIONS),
            "- `event:NAME` and `event:*` for the events of a platform as they came",
        )
    )


def examples(union: Any) -> list[Any]:
    """Return one value of each class of a union."""
    return [_example(kind) for kind in _members(union)]


def _members(union: Any) -> list[Any]:
    return sorted(get_args(union), key=codec.tag)


def _entry(kind: Any, where: str) -> str:
    needed = [
        f"`{entry.name}`"
        for entry in dataclasses.fields(kind)
        if entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING
    ]
    needs = f"Needs {', '.join(needed)}.\n\n" if needed and where == "command" else ""
    text = inspect.cleandoc(kind.__doc__ or "")
    shown = json.dumps(codec.encode(_example(kind)), ensure_ascii=False)
    return f"### `{codec.tag(kind)}`\n\n{text}\n\n{needs}```json\n{shown}\n```\n"


def _example(kind: Any) -> Any:
    hints = get_type_hints(kind)
    required = {
        entry.name: _value(entry.name, hints[entry.name])
        for entry in dataclasses.fields(kind)
        if entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING
    }
    return kind(**required)


def _value(name: str, hint: Any) -> Any:
    hint = getattr(hint, "__supertype__", hint)
    if hint is str:
        return _BY_NAME.get(name, name.replace("_", " "))
    if hint is float:
        return float(_BY_NAME.get(name, 1.0))  # type: ignore[arg-type]
    if hint in (int, bool):
        return hint(1)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    if dataclasses.is_dataclass(hint):
        return _example(hint)
    return _several(name, hint)


def _several(name: str, hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _value(name, next(a for a in arguments if a is not types.NoneType))
    if origin is dict:
        return {}
    if len(arguments) == 2 and arguments[1] is not Ellipsis:
        return tuple(_value(name, argument) for argument in arguments)
    found: Iterable[Any] = [_value(name.removesuffix("s"), arguments[0])]
    return origin(found) if origin is not None else tuple(found)
