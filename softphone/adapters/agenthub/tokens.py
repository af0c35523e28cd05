"""Access tokens: where they come from, what is checked, fresh at every connect (reference, 9)."""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from softphone.adapters.request import fetch_json, host_of
from softphone.adapters.token import FetchedToken, TokenCache
from softphone.model.error import ConfigError, RequestError, SoftphoneError, TokenError
from softphone.secret import Secret, from_command, from_environment

from . import wire
from .settings import AgentHubSettings
from .wire import Claims
from .wire import names as n

if TYPE_CHECKING:
    import aiohttp

GetToken: TypeAlias = Callable[[], object]
"""Gives the agent's token: a plain function, or one to be awaited."""
Ask: TypeAlias = Callable[[], Awaitable[str]]

_LEAST_LIFE_S = 1.0


@dataclass(frozen=True, slots=True)
class SignIn:
    """A token whose claims could be read."""

    token: Secret
    claims: Claims


class Tokens:
    """One token at a time. Asked for anew at every connect, unless just renewed in advance."""

    def __init__(
        self,
        ask: Ask,
        monotonic: Callable[[], float],
        wall: Callable[[], float],
        margin_s: float,
        limit_s: float,
    ) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._wall = wall
        self._margin_s = margin_s
        self._limit_s = limit_s
        self._cache = TokenCache(self._fetch, monotonic)
        self._claims: Claims | None = None
        self._renewed = False
        self.renew_at: float | None = None
        """When to ask in advance (monotonic); None: no token yet."""

    async def for_connect(self) -> SignIn:
        """Return a token for the next socket; TokenError says what is wrong with what came."""
        if not self._renewed:
            self._cache.drop()
        self._renewed = False
        token = await self._cache.get()
        assert self._claims is not None
        return SignIn(token, self._claims)

    async def renew(self) -> None:
        """Ask in advance and keep the token for the next connect."""
        self._cache.drop()
        self.renew_at = None
        await self._cache.get()
        self._renewed = True

    def refused(self) -> None:
        """The server does not take this one."""
        self._renewed = False
        self._cache.drop()

    async def close(self) -> None:
        """Stop asking."""
        await self._cache.close()

    async def _fetch(self) -> FetchedToken:
        try:
            async with asyncio.timeout(self._limit_s):
                token = await self._ask()
        except TimeoutError:
            raise TokenError("No valid token: its source does not answer.") from None
        claims = wire.read_claims(token, self._wall())
        left_s = claims.expires - self._wall()
        ahead_s = min(self._margin_s, left_s / 2)
        self.renew_at = self._monotonic() + max(left_s - ahead_s, _LEAST_LIFE_S)
        self._claims = claims
        return FetchedToken(Secret(token), max(left_s, _LEAST_LIFE_S))


def from_settings(settings: AgentHubSettings, session: aiohttp.ClientSession) -> Ask:
    """Return how the configured source is asked."""
    if settings.token_url:
        return lambda: _from_url(settings, session)
    return lambda: _in_thread(settings)


def from_program(get_token: GetToken) -> Ask:
    """Return how a program's function is asked; whatever it does ends in a token or TokenError."""

    async def ask() -> str:
        try:
            if inspect.iscoroutinefunction(get_token):
                given = await get_token()
            else:
                given = await _called_beside(get_token)
                if inspect.isawaitable(given):
                    given = await given
        except SoftphoneError:
            raise
        except Exception as problem:  # whatever the program's own function raises
            raise TokenError(
                f"No valid token: get_token raised {type(problem).__name__}."
            ) from None
        if isinstance(given, Secret):
            given = given.reveal()
        if not isinstance(given, str):
            raise TokenError(f"No valid token: get_token gave {type(given).__name__}, no text.")
        return given.strip()

    return ask


async def _called_beside(get_token: GetToken) -> object:
    """Call a plain function in a thread that ends with the program, for it may never return."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[object] = loop.create_future()

    def tell(what: Callable[[], None]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: None if done.done() else what())

    def work() -> None:
        try:
            given = get_token()
        except Exception as problem:
            failure = problem
            tell(lambda: done.set_exception(failure))
        else:
            tell(lambda: done.set_result(given))

    threading.Thread(target=work, name="get_token", daemon=True).start()
    return await done


async def _in_thread(settings: AgentHubSettings) -> str:
    try:
        secret = await asyncio.to_thread(_read, settings)
    except ConfigError as problem:
        raise TokenError(f"No valid token: {problem.message}") from None
    return secret.reveal().strip()


def _read(settings: AgentHubSettings) -> Secret:
    if settings.token_env:
        return from_environment(settings.token_env, "token_env")
    if settings.token_command:
        return from_command(settings.token_command, "token_command")
    place = Path(settings.token_file).expanduser()
    try:
        return Secret(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ConfigError(f"token_file {place}: {type(problem).__name__}.") from None


async def _from_url(settings: AgentHubSettings, session: aiohttp.ClientSession) -> str:
    headers = {
        name: os.environ.get(variable, "") for name, variable in settings.token_headers_env.items()
    }
    host = host_of(settings.token_url)
    try:
        answer = await fetch_json(
            session,
            settings.token_method,
            settings.token_url,
            headers=headers,
            limit_bytes=n.TOKEN_ANSWER_LIMIT,
            limit_s=settings.token_limit_s,
        )
    except RequestError as problem:
        raise TokenError(f"No valid token: {problem.message}") from None
    if not 200 <= answer.status < 300:
        raise TokenError(f"No valid token: {host} answered {answer.status}.")
    token = wire.answered_token(answer.data)
    if not token:
        raise TokenError(f"No valid token: the answer of {host} holds none.")
    return token.strip()
