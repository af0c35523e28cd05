"""Audin over HTTP: URLs, session tokens (reference, 4) and phone numbers (5)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from .wire_codec import BadMessage, is_call_sid, parse_object, pick, read_id, read_ids, read_text
from .wire_names import AUDIENCE, CALL_SID_PLACE, TOKEN_ANSWER_LIMIT, Wire

_LIFETIME_UNKNOWN_S = 50 * 60.0  # (4.2)
_TEN_YEARS_S = 10 * 366 * 86_400.0
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")


def presence_url(core_url: str, token: str, names: Wire) -> str:
    """Return the URL of the presence socket; it holds the token, so never log it."""
    return _socket_url(core_url, names.presence_path, token, names)


def audio_url(core_url: str, call_sid: str, token: str, names: Wire) -> str:
    """Return the URL of a call's audio socket; BadMessage when the id is not fit for a path."""
    if not is_call_sid(call_sid):
        raise BadMessage("The call id is not fit for a URL.")
    path = names.audio_path.replace(f"{{{CALL_SID_PLACE}}}", quote(call_sid, safe=""))
    return _socket_url(core_url, path, token, names)


def phone_numbers_url(core_url: str, names: Wire) -> str:
    """Return the URL of the list of numbers."""
    return core_url.rstrip("/") + names.phone_numbers_path


def _socket_url(core_url: str, path: str, token: str, names: Wire) -> str:
    scheme, _, rest = core_url.rstrip("/").partition("://")
    base = f"{'wss' if scheme.lower() in ('https', 'wss') else 'ws'}://{rest}"
    return f"{base}{path}?{urlencode({names.token_param: token}, quote_via=quote, safe='')}"


def redact(text: str, names: Wire) -> str:
    """Return `text` with the value of the token parameter hidden."""
    return re.sub(rf"(?i)\b({re.escape(names.token_param)}=)[^&\s'\"<>]+", r"\1••••", text)


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
    ref, name = read_id(table.get("operatorRef")), read_text(table.get("displayName"))
    ids = read_ids(table.get("phoneNumberIds"))
    if ref is None or ids is None:
        raise BadMessage("operatorRef and phoneNumberIds are needed.")
    return TokenRequest(ref, name or ref, ids)


def token_claims(owner: TokenRequest, issued: int, expires: int) -> dict[str, Any]:
    """Return the claims of a session token (4.3, ASSUMED); times are Unix times."""
    return {
        "sub": owner.operator_ref,
        "name": owner.display_name,
        "phoneNumberIds": list(owner.phone_number_ids),
        "iat": issued,
        "exp": expires,
        "aud": AUDIENCE,
        "v": 1,
    }


def read_claims(claims: dict[str, Any]) -> TokenRequest:
    """Return whose token it is; raises BadMessage when the claims are not those of 4.3."""
    ref, ids = read_id(claims.get("sub")), read_ids(claims.get("phoneNumberIds"))
    if ref is None or ids is None:
        raise BadMessage("The token's claims are not an operator's.")
    return TokenRequest(ref, read_text(claims.get("name")) or ref, ids)


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
    number_id, number = read_id(item.get("id")), item.get("phoneNumber")
    if number_id is None or not isinstance(number, str) or not is_e164(number):
        return None
    return PhoneNumber(number_id, number, read_text(item.get("displayName")))


def is_e164(number: str) -> bool:
    """Tell whether a number is international with plus (5)."""
    return _E164.fullmatch(number) is not None
