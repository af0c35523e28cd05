"""Rows of the world's calls: the ten kinds of reports, all from the same figures.

Every function returns rows with `after_ms` < timestamp <= `until_ms`, the earliest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from . import observer_ids as ids
from .observer_issues import Row, issues_of
from .observer_world import SERVICE, Person, WorldCall

REPORT_EVERY_MS = 5000
AUDIO_BYTES = 80


def _per_client(
    make: Callable[[WorldCall, Person, int, Row], Iterator[Row]],
) -> Callable[[WorldCall, int, int], Iterator[Row]]:
    """Return rows of all clients on a common grid, each with the common members."""

    def rows(call: WorldCall, after_ms: int, until_ms: int) -> Iterator[Row]:
        for at in grid(call.started_ms, call.ended_ms, after_ms, until_ms, REPORT_EVERY_MS):
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
        found += client_events(call, person)
    found.append(_call_event(call, "CALL_ENDED", call.ended_ms))
    found.sort(key=lambda row: row["timestamp"])
    return (row for row in found if after_ms < row["timestamp"] <= until_ms)


def _call_event(call: WorldCall, name: str, at: int) -> Row:
    return {
        "serviceId": SERVICE, "timestamp": at, "mediaUnitId": "sfu-1", "callId": call.id,
        "roomId": call.room, "name": name,
    }  # fmt: skip


def client_events(call: WorldCall, person: Person) -> list[Row]:
    """Return what happened to a client, in order."""
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


def grid(began: int, ended: int, after: int, until: int, step: int) -> range:
    """Return the moments of a regular sample within a life and a span."""
    first = max(began, after) // step * step + step
    return range(first, min(ended - 1, until) + 1, step)
