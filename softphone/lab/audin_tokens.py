"""Audin over HTTP in the lab: session tokens and the list of numbers (reference, 4 and 5)."""

from __future__ import annotations

import asyncio
import hmac
import math
import time
from typing import Any

import jwt
from aiohttp import web

from softphone.adapters.audin import wire
from softphone.model.error import Refused

from .hub import Hub
from .world import NUMBERS, OPERATORS

_ALGORITHM = "HS256"


class AudinTokens:
    """Makes and checks tokens; serves the three HTTP endpoints."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._signing_key = hub.keys.key("audin token")
        self.api_key = hub.keys.key("audin api key")
        self._names = hub.settings.names
        # The integrator's own backend; the secret in the path keeps other users of the machine out.
        self._backend_path = f"/lab/token/{hub.keys.key('audin backend')[:24]}"

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post(self._names.token_path, self._by_api_key),
            web.post(self._backend_path + "/{ref}", self._by_backend),
            web.get(self._names.phone_numbers_path, self._numbers),
        ]

    def token_url(self, ref: str) -> str:
        """Return where an operator of the lab gets tokens."""
        return f"{self._hub.base_url}{self._backend_path}/{ref}"

    def make(self, owner: wire.TokenRequest, life_s: float) -> wire.TokenAnswer:
        """Return a signed token."""
        now = math.floor(time.time())
        expires = now + math.ceil(life_s)
        claims = wire.token_claims(owner, now, expires)
        return wire.TokenAnswer(jwt.encode(claims, self._signing_key, _ALGORITHM), float(expires))

    def check(self, token: str) -> wire.TokenRequest | None:
        """Return whose token it is, None when it is not valid (any more)."""
        try:
            return wire.read_claims(
                jwt.decode(token, self._signing_key, [_ALGORITHM], audience=wire.AUDIENCE)
            )
        except (jwt.InvalidTokenError, wire.BadMessage):
            return None

    async def _by_api_key(self, request: web.Request) -> web.Response:
        given = request.headers.get(wire.API_KEY_HEADER, "")
        if not hmac.compare_digest(given.encode(), self.api_key.encode()):
            return _problem(401, "UNAUTHORIZED", "Wrong or missing API key.")
        try:
            wanted = wire.read_token_request(await request.json())
        except (ValueError, RecursionError):
            return _problem(400, "BAD_REQUEST", "The body must be JSON.")
        except wire.BadMessage as problem:
            return _problem(400, "BAD_REQUEST", problem.message)
        unknown = set(wanted.phone_number_ids) - {number.id for number in NUMBERS}
        if unknown:
            return _problem(400, "BAD_REQUEST", "phoneNumberIds holds unknown ids.")
        return await self._answer(wanted)

    async def _by_backend(self, request: web.Request) -> web.Response:
        if wire.API_KEY_HEADER in request.headers:
            return await self._by_api_key(request)  # a backend's own request, sent here by mistake
        ref = request.match_info["ref"]
        operator = next((one for one in OPERATORS if one.ref == ref), None)
        if operator is None:
            return _problem(404, "NOT_FOUND", "There is no such operator.")
        every = tuple(number.id for number in NUMBERS)
        return await self._answer(wire.TokenRequest(ref, operator.name, every))

    async def _answer(self, wanted: wire.TokenRequest) -> web.Response:
        faults, ref = self._hub.faults, wanted.operator_ref
        slow = faults.get("slow_token", ref)
        if slow is not None:
            await asyncio.sleep(slow["seconds"])
        if faults.on("token_401", ref):
            return _problem(401, "UNAUTHORIZED", "Fault token_401.")
        if faults.on("token_500", ref):
            return _problem(500, "INTERNAL", "Fault token_500.")
        life = faults.get("token_life", ref)
        life_s = life["seconds"] if life else self._hub.settings.token_life_s
        made = self.make(wanted, life_s)
        self._hub.note(f"token for {ref}, {life_s:g} s")
        return web.json_response(wire.token_body(made))

    async def _numbers(self, request: web.Request) -> web.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        owner = self.check(token) if scheme.lower() == "bearer" else None
        if owner is None or self._hub.faults.on("numbers_401", owner.operator_ref):
            return _problem(401, "UNAUTHORIZED", "The session token is not valid.")
        listed: list[Any] = wire.phone_numbers_body(NUMBERS)
        if self._hub.faults.on("numbers_bad", owner.operator_ref):
            unusable = wire.phone_numbers_body((wire.PhoneNumber("pn_x", "112"),))
            listed += [7, None, {"id": 7}, *unusable]
        return web.json_response(listed)

    def for_control(self, ref: str, life_s: float) -> dict[str, Any]:
        """Return a token for a script; Refused for an operator nobody knows."""
        operator = next((one for one in OPERATORS if one.ref == ref), None)
        if operator is None:
            raise Refused(f"No operator {ref!r}; one of {', '.join(o.ref for o in OPERATORS)}.")
        ids = tuple(number.id for number in NUMBERS)
        return wire.token_body(self.make(wire.TokenRequest(ref, operator.name, ids), life_s))


def _problem(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message}, status=status)
