"""The access token: what its claims say, and the URL it goes into (reference, 2 and 9). Pure."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from softphone.model.error import TokenError
from softphone.model.text import clean
from softphone.secret import Secret

from . import wire_names as n
from .wire_names import Profile

_PLACES = ("tid", "sub", "username")


@dataclass(frozen=True, slots=True)
class Claims:
    """Who a token is for, and how long it is good (epoch seconds)."""

    agent: str
    tenant: str
    username: str
    roles: tuple[str, ...]
    issued: float | None
    expires: float

    @property
    def person(self) -> tuple[str, str]:
        """Return what must stay the same for what is known to stay true."""
        return self.tenant, self.agent

    def agent_info(self) -> dict[str, Any]:
        """Return what a join reply says of the agent, for a server that says nothing."""
        return {
            "agentId": self.agent,
            "tenantId": self.tenant,
            "username": self.username,
            "roles": list(self.roles),
        }


def read_claims(token: str, wall: float) -> Claims:
    """Return the claims of a token. The signature is the server's business (section 9).

    Raises TokenError that says what is wrong, without the token.
    """
    parts = token.split(".")
    if len(parts) != 3 or not all(parts) or not token.isascii() or not token.isprintable():
        raise TokenError("No valid token: it is no JWT.")
    header, claims = _object(parts[0], "header"), _object(parts[1], "claims")
    if header.get("alg") != n.ALGORITHM:
        raise TokenError(f"No valid token: it is not signed with {n.ALGORITHM}.")
    agent, tenant = _name(claims, n.CLAIM_AGENT), claims.get(n.CLAIM_TENANT)
    if not isinstance(tenant, str) or not tenant:
        raise TokenError(f"No valid token: {n.CLAIM_TENANT} is missing.")
    expires = _seconds(claims.get(n.CLAIM_EXPIRES))
    if expires is None:
        raise TokenError(f"No valid token: {n.CLAIM_EXPIRES} is no number.")
    if expires <= wall - n.LEEWAY_S:
        raise TokenError(
            f"No valid token: it expired {wall - expires:.0f} s ago. Is the clock right?"
        )
    roles = claims.get(n.CLAIM_ROLES, [])
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise TokenError(f"No valid token: {n.CLAIM_ROLES} is no list of texts.")
    username = claims.get(n.CLAIM_USERNAME, "")
    username = clean(username) if isinstance(username, str) else ""
    issued = _seconds(claims.get(n.CLAIM_ISSUED))
    return Claims(agent, tenant, username, tuple(roles), issued, expires)


def socket_url(base_url: str, token: Secret, profile: Profile) -> str:
    """Return the URL of the socket, with the token where it goes as a parameter."""
    parts = urlsplit(base_url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    path = parts.path.rstrip("/") + profile.socket_path.rstrip("/") + n.SOCKET_SUFFIX
    params = dict(profile.extra_params)
    if profile.auth_mode == "param":
        params[profile.token_param] = token.reveal()
    params[n.VSN_PARAM] = n.VSN
    # As encodeURIComponent: a space is %20, and the slash is escaped too.
    query = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in params.items())
    return f"{scheme}://{parts.netloc}{path}?{query}"


def subprotocols(token: Secret, profile: Profile) -> tuple[str, ...]:
    """Return what is offered beside the URL: the token, in the newer way."""
    if profile.auth_mode != "subprotocol":
        return ()
    coded = base64.b64encode(token.reveal().encode()).decode().rstrip("=")
    return (n.SUBPROTOCOL, n.TOKEN_SUBPROTOCOL + coded)


def token_in_subprotocols(offered: list[str]) -> str | None:
    """Return the token among offered subprotocols; both alphabets, padding optional."""
    for entry in offered:
        if entry.startswith(n.TOKEN_SUBPROTOCOL):
            coded = entry.removeprefix(n.TOKEN_SUBPROTOCOL).replace("-", "+").replace("_", "/")
            try:
                return base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True).decode()
            except (binascii.Error, ValueError):
                return ""
    return None


def topic(template: str, claims: Claims) -> str:
    """Return a topic's name for the bearer of a token."""
    values = {"tid": claims.tenant, "sub": claims.agent, "username": claims.username}
    for place in _PLACES:
        template = template.replace("{" + place + "}", values[place])
    return template


def answered_token(data: object) -> str:
    """Return the token in the JSON answer of a token source; "" when there is none."""
    if isinstance(data, str):
        return data
    if isinstance(data, Mapping):
        for key in n.TOKEN_ANSWER_KEYS:
            if isinstance(data.get(key), str):
                return str(data[key])
    return ""


def _object(part: str, what: str) -> Mapping[str, Any]:
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise TokenError(f"No valid token: its {what} cannot be read.")
    return found


def _name(claims: Mapping[str, Any], key: str) -> str:
    value = claims.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise TokenError(f"No valid token: {key} is missing.")
    return value


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None
