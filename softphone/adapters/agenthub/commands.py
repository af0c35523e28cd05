"""Commands to the platform over its own HTTP interface, where that is switched on (10.8)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from softphone.adapters.request import Response, decode_json, host_of
from softphone.adapters.token import FetchedToken, TokenCache
from softphone.model import command as c
from softphone.model.error import ConfigError, Refused, RequestError, SoftphoneError, TokenError
from softphone.secret import Secret, from_command, from_environment

from .facts import Desk
from .settings import CommandSettings
from .wire import commands as api
from .wire_events import number, text

if TYPE_CHECKING:
    import aiohttp

_LIFE_S = 300.0
_PAUSE = ("pause", "paused")
_IDLE = ("idle", "available")

AgentCommand = (
    c.SetAgentStatus
    | c.PlaceAgentCall
    | c.HangUpAgentCall
    | c.DisposeCall
    | c.ListReasons
    | c.ListDispositions
)


class Commands:
    """The command API of one agent."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: CommandSettings,
        desk: Callable[[], Desk],
        monotonic: Callable[[], float],
    ) -> None:
        self._session = session
        self._settings = settings
        self._desk = desk
        self._base = settings.base_url.rstrip("/")
        self._token = TokenCache(self._sign_in, monotonic)

    async def run(self, command: AgentCommand) -> c.Value | None:
        """Do it; raises Refused with the platform's reason, RequestError without an answer."""
        match command:
            case c.SetAgentStatus(_, status, reason):
                await self._set_status(status.strip().lower(), reason.strip())
            case c.PlaceAgentCall(_, to, campaign):
                await self._dial(to, campaign)
            case c.HangUpAgentCall(_, call):
                await self._post(api.HANG_UP, {api.CALL: self._call(call)})
            case c.DisposeCall():
                await self._dispose(command)
            case c.ListReasons():
                query = {"agentId": self._agent()}
                found = api.reasons(await self._get(api.LIST_REASONS, query))
                self._desk().reasons = found or self._desk().reasons
                return _names(found)
            case c.ListDispositions(_, campaign):
                campaign = self._campaign(campaign)
                query = {"campaignId": campaign}
                listed = api.dispositions(await self._get(api.LIST_DISPOSITIONS, query))
                self._desk().dispositions[campaign] = listed
                return _names(listed)
        return None

    async def close(self) -> None:
        """Stop what is under way."""
        await self._token.close()

    # ---- what is asked -------------------------------------------------------------------------

    async def _set_status(self, status: str, reason: str) -> None:
        if status in _IDLE:
            await self._post(api.IDLE, {})
        elif status in _PAUSE:
            named = next(
                (r for r in self._desk().reasons if reason in (r.id, r.code, r.name)), None
            )
            if named is not None and named.id:
                await self._post(api.PAUSE, {api.REASON: _plain(named.id)})
            elif reason:
                await self._post(api.PAUSE_BY_CODE, {api.REASON_CODE: reason})
            else:
                raise Refused("A pause needs a reason; ask for the list of reasons.")
        else:
            raise Refused(f"An agent can be set to pause or idle, not to {status!r}.")

    async def _dial(self, to: str, campaign: str) -> None:
        digits = "".join(char for char in to if char.isascii() and char.isdigit())
        if not digits:
            raise Refused("That is no number to dial.", code="BAD_NUMBER")
        area = self._settings.area_code
        await self._post(api.MANUAL_STATE, {})
        fields: dict[str, Any] = {api.AREA: area, api.NUMBER: digits}
        fields[api.CAMPAIGN] = _plain(self._campaign(campaign))
        shown = f"+{digits}" if to.lstrip().startswith("+") else area + digits
        self._desk().dialled(shown)  # before the answer: the call's events overtake it
        try:
            await self._post(api.MANUAL_CALL, fields)
        except SoftphoneError:
            self._desk().dialled("")
            raise

    async def _dispose(self, command: c.DisposeCall) -> None:
        known = [one for listed in self._desk().dispositions.values() for one in listed]
        given = command.disposition.strip()
        if not given:
            raise Refused("A disposition is needed; ask for the list of them.")
        named = next((one for one in known if given in (one.id, one.code, one.name)), None)
        by_id = named is not None and bool(named.id)
        fields: dict[str, Any] = {api.CALL: self._call(command.native_id)}
        if named is not None and by_id:
            fields[api.DISPOSITION_ID] = _plain(named.id)
        else:
            fields[api.DISPOSITION_CODE] = given
        if command.call_back_at is None:
            await self._post(api.DISPOSITION if by_id else api.DISPOSITION_BY_CODE, fields)
            return
        try:
            at = datetime.fromtimestamp(command.call_back_at).astimezone()
        except (ValueError, OverflowError, OSError):
            raise Refused("That is no time to call back.") from None
        fields |= api.call_back_fields(at, command.number, agent_only=True)
        await self._post(api.CALL_BACK if by_id else api.CALL_BACK_BY_CODE, fields)

    def _agent(self) -> str:
        own = self._settings.agent_id or next(iter(sorted(self._desk().own_ids)), "")
        if not own:
            raise Refused("The agent's id is not known yet; go online first.", code="NOT_ONLINE")
        return own

    def _call(self, given: str) -> str:
        status = self._desk().status
        call = given or (status.native_call if status is not None else "")
        if not call:
            raise Refused("There is no call of the platform.", code="NO_CALL")
        return call

    def _campaign(self, given: str) -> str:
        status = self._desk().status
        current = status.campaign_id if status is not None else ""
        campaign = given or self._settings.campaign or current
        if not campaign:
            raise Refused("Which campaign? None is set, and the agent is in none.")
        return campaign

    # ---- requests ------------------------------------------------------------------------------

    async def _post(self, name: str, fields: Mapping[str, Any]) -> None:
        body = {api.AGENT: _plain(self._agent()), **fields}
        answer = await self._send("POST", api.command_path(name), body)
        why = api.refusal(answer.data)
        if why is not None:
            said = why.removesuffix(".")
            raise Refused(f"The platform refuses: {said}.", code="PLATFORM_REFUSED")

    async def _get(self, name: str, query: Mapping[str, str]) -> object:
        return (await self._send("GET", api.command_path(name, query))).data

    async def _send(self, method: str, path: str, body: object = None) -> Response:
        """Send a request; a refused token is got anew once."""
        from softphone.adapters.request import fetch_json

        for attempt in (1, 2):
            token = await self._token.get()
            answer = await fetch_json(
                self._session,
                method,
                self._base + path,
                headers={"Authorization": f"Bearer {token.reveal()}"},
                limit_bytes=api.ANSWER_LIMIT,
                limit_s=api.REQUEST_LIMIT_S,
                body=body,
            )
            if answer.status != 401 or attempt == 2:
                break
            self._token.drop()
        if not 200 <= answer.status < 300:
            why = api.refusal(answer.data)
            host = host_of(self._base)
            said = f": {why}" if why else ""
            raise RequestError(f"{host} answered {answer.status}{said}.", status=answer.status)
        return answer

    async def _sign_in(self) -> FetchedToken:
        """Sign in with name and password (OAuth2), as a form."""
        import aiohttp

        s = self._settings
        try:
            password = await asyncio.to_thread(_password, s)
        except ConfigError as problem:
            raise TokenError(problem.message) from None
        secret = os.environ.get(s.client_secret_env, "") if s.client_secret_env else ""
        form = api.token_form(s.username, password.reveal(), s.client_id, secret)
        host = host_of(self._base)
        try:
            async with (
                asyncio.timeout(api.REQUEST_LIMIT_S),
                self._session.post(
                    self._base + api.TOKEN_PATH, data=form, allow_redirects=False
                ) as answer,
            ):
                raw = await answer.content.read(api.ANSWER_LIMIT)
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError) as problem:
            raise TokenError(f"No sign-in at {host}: {type(problem).__name__}.") from None
        if status != 200:
            raise TokenError(f"{host} refuses the sign-in for commands ({status}).")
        data = decode_json(raw, host, status)
        token = text(data, "access_token", limit=8192) if isinstance(data, dict) else ""
        if not token:
            raise TokenError(f"The answer of {host} holds no token.")
        life = number(data.get("expires_in"))
        return FetchedToken(Secret(token), life if life is not None and life > 0 else _LIFE_S)


def _password(settings: CommandSettings) -> Secret:
    if settings.password:
        return Secret(settings.password)
    if settings.password_env:
        return from_environment(settings.password_env, "password_env")
    return from_command(settings.password_command, "password_command")


def _plain(ident: str) -> int | str:
    """Return an id as the number it is, where it is one."""
    return int(ident) if ident.isascii() and ident.isdigit() and len(ident) < 16 else ident


def _names(found: tuple[api.Named, ...]) -> c.CodedNames:
    return c.CodedNames(
        tuple(c.CodedName(one.code or one.id, one.name or one.code, one.kind) for one in found)
    )
