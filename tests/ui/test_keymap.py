"""The key map: every mistake is named, and the registry is sound."""

from __future__ import annotations

import subprocess
import sys

import pytest

from softphone.model.error import ConfigError, Refused
from softphone.model.state import ConsoleState
from softphone.ui.actions import ACTIONS, Scope, commands_of, find
from softphone.ui.keymap import actions_table, main_key, shown_key, validate_keys
from softphone.ui.situation import Situation


def test_ids_are_noun_verb_and_unique() -> None:
    ids = [action.id for action in ACTIONS]

    assert len(set(ids)) == len(ids)
    assert all(len(action_id.split(".")) == 2 and action_id.islower() for action_id in ids)


def test_defaults_are_sound_and_complete() -> None:
    keys = validate_keys({})

    assert keys["call.answer"] == ("f2", "a")
    assert set(keys) == {action.id for action in ACTIONS}


def test_nothing_urgent_is_on_escape_enter_or_space() -> None:
    urgent = [action for action in ACTIONS if action.scope is Scope.CALL]

    assert not [a.id for a in urgent if {"escape", "enter", "space"} & set(a.keys)]


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"call.anser": ("f2",)}, "did you mean call.answer?"),
        ({"call.mute": ("1",)}, "never hotkeys"),
        ({"call.mute": ("+",)}, "never hotkeys"),
        ({"call.mute": ("esacpe",)}, "did you mean escape?"),
        ({"call.mute": ("f25",)}, "not the name of a key"),
        ({"call.mute": (" ",)}, "write space"),
        ({"call.mute": ("",)}, "not the name of a key"),
        ({"call.mute": ("ctrl+",)}, "not the name of a key"),
        ({"call.mute": ("ctrl+c",)}, "needed by the terminal"),
        ({"call.mute": ("f2",)}, "already belongs to call.answer"),
        ({"call.mute": ("h",)}, "already belongs to call.hold"),
        ({"history.open": ("j",)}, "already belongs to call.join"),
        ({"history.open": ("down",)}, "already belongs to history.open"),
    ],
)
def test_mistake_is_named(mapping: dict[str, tuple[str, ...]], said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace("?", "\\?").replace("+", "\\+")):
        validate_keys(mapping)


def test_keys_can_be_swapped_and_taken_away() -> None:
    keys = validate_keys({"call.answer": ("f9",), "call.decline": ("f2", "d"), "call.mute": ()})

    assert main_key(keys, "call.answer") == "F9"
    assert main_key(keys, "call.mute") == ""


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("f2", "F2"),
        ("ctrl+g", "Ctrl+G"),
        ("a", "a"),
        ("pageup", "PgUp"),
        ("shift+tab", "Shift+Tab"),
    ],
)
def test_keys_are_printed_as_people_write_them(key: str, shown: str) -> None:
    assert shown_key(key) == shown


def test_table_has_every_action() -> None:
    assert [row[1] for row in actions_table()] == [action.id for action in ACTIONS]


def test_commands_need_their_values_and_say_why_not() -> None:
    dial = find("call.dial")
    answer = find("call.answer")
    assert dial is not None
    assert answer is not None

    with pytest.raises(Refused, match="needs to="):
        commands_of(dial, Situation(ConsoleState()), {})
    with pytest.raises(Refused, match="No call is ringing"):
        commands_of(answer, Situation(ConsoleState()), {})
    assert commands_of(dial, Situation(ConsoleState()), {"to": "12", "from": "pn"})


def test_check_config_needs_no_textual() -> None:
    code = (
        "import sys; import softphone.ui.keymap, softphone.ui.actions, softphone.ui.themes,"
        "softphone.ui.plain, softphone.ui.run; softphone.ui.themes.theme_names();"
        "softphone.ui.themes.load_theme('night');"
        "print([m for m in ('textual', 'numpy', 'aiohttp', 'rich') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )

    assert done.stdout.strip() == "[]"
