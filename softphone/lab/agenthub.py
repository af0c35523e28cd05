"""The lab's AgentHub: puts sockets, tokens, presence, events and commands together."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from softphone.adapters.agenthub import wire
from softphone.adapters.agenthub.wire import names as n
from softphone.model.error import Refused

from . import agenthub_faults
from .agenthub_commands import CommandApi
from .agenthub_events import EventDesk
from .agenthub_people import AGENTS, Agent, agent_named
from .agenthub_presence import Presence, Refs
from .agenthub_shift import Shifts
from .agenthub_socket import PhoenixSocket, SocketDesk
from .agenthub_tokens import AgentTokens
from .faults import EVERYBODY
from .hub import Hub, RingRequest
from .sounds import Patch
from .world import Caller

_EMIT_LIMIT = 200_000
_CROWD_LIMIT = 20_000
_TICK_S = 0.02
_Options = dict[str, Any]


class AgentHubService:
    """AgentHub as a service of the lab."""

    name = "agenthub"

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._profile = wire.Profile()
        self._tokens = AgentTokens(hub, self._profile)
        self._desk = SocketDesk(hub, self._tokens, self._profile)
        self._desk.may_join = self._may_join
        self._desk.join_answer = self._join_answer
        self._desk.joined = self._joined
        self._desk.left = self._left
        self._events = EventDesk(hub, self._desk, self._profile)
        self.shifts = Shifts(hub, self._events)
        self._commands = CommandApi(hub, self.shifts)
        self._refs = Refs()
        self._lists: dict[str, Presence] = {}
        self._acts: dict[str, Callable[[str, _Options], dict[str, Any]]] = {
            "pop": self._pop,
            "emit": self._emit,
            "status": self._status,
            "supervisor": self._supervisor,
            "dialog": self._dialog,
            "kick": lambda who, _: self._end_channels(who, n.EVENT_CLOSE),
            "crash": lambda who, _: self._end_channels(who, n.EVENT_ERROR),
            "kick-online": lambda who, _: self._end_channels(who, n.EVENT_CLOSE, online=True),
            "revoke": self._revoke,
            "crowd": self._crowd,
            "churn": self._churn,
            "renew": self._renew,
            "expire-commands": self._expire_commands,
        }

    # ---- what the lab asks for -----------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """Return HTTP and WebSocket routes."""
        socket = web.route("*", self._desk.path, self._desk.handle)
        return [socket, *self._tokens.routes(), *self._commands.routes()]

    def ready(self) -> dict[str, Any]:
        """Return where it is and how to sign in."""
        base = self._hub.base_url
        return {
            "base_url": base,
            "socket": base.replace("http", "ws", 1) + self._profile.socket_path,
            "commands_url": base,
            "users": [
                {
                    "username": agent.username,
                    "tenant": agent.tenant,
                    "roles": list(agent.roles),
                    "token_url": self._tokens.url(agent),
                    "password": self._commands.password(agent),
                }
                for agent in AGENTS
            ],
        }

    def account(self) -> dict[str, Any]:
        """Return the account of the first agent, who is an admin."""
        base, first = self._hub.base_url, AGENTS[0]
        commands = {
            "enabled": True,
            "base_url": base,
            "username": first.username,
            "password": self._commands.password(first),
        }
        return {"base_url": base, "token_url": self._tokens.url(first), "commands": commands}

    def state(self) -> dict[str, Any]:
        """Return who is there."""
        return {
            "operators": [
                {
                    "ref": f"{agent.username}@{agent.tenant}",
                    "name": agent.name,
                    "online": bool(self._events.sockets_of(agent)),
                    "status": wire.status.read_status(self.shifts.days[agent].status).title,
                    "disposed": self.shifts.days[agent].disposed[-20:],
                }
                for agent in AGENTS
            ],
            "sockets": [
                {"id": one.id, "user": one.claims.username, "topics": sorted(one.channels)}
                for one in self._desk.sockets
            ],
            "online": {tenant: known.count() for tenant, known in self._lists.items()},
            "events_sent": self._events.sent,
            "calls": [],
        }

    def ring(self, request: RingRequest) -> list[str] | None:
        """Return None: no number is AgentHub's."""
        return None

    def reach(self, number: str, caller: Caller, patch: Patch) -> bool:
        """Return False: AgentHub rings nobody."""
        return False

    def hang_up(self, call: str, code: int | None) -> bool:
        """Return False: its calls are those of other platforms."""
        return False

    def heard(self, call: str) -> bytes | None:
        """Return None: AgentHub carries no audio."""
        return None

    def drop(self, user: str | None, code: int) -> int:
        """Close sockets with a code; 1012 is a restart, 1001 a kick, 1006 cuts."""
        found = list(self._sockets(user))
        for socket in found:
            if code == 1006:
                socket.socket.cut()
            else:
                socket.socket.close(code)
        return len(found)

    def fault_now(self, name: str, user: str, args: dict[str, Any]) -> int:
        """Do a fault that happens at once; return to how many sockets."""
        try:
            found = list(self._sockets(None if user == EVERYBODY else user))
        except Refused:
            return 0  # a user of another platform
        for socket in found:
            topic = wire.topic(self._profile.agent_topic, socket.claims)
            for item in agenthub_faults.items(socket, topic, name, args):
                socket.socket.put(item)
        return len(found)

    def act(self, verb: str, user: str, options: dict[str, Any]) -> dict[str, Any]:
        """Make something happen to an agent."""
        known = self._acts.get(verb)
        if known is None:
            raise Refused(f"AgentHub has no action {verb!r}: {', '.join(self._acts)}.")
        return known(user, options)

    def token(self, user: str, options: dict[str, Any]) -> dict[str, Any]:
        """Return a token for a script."""
        return self._tokens.for_control(user, options)

    def somebody(self) -> str | None:
        """Return None: agents are not rung here."""
        return None

    def attended(self) -> bool:
        """Return False: agents are rung on other platforms."""
        return False

    def idle_since(self) -> float | None:
        """Return None: agents are rung on other platforms."""
        return None

    async def close(self) -> None:
        """Say good bye on every socket (1012: restart)."""
        self.drop(None, n.CLOSE_RESTART)

    # ---- channels (section 8) ------------------------------------------------------------------

    def _may_join(self, socket: PhoenixSocket, topic: str) -> str:
        """Return why not: one's own agent topic, and the tenant's list for admins."""
        agent_topic = wire.topic(self._profile.agent_topic, socket.claims)
        online_topic = wire.topic(self._profile.online_topic, socket.claims)
        if topic == agent_topic:
            denied = self._hub.faults.on("deny_agent", socket.claims.username)
            return n.REASON_UNAUTHORIZED if denied else ""
        if topic == online_topic:
            return "" if self._is_admin(socket) else n.REASON_UNAUTHORIZED
        prefixes = [
            template.partition("{")[0]
            for template in (self._profile.agent_topic, self._profile.online_topic)
        ]
        known = any(topic.startswith(prefix) for prefix in prefixes)
        return n.REASON_UNAUTHORIZED if known else n.REASON_UNMATCHED

    def _is_admin(self, socket: PhoenixSocket) -> bool:
        claims = socket.claims
        revoked = f"{claims.tenant}/{claims.agent}" in self._tokens.revoked
        return self._profile.admin_role in claims.roles and not revoked

    def _join_answer(self, socket: PhoenixSocket, topic: str) -> dict[str, Any]:
        if topic == wire.topic(self._profile.agent_topic, socket.claims):
            return socket.claims.agent_info()
        return {}

    def _joined(self, socket: PhoenixSocket, topic: str) -> None:
        claims = socket.claims
        known = self._list_of(claims.tenant)
        if topic == wire.topic(self._profile.agent_topic, claims):
            socket.presence_ref = known.join(claims.agent, claims.username, socket.address)
            agent = self._agent_of(socket)
            if agent is not None:
                self.shifts.arrived(agent)
        elif not self._hub.faults.on("no_presence_state", claims.username):
            state = known.state()
            early = self._hub.faults.on("early_diff", claims.username)
            if early:  # a diff that came before its state
                last = next(reversed(state), "")
                left = {last: state[last]} if last else {}
                socket.push(topic, self._profile.presence_diff_event, {n.JOINS: left, n.LEAVES: {}})
            socket.push(topic, self._profile.presence_state_event, state)
            if self._hub.faults.on("state_twice", claims.username):
                socket.push(topic, self._profile.presence_state_event, state)

    def _left(self, socket: PhoenixSocket, topic: str) -> None:
        claims = socket.claims
        if topic != wire.topic(self._profile.agent_topic, claims):
            return
        self._list_of(claims.tenant).leave(claims.agent, socket.presence_ref)
        agent = self._agent_of(socket)
        if agent is not None:
            self.shifts.gone(agent)

    def _list_of(self, tenant: str) -> Presence:
        if tenant not in self._lists:
            online = self._profile.online_topic.replace("{tid}", tenant)

            def tell(_what: str, payload: dict[str, Any]) -> None:
                for socket in self._desk.on(online):
                    socket.broadcast(online, self._profile.presence_diff_event, payload)

            self._lists[tenant] = Presence(self._refs, tell)
        return self._lists[tenant]

    # ---- actions -------------------------------------------------------------------------------

    def _pop(self, user: str, options: _Options) -> dict[str, Any]:
        number = str(options.get("number") or "+390245871203")
        changed = options.get("data")
        changed = json.loads(changed) if isinstance(changed, str) and changed else changed
        if not isinstance(changed, dict | None):
            raise Refused("data must be a JSON object.")
        name = str(options.get("name") or "")
        return {"call": self.shifts.pop(agent_named(user), number, name, changed)}

    def _emit(self, user: str, options: _Options) -> dict[str, Any]:
        """Emit any type with any data to one agent, or to a whole tenant ("*@acme")."""
        agents = (
            [agent for agent in AGENTS if user.partition("@")[2] in ("", agent.tenant)]
            if user.startswith("*")
            else [agent_named(user)]
        )
        kind, data = options.get("type", ""), options.get("data")
        if isinstance(data, str):
            try:
                data = json.loads(data) if data else {}
            except ValueError:
                raise Refused("data must be JSON.") from None
        envelope = options.get("envelope")
        count, rate = _number(options, "count", 1, _EMIT_LIMIT), _number(options, "rate", 0, 50_000)

        def once(place: int) -> None:
            for agent in agents:
                made = self._events.make(agent, str(kind), None)
                made |= (
                    {n.FIELD_DATA: {**data, "place": place} if count > 1 else data}
                    if isinstance(data, dict)
                    else {n.FIELD_DATA: data}
                )
                made |= envelope if isinstance(envelope, dict) else {}
                drop = [key for key, value in made.items() if value == "__drop__"]
                for key in drop:
                    del made[key]
                self._events.send(agent, made)

        if rate:
            self._hub.spawn(_at_rate(once, int(count), float(rate)))
        else:
            for place in range(int(count)):
                once(place)
        return {"events": int(count) * len(agents)}

    def _status(self, user: str, options: _Options) -> dict[str, Any]:
        reason = options.get("reason")
        status = int(_number(options, "status", 1, 9999))
        self.shifts.become(agent_named(user), status, reason if isinstance(reason, int) else None)
        return {}

    def _supervisor(self, user: str, options: _Options) -> dict[str, Any]:
        self.shifts.supervisor(agent_named(user), str(options.get("text") or "Well done."))
        return {}

    def _dialog(self, user: str, _: _Options) -> dict[str, Any]:
        return {"dialog": self.shifts.dialog(agent_named(user))}

    def _end_channels(self, user: str, event: str, *, online: bool = False) -> dict[str, Any]:
        template = self._profile.online_topic if online else self._profile.agent_topic
        found = list(self._sockets(user))
        for socket in found:
            self._desk.end_channel(socket, wire.topic(template, socket.claims), event)
        return {"channels": len(found)}

    def _revoke(self, user: str, options: _Options) -> dict[str, Any]:
        """Take the role of an admin away, or give it back."""
        agent = agent_named(user)
        key = f"{agent.tenant}/{agent.id}"
        if options.get("back"):
            self._tokens.revoked.discard(key)
            return {"revoked": False}
        self._tokens.revoked.add(key)
        self._end_channels(user, n.EVENT_CLOSE, online=True)
        return {"revoked": True}

    def _crowd(self, tenant: str, options: _Options) -> dict[str, Any]:
        """Put many users into a tenant's list."""
        known = self._list_of(tenant)
        count = int(_number(options, "count", 100, _CROWD_LIMIT))
        for place in range(count):
            known.join(f"crowd-{place}", f"user{place}", f"10.0.{place // 250 % 250}.{place % 250}")
        return {"users": known.count()}

    def _churn(self, tenant: str, options: _Options) -> dict[str, Any]:
        """Let users of a crowd come and go, so many changes a second."""
        known = self._list_of(tenant)
        rate, count = (
            _number(options, "rate", 200, 5_000),
            int(_number(options, "count", 200, 100_000)),
        )

        def once(place: int) -> None:
            crowd = [user for user in (f"crowd-{place // 2 % 5000}",) if user in known.known]
            if place % 2 == 0 and crowd:
                for meta in list(known.known[crowd[0]]):
                    known.leave(crowd[0], meta[n.PHX_REF])
            else:
                user = f"crowd-{place // 2 % 5000}"
                known.join(user, f"user{user}", "10.0.0.1")

        self._hub.spawn(_at_rate(once, count, float(rate)))
        return {"changes": count}

    def _renew(self, user: str, _: _Options) -> dict[str, Any]:
        """Give every connection of a user a new reference."""
        found = [socket for socket in self._sockets(user) if socket.presence_ref]
        for socket in found:
            known = self._list_of(socket.claims.tenant)
            socket.presence_ref = known.renew(socket.claims.agent, socket.presence_ref)
        return {"renewed": len(found)}

    def _expire_commands(self, _user: str, _: _Options) -> dict[str, Any]:
        self._commands.expire()
        return {}

    # ---- private -------------------------------------------------------------------------------

    def _sockets(self, user: str | None) -> list[PhoenixSocket]:
        if not user:
            return list(self._desk.sockets)
        agent = agent_named(user)
        whose = (agent.tenant, agent.id)
        return [socket for socket in self._desk.sockets if socket.claims.person == whose]

    def _agent_of(self, socket: PhoenixSocket) -> Agent | None:
        return next((a for a in AGENTS if (a.tenant, a.id) == socket.claims.person), None)


async def _at_rate(once: Callable[[int], None], count: int, rate: float) -> None:
    """Do something so many times, evenly in time, in bundles of 20 ms."""
    now = asyncio.get_running_loop().time
    began, done = now(), 0
    while done < count:
        due = min(count, int((now() - began) * rate) + 1)
        for place in range(done, due):
            once(place)
        done = due
        await asyncio.sleep(_TICK_S)


def _number(options: _Options, key: str, default: float, most: float) -> float:
    value = options.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise Refused(f"{key} must be a number up to {most:g}.")
    return value
