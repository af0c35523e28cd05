"""Audin over HTTP: session tokens and the list of phone numbers (reference, sections 4 and 5)."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from softphone.adapters.request import Response, fetch_json, host_of
from softphone.adapters.token import FetchedToken, TokenCache
from softphone.model.error import (
    ConfigError,
    ProtocolError,
    RequestError,
    SoftphoneError,
    TokenError,
)
from softphone.model.presence import OwnNumber
from softphone.secret import Secret, from_command, from_environment

from . import wire
from .settings import AudinSettings

if TYPE_CHECKING:
    import aiohttp

logger = logging.getLogger(__name__)

GetToken: TypeAlias = Callable[[], Awaitable[Mapping[str, object] | str]]
"""Gives a fresh session token: the backend's answer as it came, or the token alone."""


class TokenRefused(TokenError):
    """The token source says no; trying again would only be refused again."""

    code = "UNAUTHORIZED"


async def fetch_token(
    session: aiohttp.ClientSession,
    settings: AudinSettings,
    names: wire.Wire,
    wall: Callable[[], float],
) -> FetchedToken:
    """Get a session token from the configured place.

    Raises TokenRefused on 401 and 403, TokenError on anything else that is no token.
    """
    url = settings.token_url or settings.api_url.rstrip("/") + names.token_path
    body = None
    if settings.api_url:
        body = wire.token_request(
            settings.operator_ref, settings.display_name, settings.phone_number_ids
        )
    try:
        # In a thread: a command that prints the key may take its time.
        headers = await asyncio.to_thread(_token_headers, settings)
    except ConfigError as problem:
        raise TokenRefused(problem.message) from None  # stays wrong until someone mends it
    try:
        answer = await fetch_json(
            session,
            "POST",
            url,
            headers=headers,
            limit_bytes=wire.TOKEN_ANSWER_LIMIT,
            limit_s=wire.TOKEN_LIMIT_S,
            body=body,
        )
    except RequestError as problem:
        raise TokenError(f"No token: {problem.message}") from None
    host = host_of(url)
    if answer.status in (401, 403):
        raise TokenRefused(
            f"Token refused by {host} ({answer.status}). Check token_url, or ask for a new key."
        )
    if not 200 <= answer.status < 300:
        raise TokenError(f"No token: {host} answered {answer.status}.")
    return _fetched(answer, host, wall())


async def called_token(get_token: GetToken, wall: Callable[[], float]) -> FetchedToken:
    """Get a session token from the program that uses us; raises TokenError when it gives none."""
    try:
        async with asyncio.timeout(wire.TOKEN_LIMIT_S):
            answer = await get_token()
        data = {"token": answer} if isinstance(answer, str) else dict(answer)
    except SoftphoneError:
        raise
    except Exception as problem:  # whatever the program's own function raises or returns
        raise TokenError(f"No token: get_token raised {type(problem).__name__}.") from problem
    try:
        token = wire.token_answer(data)
    except ProtocolError:
        raise TokenError("No token: the answer of get_token holds none.") from None
    return FetchedToken(Secret(token.token), wire.lifetime_s(token, None, wall()))


async def list_numbers(
    session: aiohttp.ClientSession, core_url: str, names: wire.Wire, token: TokenCache
) -> tuple[OwnNumber, ...]:
    """Return the account's numbers; one repeat with a fresh token on 401 (section 5).

    Raises RequestError with code UNAUTHORIZED or REQUEST_FAILED.
    """
    url = wire.phone_numbers_url(core_url, names)
    for attempt in (1, 2):
        secret = await token.get()
        answer = await fetch_json(
            session,
            "GET",
            url,
            headers={"Authorization": f"Bearer {secret.reveal()}", "Accept": "application/json"},
            limit_bytes=wire.NUMBERS_ANSWER_LIMIT,
            limit_s=wire.REQUEST_LIMIT_S,
        )
        if answer.status != 401:
            return _numbers(answer, host_of(url), names)
        token.drop()
        logger.info("number list refused (401), attempt %d", attempt)
    raise RequestError(
        f"{host_of(url)} refuses the session token.", code="UNAUTHORIZED", status=401
    )


def _numbers(answer: Response, host: str, names: wire.Wire) -> tuple[OwnNumber, ...]:
    if not 200 <= answer.status < 300:
        raise RequestError(f"{host} answered {answer.status}.", status=answer.status)
    try:
        found, dropped = wire.phone_numbers(answer.data, names)
    except ProtocolError as problem:
        raise RequestError(f"{host}: {problem.message}", status=answer.status) from None
    if dropped:
        logger.warning("%d phone numbers of %s were not usable", dropped, host)
    return tuple(
        OwnNumber(number.id, number.phone_number, number.display_name or "") for number in found
    )


def _fetched(answer: Response, host: str, wall: float) -> FetchedToken:
    try:
        token = wire.token_answer(answer.data)
    except ProtocolError:
        raise TokenError(f"No token: the answer of {host} holds none.") from None
    lifetime = wire.lifetime_s(token, answer.server_time, wall)
    return FetchedToken(Secret(token.token), lifetime)


def _token_headers(settings: AudinSettings) -> dict[str, str]:
    headers = {
        name: os.environ.get(variable, "") for name, variable in settings.token_headers_env.items()
    }
    key = Secret("")
    if settings.api_key_env:
        key = from_environment(settings.api_key_env, "api_key_env")
    elif settings.api_key_command:
        key = from_command(settings.api_key_command, "api_key_command")
    return headers | {wire.API_KEY_HEADER: key.reveal()} if key else headers
