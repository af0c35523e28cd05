"""One call of the lab's Audin side, and whom its rules talk to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from softphone.adapters.audin import wire

from .farends import FarEnd
from .hearing import Hearing
from .sounds import Patch
from .world import Caller


class Phase(StrEnum):
    """Where a call stands."""

    RINGING = "ringing"
    ASSIGNED = "assigned"
    UP = "up"
    OVER = "over"


class AudioPeer(Protocol):
    """The audio socket of a call, as far as calls are concerned."""

    def say(self, message: wire.AudioServerMessage) -> None: ...
    def close(self, code: int) -> None: ...
    def cut(self) -> None: ...
    def rtt_ms(self) -> float | None: ...


class Messenger(Protocol):
    """Whoever can tell an operator something."""

    def tell(self, ref: str, message: wire.ServerMessage) -> None: ...
    def reached(self, ref: str, step: str) -> None: ...
    def available_on(self, number_id: str) -> list[str]: ...
    def available_numbers(self, ref: str) -> frozenset[str]: ...


@dataclass(eq=False, slots=True)
class Call:
    """One call. `operator` is who has it, or who placed it."""

    sid: str
    direction: str
    number: wire.PhoneNumber
    caller: Caller
    to: str
    far_end: FarEnd
    began: float
    phase: Phase = Phase.RINGING
    operator: str = ""
    offered: set[str] = field(default_factory=set)
    declined: set[str] = field(default_factory=set)
    only: str | None = None
    patch: Patch | None = None
    answered: bool = False
    reason: str = ""
    limit: asyncio.TimerHandle | None = None
    audio: AudioPeer | None = None
    hearing: Hearing = field(default_factory=Hearing)
    sent: dict[str, int] = field(default_factory=lambda: {"frames": 0, "bytes": 0, "dropped": 0})
    digits: str = ""
    muted: bool = False

    @property
    def _understood(self) -> str:
        """What the far end took for digits: tones too where it listens for them."""
        heard = self.far_end.sound.digits
        return self.digits if heard is None else heard

    def state(self, now: float) -> dict[str, Any]:
        """Return everything about it, for people and tests."""
        return {
            "sid": self.sid,
            "direction": self.direction,
            "phase": self.phase.value,
            "operator": self.operator,
            "from": self.caller.number,
            "name": self.caller.name,
            "to": self.to,
            "answered": self.answered,
            "reason": self.reason,
            "age_s": round(now - self.began, 3),
            "digits": self._understood,
            "muted": self.muted,
            "offered": sorted(self.offered),
            "received": self.hearing.counts(),
            "sent": dict(self.sent),
            "rtt_ms": None if self.audio is None else self.audio.rtt_ms(),
        }
