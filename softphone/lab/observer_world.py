"""A believable world of monitored calls, past and present: the same for the same seed.

Time is cut into slots of 22 minutes; in each slot every room has one call. A call and all its
figures are functions of seed, room, slot and time, so that a week of history needs no memory.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from . import observer_ids as ids

SLOT_MS = 22 * 60_000
_STAGGER_MS = 220_000  # so that not all rooms are empty at the same moments
HISTORY_MS = 7 * 24 * 3_600_000
SERVICE = "lab-sfu"
ROOMS = ("daily-standup", "support-1", "support-2", "town-hall", "interview", "music-lesson")
_PEOPLE = ("Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Grace", "Hana", "Ivo", "Jun")
_BROWSERS = (("Chrome", "126.0"), ("Firefox", "127.0"), ("Safari", "17.5"), ("Edge", "126.0"))
_SYSTEMS = (("Windows", "11"), ("macOS", "14.5"), ("Linux", ""), ("Android", "14"))
PACKETS_PER_S = 50


@dataclass(frozen=True, slots=True)
class Scene:
    """How the network of a client behaves; `bursts` is the loss in ten seconds of each minute."""

    name: str
    rtt_ms: float
    jitter_ms: float
    loss: float
    bursts: float = 0.0
    turn: bool = False
    collapses: bool = False
    issue: str = ""


GOOD = Scene("good", 35.0, 4.0, 0.0005)
SCENES = (
    GOOD,
    Scene("jitter", 80.0, 42.0, 0.004, issue="audio-jitter-buffer-stress"),
    Scene("loss burst", 60.0, 9.0, 0.002, bursts=0.14, issue="congestion"),
    Scene("far away", 350.0, 12.0, 0.004, issue="congestion"),
    Scene("TURN only", 120.0, 9.0, 0.003, turn=True),
    Scene("frozen", 70.0, 20.0, 0.01, collapses=True, issue="freezed-video-track"),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """The figures of a client at one moment."""

    rtt_ms: float
    jitter_ms: float
    loss: float
    score: float
    reasons: dict[str, float]
    share: float
    """How much of the usual bit rate gets through."""


@dataclass(frozen=True, slots=True)
class Person:
    """A client of a call."""

    index: int
    id: str
    user: str
    name: str
    joined_ms: int
    left_ms: int
    scene: Scene
    browser: tuple[str, str]
    system: tuple[str, str]
    phase: float

    def here(self, at_ms: int) -> bool:
        """Tell whether the client is in the call at that moment."""
        return self.joined_ms <= at_ms < self.left_ms

    def lost_until(self, at_ms: int) -> float:
        """Return how many packets were lost since joining; it never goes back."""
        t = max(0, min(at_ms, self.left_ms) - self.joined_ms) / 1000.0
        minutes, rest = divmod(t, 60.0)
        burst_s = minutes * 10.0 + min(10.0, max(0.0, rest - 20.0))
        return PACKETS_PER_S * (t * self.scene.loss + burst_s * self.scene.bursts)

    def sent_until(self, at_ms: int) -> float:
        """Return how many packets were sent since joining."""
        return max(0, min(at_ms, self.left_ms) - self.joined_ms) / 1000.0 * PACKETS_PER_S

    def reading(self, at_ms: int, interval_ms: int) -> Reading:
        """Return the figures at a moment, over the interval before it."""
        t, scene = at_ms / 1000.0, self.scene
        wave = math.sin(t / 7.0 + self.phase) * 0.15 + math.sin(t / 1.7 + self.phase * 3) * 0.1
        share, worse = 1.0, 1.0
        if scene.collapses:
            done = (at_ms - self.joined_ms) / max(1, self.left_ms - self.joined_ms)
            worse = 1.0 + 6.0 * max(0.0, done - 0.5)
            share = max(0.05, 1.0 - 1.6 * max(0.0, done - 0.4))
        before = at_ms - interval_ms
        sent = self.sent_until(at_ms) - self.sent_until(before)
        lost = self.lost_until(at_ms) - self.lost_until(before)
        loss = lost / sent if sent else scene.loss
        rtt = scene.rtt_ms * (1.0 + wave) * worse
        reasons = _deductions(rtt, loss)
        if share < 0.5:
            reasons["frozen-video"] = 2.0
        score = max(0.0, 5.0 - sum(reasons.values()) - 0.3 * (scene.jitter_ms > 30))
        jitter = scene.jitter_ms * (1.0 + 2 * wave) * worse
        return Reading(rtt, jitter, loss, score, reasons, share)


def _deductions(rtt_ms: float, loss: float) -> dict[str, float]:
    """Return what takes points from a score, as the service's own clients do."""
    found: dict[str, float] = {}
    if rtt_ms > 150:
        found["high-rtt"] = 2.0 if rtt_ms > 300 else 1.0
    if loss > 0.01:
        found["high-packetloss"] = 5.0 if loss >= 0.2 else 2.0 if loss >= 0.05 else 1.0
    return found


@dataclass(frozen=True, slots=True)
class WorldCall:
    """A call of the world."""

    place: ids.Place
    id: str
    room: str
    started_ms: int
    ended_ms: int
    video: bool
    people: tuple[Person, ...]
    service: str = field(default=SERVICE)

    def peak(self, at_ms: int) -> int:
        """Return how many clients there were at most until a moment."""
        moments = [p.joined_ms for p in self.people if p.joined_ms <= at_ms]
        return max((sum(p.here(m) for p in self.people) for m in moments), default=0)


class World:
    """All calls of a week and of the time to come."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self.call = lru_cache(maxsize=512)(self._make)

    def running(self, now_ms: int) -> list[WorldCall]:
        """Return the calls that go on."""
        slot = now_ms // SLOT_MS
        near = (slot - 2, slot - 1, slot)
        calls = (self.call(room, one) for room in range(len(ROOMS)) for one in near)
        return [call for call in calls if call.started_ms <= now_ms < call.ended_ms]

    def between(
        self, since_ms: int, until_ms: int, now_ms: int, room: str = ""
    ) -> Iterator[WorldCall]:
        """Return calls that touch a span of time, the earliest slot first."""
        since_ms = max(since_ms, now_ms - HISTORY_MS)
        until_ms = min(until_ms, now_ms)
        for slot in range(since_ms // SLOT_MS - 2, until_ms // SLOT_MS + 1):
            for index, name in enumerate(ROOMS):
                if room and name != room:
                    continue
                call = self.call(index, slot)
                if call.started_ms <= until_ms and call.ended_ms >= since_ms:
                    yield call

    def find(self, text: str, kinds: tuple[str, ...], now_ms: int) -> WorldCall | None:
        """Return the call an id of one of these kinds belongs to, None when there is none."""
        place = ids.parse(text)
        if place is None or place.kind not in kinds or not 0 <= place.room < len(ROOMS):
            return None
        if not now_ms - HISTORY_MS <= place.slot * SLOT_MS <= now_ms:
            return None
        call = self.call(place.room, place.slot)
        known = place.mark == call.place.mark and call.started_ms <= now_ms
        has = place.client is None or any(
            p.index == place.client and p.joined_ms <= now_ms for p in call.people
        )
        return call if known and has else None

    def _make(self, room: int, slot: int) -> WorldCall:
        mark = hashlib.sha256(f"{self._seed} {room} {slot}".encode()).hexdigest()[:8]
        chance = random.Random(f"{mark} {room} {slot}")
        place = ids.Place(ids.CALL, room, slot, mark)
        started = slot * SLOT_MS + room * _STAGGER_MS + chance.randrange(0, 90_000, 1000)
        long = chance.random() < 0.8
        minutes = chance.uniform(14, 20) if long else chance.uniform(1, 6)
        ended = started + int(minutes * 60) * 1000
        scene = SCENES[(room + slot) % len(SCENES)]
        count = chance.choice((0, 1, 2, 2, 3, 3, 4))
        people = [
            self._person(place, index, started, ended, scene, chance) for index in range(count)
        ]
        return WorldCall(
            place, ids.make(ids.CALL, place), ROOMS[room], started, ended,
            chance.random() < 0.6, tuple(people),
        )  # fmt: skip

    def _person(
        self, place: ids.Place, index: int, started: int, ended: int, scene: Scene,
        chance: random.Random,
    ) -> Person:  # fmt: skip
        name = _PEOPLE[(place.room * 3 + index * 4 + place.slot) % len(_PEOPLE)]
        late = 0 if index == 0 else chance.randrange(1000, 30_000, 1000)
        left = ended if index < 2 else ended - chance.randrange(0, (ended - started) // 4, 1000)
        return Person(
            index, ids.make(ids.CLIENT, place, index), f"user-{name.lower()}", name,
            started + late, left, scene if index == 0 else GOOD,
            chance.choice(_BROWSERS), chance.choice(_SYSTEMS), chance.uniform(0, 6.28),
        )  # fmt: skip
