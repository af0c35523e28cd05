"""Requests and their answers: ids, limits of time and number, late answers (4.3). Pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from . import wire
from .wire import Problem, Response, Table

Settle: TypeAlias = Callable[[Response], None]

_LATE_KEPT = 200


@dataclass(slots=True)
class Asked:
    """A request that waits: for its turn, or for its answer."""

    type: str
    payload: Table
    limit_s: float
    settle: Settle
    frame_id: str = ""
    deadline: float = 0.0


@dataclass(slots=True)
class Requests:
    """The requests of one connection after the other; `settle` is called exactly once for each.

    It runs at once, inside `heard`, so that what belongs together (a frame's id and its first
    event) is not torn apart.
    """

    names: wire.Wire
    counts: Counter[str] = field(default_factory=Counter)
    timeouts: int = 0
    _number: int = 0
    _pending: dict[str, Asked] = field(default_factory=dict)
    _waiting: deque[Asked] = field(default_factory=deque)
    _late: dict[str, str] = field(default_factory=dict)

    def ask(self, asked: Asked, now: float) -> list[str]:
        """Take a request; return what is to be sent now: it, or nothing when too many wait."""
        if len(self._pending) >= wire.PENDING_LIMIT:
            self._waiting.append(asked)
            return []
        return [self._send(asked, now)]

    def heard(self, response: Response, now: float) -> list[str]:
        """Take an answer; return what is to be sent: the next request, a close of a frame that
        was created too late."""
        asked = self._pending.pop(response.request_id, None)
        if asked is None:
            return self._nobody_waits(response)
        self.timeouts = 0
        asked.settle(response)
        return self._next(now)

    def touch(self, frame_id: str, now: float) -> None:
        """A row came: what is fetched for its frame gets its time again."""
        for asked in self._pending.values():
            if asked.frame_id == frame_id:
                asked.deadline = now + asked.limit_s

    def next_limit(self) -> float | None:
        """Return when `overdue` has something to do (monotonic), or None."""
        return min((asked.deadline for asked in self._pending.values()), default=None)

    def overdue(self, now: float) -> list[str]:
        """Fail what took too long; return what is to be sent then."""
        late = [key for key, asked in self._pending.items() if asked.deadline <= now]
        for key in late:
            asked = self._pending.pop(key)
            self._late[key] = asked.type
            while len(self._late) > _LATE_KEPT:
                del self._late[next(iter(self._late))]
            self.timeouts += 1
            text = f"The service did not answer {asked.type} within {asked.limit_s:g} s."
            asked.settle(Response(key, {}, Problem(wire.TIMEOUT, text)))
        return self._next(now)

    def lost(self) -> None:
        """The connection is gone: everything that waits fails."""
        gone = [*self._pending.values(), *self._waiting]
        self._pending.clear()
        self._waiting.clear()
        self._late.clear()
        self._number = self.timeouts = 0
        for asked in gone:
            problem = Problem(wire.DISCONNECTED, "The connection was lost before the answer.")
            asked.settle(Response("", {}, problem))

    def _send(self, asked: Asked, now: float) -> str:
        self._number += 1
        key = f"r-{self._number}"
        asked.deadline = now + asked.limit_s
        self._pending[key] = asked
        return wire.encode_request(key, asked.type, asked.payload, self.names)

    def _next(self, now: float) -> list[str]:
        texts = []
        while self._waiting and len(self._pending) < wire.PENDING_LIMIT:
            texts.append(self._send(self._waiting.popleft(), now))
        return texts

    def _nobody_waits(self, response: Response) -> list[str]:
        self.counts["answer nobody waits for"] += 1
        type_ = self._late.pop(response.request_id, "")
        creates = (
            self.names.type_create_database,
            self.names.type_create_call,
            self.names.type_create_client,
        )
        frame_id = wire.frame_id_in(response.payload, self.names)
        if type_ not in creates or not frame_id:
            return []
        self._number += 1
        payload = wire.close_payload(frame_id, self.names)
        return [
            wire.encode_request(f"r-{self._number}", self.names.type_frame, payload, self.names)
        ]
