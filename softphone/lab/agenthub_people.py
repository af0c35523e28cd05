"""Who works at the lab's AgentHub: tenants, agents, admins, what they may say of a call."""

from __future__ import annotations

from dataclasses import dataclass

from softphone.model.error import Refused


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who may sign in; `id` is the token's, `uuid` the one in events (they differ)."""

    id: str
    uuid: str
    tenant: str
    username: str
    name: str
    roles: tuple[str, ...] = ("agent",)


@dataclass(frozen=True, slots=True)
class Campaign:
    """What agents work for."""

    id: int
    name: str
    code: str


AGENTS = (
    Agent(
        "7", "0b7f1c52-5a0e-4c4f-9f0e-6b0f5d7a9c07", "acme", "boss", "Rosa Lima", ("agent", "admin")
    ),
    Agent("52", "9300f2b4-70f2-4a21-bcb5-e5d46e602c30", "acme", "adams", "John Adams"),
    Agent("53", "5c1d8a6e-2f3b-4f0d-8a53-1b9c7e0d2a53", "acme", "clark", "Ana Clark"),
    Agent(
        "9",
        "c2a7b0f1-7d6e-4b1a-9c09-3e8f1d5b6a09",
        "globex",
        "rex",
        "Rex Braga",
        ("agent", "admin"),
    ),
    Agent("61", "d4e9f3a2-1c5b-4e7d-8f61-7a2b9c0e4d61", "globex", "zoe", "Zoe Prado"),
)
CAMPAIGNS = (Campaign(22, "Renewals", "REN"), Campaign(23, "Support", "SUP"))
PAUSES = (
    {"id": 1, "name": "Lunch", "type": 2, "code": "LUN"},
    {"id": 2, "name": "Training", "type": 1, "code": "TRA"},
    {"id": 3, "name": "Pausa café", "type": 2, "code": "CAF"},
)
DISPOSITIONS = (
    {
        "id": 101,
        "name": "Sale",
        "type": {"typeId": 1, "description": "Success"},
        "code": "SALE",
        "hasActionPlan": 0,
    },
    {
        "id": 102,
        "name": "Call back",
        "type": {"typeId": 4, "description": "Callback"},
        "code": "BACK",
        "hasActionPlan": 1,
    },
    {
        "id": 103,
        "name": "Not interested",
        "type": {"typeId": 3, "description": "Failure"},
        "code": "NOINT",
        "hasActionPlan": 0,
    },
)


def agent_named(name: str) -> Agent:
    """Return the agent of a user name, "user@tenant" or id; Refused for nobody."""
    user, _, tenant = name.partition("@")
    for agent in AGENTS:
        if user in (agent.username, agent.id) and tenant in ("", agent.tenant):
            return agent
    known = ", ".join(agent.username for agent in AGENTS)
    raise Refused(f"AgentHub knows no {name!r}: {known}.")
