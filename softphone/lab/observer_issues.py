"""Issues of the lab's clients: raised and resolved once a minute where a scene has one."""

from __future__ import annotations

from typing import Any

from .observer_world import Person

Row = dict[str, Any]


def issue_open(person: Person, at_ms: int) -> bool:
    """Tell whether a client's issue is open: the second third of each minute."""
    return bool(person.scene.issue) and 20_000 <= (at_ms - person.joined_ms) % 60_000 < 40_000


def issues_of(person: Person, at_ms: int, span_ms: int = 120_000) -> list[Row]:
    """Return what was raised and resolved in the last two minutes, or more."""
    found: list[Row] = []
    if not person.scene.issue:
        return found
    first = (at_ms - span_ms - person.joined_ms) // 60_000
    for minute in range(max(0, first), (at_ms - person.joined_ms) // 60_000 + 1):
        raised = person.joined_ms + minute * 60_000 + 20_000
        kind, key = person.scene.issue, f"i{minute}"
        payload = {"scene": person.scene.name}
        if raised <= at_ms:
            found.append(
                {"type": kind, "key": key, "timestamp": raised, "severity": "major",
                 "payload": payload}
            )  # fmt: skip
        if raised + 20_000 <= at_ms:
            found.append({"type": f"{kind}-resolved", "key": key, "timestamp": raised + 20_000})
    return found
