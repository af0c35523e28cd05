"""The command API beside the lab's AgentHub (reference, 10.8)."""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from aiohttp import web

from softphone.adapters.agenthub.wire import commands as api
from softphone.model.error import Refused

from .agenthub_people import AGENTS, DISPOSITIONS, PAUSES, Agent
from .agenthub_shift import Shifts
from .hub import Hub

_LIFE_S = 600


class CommandApi:
    """Signs agents in by name and password, and does what they ask."""

    def __init__(self, hub: Hub, shifts: Shifts) -> None:
        self._hub = hub
        self._shifts = shifts
        self._sessions: dict[str, Agent] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return its routes."""
        return [
            web.post(api.TOKEN_PATH, self._sign_in),
            web.get(api.COMMAND_PATH + "{name}", self._list),
            web.post(api.COMMAND_PATH + "{name}", self._command),
        ]

    def password(self, agent: Agent) -> str:
        """Return an agent's password."""
        return self._hub.keys.key(f"agenthub password {agent.tenant}/{agent.id}")[:16]

    def expire(self) -> None:
        """Forget all sessions."""
        self._sessions.clear()

    async def _sign_in(self, request: web.Request) -> web.Response:
        form = await request.post()
        name, password = str(form.get("username", "")), str(form.get("password", ""))
        agent = next((agent for agent in AGENTS if agent.username == name), None)
        good = agent is not None and hmac.compare_digest(
            self.password(agent).encode(), password.encode()
        )
        if agent is None or not good or form.get("grant_type") != "password":
            return web.json_response({"error": "invalid_grant"}, status=400)
        token = secrets.token_urlsafe(24)
        self._sessions[token] = agent
        answer = {"access_token": token, "token_type": "bearer", "expires_in": _LIFE_S}
        return web.json_response(answer)

    async def _list(self, request: web.Request) -> web.Response:
        if self._agent(request) is None:
            return web.json_response({"Message": "Unauthorized"}, status=401)
        listed = {api.LIST_REASONS: list(PAUSES), api.LIST_DISPOSITIONS: list(DISPOSITIONS)}
        found = listed.get(request.match_info["name"])
        if found is None:
            return web.json_response({"Message": "No such list."}, status=404)
        return web.json_response(found)

    async def _command(self, request: web.Request) -> web.Response:
        agent = self._agent(request)
        if agent is None:
            return web.json_response({"Message": "Unauthorized"}, status=401)
        name = request.match_info["name"]
        if name not in api.COMMANDS:
            return web.json_response({"Message": "No such command."}, status=404)
        try:
            body = await request.json()
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            return web.json_response({"Message": "The body must be a JSON object."}, status=400)
        self._hub.note(f"{agent.username}: {name}")
        try:
            self._mine(agent, body)
            self._shifts.command(agent, name, body)
        except Refused as problem:
            answer = {api.STATE: api.STATE_ERROR, api.MESSAGE: problem.message}
            return web.json_response(answer)
        return web.json_response({api.STATE: api.STATE_OK})

    def _mine(self, agent: Agent, body: dict[str, Any]) -> None:
        if str(body.get(api.AGENT, "")) not in (agent.id, agent.uuid):
            raise Refused("That is another agent.")

    def _agent(self, request: web.Request) -> Agent | None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self._sessions.get(given)
