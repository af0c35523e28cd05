"""JSON from outside is shown harmless: what was spelt out must not come alive by decoding."""

from __future__ import annotations

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from softphone.ui.jsontext import members, spread_out

HOSTILE = json.dumps({"a\x1b": "\x1b]0;t\x07 \x9b31m \u202e x", "none": None, "list": [1, "\x85"]})


def harmless(text: str) -> bool:
    kinds = {unicodedata.category(char) for char in text if char != "\n"}
    return not {"Cc", "Cs"} & kinds and not set(text) & set("\u202e\u200b\u2028")


def test_escaped_controls_stay_dead() -> None:
    found = members(HOSTILE)

    assert harmless(spread_out(HOSTILE))
    assert found is not None
    assert found[1] == ("none", None)
    assert all(harmless(name) and harmless(value or "") for name, value in found)


@given(st.text())
def test_any_text_is_shown_harmless(text: str) -> None:
    assert harmless(spread_out(text))
    assert harmless(spread_out(json.dumps({text: [text]})))
    for name, value in members(json.dumps({text: text})) or []:
        assert harmless(name + (value or ""))


def test_what_is_no_object_has_no_members() -> None:
    assert members("[1]") is None
    assert members("nonsense") is None
    assert members("[" * 100_000) is None
    assert spread_out("[" * 100_000)
