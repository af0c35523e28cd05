"""Audin on the wire: every name, path, code, limit and time, and messages to and from text.

Reference: the project's Audin protocol document; numbers in brackets are its sections. What is
not public is marked ASSUMED and can be corrected in [accounts.NAME.wire]. Reading takes any
alias, writing only the first. Both sides use this module: the adapter and the lab. Pure.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar, cast
from urllib.parse import quote, urlencode

from softphone.model.error import ConfigError, ProtocolError
from softphone.model.text import clean

PROTOCOL = "v1"  # FACT (table 2, row 1)
API_KEY_HEADER = "X-API-Key"  # FACT (row 2)
AUDIENCE = "operator"  # ASSUMED (4.3)
START_OUTBOUND, ACCEPT = "start_outbound", "accept"  # what `ServerError.re` says, canonical
REASON_NO_ANSWER = "no_answer"
_GAVE_UP = frozenset({REASON_NO_ANSWER, "cancelled", "canceled", "timeout"})  # ASSUMED (6.4)

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
_IDS_LIMIT = 1000
_MESSAGE_LIMIT = 512

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
TOKEN_LIMIT_S = REQUEST_LIMIT_S = 10.0
AUDIO_REPEAT_WITHIN_S = 5.0
HANG_UP_LIMIT_S = 1.0
CLOSE_LIMIT_S = 2.0
PRESENCE_PING_S, CALL_PING_S, AUDIO_PING_S = 5.0, 3.0, 3.0
RETRY_AFTER_LIMIT_S = 120.0
_LIFETIME_UNKNOWN_S = 50 * 60.0  # (4.2)
_TEN_YEARS_S = 10 * 366 * 86_400.0

AUTH_STATUSES = frozenset({401, 403})  # ASSUMED, as is all of 10.1
_STOP_STATUSES = frozenset({404})
_SLOW_STATUSES = frozenset({429})
_SLOW_CODES = frozenset({1013})
_HANG_UP_CODES = frozenset({1000, 1001})

_SID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")
_DIGIT = re.compile(r"[0-9*#]")  # FACT (row 39)
_Aliases: TypeAlias = tuple[str, ...]
Table: TypeAlias = Mapping[str, Any]


class BadMessage(ProtocolError):
    """A message that cannot be read; it is dropped and counted, the socket stays open."""

    code = "BAD_MESSAGE"


# ---- names that config may correct -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wire:
    """Names of the protocol. `type_*` is FACT (rows 12, 13), fields and the rest ASSUMED."""

    presence_path: str = "/operator-presence/ws"  # FACT (row 8)
    audio_path: str = "/operator-audio/ws/{callSid}"  # FACT (row 10)
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
                raise make(f"{where}.{key}", f"unknown key{_nearest(key, known)}.")
            try:
                changed[key] = _override(key, value, known[key])
            except ValueError as problem:
                raise make(f"{where}.{key}", str(problem)) from None
        return cls(**changed)


def _nearest(key: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(key, known, 1, 0.4)
    return f"; did you mean {near[0]}?" if near else ""


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
    if key == "audio_path" and name.count("{callSid}") != 1:
        raise ValueError("must hold {callSid} once.")
    return name


def _name(value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > 200 or not value.isprintable():
        raise ValueError("must be a text, not empty.")
    return value


def _close_code(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1000 <= value <= 4999:
        raise ValueError("must be a close code, 1000 to 4999.")
    return value


# ---- messages: a field without a default is a must-field (6.4) ---------------------------------


@dataclass(frozen=True, slots=True)
class SetAvailable:
    """Be offered calls on these numbers; replaces the list before."""

    phone_number_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetUnavailable:
    """Be offered no calls."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Heartbeat of the client."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Answer an offer."""

    call_sid: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Decline an offer."""

    call_sid: str


@dataclass(frozen=True, slots=True)
class StartOutbound:
    """Place a call, showing one of the account's numbers (E.164)."""

    to: str
    caller_id: str


@dataclass(frozen=True, slots=True)
class Connected:
    """The server's greeting."""

    session_id: str | None = None
    protocol: str | None = None
    server_time: str | None = None


@dataclass(frozen=True, slots=True)
class AvailableSet:
    """On which numbers calls will be offered, and on which not."""

    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """An offer. `from_` is None when the caller is unknown or anonymous."""

    call_sid: str
    from_: str | None = None
    to: str | None = None
    phone_number_id: str | None = None
    display_name: str | None = None
    ring_timeout_ms: int | None = None

    @property
    def ring_limit_s(self) -> float:
        """How long to ring: what the server says within bounds, else our own limit (6.4)."""
        if self.ring_timeout_ms is None:
            return RING_LIMIT_S
        longest = round(RING_LONGEST_S * 1000)  # clamped as an int: it may be too big for a float
        return max(RING_SHORTEST_S, min(self.ring_timeout_ms, longest) / 1000)


@dataclass(frozen=True, slots=True)
class CallTaken:
    """The offer is over; every word for "nobody answered" is read as REASON_NO_ANSWER."""

    call_sid: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CallAssigned:
    """The call is ours: open its audio socket."""

    call_sid: str
    from_: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class OutboundStarted:
    """The call is being placed: open its audio socket."""

    call_sid: str
    to: str | None = None
    caller_id: str | None = None


@dataclass(frozen=True, slots=True)
class Pong:
    """Answer to a ping."""


@dataclass(frozen=True, slots=True)
class ServerError:
    """Something went wrong; `re` is START_OUTBOUND, ACCEPT or another type as it came."""

    code: str | None = None
    message: str | None = None
    call_sid: str | None = None
    re: str | None = None


@dataclass(frozen=True, slots=True)
class CallGone:
    """Extension: the caller gave up before anybody answered."""

    call_sid: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A well-formed message of a type we do not know; to be ignored."""

    type: str


@dataclass(frozen=True, slots=True)
class MuteControl:
    """The operator's microphone was closed or opened."""

    muted: bool


@dataclass(frozen=True, slots=True)
class DtmfControl:
    """One digit of 0-9 * #."""

    digit: str


@dataclass(frozen=True, slots=True)
class HangupControl:
    """End the call."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Extension: the far end of an outbound call picked up."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Extension: why the server is about to close the audio socket."""

    reason: str = ""


ClientMessage: TypeAlias = SetAvailable | SetUnavailable | Ping | Accept | Reject | StartOutbound
ServerMessage: TypeAlias = (
    Connected
    | AvailableSet
    | IncomingCall
    | CallTaken
    | CallAssigned
    | OutboundStarted
    | Pong
    | ServerError
    | CallGone
    | Unknown
)
AudioControl: TypeAlias = MuteControl | DtmfControl | HangupControl
AudioServerMessage: TypeAlias = Answered | Ended | Unknown
Message: TypeAlias = ClientMessage | ServerMessage | AudioControl | AudioServerMessage

_CLIENT = (SetAvailable, SetUnavailable, Ping, Accept, Reject, StartOutbound)
_SERVER = (
    *(Connected, AvailableSet, IncomingCall, CallTaken, CallAssigned, OutboundStarted, Pong),
    *(ServerError, CallGone),
)
_CONTROL = (MuteControl, DtmfControl, HangupControl)
_AUDIO_SERVER = (Answered, Ended)
_TYPE_KEYS: dict[type, str] = {
    kind: "type_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    for kind in (*_CLIENT, *_SERVER, *_AUDIO_SERVER)
} | {
    ServerError: "type_error",
    MuteControl: "type_mute",
    DtmfControl: "type_dtmf",
    HangupControl: "type_hangup",
}
_T = TypeVar("_T")


def encode(message: Message, names: Wire) -> str:
    """Return the text of a message: first aliases, no empty optional fields."""
    whole: dict[str, Any] = {names.field_type: _types_of(type(message), names)[0]}
    for item in fields(message):
        value = getattr(message, item.name)
        if value is not None and value != "":
            whole[_aliases_of(item, names)[0]] = value
    return json.dumps(whole, separators=(",", ":"))


def decode_server(text: str, names: Wire) -> ServerMessage:
    """Return what the server said on the presence socket; raises BadMessage."""
    return cast(ServerMessage, _decode(text, _SERVER, names))


def decode_client(text: str, names: Wire) -> ClientMessage | Unknown:
    """Return what the client said on the presence socket; raises BadMessage."""
    return cast("ClientMessage | Unknown", _decode(text, _CLIENT, names))


def decode_audio_control(text: str, names: Wire) -> AudioControl | Unknown:
    """Return what the client said on the audio socket; raises BadMessage."""
    return cast("AudioControl | Unknown", _decode(text, _CONTROL, names))


def decode_audio_server(text: str, names: Wire) -> AudioServerMessage:
    """Return what the server said on the audio socket; raises BadMessage."""
    return cast(AudioServerMessage, _decode(text, _AUDIO_SERVER, names))


def pick(table: Table, aliases: tuple[str, ...], read: Callable[[object], _T | None]) -> _T | None:
    """Return the first alias that is there with the right type, or None."""
    for alias in aliases:
        value = read(table.get(alias))
        if value is not None:
            return value
    return None


@lru_cache(maxsize=64)
def _kinds(kinds: tuple[type, ...], names: Wire) -> dict[str, type]:
    return {said: kind for kind in kinds for said in _types_of(kind, names)}


def _types_of(kind: type, names: Wire) -> tuple[str, ...]:
    said = getattr(names, _TYPE_KEYS[kind])
    return said if isinstance(said, tuple) else (said,)


def _aliases_of(item: Field[Any], names: Wire) -> tuple[str, ...]:
    aliases: tuple[str, ...] = getattr(names, "field_" + item.name.rstrip("_"))
    return aliases


def _decode(text: str, kinds: tuple[type, ...], names: Wire) -> object:
    table = parse_object(text)
    said = table.get(names.field_type)
    if not isinstance(said, str):
        raise BadMessage("The message has no type.")
    kind = _kinds(kinds, names).get(said)
    return Unknown(clean(said)) if kind is None else _build(kind, table, names)


def _build(kind: type, table: Table, names: Wire) -> object:
    values: dict[str, Any] = {}
    for item in fields(kind):
        value = pick(table, _aliases_of(item, names), _READ.get(item.name, _text))
        if value is not None:
            values[item.name] = value
        elif item.default is MISSING:
            raise BadMessage(f"{kind.__name__} lacks a usable {item.name}.")
    made: object = kind(**values)
    if isinstance(made, CallTaken) and made.reason in _GAVE_UP:
        return replace(made, reason=REASON_NO_ANSWER)
    if isinstance(made, ServerError) and made.re in (names.type_start_outbound, names.type_accept):
        canonical = {names.type_start_outbound: START_OUTBOUND, names.type_accept: ACCEPT}
        return replace(made, re=canonical[made.re])
    return made


# ---- reading values ----------------------------------------------------------------------------


def parse_object(text: str | bytes) -> dict[str, Any]:
    """Return a JSON object; BadMessage for anything else, NaN, 1e400 or nesting above 32."""
    try:
        found = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise BadMessage("The message is not valid JSON.") from None
    if not isinstance(found, dict):
        raise BadMessage("The message is not a JSON object.")
    if _deeper_than(found, DEPTH_LIMIT):
        raise BadMessage("The message is nested too deeply.")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _deeper_than(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(item, levels - 1) for item in inside)


def _text(value: object) -> str | None:
    return (clean(value) or None) if isinstance(value, str) else None


def _long_text(value: object) -> str | None:
    return (clean(value, _MESSAGE_LIMIT) or None) if isinstance(value, str) else None


def _caller(value: object) -> str | None:
    text = _text(value)
    return None if text is None or text.strip().lower() == "anonymous" else text


def _sid(value: object) -> str | None:
    return value if isinstance(value, str) and is_call_sid(value) else None


def _id(value: object) -> str | None:
    """An id is given back to the server, so it is taken as it is or not at all."""
    return value if isinstance(value, str) and value and clean(value) == value else None


def _ids(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(item for item in value[:_IDS_LIMIT] if _id(item) is not None)


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _digit(value: object) -> str | None:
    return value if isinstance(value, str) and _DIGIT.fullmatch(value) else None


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


_READ: dict[str, Callable[[object], Any]] = {
    "call_sid": _sid,
    "from_": _caller,
    "message": _long_text,
    "phone_number_ids": _ids,
    "accepted": _ids,
    "rejected": _ids,
    "phone_number_id": _id,
    "ring_timeout_ms": _integer,
    "muted": _boolean,
    "digit": _digit,
}


# ---- URLs --------------------------------------------------------------------------------------


def is_call_sid(sid: str) -> bool:
    """Tell whether a call id from the server may go into a path (7.1)."""
    return _SID.fullmatch(sid) is not None and sid not in (".", "..")


def presence_url(core_url: str, token: str, names: Wire) -> str:
    """Return the URL of the presence socket; it holds the token, so never log it."""
    return _socket_url(core_url, names.presence_path, token, names)


def audio_url(core_url: str, call_sid: str, token: str, names: Wire) -> str:
    """Return the URL of a call's audio socket; BadMessage when the id is not fit for a path."""
    if not is_call_sid(call_sid):
        raise BadMessage("The call id is not fit for a URL.")
    path = names.audio_path.replace("{callSid}", quote(call_sid, safe=""))
    return _socket_url(core_url, path, token, names)


def phone_numbers_url(core_url: str, names: Wire) -> str:
    """Return the URL of the list of numbers."""
    return core_url.rstrip("/") + names.phone_numbers_path


def _socket_url(core_url: str, path: str, token: str, names: Wire) -> str:
    base = re.sub("^http", "ws", core_url.rstrip("/"), flags=re.IGNORECASE)
    return f"{base}{path}?{urlencode({names.token_param: token}, quote_via=quote, safe='')}"


def redact(text: str, names: Wire) -> str:
    """Return `text` with the value of the token parameter hidden."""
    return re.sub(rf"(?i)\b({re.escape(names.token_param)}=)[^&\s'\"<>]+", r"\1••••", text)


# ---- REST: tokens (4) and phone numbers (5) ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """For whom a token is asked; must-fields are those of FACT row 2."""

    operator_ref: str
    display_name: str
    phone_number_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A token and, when told, the end of its life (Unix time)."""

    token: str
    expires_at: float | None = None

    def __repr__(self) -> str:
        return f"TokenAnswer(token=••••, expires_at={self.expires_at})"


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number of the account: `id` for set_available, `phone_number` for callerId."""

    id: str
    phone_number: str
    display_name: str | None = None


def token_request(ref: str, name: str, number_ids: tuple[str, ...]) -> dict[str, Any]:
    """Return the body that asks for a token."""
    return {"operatorRef": ref, "displayName": name, "phoneNumberIds": list(number_ids)}


def read_token_request(data: object) -> TokenRequest:
    """Return what a token is asked for; raises BadMessage."""
    table = data if isinstance(data, dict) else {}
    ref, name = _id(table.get("operatorRef")), _text(table.get("displayName"))
    ids = _ids(table.get("phoneNumberIds"))
    if ref is None or ids is None:
        raise BadMessage("operatorRef and phoneNumberIds are needed.")
    return TokenRequest(ref, name or ref, ids)


def token_body(answer: TokenAnswer) -> dict[str, Any]:
    """Return the JSON of a token answer."""
    if answer.expires_at is None:
        return {"token": answer.token}
    until = datetime.fromtimestamp(answer.expires_at, UTC).isoformat(timespec="milliseconds")
    return {"token": answer.token, "expiresAt": until.replace("+00:00", "Z")}


def token_answer(data: object) -> TokenAnswer:
    """Return the token of an answer; raises BadMessage when there is none."""
    token = data.get("token") if isinstance(data, dict) else None
    if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
        raise BadMessage("The answer holds no token.")
    assert isinstance(data, dict)
    return TokenAnswer(token, _moment(data.get("expiresAt")))


def lifetime_s(answer: TokenAnswer, server_time: float | None, wall: float) -> float:
    """Return for how long a token just received is good, by the best of four sources (4.2)."""
    times = jwt_times(answer.token)
    if times is not None:
        return times[1] - times[0]
    if answer.expires_at is None:
        return _LIFETIME_UNKNOWN_S
    return answer.expires_at - (wall if server_time is None else server_time)


def jwt_times(token: str) -> tuple[float, float] | None:
    """Return (iat, exp) of a JWT without checking it, or None when not both make sense."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > TOKEN_ANSWER_LIMIT:
        return None
    try:
        raw = base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), b"-_")
        claims = parse_object(raw)
    except (ValueError, BadMessage):
        return None
    issued, expires = _unix_time(claims.get("iat")), _unix_time(claims.get("exp"))
    if issued is None or expires is None or abs(expires - issued) > _TEN_YEARS_S:
        return None
    return issued, expires


def _unix_time(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e11:
        return None
    return float(value)


def _moment(value: object) -> float | None:
    """Return the Unix time of an ISO 8601 text, None when it is none."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def phone_numbers(data: object, names: Wire) -> tuple[tuple[PhoneNumber, ...], int]:
    """Return the numbers, and how many entries were unusable; BadMessage without a list."""
    if isinstance(data, dict):
        data = pick(data, names.numbers_envelope, lambda v: v if isinstance(v, list) else None)
    if not isinstance(data, list):
        raise BadMessage("The answer holds no list of numbers.")
    found = [number for number in map(_phone_number, data) if number is not None]
    return tuple(found), len(data) - len(found)


def phone_numbers_body(numbers: tuple[PhoneNumber, ...]) -> list[dict[str, Any]]:
    """Return the JSON of a list of numbers."""
    return [
        {"id": n.id, "phoneNumber": n.phone_number, "displayName": n.display_name} for n in numbers
    ]


def _phone_number(item: object) -> PhoneNumber | None:
    if not isinstance(item, dict):
        return None
    number_id, number = _id(item.get("id")), item.get("phoneNumber")
    if number_id is None or not isinstance(number, str) or not is_e164(number):
        return None
    return PhoneNumber(number_id, number, _text(item.get("displayName")))


def is_e164(number: str) -> bool:
    """Tell whether a number is international with plus (5)."""
    return _E164.fullmatch(number) is not None


# ---- closing (10.1) ----------------------------------------------------------------------------


class PresenceClose(StrEnum):
    """What to do after the presence socket closed or could not be opened."""

    RECONNECT = "reconnect"
    RECONNECT_SLOW = "reconnect_slow"
    RECONNECT_NOW = "reconnect_now"
    AUTH = "auth"
    REPLACED = "replaced"
    STOP = "stop"


class AudioClose(StrEnum):
    """What the end of an audio socket means for its call."""

    REMOTE_HANGUP = "remote_hangup"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    AUTH = "auth"
    FAILED = "failed"


def presence_close(code: int, names: Wire) -> PresenceClose:
    """Return what a close code of the presence socket asks for."""
    if code in names.auth_close_codes:
        return PresenceClose.AUTH
    if code == names.replaced_close_code:
        return PresenceClose.REPLACED
    if code == names.idle_close_code:
        return PresenceClose.RECONNECT_NOW
    if code in names.stop_close_codes:
        return PresenceClose.STOP
    return PresenceClose.RECONNECT_SLOW if code in _SLOW_CODES else PresenceClose.RECONNECT


def presence_status(status: int, names: Wire) -> PresenceClose:
    """Return what an HTTP status at the presence handshake asks for."""
    if status in AUTH_STATUSES:
        return PresenceClose.AUTH
    if status in _STOP_STATUSES:
        return PresenceClose.STOP
    return PresenceClose.RECONNECT_SLOW if status in _SLOW_STATUSES else PresenceClose.RECONNECT


def audio_close(code: int, names: Wire) -> AudioClose:
    """Return what a close code of the audio socket means."""
    if code in names.auth_close_codes:
        return AudioClose.AUTH
    if code == names.no_answer_close_code:
        return AudioClose.NO_ANSWER
    if code == names.busy_close_code:
        return AudioClose.BUSY
    return AudioClose.REMOTE_HANGUP if code in _HANG_UP_CODES else AudioClose.FAILED


def audio_status(status: int, names: Wire) -> AudioClose:
    """Return what an HTTP status at the audio handshake means."""
    return AudioClose.AUTH if status in AUTH_STATUSES else AudioClose.FAILED


def close_words(code: int, reason: str) -> str:
    """Return a close for people: "closed (4401, expired)"."""
    said = clean(reason)
    if code == 1006:
        return "connection lost"
    return f"closed ({code}, {said})" if said else f"closed ({code})"
