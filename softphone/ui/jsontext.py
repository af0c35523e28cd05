"""JSON from outside as lines to read: decoding brings characters back that were only spelt out."""

from __future__ import annotations

import json

from softphone.model.text import TEXT_LIMIT, clean, clean_block

_WHOLE_LIMIT = 65_536


def spread_out(text: str) -> str:
    """Return JSON with one member a line, harmless; other text harmless as it is."""
    try:
        shown = json.dumps(json.loads(text), indent=1, ensure_ascii=False) if text else ""
    except (ValueError, RecursionError):
        shown = text
    return clean_block(shown, _WHOLE_LIMIT)


def members(text: str) -> list[tuple[str, str | None]] | None:
    """Return the members of a JSON object as harmless texts, None for null; None for no object."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    return [(clean(name), None if value is None else _shown(value)) for name, value in row.items()]


def _shown(value: object) -> str:
    return clean(json.dumps(value, ensure_ascii=False), TEXT_LIMIT)
