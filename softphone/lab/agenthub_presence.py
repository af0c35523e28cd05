"""Who is online at a tenant of the lab's AgentHub: Phoenix presence, server side (section 7)."""

from __future__ import annotations

import base64
import itertools
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from softphone.adapters.agenthub.wire import names as n

_Metas = list[dict[str, Any]]


class Refs:
    """Makes `phx_ref`s as the original does: clock, node and process, counter."""

    def __init__(self) -> None:
        self._node = secrets.token_bytes(2)
        self._count = itertools.count()

    def make(self) -> str:
        """Return 16 letters: 8 bytes of nanoseconds, 2 of node, 2 of counter."""
        moment = time.time_ns().to_bytes(8, "big")
        count = (next(self._count) % 65_536).to_bytes(2, "big")
        return base64.urlsafe_b64encode(moment + self._node + count).decode()


class Presence:
    """The list of one tenant. `tell(payload)` reaches everybody who watches it."""

    def __init__(self, refs: Refs, tell: Callable[[dict[str, Any]], None]) -> None:
        self._refs = refs
        self._tell = tell
        self.known: dict[str, _Metas] = {}

    def join(self, user: str, username: str, address: str) -> str:
        """Somebody is there with one more connection; return its reference."""
        meta: dict[str, Any] = {
            n.PHX_REF: self._refs.make(),
            n.META_USERNAME: username,
            n.META_ONLINE_AT: int(time.time() * 1000),
            n.META_ADDRESS: address,
        }
        self.known.setdefault(user, []).append(meta)
        self._changed({user: [meta]}, {})
        ref: str = meta[n.PHX_REF]
        return ref

    def leave(self, user: str, ref: str) -> None:
        """One connection of somebody is gone, however it went."""
        left = [meta for meta in self.known.get(user, []) if meta[n.PHX_REF] == ref]
        if not left:
            return
        self.known[user] = [meta for meta in self.known[user] if meta[n.PHX_REF] != ref]
        if not self.known[user]:
            del self.known[user]
        self._changed({}, {user: left})

    def renew(self, user: str, ref: str) -> str:
        """Give a connection a new reference, as an update of its data does."""
        metas = self.known[user]
        place = next(place for place, meta in enumerate(metas) if meta[n.PHX_REF] == ref)
        old = metas[place]
        new = {**old, n.PHX_REF: self._refs.make(), n.PHX_REF_PREV: ref}
        metas[place] = new
        self._changed({user: [new]}, {user: [old]})
        made: str = new[n.PHX_REF]
        return made

    def state(self) -> dict[str, Any]:
        """Return the whole list as it goes on the wire."""
        return {user: {n.METAS: list(metas)} for user, metas in self.known.items()}

    def count(self) -> int:
        """Return how many connections there are."""
        return sum(map(len, self.known.values()))

    def _changed(self, joins: dict[str, _Metas], leaves: dict[str, _Metas]) -> None:
        def listed(who: dict[str, _Metas]) -> dict[str, Any]:
            return {user: {n.METAS: metas} for user, metas in who.items()}

        self._tell({n.JOINS: listed(joins), n.LEAVES: listed(leaves)})


class TenantLists:
    """The lists of all tenants, each made when first asked for."""

    def __init__(self, tell: Callable[[str, dict[str, Any]], None]) -> None:
        """`tell(tenant, payload)` reaches everybody who watches that tenant's list."""
        self._refs = Refs()
        self._tell = tell
        self.known: dict[str, Presence] = {}

    def of(self, tenant: str) -> Presence:
        """Return the list of a tenant."""
        if tenant not in self.known:
            self.known[tenant] = Presence(self._refs, partial(self._tell, tenant))
        return self.known[tenant]
