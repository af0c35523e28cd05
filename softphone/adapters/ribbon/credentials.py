"""Signing requests: password, HMAC token or bearer token, read anew for each sign-in (1.4)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable

from softphone.adapters.token import FetchedToken, TokenCache
from softphone.model.error import ConfigError, TokenError
from softphone.secret import Secret, from_command, from_environment

from . import wire
from .settings import RibbonSettings

_BEARER_LIFE_S = 300.0  # its age is not told; the source is asked again now and then


class Credentials:
    """Gives the header of a request; one secret source for each way to sign in."""

    def __init__(self, settings: RibbonSettings, monotonic: Callable[[], float]) -> None:
        self._settings = settings
        self._source = _source(settings)
        self.session: Secret | None = None
        """What HMAC sign-in has given for all further requests."""
        self._cache = TokenCache(self._fetch, monotonic)

    @property
    def renewable(self) -> bool:
        """Tell whether a refused secret may be an old one, and a fresh one could be had."""
        return self._kind == "token"

    def use(self, settings: RibbonSettings) -> None:
        """Sign in with these settings from the next time on."""
        if settings == self._settings:
            return
        self._settings, self._source = settings, _source(settings)
        self._cache.drop()

    def drop(self) -> None:
        """Forget the secret, so that the next use reads it again."""
        self._cache.drop()

    async def close(self) -> None:
        """Stop reading the secret."""
        await self._cache.close()

    async def headers(self, *, subscribing: bool) -> dict[str, str]:
        """Return the credential header; TokenError when the secret cannot be read."""
        if self._kind == "hmac" and not subscribing:
            if self.session is None:
                raise TokenError("There is no session at the gateway yet.")
            return {wire.HEADER_SESSION: self.session.reveal()}
        secret = (await self._cache.get()).reveal()
        if not secret.isprintable() or not secret.isascii():
            secret = _plain(secret, self._kind)
        if self._kind == "hmac":
            return {wire.HEADER_TOKEN: secret}
        if self._kind == "token":
            return {wire.HEADER_AUTHORIZATION: f"Bearer {secret}"}
        name = self._settings.authname or self._settings.user
        pair = base64.b64encode(f"{name}:{secret}".encode()).decode()
        return {wire.HEADER_AUTHORIZATION: f"Basic {pair}"}

    async def channel_query(self) -> str:
        """Return what is appended to the channel's path: the token, where that is asked for."""
        if self._kind != "token" or self._settings.oauth_mode != "query":
            return ""
        from urllib.parse import quote

        token = (await self._cache.get()).reveal()
        return f"?{wire.QUERY_ACCESS_TOKEN}={quote(token, safe='')}"

    @property
    def _kind(self) -> str:
        return self._source.partition("_")[0]

    async def _fetch(self) -> FetchedToken:
        try:
            # In a thread: a command may take its time.
            secret = await asyncio.to_thread(_read, self._settings, self._source)
        except ConfigError as problem:
            raise TokenError(problem.message, code="UNAUTHORIZED") from None
        return FetchedToken(secret, _BEARER_LIFE_S)


def _source(settings: RibbonSettings) -> str:
    for key in ("hmac_env", "hmac_command", "password", "password_env", "password_command"):
        if getattr(settings, key):
            return key
    return "token_env" if settings.token_env else "token_command"


def _read(settings: RibbonSettings, source: str) -> Secret:
    value = getattr(settings, source)
    if source.endswith("_env"):
        return from_environment(value, source)
    return from_command(value, source) if source.endswith("_command") else Secret(value)


def _plain(secret: str, kind: str) -> str:
    """Return a secret that may stand in a header; a password may hold any letters."""
    if kind != "password":
        raise TokenError("The token holds characters that no header may have.", code="UNAUTHORIZED")
    return secret
