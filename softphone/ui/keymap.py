"""Which key does what: the defaults of the registry with the operator's own keys on top.

Imports no textual, so that `check-config` stays quick.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from softphone.config import nearest
from softphone.model.error import ConfigError

from .actions import ACTIONS, Action, Scope

KeyMap = Mapping[str, tuple[str, ...]]

_WORDS = {
    "space": "Space",
    "enter": "Enter",
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "home": "Home",
    "end": "End",
    "tab": "Tab",
    "insert": "Ins",
    "delete": "Del",
    "backspace": "Backspace",
}
_NAMED = frozenset(_WORDS)
_CHORD = re.compile(r"(?:ctrl\+shift|shift\+ctrl|ctrl|shift|alt|alt\+shift|ctrl\+alt)\+(.+)")
_FUNCTION = re.compile(r"f([1-9]|1[0-9]|2[0-4])")
_DIAL_KEYS = frozenset("0123456789*#+")
# The terminal or the text fields need these; a call bound to them could never be relied on.
_TAKEN = {"ctrl+c", "ctrl+z", "ctrl+i", "ctrl+m", "ctrl+j", "ctrl+h"}


def validate_keys(mapping: KeyMap) -> KeyMap:
    """Return the whole key map with the operator's keys in it; ConfigError for any mistake.

    What the operator lists for an action replaces all its default keys; an empty list takes
    its keys away.
    """
    known = {action.id for action in ACTIONS}
    for action_id, keys in mapping.items():
        if action_id not in known:
            raise ConfigError(f"keys: {action_id}: unknown action, {nearest(action_id, known)}")
        for key in keys:
            if problem := key_problem(key):
                raise ConfigError(f"keys.{action_id}: {key!r} {problem}")
    whole = {a.id: tuple(mapping.get(a.id, a.keys)) for a in ACTIONS}
    _refuse_doubles(whole)
    return whole


def key_problem(key: str) -> str | None:
    """Return why a key cannot be bound, as the end of a sentence about it; None when it can."""
    if len(key) == 1:
        if key in _DIAL_KEYS:
            return "is for the dialer; digits, *, # and + are never hotkeys."
        return None if key.isprintable() and key != " " else "is not a key; write space."
    if key in _TAKEN:
        return "is needed by the terminal; choose another key."
    if key in _NAMED or _FUNCTION.fullmatch(key):
        return None
    chord = _CHORD.fullmatch(key)
    last = chord.group(1) if chord else ""
    if re.fullmatch(r"alt\+[0-9]", key):
        return None
    if last in _NAMED or _FUNCTION.fullmatch(last) or re.fullmatch(r"[a-z]", last):
        return None
    names = [
        *_NAMED,
        *(f"f{n}" for n in range(1, 13)),
        *(f"ctrl+{c}" for c in "abdegklnopqrstuvwxy"),
    ]
    guess = nearest(key.lower(), names)
    hint = guess if guess.startswith("did you") else "write f2, ctrl+g, space or one character."
    return f"is not the name of a key, {hint}"


def holder_of(keys: KeyMap, action: Action, key: str) -> Action | None:
    """Return the other action that has a key where this one would have it."""
    wanted = set(_places(action, key))
    for other in ACTIONS:
        if other.id != action.id and key in keys[other.id] and wanted & set(_places(other, key)):
            return other
    return None


def is_character(key: str) -> bool:
    """Tell whether a key types a character, so that it cannot work inside a text field."""
    return len(key) == 1


def shown_key(key: str) -> str:
    """Return a key as it is printed: F2, Ctrl+G, Esc, a."""
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    word = _WORDS.get(last, last.upper() if len(key) > 1 else last)
    return "+".join([*(part.capitalize() for part in modifiers), word])


def main_key(keys: KeyMap, action_id: str) -> str:
    """Return the first key of an action as it is printed, or an empty string."""
    found = keys.get(action_id, ())
    return shown_key(found[0]) if found else ""


def actions_table(keys: KeyMap | None = None) -> list[tuple[str, str, str, str]]:
    """Return (keys, id, title, help) of every action, for the README, help and palette."""
    whole = validate_keys({}) if keys is None else keys
    return [
        (" ".join(shown_key(key) for key in whole[a.id]), a.id, a.title, a.help) for a in ACTIONS
    ]


def _refuse_doubles(whole: KeyMap) -> None:
    taken: dict[tuple[str, str], str] = {}
    for action in ACTIONS:
        for key in whole[action.id]:
            for place in _places(action, key):
                other = taken.setdefault((place, key), action.id)
                if other != action.id:
                    raise ConfigError(
                        f"keys.{action.id}: {key!r} already belongs to {other}; "
                        f"give one of the two another key."
                    )


def _places(action: Action, key: str) -> Iterator[str]:
    """Name the places where a key acts; two actions must not share a key in one place."""
    if action.scope is Scope.LIST:
        yield "list"
    elif is_character(key):
        yield "bar"
        if action.scope is Scope.CONSOLE:
            yield "list"
    else:
        yield from ("list", "bar")
