"""What can be made to happen at the lab's AgentHub by its control interface."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from softphone.adapters.agenthub import wire
from softphone.adapters.agenthub.wire import names as n
from softphone.model.error import Refused

from .agenthub_events import EventDesk
from .agenthub_people import AGENTS, agent_named
from .agenthub_presence import TenantLists
from .agenthub_shift import Shifts
from .agenthub_socket import SocketDesk
from .agenthub_tokens import AgentTokens
from .hub import Hub

_EMIT_LIMIT = 200_000
_CROWD_LIMIT = 20_000
_CHURNED = 5_000
_TICK_S = 0.02
_DROP = "__drop__"
"""As the value of an envelope's field: leave the field out."""
_Options = dict[str, Any]


class Actions:
    """Verbs of the control interface; each takes a user (or tenant) and options."""

    def __init__(
        self,
        hub: Hub,
        tokens: AgentTokens,
        desk: SocketDesk,
        events: EventDesk,
        shifts: Shifts,
        lists: TenantLists,
        profile: wire.Profile,
    ) -> None:
        self._hub = hub
        self._tokens = tokens
        self._desk = desk
        self._events = events
        self._shifts = shifts
        self._lists = lists
        self._profile = profile
        self._verbs: dict[str, Callable[[str, _Options], dict[str, Any]]] = {
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
        }

    def act(self, verb: str, user: str, options: _Options) -> dict[str, Any]:
        """Do it; Refused for what nobody knows."""
        known = self._verbs.get(verb)
        if known is None:
            raise Refused(f"AgentHub has no action {verb!r}: {', '.join(self._verbs)}.")
        return known(user, options)

    def _pop(self, user: str, options: _Options) -> dict[str, Any]:
        number = str(options.get("number") or "+390245871203")
        changed = _data(options)
        if not isinstance(changed, dict):
            raise Refused("data must be a JSON object.")
        name = str(options.get("name") or "")
        return {"call": self._shifts.pop(agent_named(user), number, name, changed)}

    def _emit(self, user: str, options: _Options) -> dict[str, Any]:
        """Emit any type with any data to one agent, or to a whole tenant ("*@acme")."""
        agents = (
            [agent for agent in AGENTS if user.partition("@")[2] in ("", agent.tenant)]
            if user.startswith("*")
            else [agent_named(user)]
        )
        kind, data = options.get("type", ""), _data(options)
        changed = options.get("envelope")
        changed = changed if isinstance(changed, dict) else {}
        count, rate = _number(options, "count", 1, _EMIT_LIMIT), _number(options, "rate", 0, 50_000)

        def once(place: int) -> None:
            numbered = {**data, "place": place} if isinstance(data, dict) and count > 1 else data
            for agent in agents:
                made = self._events.make(agent, str(kind), None)
                made |= {n.FIELD_DATA: numbered, **changed}
                kept = {key: value for key, value in made.items() if value != _DROP}
                self._events.send(agent, kept)

        if rate:
            self._hub.spawn(_at_rate(once, int(count), float(rate)))
        else:
            for place in range(int(count)):
                once(place)
        return {"events": int(count) * len(agents)}

    def _status(self, user: str, options: _Options) -> dict[str, Any]:
        reason = options.get("reason")
        status = int(_number(options, "status", 1, 9999))
        self._shifts.become(agent_named(user), status, reason if isinstance(reason, int) else None)
        return {}

    def _supervisor(self, user: str, options: _Options) -> dict[str, Any]:
        self._shifts.supervisor(agent_named(user), str(options.get("text") or "Well done."))
        return {}

    def _dialog(self, user: str, _: _Options) -> dict[str, Any]:
        return {"dialog": self._shifts.dialog(agent_named(user))}

    def _end_channels(self, user: str, event: str, *, online: bool = False) -> dict[str, Any]:
        template = self._profile.online_topic if online else self._profile.agent_topic
        found = list(self._desk.of_user(user))
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
        known = self._lists.of(tenant)
        count = int(_number(options, "count", 100, _CROWD_LIMIT))
        for place in range(count):
            known.join(f"crowd-{place}", f"user{place}", f"10.0.{place // 250 % 250}.{place % 250}")
        return {"users": known.count()}

    def _churn(self, tenant: str, options: _Options) -> dict[str, Any]:
        """Let users of a crowd come and go, so many changes a second."""
        known = self._lists.of(tenant)
        rate = _number(options, "rate", 200, 5_000)
        count = int(_number(options, "count", 200, 100_000))

        def once(place: int) -> None:
            user = f"crowd-{place // 2 % _CHURNED}"
            if place % 2 == 0:
                for meta in list(known.known.get(user, ())):
                    known.leave(user, meta[n.PHX_REF])
            else:
                known.join(user, f"user{user}", "10.0.0.1")

        self._hub.spawn(_at_rate(once, count, float(rate)))
        return {"changes": count}

    def _renew(self, user: str, _: _Options) -> dict[str, Any]:
        """Give every connection of a user a new reference."""
        found = [socket for socket in self._desk.of_user(user) if socket.presence_ref]
        for socket in found:
            known = self._lists.of(socket.claims.tenant)
            socket.presence_ref = known.renew(socket.claims.agent, socket.presence_ref)
        return {"renewed": len(found)}


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


def _data(options: _Options) -> object:
    """Return the fields that were given, as JSON text or as they are; none are an empty object."""
    data = options.get("data", {})
    if not isinstance(data, str):
        return data
    try:
        return json.loads(data) if data else {}
    except ValueError:
        raise Refused("data must be JSON.") from None


def _number(options: _Options, key: str, default: float, most: float) -> float:
    value = options.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise Refused(f"{key} must be a number up to {most:g}.")
    return value
