"""Snapshots of the world's calls and clients, from the same figures as the reports.

Every function returns rows with `after_ms` < timestamp <= `until_ms`, the earliest first.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import observer_ids as ids
from .observer_issues import Row, issue_open, issues_of
from .observer_rows import AUDIO_BYTES, client_events, grid
from .observer_world import PACKETS_PER_S, Person, Reading, WorldCall

SNAPSHOT_EVERY_MS = 1000
_VIDEO_BPS = 900_000


def call_snapshots(call: WorldCall, after_ms: int, until_ms: int) -> Iterator[Row]:
    """Return snapshots of a call."""
    for at in grid(call.started_ms, call.ended_ms, after_ms, until_ms, SNAPSHOT_EVERY_MS):
        here = [p for p in call.people if p.here(at)]
        readings = {p.index: p.reading(at, SNAPSHOT_EVERY_MS) for p in here}
        scores = [r.score for r in readings.values()]
        issues = sum(issue_open(p, at) for p in here)
        yield {
            "timestamp": at,
            "callId": call.id,
            "roomId": call.room,
            "startedAt": call.started_ms,
            "endedAt": None,
            "score": round(sum(scores) / len(scores), 2) if scores else None,
            "numberOfClients": len(here),
            "maxNumberOfClients": call.peak(at),
            "totalAddedClients": sum(p.joined_ms <= at for p in call.people),
            "totalRemovedClients": sum(p.left_ms <= at for p in call.people),
            "numberOfPeerConnections": len(here),
            "numberOfInboundRtpStreams": len(here) * max(0, len(here) - 1) * (1 + call.video),
            "numberOfOutboundRtpStreams": len(here) * (1 + call.video),
            "numberOfDataChannels": len(here),
            "numberOfIssues": issues,
            "deltaNumberOfIssues": 0,
            "clientsUsedTurn": [p.id for p in here if p.scene.turn],
            **_rtt_buckets([r.rtt_ms for r in readings.values()]),
            "clients": [_client_in_call(p, readings[p.index], at) for p in here],
        }


def client_snapshots(
    call: WorldCall, person: Person, after_ms: int, until_ms: int
) -> Iterator[Row]:
    """Return snapshots of a client."""
    step = SNAPSHOT_EVERY_MS
    for at in grid(person.joined_ms, person.left_ms, after_ms, until_ms, step):
        now = person.reading(at, step)
        others = [p for p in call.people if p.here(at) and p.index != person.index]
        lost = person.lost_until(at) - person.lost_until(at - step)
        rate = PACKETS_PER_S * AUDIO_BYTES * 8 * now.share
        video = _VIDEO_BPS * now.share if call.video else 0.0
        yield {
            "timestamp": at,
            "callId": call.id,
            "clientId": person.id,
            "userId": person.user,
            "displayName": person.name,
            "joinedAt": person.joined_ms,
            "leftAt": None,
            "lastSampleTimestamp": at,
            "acceptedSamples": (at - person.joined_ms) // step,
            "score": round(now.score, 2),
            "scoreReasons": now.reasons,
            "currentMinRttInMs": round(now.rtt_ms * 0.9, 1),
            "currentAvgRttInMs": round(now.rtt_ms, 1),
            "currentMaxRttInMs": round(now.rtt_ms * 1.2, 1),
            "jitterInMs": round(now.jitter_ms, 1),
            "fractionLost": round(now.loss, 4),
            "sendingAudioBitrate": round(rate),
            "sendingVideoBitrate": round(video),
            "receivingAudioBitrate": round(rate * len(others)),
            "receivingVideoBitrate": round(video * len(others)),
            "availableOutgoingBitrate": round(2_500_000 * now.share),
            "availableIncomingBitrate": round(4_000_000 * now.share),
            "deltaInboundPacketsLost": round(lost),
            "deltaInboundPacketsReceived": PACKETS_PER_S - round(lost),
            "deltaOutboundPacketsSent": PACKETS_PER_S,
            "deltaTransportSentBytes": round((rate + video) / 8),
            "deltaTransportReceivedBytes": round((rate + video) / 8 * len(others)),
            "usingTURN": person.scene.turn,
            "usingTCP": False,
            "operationSystem": {"name": person.system[0], "version": person.system[1]},
            "browser": {"name": person.browser[0], "version": person.browser[1]},
            "issues": issues_of(person, at),
            "events": [
                {"type": event["name"], "timestamp": event["timestamp"]}
                for event in client_events(call, person)
                if at - 60_000 < event["timestamp"] <= at
            ],
            "peerConnections": [_connection(call, person, now, others)],
        }


def client_samples(call: WorldCall, person: Person, after_ms: int, until_ms: int) -> Iterator[Row]:
    """Return raw samples of a client, as an older service sends them."""
    for at in grid(person.joined_ms, person.left_ms, after_ms, until_ms, SNAPSHOT_EVERY_MS):
        now = person.reading(at, SNAPSHOT_EVERY_MS)
        sent, lost = person.sent_until(at), round(person.lost_until(at))
        others = [p for p in call.people if p.here(at) and p.index != person.index]
        yield {
            "timestamp": at,
            "callId": call.id,
            "clientId": person.id,
            "score": round(now.score, 2),
            "clientIssues": issues_of(person, at),
            "peerConnections": [
                {
                    "peerConnectionId": ids.make(ids.CONNECTION, call.place, person.index),
                    "connectionState": "connected",
                    "inboundRtps": [
                        {
                            "ssrc": 1000 + other.index,
                            "kind": "audio",
                            "packetsReceived": round(sent) - lost,
                            "packetsLost": lost,
                            "bytesReceived": (round(sent) - lost) * AUDIO_BYTES,
                            "jitter": now.jitter_ms / 1000,
                            "jitterBufferDelay": sent * 0.05,
                            "jitterBufferEmittedCount": round(sent),
                        }
                        for other in others
                    ],
                    "outboundRtps": [{"ssrc": 1, "kind": "audio", "bytesSent": round(sent) * 80}],
                    "iceCandidatePairs": [
                        {
                            "nominated": True,
                            "state": "succeeded",
                            "currentRoundTripTime": now.rtt_ms / 1000,
                        }
                    ],
                }
            ],
        }


def _client_in_call(person: Person, now: Reading, at: int) -> Row:
    return {
        "clientId": person.id,
        "userId": person.user,
        "displayName": person.name,
        "score": round(now.score, 2),
        "rttInMs": round(now.rtt_ms, 1),
        "jitterInMs": round(now.jitter_ms, 1),
        "fractionLost": round(now.loss, 4),
        "usingTURN": person.scene.turn,
        "issues": [i for i in issues_of(person, at) if issue_open(person, at)][-1:],
    }


def _connection(call: WorldCall, person: Person, now: Reading, others: list[Person]) -> Row:
    place, n = call.place, person.index
    rate = PACKETS_PER_S * AUDIO_BYTES * 8 * now.share
    inbound = [
        {
            "id": ids.make(ids.TRACK, place, n, other.index, "a"),
            "kind": "audio",
            "ssrc": 1000 + other.index,
            "score": round(now.score, 2),
            "bitrate": round(rate),
            "fractionLost": round(now.loss, 4),
            "jitterInMs": round(now.jitter_ms, 1),
            "jitterBufferInMs": round(40 + now.jitter_ms, 1),
            "consumerId": ids.make(ids.CONSUMER, place, n, other.index, "a"),
            "producerId": ids.make(ids.PRODUCER, place, other.index, "a"),
            "remoteClientId": other.id,
        }
        for other in others
    ]
    outbound: list[Row] = [
        {
            "id": ids.make(ids.TRACK, place, n, "a"),
            "kind": "audio",
            "ssrc": 100 + n,
            "bitrate": round(rate),
            "fractionLost": round(now.loss / 2, 4),
            "muted": n == 3,
            "producerId": ids.make(ids.PRODUCER, place, n, "a"),
        }
    ]
    if call.video:
        frozen = now.share < 0.5
        outbound.append(
            {
                "id": ids.make(ids.TRACK, place, n, "v"),
                "kind": "video",
                "bitrate": round(_VIDEO_BPS * now.share),
                "width": 320 if frozen else 1280,
                "height": 180 if frozen else 720,
                "fps": 3 if frozen else 30,
                "producerId": ids.make(ids.PRODUCER, place, n, "v"),
            }
        )
    return {
        "peerConnectionId": ids.make(ids.CONNECTION, place, n),
        "score": round(now.score, 2),
        "state": "connected",
        "iceState": "connected",
        "transportId": ids.make(ids.TRANSPORT, place, n),
        "localCandidateType": "relay" if person.scene.turn else "srflx",
        "rttInMs": round(now.rtt_ms, 1),
        "inboundTracks": inbound,
        "outboundTracks": outbound,
    }


def _rtt_buckets(rtts: list[float]) -> Row:
    edges = (50, 150, 300)
    counts = [0, 0, 0, 0]
    for rtt in rtts:
        counts[sum(rtt >= edge for edge in edges)] += 1
    names = ("rttLt50", "rttLt150", "rttLt300", "rttGtOrEq300")
    return dict(zip(names, counts, strict=True))
