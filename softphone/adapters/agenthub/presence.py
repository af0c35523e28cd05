"""Who is online: Phoenix presence exactly as its own client keeps it (reference, 7.2). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from softphone.model.presence import OnlineUser
from softphone.model.text import clean

from . import wire_names as n
from .wire_events import number, text

_Row = tuple[str, OnlineUser]
"""A connection's reference as it came, and its row."""
_State = dict[str, list[_Row]]
_PENDING_LIMIT = 10_000
_USERS_LIMIT = 20_000
_DEVICES_LIMIT = 1_000
_TEXT_ROOM = 600_000
"""Characters of a whole list: with four bytes each it still fits one message to a console."""


class PresenceList:
    """The list of one topic. A join makes the next state count; until then the old one stays."""

    def __init__(self) -> None:
        self._state: _State = {}
        self._pending: list[Mapping[str, Any]] = []
        self._join_ref: str | None = None
        self._state_of: str | None = None
        self.skipped = 0
        """Metas without `phx_ref`: nothing could tell them apart; and users beyond the limit."""

    def joining(self, join_ref: str) -> None:
        """A join was sent: diffs wait from now until its state has come."""
        self._join_ref = join_ref

    @property
    def waiting(self) -> bool:
        """Tell whether the state of the present join is still to come."""
        return self._join_ref is None or self._join_ref != self._state_of

    def clear(self) -> None:
        """Forget everything."""
        self._state, self._pending = {}, []
        self._state_of = None

    def state(self, payload: Mapping[str, Any]) -> None:
        """Take a whole state, and the diffs that came before it."""
        self._state_of = self._join_ref
        new = self._read(payload)
        joins: _State = {}
        leaves: _State = {}
        for key, metas in self._state.items():
            if key not in new:
                leaves[key] = metas
        for key, metas in new.items():
            known = self._state.get(key)
            if known is None:
                joins[key] = metas
                continue
            refs = {meta[0] for meta in metas}
            known_refs = {meta[0] for meta in known}
            joined = [meta for meta in metas if meta[0] not in known_refs]
            left = [meta for meta in known if meta[0] not in refs]
            if joined:
                joins[key] = joined
            if left:
                leaves[key] = left
        self._apply(joins, leaves)
        pending, self._pending = self._pending, []
        for diff in pending:
            self._take(diff)

    def diff(self, payload: Mapping[str, Any]) -> bool:
        """Take a change; False when it has to wait for the state."""
        if self.waiting:
            self._pending.append(payload)
            del self._pending[:-_PENDING_LIMIT]
            return False
        self._take(payload)
        return True

    def users(self) -> tuple[OnlineUser, ...]:
        """Return one row for each connection, in order of arrival, as far as there is room."""
        rows: list[OnlineUser] = []
        room = _TEXT_ROOM
        for row in (row for metas in self._state.values() for _, row in metas):
            room -= len(row.ref) + len(row.user_id) + len(row.username) + len(row.address)
            if room < 0 or len(rows) >= _USERS_LIMIT:
                break
            rows.append(row)
        return tuple(rows)

    def keys_known(self) -> int:
        """Return how many users are online."""
        return len(self._state)

    def keys(self) -> dict[str, list[str]]:
        """Return the references by key, as they stand."""
        return {key: [meta[0] for meta in metas] for key, metas in self._state.items()}

    def _take(self, payload: Mapping[str, Any]) -> None:
        joins, leaves = payload.get(n.JOINS), payload.get(n.LEAVES)
        self._apply(self._read(joins), self._read(leaves))

    def _apply(self, joins: _State, leaves: _State) -> None:
        for key, metas in joins.items():
            if key not in self._state and len(self._state) >= _USERS_LIMIT:
                self.skipped += len(metas)
                continue
            refs = {meta[0] for meta in metas}
            kept = [meta for meta in self._state.get(key, ()) if meta[0] not in refs]
            self._state[key] = (kept + metas)[-_DEVICES_LIMIT:]
        for key, metas in leaves.items():
            if key not in self._state:
                continue
            gone = {meta[0] for meta in metas}
            left = [meta for meta in self._state[key] if meta[0] not in gone]
            if left:
                self._state[key] = left
            else:
                del self._state[key]

    def _read(self, payload: object) -> _State:
        """Return what can be used of a message of presence."""
        found: _State = {}
        if not isinstance(payload, Mapping):
            return found
        for key, entry in payload.items():
            metas = entry.get(n.METAS) if isinstance(entry, Mapping) else None
            usable = []
            for meta in metas if isinstance(metas, list) else []:
                if isinstance(meta, Mapping) and isinstance(meta.get(n.PHX_REF), str):
                    usable.append((meta[n.PHX_REF], _user(key, meta)))
                else:
                    self.skipped += 1
            if usable:
                found[key] = usable
        return found


def _user(key: str, meta: Mapping[str, Any]) -> OnlineUser:
    at = number(meta.get(n.META_ONLINE_AT, meta.get("online_at")))
    return OnlineUser(
        ref=clean(meta[n.PHX_REF], 64),
        user_id=text(meta, "userId", "user_id") or clean(key),
        username=text(meta, n.META_USERNAME, "user_name"),
        online_at=0.0 if at is None else at / 1000.0,
        address=text(meta, n.META_ADDRESS, "ip_address"),
    )
