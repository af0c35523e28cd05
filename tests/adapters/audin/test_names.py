"""The protocol's own strings stand in wire*.py and nowhere else (reference, section 3)."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import softphone
from softphone.adapters.audin.wire import API_KEY_HEADER, Wire

ROOT = Path(softphone.__file__).parent
# Words that are everyday English, or that other platforms use as well.
_PLAIN = {
    *("type", "to", "from", "caller", "code", "message", "reason", "re", "muted", "digit"),
    *("accepted", "rejected", "protocol", "token", "data", "items", "error", "ended", "answered"),
    *("ping", "pong", "mute", "accept", "reject", "connected", "hangup", "dtmf"),
    # our own names for the same things: settings, options, model
    *("phone_number_ids", "caller_id", "display_name", "session_id", "call_sid"),
}
# The same string with another meaning, each with its reason.
_ALLOWED = {
    ("adapters/audin/operator.py", "incoming_call"): "the library's event, named after the SDK's",
    ("adapters/audin/operator.py", "call_ended"): "likewise",
    ("cli/bench_load.py", "X-API-Key"): "the bench asks for tokens as a backend does",
    ("lab/audin_calls.py", "incoming_call"): "a step at which the fault `close` can be set",
    ("lab/audin.py", "start_outbound"): "a step at which the fault `close` can be set",
}
# Other platforms may use the same words and close codes; each keeps them in its own wire.
_OTHER_PLATFORMS = ("ribbon", "agenthub", "observer")


def protocol_strings() -> set[str]:
    found = {API_KEY_HEADER, "operatorRef", "expiresAt", "phoneNumber"}
    for item in dataclasses.fields(Wire):
        value = item.default
        values = value if isinstance(value, tuple) else (value,)
        found |= {one for one in values if isinstance(one, str)}
    return found - _PLAIN


def close_codes() -> set[int]:
    found: set[int] = set()
    for item in dataclasses.fields(Wire):
        values = item.default if isinstance(item.default, tuple) else (item.default,)
        found |= {one for one in values if isinstance(one, int) and one >= 4000}
    return found


def constants() -> Iterator[tuple[str, object]]:
    for path in sorted(ROOT.rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if not name.startswith("adapters/audin/wire") and not _of_another_platform(name):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant):
                    yield name, node.value


def _of_another_platform(name: str) -> bool:
    return any(
        name.startswith((f"adapters/{platform}/", f"lab/{platform}_", f"lab/{platform}.py"))
        for platform in _OTHER_PLATFORMS
    )


def test_the_strings_of_the_protocol_stand_in_one_place() -> None:
    strings, codes = protocol_strings(), close_codes()

    found = {
        (name, value)
        for name, value in constants()
        if (isinstance(value, str) and value in strings) or (type(value) is int and value in codes)
    }

    assert found <= set(_ALLOWED)


def test_paths_of_the_protocol_are_not_even_part_of_another_string() -> None:
    parts = ("operator-presence", "operator-audio", "operator-sessions", "operator/phone-numbers")

    found = {
        (name, part)
        for name, value in constants()
        for part in parts
        if isinstance(value, str) and part in value
    }

    assert found == set()


def test_the_strings_are_the_protocols() -> None:
    assert {"set_available", "call_assigned", "callSid", "phoneNumberIds"} <= protocol_strings()
    assert {4401, 4404, 4408, 4409, 4480, 4486} <= close_codes()
