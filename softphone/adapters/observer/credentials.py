"""Where access tokens come from; asked once for each try to connect (4.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from softphone.model.error import ConfigError, TokenError
from softphone.secret import Secret, from_command, from_environment

from .line import GetToken
from .settings import ObserverSettings


def configured(settings: ObserverSettings) -> GetToken:
    """Return the source of tokens that the settings name."""

    async def get_token() -> Secret | None:
        try:
            # In a thread: a command may take its time.
            return await asyncio.to_thread(_read, settings)
        except ConfigError as problem:
            raise TokenError(problem.message) from None

    return get_token


def called(get: Callable[[], Awaitable[str | None]] | None) -> GetToken:
    """Return the source of tokens of a program. What it raises is told and tried again, except
    a TokenError with code UNAUTHORIZED: that one ends the trying."""

    async def get_token() -> Secret | None:
        if get is None:
            return None
        try:
            token = await get()
        except TokenError:
            raise
        except Exception as problem:
            raise TokenError(f"get_access_token failed ({type(problem).__name__}).") from None
        return Secret(token) if token else None

    return get_token


def _read(settings: ObserverSettings) -> Secret:
    if settings.token_env:
        return from_environment(settings.token_env, "token_env")
    if settings.token_command:
        return from_command(settings.token_command, "token_command")
    return Secret(settings.token)
