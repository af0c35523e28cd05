"""The lab's AgentHub: puts sockets, tokens, presence, events and commands together."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from softphone.adapters.agenthub import wire
from softphone.adapters.agenthub.wire import names as n
from softphone.model.error import Refused

from . import agenthub_faults
from .agenthub_actions import Actions
from .agenthub_commands import CommandApi
from .agenthub_events import EventDesk
from .agenthub_people import AGENTS, Agent
from .agenthub_presence import TenantLists
from .agenthub_shift import Shifts
from .agenthub_socket import PhoenixSocket, SocketDesk
from .agenthub_tokens import AgentTokens
from .faults import EVERYBODY
from .hub import Hub, RingRequest
from .sounds import Patch
from .world import Caller


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
        self._lists = TenantLists(self._tell_list)
        self._actions = Actions(
            hub, self._tokens, self._desk, self._events, self.shifts, self._lists, self._profile
        )

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
            "online": {tenant: known.count() for tenant, known in self._lists.known.items()},
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
        found = list(self._desk.of_user(user))
        for socket in found:
            if code == 1006:
                socket.socket.cut()
            else:
                socket.socket.close(code)
        return len(found)

    def fault_now(self, name: str, user: str, args: dict[str, Any]) -> int:
        """Do a fault that happens at once; return to how many sockets."""
        try:
            found = list(self._desk.of_user(None if user == EVERYBODY else user))
        except Refused:
            return 0  # a user of another platform
        for socket in found:
            topic = wire.topic(self._profile.agent_topic, socket.claims)
            for item in agenthub_faults.items(socket, topic, name, args):
                socket.socket.put(item)
        return len(found)

    def act(self, verb: str, user: str, options: dict[str, Any]) -> dict[str, Any]:
        """Make something happen to an agent."""
        if verb == "expire-commands":
            self._commands.expire()
            return {}
        return self._actions.act(verb, user, options)

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
        known = self._lists.of(claims.tenant)
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
        self._lists.of(claims.tenant).leave(claims.agent, socket.presence_ref)
        agent = self._agent_of(socket)
        if agent is not None:
            self.shifts.gone(agent)

    def _tell_list(self, tenant: str, payload: dict[str, Any]) -> None:
        """Let everybody who watches a tenant's list know of a change."""
        online = self._profile.online_topic.replace("{tid}", tenant)
        for socket in self._desk.on(online):
            socket.broadcast(online, self._profile.presence_diff_event, payload)

    # ---- private -------------------------------------------------------------------------------

    def _agent_of(self, socket: PhoenixSocket) -> Agent | None:
        return next((a for a in AGENTS if (a.tenant, a.id) == socket.claims.person), None)
