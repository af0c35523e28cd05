"""What close codes, HTTP statuses and URLs of the service mean (4.1, 4.2, 4.4)."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote, urlsplit, urlunsplit

from .wire_names import Wire

_TOO_LARGE = 1009


class Verdict(StrEnum):
    """What to do after the connection closed or could not be opened."""

    RECONNECT = "reconnect"
    RECONNECT_SLOW = "reconnect_slow"
    AUTH = "auth"
    STOP = "stop"


def after_close(code: int, names: Wire) -> Verdict:
    """Return what a close code asks for."""
    if code in names.auth_close_codes:
        return Verdict.AUTH
    if code in names.stop_close_codes:
        return Verdict.STOP
    return Verdict.RECONNECT_SLOW if code == 1013 else Verdict.RECONNECT


def after_status(status: int) -> Verdict:
    """Return what an HTTP status at the handshake asks for."""
    if status == 401:
        return Verdict.AUTH
    return Verdict.STOP if status in (403, 404) else Verdict.RECONNECT


def too_large(code: int) -> bool:
    """Tell whether our side closed because a message was too large."""
    return code == _TOO_LARGE


def socket_url(url: str, names: Wire, token: str = "") -> str:
    """Return the WebSocket's URL for a configured one; the token goes into the query if given."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    query = f"{names.field_token[0]}={quote(token, safe='')}" if token else ""
    return urlunsplit((scheme, parts.netloc, parts.path or "/", query, ""))
