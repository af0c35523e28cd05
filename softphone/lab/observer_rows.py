"""Rows of the world's calls: snapshots and the ten kinds of reports, all from the same figures.

Every function returns rows with `after_ms` < timestamp <= `until_ms`, the earliest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from . import observer_ids as ids
from .observer_world import PACKETS_PER_S, SERVICE, Person, Reading, WorldCall

Row = dict[str, Any]
REPORT_EVERY_MS, SNAPSHOT_EVERY_MS = 5000, 1000
_AUDIO_BYTES, _VIDEO_BPS = 80, 900_000


# ---- snapshots -----------------------------------------------------------------------------------


def call_snapshots(call: WorldCall, after_ms: int, until_ms: int) -> Iterator[Row]:
    """Return snapshots of a call."""
    for at in _grid(call.started_ms, call.ended_ms, after_ms, until_ms, SNAPSHOT_EVERY_MS):
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
    for at in _grid(person.joined_ms, person.left_ms, after_ms, until_ms, step):
        now = person.reading(at, step)
        others = [p for p in call.people if p.here(at) and p.index != person.index]
        lost = person.lost_until(at) - person.lost_until(at - step)
        rate = PACKETS_PER_S * _AUDIO_BYTES * 8 * now.share
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
                for event in _client_events(call, person)
                if at - 60_000 < event["timestamp"] <= at
            ],
            "peerConnections": [_connection(call, person, now, others)],
        }


def client_samples(call: WorldCall, person: Person, after_ms: int, until_ms: int) -> Iterator[Row]:
    """Return raw samples of a client, as an older service sends them."""
    for at in _grid(person.joined_ms, person.left_ms, after_ms, until_ms, SNAPSHOT_EVERY_MS):
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
                            "bytesReceived": (round(sent) - lost) * _AUDIO_BYTES,
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


def issue_open(person: Person, at_ms: int) -> bool:
    """Tell whether a client's issue is open: the second third of each minute."""
    return bool(person.scene.issue) and 20_000 <= (at_ms - person.joined_ms) % 60_000 < 40_000


def issues_of(person: Person, at_ms: int, span_ms: int = 120_000) -> list[Row]:
    """Return what was raised and resolved in the last two minutes, or more."""
    found: list[Row] = []
    if not person.scene.issue:
        return found
    first = (at_ms - span_ms - person.joined_ms) // 60_000
    for minute in range(max(0, first), (at_ms - person.joined_ms) // 60_000 + 1):
        raised = person.joined_ms + minute * 60_000 + 20_000
        kind, key = person.scene.issue, f"i{minute}"
        payload = {"scene": person.scene.name}
        if raised <= at_ms:
            found.append(
                {"type": kind, "key": key, "timestamp": raised, "severity": "major",
                 "payload": payload}
            )  # fmt: skip
        if raised + 20_000 <= at_ms:
            found.append({"type": f"{kind}-resolved", "key": key, "timestamp": raised + 20_000})
    return found


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
    rate = PACKETS_PER_S * _AUDIO_BYTES * 8 * now.share
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


# ---- reports -------------------------------------------------------------------------------------


def _per_client(
    make: Callable[[WorldCall, Person, int, Row], Iterator[Row]],
) -> Callable[[WorldCall, int, int], Iterator[Row]]:
    """Return rows of all clients on a common grid, each with the common members."""

    def rows(call: WorldCall, after_ms: int, until_ms: int) -> Iterator[Row]:
        grid = _grid(call.started_ms, call.ended_ms, after_ms, until_ms, REPORT_EVERY_MS)
        for at in grid:
            for person in call.people:
                if person.here(at):
                    yield from make(call, person, at, _common(call, person, at))

    return rows


def _common(call: WorldCall, person: Person, at: int) -> Row:
    return {
        "serviceId": SERVICE,
        "timestamp": at,
        "mediaUnitId": "sfu-1",
        "callId": call.id,
        "roomId": call.room,
        "clientId": person.id,
        "userId": person.user,
        "peerConnectionId": ids.make(ids.CONNECTION, call.place, person.index),
        "sampleSeq": (at - person.joined_ms) // REPORT_EVERY_MS,
    }


def _inbound(call: WorldCall, person: Person, at: int, common: Row, kind: str) -> Iterator[Row]:
    place, n = call.place, person.index
    now = person.reading(at, REPORT_EVERY_MS)
    sent, lost = person.sent_until(at), round(person.lost_until(at))
    factor = 1 if kind == "a" else 3
    for other in call.people:
        if other.index == n or not other.here(at):
            continue
        yield common | {
            "ssrc": (1000 if kind == "a" else 2000) + other.index,
            "label": "lab",
            "trackId": ids.make(ids.TRACK, place, n, other.index, kind),
            "sfuStreamId": ids.make(ids.PRODUCER, place, other.index, kind),
            "sfuSinkId": ids.make(ids.CONSUMER, place, n, other.index, kind),
            "remoteTrackId": ids.make(ids.TRACK, place, other.index, kind),
            "remoteUserId": other.user,
            "remoteClientId": other.id,
            "remotePeerConnectionId": ids.make(ids.CONNECTION, place, other.index),
            "packetsReceived": (round(sent) - lost) * factor,
            "packetsLost": lost * factor,
            "jitter": round(now.jitter_ms / 1000, 5),
            "bytesReceived": (round(sent) - lost) * factor * (80 if kind == "a" else 750),
            "jitterBufferDelay": round(sent * (0.04 + now.jitter_ms / 1000), 3),
            "jitterBufferEmittedCount": round(sent),
            "roundTripTime": round(now.rtt_ms / 1000, 5),
        }


def _inbound_audio(call: WorldCall, person: Person, at: int, common: Row) -> Iterator[Row]:
    sent, lost = person.sent_until(at), person.lost_until(at)
    for row in _inbound(call, person, at, common, "a"):
        yield row | {
            "totalSamplesReceived": round(sent * 960),
            "concealedSamples": round(lost * 960),
            "concealmentEvents": round(lost / 3),
            "audioLevel": 0.2,
        }


def _inbound_video(call: WorldCall, person: Person, at: int, common: Row) -> Iterator[Row]:
    fps = 30 if person.reading(at, REPORT_EVERY_MS).share >= 0.5 else 3
    for row in _inbound(call, person, at, common, "v") if call.video else ():
        yield row | {"frameWidth": 1280, "frameHeight": 720, "framesPerSecond": fps}


def _outbound(call: WorldCall, person: Person, at: int, common: Row, kind: str) -> Row:
    now = person.reading(at, REPORT_EVERY_MS)
    sent = round(person.sent_until(at)) * (1 if kind == "a" else 3)
    return common | {
        "ssrc": (100 if kind == "a" else 200) + person.index,
        "label": "lab",
        "trackId": ids.make(ids.TRACK, call.place, person.index, kind),
        "sfuStreamId": ids.make(ids.PRODUCER, call.place, person.index, kind),
        "packetsSent": sent,
        "bytesSent": sent * (80 if kind == "a" else 750),
        "packetsLost": round(person.lost_until(at) / 2),
        "fractionLost": round(now.loss / 2, 4),
        "roundTripTime": round(now.rtt_ms / 1000, 5),
        "active": True,
        "relayedSource": False,
    }


def _outbound_audio(call: WorldCall, person: Person, at: int, common: Row) -> Iterator[Row]:
    yield _outbound(call, person, at, common, "a") | {"audioLevel": 0.2}


def _outbound_video(call: WorldCall, person: Person, at: int, common: Row) -> Iterator[Row]:
    if call.video:
        row = _outbound(call, person, at, common, "v")
        yield row | {"frameWidth": 1280, "frameHeight": 720, "framesPerSecond": 30}


def _transports(call: WorldCall, person: Person, at: int, common: Row) -> Iterator[Row]:
    sent = round(person.sent_until(at))
    yield common | {
        "transportId": ids.make(ids.TRANSPORT, call.place, person.index),
        "packetsSent": sent,
        "packetsReceived": sent - round(person.lost_until(at)),
        "bytesSent": sent * 90,
        "bytesReceived": sent * 90,
        "iceRole": "controlling",
        "dtlsState": "connected",
        "iceState": "connected",
        "selectedCandidatePairId": ids.make(ids.PAIR, call.place, person.index),
        "selectedCandidatePairChanges": 1,
    }


def _pairs(call: WorldCall, person: Person, at: int, common: Row) -> Iterator[Row]:
    now = person.reading(at, REPORT_EVERY_MS)
    yield common | {
        "candidatePairId": ids.make(ids.PAIR, call.place, person.index),
        "transportId": ids.make(ids.TRANSPORT, call.place, person.index),
        "state": "succeeded",
        "nominated": True,
        "currentRoundTripTime": round(now.rtt_ms / 1000, 5),
        "availableOutgoingBitrate": round(2_500_000 * now.share),
        "packetsSent": round(person.sent_until(at)),
    }


def _channels(call: WorldCall, person: Person, at: int, common: Row) -> Iterator[Row]:
    if (at // REPORT_EVERY_MS) % 6 == 0:
        count = (at - person.joined_ms) // 30_000
        yield common | {"label": "chat", "state": "open", "messagesSent": count, "bytesSent": 0}


def _events(call: WorldCall, after_ms: int, until_ms: int) -> Iterator[Row]:
    found: list[Row] = [_call_event(call, "CALL_STARTED", call.started_ms)]
    for person in call.people:
        found += _client_events(call, person)
    found.append(_call_event(call, "CALL_ENDED", call.ended_ms))
    found.sort(key=lambda row: row["timestamp"])
    return (row for row in found if after_ms < row["timestamp"] <= until_ms)


def _call_event(call: WorldCall, name: str, at: int) -> Row:
    return {
        "serviceId": SERVICE, "timestamp": at, "mediaUnitId": "sfu-1", "callId": call.id,
        "roomId": call.room, "name": name,
    }  # fmt: skip


def _client_events(call: WorldCall, person: Person) -> list[Row]:
    joined, left = person.joined_ms, person.left_ms
    track = ids.make(ids.TRACK, call.place, person.index, "a")
    happened: list[tuple[str, int, Row]] = [
        ("CLIENT_JOINED", joined, {}),
        ("PEER_CONNECTION_OPENED", joined, {}),
        ("MEDIA_TRACK_ADDED", joined, {"mediaTrackId": track}),
        ("PEER_CONNECTION_STATE_CHANGED", joined + 400, {"value": "connected"}),
    ]
    happened += [
        ("CLIENT_ISSUE", issue["timestamp"], {"value": issue["type"]})
        for issue in issues_of(person, left, left - joined)
        if not issue["type"].endswith("-resolved")
    ]
    happened += [
        ("MEDIA_TRACK_REMOVED", left, {"mediaTrackId": track}),
        ("CLIENT_LEFT", left, {}),
    ]
    return [_common(call, person, at) | {"name": name} | more for name, at, more in happened]


def _metas(call: WorldCall, after_ms: int, until_ms: int) -> Iterator[Row]:
    for person in sorted(call.people, key=lambda one: one.joined_ms):
        if after_ms < person.joined_ms <= until_ms:
            common = _common(call, person, person.joined_ms)
            yield common | {"type": "BROWSER", "payload": " ".join(person.browser)}
            yield common | {"type": "OPERATION_SYSTEM", "payload": " ".join(person.system)}
            yield common | {"type": "CODEC", "payload": "audio/opus 48000/2"}


def _extensions(call: WorldCall, after_ms: int, until_ms: int) -> Iterator[Row]:
    for person in sorted(call.people, key=lambda one: one.joined_ms):
        if after_ms < person.joined_ms <= until_ms:
            common = _common(call, person, person.joined_ms)
            yield common | {"extensionType": "LAB_SCENE", "payload": person.scene.name}


RESOURCES: dict[str, Callable[[WorldCall, int, int], Iterator[Row]]] = {
    "callEvents": _events,
    "callMetas": _metas,
    "clientDataChannels": _per_client(_channels),
    "clientExtensions": _extensions,
    "iceCandidatePairs": _per_client(_pairs),
    "inboundAudioTracks": _per_client(_inbound_audio),
    "inboundVideoTracks": _per_client(_inbound_video),
    "outboundAudioTracks": _per_client(_outbound_audio),
    "outboundVideoTracks": _per_client(_outbound_video),
    "peerConnectionTransports": _per_client(_transports),
}


def _grid(began: int, ended: int, after: int, until: int, step: int) -> range:
    """Return the moments of a regular sample within a life and a span."""
    first = max(began, after) // step * step + step
    return range(first, min(ended - 1, until) + 1, step)
