"""The README's table of keys is made from the registry: `make snapshots` writes it anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from softphone.ui.actions import ACTIONS, Scope, find
from softphone.ui.app import SoftphoneApp
from softphone.ui.keymap import actions_table, is_character, shown_key
from softphone.ui.screens.palette import matches
from tests.ui.conftest import OpenConsole

README = Path(__file__).parents[2] / "README.md"
_BEGIN, _END = "<!-- keys -->\n", "<!-- end of keys -->\n"
_ROW = re.compile(r"^\| (.*?) \|.*\| `([a-z_.0-9]+)` \|$", re.MULTILINE)
_HEADINGS = {
    Scope.CALL: "**Calls**: F- and Ctrl keys anywhere, letters in the call bar (Ctrl+G)",
    Scope.CONSOLE: "**Console**: letters outside text fields",
    Scope.LIST: "**Lists**: while a list has the focus",
}


def test_readme_keys_are_a_snapshot_of_the_registry() -> None:
    before, _, rest = README.read_text(encoding="utf-8").partition(_BEGIN)
    table, _, after = rest.partition(_END)
    assert after, f"README.md has lost {_BEGIN.strip()} or {_END.strip()}"

    if os.environ.get("SNAPSHOT_UPDATE"):
        table = _table()
        README.write_text(before + _BEGIN + table + _END + after, encoding="utf-8")

    assert table == _table(), "the keys have changed; make snapshots writes the README anew"


async def test_every_key_of_the_readme_does_what_stands_beside_it(
    open_console: OpenConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(SoftphoneApp, "act", lambda app, action_id: done.append(action_id))
    table = README.read_text(encoding="utf-8").partition(_BEGIN)[2].partition(_END)[0]
    written = {action_id: keys for keys, action_id in _ROW.findall(table)}
    assert len(written) == len(ACTIONS)

    async with open_console((140, 45)) as console:
        main = console.app.main
        for action in ACTIONS:
            for key in action.keys:
                assert f"`{shown_key(key)}`" in written[action.id]
                if action.scope is Scope.CALL and is_character(key):
                    main.open_bar()
                elif action.scope is Scope.LIST or is_character(key):
                    main.set_focus(main.contacts.rows)
                else:
                    main.set_focus(main.dialer.field)  # those work while typing too
                done.clear()
                await console.pilot.press(key)
                assert done == [action.id], f"{key} does not do {action.id}"


def test_what_has_no_key_is_among_the_first_in_the_palette_by_its_title() -> None:
    for action in ACTIONS:
        if not action.keys:
            assert action.id in [found.id for found in matches(action.title)[:3]], action.title


def _table() -> str:
    rows = ["| keys | what they do | id |", "| --- | --- | --- |"]
    heading = ""
    for keys, action_id, title, text in actions_table():
        action = find(action_id)
        assert action is not None
        if heading != _HEADINGS[action.scope]:
            heading = _HEADINGS[action.scope]
            rows.append(f"| | {heading} | |")
        shown = " ".join(f"`{key}`" for key in keys.split()) or "palette"
        rows.append(f"| {shown} | {title}: {text} | `{action_id}` |")
    return "\n".join(rows) + "\n"
