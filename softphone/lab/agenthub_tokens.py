"""Tokens of the lab's AgentHub: RS256 with a key pair of this lab alone (reference, section 9)."""

from __future__ import annotations

import asyncio
import hmac
import time
from typing import Any

import jwt
from aiohttp import web

from softphone.adapters.agenthub import wire
from softphone.adapters.agenthub.wire import Claims
from softphone.adapters.agenthub.wire import names as n
from softphone.model.error import Refused, TokenError

from .agenthub_people import AGENTS, Agent, agent_named
from .hub import Hub

TOKEN_ROUTE = "/agenthub/token/{key}"
_BITS = 2048
_LEEWAY_S = 5.0
_LIFE_LIMIT_S = 31_536_000.0
_NEEDED = [n.CLAIM_EXPIRES, n.CLAIM_ISSUED, n.CLAIM_ISSUER, n.CLAIM_AGENT, n.CLAIM_TENANT]


class AgentTokens:
    """Mints and checks tokens."""

    def __init__(self, hub: Hub, profile: wire.Profile) -> None:
        self._hub = hub
        self._profile = profile
        self._private: Any = None
        self.revoked: set[str] = set()
        """Agents whose roles of an admin were taken, as "tenant/id"."""

    def routes(self) -> list[web.RouteDef]:
        """Return where a token is fetched."""
        return [web.route("*", TOKEN_ROUTE, self._fetched)]

    def url(self, agent: Agent) -> str:
        """Return the address that gives an agent's tokens; it is a secret."""
        return self._hub.base_url + TOKEN_ROUTE.format(key=self._key(agent))

    def mint(
        self,
        agent: Agent,
        life_s: float,
        *,
        roles: tuple[str, ...] | None = None,
        tenant: str = "",
        sub: str = "",
        changed: dict[str, Any] | None = None,
    ) -> str:
        """Return a signed token, with claims of one's own where given."""
        now = time.time()
        claims: dict[str, Any] = {
            n.CLAIM_AGENT: sub or agent.id,
            n.CLAIM_TENANT: tenant or agent.tenant,
            n.CLAIM_ISSUER: self._profile.issuer,
            n.CLAIM_ISSUED: int(now),
            n.CLAIM_EXPIRES: now + life_s,
            n.CLAIM_USERNAME: agent.username,
            n.CLAIM_ROLES: list(self._roles(agent) if roles is None else roles),
        }
        return jwt.encode(claims | (changed or {}), self._key_pair(), algorithm=n.ALGORITHM)

    def check(self, token: str | None) -> Claims | None:
        """Return the claims of a good token; None for every other one, whatever is wrong."""
        if not token:
            return None
        try:
            jwt.decode(
                token,
                self._key_pair().public_key(),
                algorithms=[n.ALGORITHM],  # never what the header says
                issuer=self._profile.issuer,
                leeway=_LEEWAY_S,
                # The sample's `sub` is a text; numbers are taken too.
                options={"require": _NEEDED, "verify_sub": False, "verify_iat": False},
            )
            return wire.read_claims(token, time.time())
        except (jwt.PyJWTError, TokenError, ValueError):
            return None

    def for_control(self, user: str, options: dict[str, Any]) -> dict[str, Any]:
        """Return a token for a script; options ttl_s, roles, tid, sub."""
        life_s = options.get("ttl_s", self._hub.settings.token_life_s)
        if not isinstance(life_s, int | float) or not -86_400 <= life_s <= _LIFE_LIMIT_S:
            raise Refused("ttl_s must be a number of seconds.")
        roles, tid, sub = (options.get(key) for key in ("roles", "tid", "sub"))
        if not isinstance(roles, list | None) or not all(isinstance(r, str) for r in roles or []):
            raise Refused("roles must be a list of texts.")
        if not isinstance(tid, str | None) or not isinstance(sub, str | None):
            raise Refused("tid and sub must be texts.")
        token = self.mint(
            agent_named(user),
            float(life_s),
            roles=None if roles is None else tuple(roles),
            tenant=tid or "",
            sub=sub or "",
        )
        return {"token": token, "lifetime_s": life_s}

    def public_key(self) -> bytes:
        """Return the public key as PEM text."""
        from cryptography.hazmat.primitives import serialization as s

        return bytes(
            self._key_pair()
            .public_key()
            .public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
        )

    async def prepare(self) -> None:
        """Make the key pair beside, for it takes a moment."""
        if self._private is None:
            await asyncio.to_thread(self._key_pair)

    async def _fetched(self, request: web.Request) -> web.Response:
        given = request.match_info["key"].encode()
        agent = next((a for a in AGENTS if hmac.compare_digest(self._key(a).encode(), given)), None)
        if agent is None:
            return web.json_response({"code": "UNAUTHORIZED"}, status=401)
        faults = self._hub.faults
        late = faults.get("slow_token", agent.username)
        if late is not None:
            await asyncio.sleep(late["seconds"])
        for name, status in (("token_500", 500), ("token_401", 401)):
            if faults.get(name, agent.username) is not None:
                return web.json_response({"code": name.upper()}, status=status)
        await self.prepare()
        short = faults.get("token_life", agent.username)
        life_s = short["seconds"] if short is not None else self._hub.settings.token_life_s
        return web.json_response({"token": self.mint(agent, life_s)})

    def _roles(self, agent: Agent) -> tuple[str, ...]:
        taken = f"{agent.tenant}/{agent.id}" in self.revoked
        return tuple(r for r in agent.roles if not (taken and r == self._profile.admin_role))

    def _key(self, agent: Agent) -> str:
        return self._hub.keys.key(f"agenthub {agent.tenant}/{agent.id}")

    def _key_pair(self) -> Any:
        if self._private is None:
            # Heavy, and only needed when somebody signs in.
            from cryptography.hazmat.primitives.asymmetric import rsa

            self._private = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
        return self._private
