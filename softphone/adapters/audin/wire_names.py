"""Names, limits and times of the Audin protocol; numbers in brackets are sections of its reference.

What is not public is marked ASSUMED and can be corrected in [accounts.NAME.wire].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, TypeAlias

from softphone.model.error import ConfigError

PROTOCOL = "v1"  # FACT (table 2, row 1)
API_KEY_HEADER = "X-API-Key"  # FACT (row 2)
AUDIENCE = "operator"  # ASSUMED (4.3)
CALL_SID_PLACE = "callSid"  # where the id goes in audio_path
START_OUTBOUND, ACCEPT = "start_outbound", "accept"  # what `ServerError.re` says, canonical
REASON_NO_ANSWER = "no_answer"

FRAME_BYTES = 160
FRAME_S = 0.02
SILENCE = b"\xff" * FRAME_BYTES  # FACT: 0 encodes to 0xFF (row 44)

# Limits of section 11, all ASSUMED; sizes in bytes, rates in messages a second.
PRESENCE_TEXT_LIMIT = 64 * 1024
AUDIO_TEXT_LIMIT = 8 * 1024
AUDIO_BINARY_LIMIT = 16 * 1024
TOKEN_ANSWER_LIMIT = 64 * 1024
NUMBERS_ANSWER_LIMIT = 1024 * 1024
DEPTH_LIMIT = 32
PRESENCE_RATE_LIMIT = 50
AUDIO_RATE_LIMIT = 200
BAD_MESSAGE_LIMIT, BAD_MESSAGE_WINDOW_S = 20, 10.0
AUTH_TRIES = 3  # (10.1)

# Times. FACT: heartbeat, the server's idle limit (row 17), reconnect steps (row 19).
HEARTBEAT_S = 25.0
IDLE_LIMIT_S = 90.0
RECONNECT_STEPS_MS = (1000, 2000, 5000, 10_000, 30_000)
# The rest ASSUMED: 6.1, 6.4, 7.1, 7.3, 8.1, 9.9, 11.
SILENT_LIMIT_S = 60.0
OPEN_LIMIT_S = 10.0
CONNECTED_LIMIT_S = 5.0
AVAILABLE_SET_LIMIT_S = 10.0
ACCEPT_LIMIT_S = 10.0
DIAL_LIMIT_S = 30.0
RING_LIMIT_S, RING_SHORTEST_S, RING_LONGEST_S = 60.0, 5.0, 300.0
TOKEN_LIMIT_S, REQUEST_LIMIT_S = 10.0, 10.0
AUDIO_REPEAT_WITHIN_S = 5.0
HANG_UP_LIMIT_S = 1.0
CLOSE_LIMIT_S = 2.0
PRESENCE_PING_S, CALL_PING_S, AUDIO_PING_S = 5.0, 3.0, 3.0
RETRY_AFTER_LIMIT_S = 120.0


_Aliases: TypeAlias = tuple[str, ...]
Table: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wire:
    """Names of the protocol. `type_*` is FACT (rows 12, 13), fields and the rest ASSUMED."""

    presence_path: str = "/operator-presence/ws"  # FACT (row 8)
    audio_path: str = f"/operator-audio/ws/{{{CALL_SID_PLACE}}}"  # FACT (row 10)
    token_path: str = "/operator-sessions/token"  # FACT (row 2)
    phone_numbers_path: str = "/operator/phone-numbers"
    token_param: str = "token"  # FACT for audio, ASSUMED for presence (rows 9, 10)
    numbers_envelope: _Aliases = ("phoneNumbers", "items", "data")

    auth_close_codes: tuple[int, ...] = (1008, 4001, 4003, 4401, 4403)
    idle_close_code: int = 4408
    replaced_close_code: int = 4409
    stop_close_codes: tuple[int, ...] = (4404, 4410)
    no_answer_close_code: int = 4480
    busy_close_code: int = 4486

    type_set_available: str = "set_available"
    type_set_unavailable: str = "set_unavailable"
    type_ping: str = "ping"
    type_accept: str = ACCEPT
    type_reject: str = "reject"
    type_start_outbound: str = START_OUTBOUND
    type_connected: str = "connected"
    type_available_set: str = "available_set"
    type_incoming_call: str = "incoming_call"
    type_call_taken: str = "call_taken"
    type_call_assigned: str = "call_assigned"
    type_outbound_started: str = "outbound_started"
    type_pong: str = "pong"
    type_error: str = "error"
    type_call_gone: _Aliases = ("call_cancelled", "call_ended")  # extension (6.4)
    type_mute: str = "mute"  # this and below ASSUMED (7.3)
    type_dtmf: str = "dtmf"
    type_hangup: str = "hangup"
    type_answered: str = "answered"
    type_ended: str = "ended"

    field_type: str = "type"  # FACT (row 11)
    field_call_sid: _Aliases = ("callSid", "call_sid", "callId")
    field_phone_number_ids: _Aliases = ("phoneNumberIds", "phone_number_ids")
    field_phone_number_id: _Aliases = ("phoneNumberId", "phone_number_id")
    field_to: _Aliases = ("to", "toNumber")
    field_from: _Aliases = ("from", "fromNumber", "caller")
    field_caller_id: _Aliases = ("callerId", "caller_id")
    field_display_name: _Aliases = ("displayName", "display_name", "callerName")
    field_ring_timeout_ms: _Aliases = ("ringTimeoutMs", "ring_timeout_ms")
    field_accepted: _Aliases = ("accepted",)
    field_rejected: _Aliases = ("rejected",)
    field_session_id: _Aliases = ("sessionId", "session_id")
    field_protocol: _Aliases = ("protocol", "protocolVersion")
    field_server_time: _Aliases = ("serverTime", "server_time")
    field_reason: _Aliases = ("reason",)
    field_code: _Aliases = ("code",)
    field_message: _Aliases = ("message",)
    field_re: _Aliases = ("re",)
    field_muted: _Aliases = ("muted",)
    field_digit: _Aliases = ("digit",)

    @classmethod
    def from_table(
        cls,
        table: Table,
        where: str = "wire",
        error: Callable[[str, str], ConfigError] | None = None,
    ) -> Wire:
        """Return the names with those of a config table put in; ConfigError names a wrong key.

        `error(key, problem)` makes the error, so that it can name file and line.
        """
        make = error or (lambda key, problem: ConfigError(f"{key}: {problem}"))
        known = {item.name: item.default for item in fields(cls)}
        changed: dict[str, Any] = {}
        for key, value in table.items():
            if key not in known:
                raise make(f"{where}.{key}", f"unknown key{_nearest(key, known)}")
            try:
                changed[key] = _override(key, value, known[key])
            except ValueError as problem:
                raise make(f"{where}.{key}", str(problem)) from None
        return cls(**changed)


def _nearest(key: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(key, known, 1, 0.4)
    return f"; did you mean {near[0]}?" if near else "."


def _override(key: str, value: object, default: object) -> object:
    """Return a config value in the form of its default; ValueError says what it must be."""
    if isinstance(default, int):
        return _close_code(value)
    if isinstance(default, tuple):
        items = value if isinstance(value, list | tuple) else [value]
        if not items:
            raise ValueError("must not be empty.")
        return tuple(_close_code(i) if isinstance(default[0], int) else _name(i) for i in items)
    name = _name(value)
    if key.endswith("_path") and not name.startswith("/"):
        raise ValueError("must start with a slash.")
    if key == "audio_path" and name.count(f"{{{CALL_SID_PLACE}}}") != 1:
        raise ValueError(f"must hold {{{CALL_SID_PLACE}}} once.")
    return name


def _name(value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > 200 or not value.isprintable():
        raise ValueError("must be a text, not empty.")
    return value


def _close_code(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1000 <= value <= 4999:
        raise ValueError("must be a close code, 1000 to 4999.")
    return value
