"""Events of the lab's AgentHub: made, numbered, sent to an agent or to a tenant (10.1)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from softphone.adapters.agenthub import wire
from softphone.adapters.agenthub.wire import names as n

from .agenthub_people import CAMPAIGNS, Agent
from .agenthub_socket import PhoenixSocket, SocketDesk
from .hub import Hub

_SKEW_MS = 45 * 86_400_000  # the sample's two clocks are 45 days apart


class EventDesk:
    """Sends events on the agents' topics."""

    def __init__(self, hub: Hub, desk: SocketDesk, profile: wire.Profile) -> None:
        self._hub = hub
        self._desk = desk
        self._profile = profile
        self._last = (0, 0)
        self.sent = 0

    def next_id(self) -> str:
        """Return an id larger than every one before."""
        now = int(time.time() * 1000)
        before, count = self._last
        self._last = (before, count + 1) if now <= before else (now, 0)
        return f"{self._last[0]}-{self._last[1]}"

    def make(
        self,
        agent: Agent,
        kind: str,
        data: Mapping[str, Any] | None,
        *,
        channel_type: str = "Voice",
        channel: str = "",
        campaign: int = CAMPAIGNS[0].id,
    ) -> dict[str, Any]:
        """Return the envelope of an event."""
        made: dict[str, Any] = {
            n.FIELD_ID: self.next_id(),
            n.FIELD_TYPE: kind,
            n.FIELD_AGENT: agent.uuid,
            n.FIELD_CAMPAIGN: campaign,
            n.FIELD_CHANNEL_TYPE: channel_type,
            n.FIELD_TIMESTAMP: int(time.time() * 1000) - _SKEW_MS,
        }
        if channel:
            made[n.FIELD_CHANNEL] = channel
        if data is not None:
            made[n.FIELD_DATA] = dict(data)
        return made

    def emit(self, agent: Agent, kind: str, data: Mapping[str, Any] | None, **more: Any) -> int:
        """Send an event to all connections of an agent; return to how many."""
        return self.send(agent, self.make(agent, kind, data, **more))

    def send(self, agent: Agent, envelope: Mapping[str, Any]) -> int:
        """Send an envelope as it is."""
        sockets = self.sockets_of(agent)
        for socket in sockets:
            topic = wire.topic(self._profile.agent_topic, socket.claims)
            twice = self._hub.faults.on("duplicate", agent.username)
            for _ in range(2 if twice else 1):
                self._push(socket, topic, envelope)
        return len(sockets)

    def sockets_of(self, agent: Agent) -> list[PhoenixSocket]:
        """Return the connections of an agent whose topic is joined."""
        return [
            socket
            for socket in self._desk.sockets
            if socket.claims.person == (agent.tenant, agent.id)
            and wire.topic(self._profile.agent_topic, socket.claims) in socket.channels
        ]

    def _push(self, socket: PhoenixSocket, topic: str, envelope: Mapping[str, Any]) -> None:
        self.sent += 1
        named = self._hub.faults.on("named_events", socket.claims.username)
        if not named:
            socket.push(topic, n.CHANNEL_EVENT, envelope)
            return
        socket.push(topic, str(envelope.get(n.FIELD_TYPE, n.CHANNEL_EVENT)), envelope)
