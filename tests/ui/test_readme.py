"""The README's table of keys is made from the registry: `make snapshots` writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

from softphone.ui.actions import Scope, find
from softphone.ui.keymap import actions_table

README = Path(__file__).parents[2] / "README.md"
_BEGIN, _END = "<!-- keys -->\n", "<!-- end of keys -->\n"
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
