"""The lab's own real calls as monitored calls: room `softphone`, with what was measured.

Jitter and loss come from the spacing of the audio that arrives (Audin) or from the RTP stream
(Ribbon), the round trip from the connection itself. A figure nobody measures is null.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from softphone.adapters.observer import wire

from .hub import Hub
from .observer_issues import Row

ROOM = "softphone"
_KEPT = 200
_SAMPLES = 7200
_FRAMES_PER_S = 50
_UNHEARD_DBFS = -96.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured of a call at one moment; counts are of the time since the one before."""

    at_ms: int
    frames: int
    lost: int
    sent: int
    jitter_ms: float | None
    rtt_ms: float | None
    muted: bool

    @property
    def loss(self) -> float | None:
        """Return the lost share, None when nothing moved."""
        total = self.frames + self.lost
        return self.lost / total if total else None

    @property
    def mos(self) -> float | None:
        """Return an opinion of it."""
        return wire.estimate(self.loss, self.rtt_ms, 40.0)


@dataclass(slots=True)
class RealCall:
    """One call that ran through the lab."""

    id: str
    service: str
    operator: str
    other: str
    started_ms: int
    ended_ms: int | None = None
    samples: list[Sample] = field(default_factory=list)
    seen: tuple[int, int, int] = (0, 0, 0)
    room: str = ROOM

    @property
    def clients(self) -> tuple[str, str]:
        """Return the ids of both ends: the user of this program, and the far end."""
        return f"{self.id}-user", f"{self.id}-far"

    def snapshots(self, after_ms: int, until_ms: int) -> Iterator[Row]:
        """Return snapshots of the call."""
        for sample in self._between(after_ms, until_ms):
            score = _score(sample)
            yield {
                "timestamp": sample.at_ms,
                "callId": self.id,
                "roomId": self.room,
                "serviceId": self.service,
                "startedAt": self.started_ms,
                "endedAt": self.ended_ms,
                "score": score,
                "numberOfClients": 2,
                "maxNumberOfClients": 2,
                "numberOfIssues": int(score is not None and score < 3),
                "clients": [self._in_call(index, sample) for index in range(2)],
            }

    def client_snapshots(self, client: str, after_ms: int, until_ms: int) -> Iterator[Row]:
        """Return snapshots of one end."""
        index = self.clients.index(client)
        for sample in self._between(after_ms, until_ms):
            rate = sample.frames * 160 * 8
            back = sample.sent * 160 * 8
            yield self._in_call(index, sample) | {
                "timestamp": sample.at_ms,
                "callId": self.id,
                "joinedAt": self.started_ms,
                "leftAt": self.ended_ms,
                "currentAvgRttInMs": sample.rtt_ms,
                "currentMaxRttInMs": sample.rtt_ms,
                "deltaInboundPacketsReceived": sample.frames,
                "deltaInboundPacketsLost": sample.lost,
                "sendingAudioBitrate": rate if index == 0 else back,
                "receivingAudioBitrate": back if index == 0 else rate,
                "peerConnections": [
                    {
                        "peerConnectionId": f"{client}-pc",
                        "state": "connected",
                        "rttInMs": sample.rtt_ms,
                        "inboundTracks": [],
                        "outboundTracks": [
                            {
                                "kind": "audio",
                                "fractionLost": sample.loss if index == 0 else None,
                                "muted": sample.muted if index == 0 else False,
                            }
                        ],
                    }
                ],
            }

    def listed(self, now_ms: int) -> Row:
        """Return it as a row of a list of calls."""
        last = self.samples[-1] if self.samples else None
        score = _score(last) if last else None
        ended = self.ended_ms
        return {
            "callId": self.id,
            "roomId": self.room,
            "serviceId": self.service,
            "startedAt": self.started_ms,
            "endedAt": ended,
            "durationInMs": None if ended is None else ended - self.started_ms,
            "maxNumberOfClients": 2,
            "numberOfIssues": 0,
            "score": score,
            "clients": [
                {"clientId": client, "displayName": name, "joinedAt": self.started_ms,
                 "score": score}
                for client, name in zip(self.clients, (self.operator, self.other), strict=True)
            ],
        }  # fmt: skip

    def _in_call(self, index: int, sample: Sample) -> Row:
        return {
            "clientId": self.clients[index],
            "displayName": (self.operator, self.other)[index],
            "userId": self.operator if index == 0 else None,
            "score": _score(sample),
            "rttInMs": sample.rtt_ms,
            "jitterInMs": sample.jitter_ms,
            "fractionLost": sample.loss,
            "usingTURN": None,
            "issues": [],
        }

    def _between(self, after_ms: int, until_ms: int) -> Iterator[Sample]:
        return (one for one in list(self.samples) if after_ms < one.at_ms <= until_ms)


class RealCalls:
    """Looks at the other services' calls once a second and remembers what it saw."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.calls: OrderedDict[str, RealCall] = OrderedDict()

    def look(self) -> None:
        """Take one sample of every call that is up."""
        now_ms = round(time.time() * 1000)
        up: set[str] = set()
        for service in self._hub.services:
            if service.name == "observer":
                continue
            states = service.state().get("calls", [])
            by_id = {state.get("sid"): state for state in states}
            for state in states:
                if state.get("phase") == "up" and state.get("operator"):
                    up.add(state["sid"])
                    self._sample(service.name, state, by_id, now_ms)
        for call in self.calls.values():
            if call.ended_ms is None and call.id not in up:
                call.ended_ms = now_ms
        while len(self.calls) > _KEPT:
            self.calls.popitem(last=False)

    def running(self) -> list[RealCall]:
        """Return the calls that go on."""
        return [call for call in self.calls.values() if call.ended_ms is None]

    def find(self, name: str, value: str) -> list[RealCall]:
        """Return calls by call, room or client id."""
        if name == "callId":
            return [self.calls[value]] if value in self.calls else []
        if name == "roomId":
            return list(reversed(self.calls.values())) if value == ROOM else []
        if name == "clientId":
            return [call for call in self.calls.values() if value in call.clients]
        return []

    def _sample(
        self, service: str, state: dict[str, Any], by_id: dict[Any, dict[str, Any]], now_ms: int
    ) -> None:
        call = self.calls.get(state["sid"])
        if call is None:
            other = state.get("from") if state.get("direction") == "inbound" else state.get("to")
            began = now_ms - round(float(state.get("age_s", 0.0)) * 1000)
            name = state.get("name") or other or "unknown"
            call = RealCall(state["sid"], service, state["operator"], str(name), began)
            self.calls[call.id] = call
        # On the gateway the sound arrives at the other leg, the far end.
        heard = state if "received" in state else by_id.get(state.get("other"), {})
        received = heard.get("received", {})
        counts = (
            int(received.get("frames", 0)),
            int(received.get("lost", 0)),
            int(heard.get("sent", {}).get("frames", 0)),
        )
        before, call.seen = call.seen, counts
        frames, lost, sent = (max(0, new - old) for new, old in zip(counts, before, strict=True))
        jitter = received.get("jitter_ms") if frames else None
        sample = Sample(
            now_ms, frames, lost, sent, jitter, heard.get("rtt_ms"), bool(state.get("muted"))
        )
        call.samples.append(sample)
        del call.samples[:-_SAMPLES]


def _score(sample: Sample | None) -> float | None:
    """Return a score on the service's scale, 0 to 5."""
    if sample is None or not sample.frames:
        return None
    opinion = sample.mos
    return None if opinion is None else round(min(5.0, opinion / 4.4 * 5.0), 2)
