"""HTTP requests with limits: time, size, no redirects, no secrets in errors."""

from __future__ import annotations

import errno
import json
import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from softphone.model.error import ConfigError, RequestError

if TYPE_CHECKING:
    import aiohttp

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class RawResponse:
    """An answer as it came: HTTP status, headers (any case), the bytes of its body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: HTTP status, decoded JSON (None when it is none), server time when told."""

    status: int
    data: Any = field(repr=False)  # it may hold a token
    server_time: float | None
    retry_after_s: float | None


def host_of(url: str) -> str:
    """Return the host of a URL, the only part of it that may stand in a message."""
    parts = _split(url)
    return (parts.hostname if parts else None) or "?"


def is_insecure(url: str) -> bool:
    """Tell whether a URL goes unencrypted to another machine."""
    parts = _split(url)
    if parts is None:
        return False
    return parts.scheme in ("http", "ws") and parts.hostname not in LOOPBACK_HOSTS


def check_url(url: str, allowed_hosts: tuple[str, ...]) -> str | None:
    """Return what is wrong with a configured URL, or None."""
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return "must be an http(s) URL with a host."
    if parts.username or parts.query or parts.fragment:
        return "must have no user, query or fragment."
    if is_insecure(url) and parts.hostname not in allowed_hosts:
        return (
            f"unencrypted to {parts.hostname}; use https, or name the host in allow_insecure_host."
        )
    return None


def tls_context(ca_file: str) -> ssl.SSLContext:
    """Return the context for TLS: always verified, with an extra authority when configured."""
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as problem:
            raise ConfigError(f"ca_file {ca_file}: {problem.strerror or problem}.") from None
    return context


async def fetch_json(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    limit_bytes: int,
    limit_s: float,
    body: object = None,
) -> Response:
    """Send one request and return its answer, whatever its status.

    Raises RequestError when there is no answer in time, it is too large, it is a redirect, or
    a successful one is not JSON. The message names the host only: URLs may hold tokens.
    """
    answer = await fetch(
        session,
        method,
        url,
        headers=headers,
        limit_bytes=limit_bytes,
        limit_s=limit_s,
        body=body,
    )
    data = decode_json(answer.body, host_of(url), answer.status)
    return Response(answer.status, data, _date(answer.headers), _retry(answer.headers))


async def fetch(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    limit_bytes: int,
    limit_s: float,
    body: object = None,
) -> RawResponse:
    """Send one request and return its answer, whatever its status and content.

    Raises RequestError when there is no answer in time, it is too large, or it is a redirect.
    """
    import aiohttp  # heavy; only adapters that talk HTTP pay for it

    timeout = aiohttp.ClientTimeout(total=limit_s, sock_connect=min(5.0, limit_s))
    host = host_of(url)
    try:
        async with session.request(
            method, url, headers=headers, json=body, timeout=timeout, allow_redirects=False
        ) as answer:
            if 300 <= answer.status < 400:
                raise RequestError(f"{host} answered with a redirect.", status=answer.status)
            raw = await _read_limited(answer, limit_bytes, host)
            return RawResponse(answer.status, answer.headers, raw)
    except TimeoutError:
        raise RequestError(f"{host} did not answer within {limit_s:g} s.") from None
    except (aiohttp.ClientError, OSError, ValueError) as problem:
        raise RequestError(f"{host}: {_cause(problem)}.") from None


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL, None when it is none: a bracket or a port that is no number."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # read here, because reading it may raise
    except ValueError:
        return None
    return parts


async def _read_limited(answer: aiohttp.ClientResponse, limit: int, host: str) -> bytes:
    raw = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        raw += chunk
        if len(raw) > limit:
            raise RequestError(f"{host} sent more than {limit // 1024} KiB.", status=answer.status)
    return bytes(raw)


def decode_json(raw: bytes, host: str, status: int) -> Any:
    """Return decoded JSON, None when a refusal holds none; RequestError when a success does."""
    try:
        return json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError):
        if 200 <= status < 300:
            raise RequestError(f"{host} sent no valid JSON.", status=status) from None
        return None


def _no_number(name: str) -> float:
    raise ValueError(name)


def _date(headers: Mapping[str, str]) -> float | None:
    try:
        return parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def _retry(headers: Mapping[str, str]) -> float | None:
    value = headers.get("Retry-After", "")
    return float(value) if value.isdecimal() and len(value) < 8 else None


def _cause(problem: Exception) -> str:
    """Return a few words for a failure; library texts quote URLs and headers, so not those."""
    # aiohttp's own certificate error only looks like ssl's; the real one is inside.
    inner = getattr(problem, "certificate_error", None) or getattr(problem, "os_error", problem)
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"certificate refused ({inner.verify_message.rstrip('.')})"
    return os_error_words(inner) if isinstance(inner, OSError) else type(problem).__name__


def os_error_words(problem: OSError) -> str:
    """Return a failed connection in a few words; asyncio's own texts hold addresses."""
    if isinstance(problem, socket.gaierror):
        return "the name is not known"
    if isinstance(problem, ssl.SSLError):  # its numbers are not the system's
        reason = getattr(problem, "reason", None) or "unknown"
        return f"TLS failed ({reason.replace('_', ' ').lower()})"
    if isinstance(problem, ConnectionResetError):  # asyncio's own has no number
        return os.strerror(errno.ECONNRESET).lower()
    if problem.errno is not None and problem.errno > 0:
        return os.strerror(problem.errno).lower()
    return (problem.strerror or type(problem).__name__).lower()
