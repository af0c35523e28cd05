"""Raw client samples as rows: the figures of a snapshot, from two consecutive ones (7.3, 7.4).

A counter that went back means that its stream began anew: that interval says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .wire_json import number, raw_id, tables
from .wire_names import Table

_MANY = 200
_AUDIO = "audio"


def is_sample(row: Table) -> bool:
    """Tell whether a row is a raw sample instead of a snapshot."""
    connections = tables(row.get("peerConnections"), _MANY)
    return any("inboundRtps" in one or "outboundRtps" in one for one in connections)


def snapshot_of(row: Table, before: Table | None) -> dict[str, Any]:
    """Return the snapshot row that a sample and the one before it amount to."""
    known = {} if before is None else _connections(before)
    seconds = _elapsed(row, before)
    parts = [
        _connection(one, known.get(raw_id(one.get("peerConnectionId")), {}), seconds)
        for one in tables(row.get("peerConnections"), _MANY)
    ]
    tracks_in = [t for part in parts for t in part["inboundTracks"]]
    tracks_out = [t for part in parts for t in part["outboundTracks"]]
    rtts = [part["rttInMs"] for part in parts if part["rttInMs"] is not None]
    found = {key: value for key, value in row.items() if key != "peerConnections"}
    found |= {
        "issues": row.get("clientIssues", row.get("issues")),
        "events": row.get("clientEvents", row.get("events")),
        "currentAvgRttInMs": sum(rtts) / len(rtts) if rtts else None,
        "currentMaxRttInMs": max(rtts, default=None),
        "jitterInMs": _most(tracks_in, "jitterInMs"),
        "fractionLost": _most(tracks_in, "fractionLost"),
        "receivingAudioBitrate": _sum(tracks_in, "bitrate"),
        "sendingAudioBitrate": _sum(tracks_out, "bitrate"),
        "usingTURN": True if any(p["localCandidateType"] == "relay" for p in parts) else None,
        "peerConnections": parts,
    }
    return found


def _connection(one: Table, before: Table, elapsed_s: float | None) -> dict[str, Any]:
    earlier_in = _streams(before.get("inboundRtps"))
    earlier_out = _streams(before.get("outboundRtps"))
    remote_in = _streams(one.get("remoteInboundRtps"))
    pair = _selected(one)
    rtt = number(pair.get("currentRoundTripTime"))
    if rtt is None:
        told = (number(x.get("roundTripTime")) for x in remote_in.values())
        rtt = next((value for value in told if value is not None), None)
    return {
        "peerConnectionId": one.get("peerConnectionId"),
        "score": one.get("score"),
        "state": one.get("connectionState"),
        "iceState": one.get("iceConnectionState"),
        "localCandidateType": _candidate_type(one, pair),
        "rttInMs": None if rtt is None else rtt * 1000.0,
        "inboundTracks": [
            _inbound(x, earlier_in.get(_ssrc(x)), elapsed_s)
            for x in tables(one.get("inboundRtps"), _MANY)
        ],
        "outboundTracks": [
            _outbound(x, earlier_out.get(_ssrc(x)), remote_in.get(_ssrc(x)), elapsed_s)
            for x in tables(one.get("outboundRtps"), _MANY)
        ],
    }


def _inbound(now: Table, before: Table | None, elapsed_s: float | None) -> dict[str, Any]:
    lost, received = _delta(now, before, "packetsLost"), _delta(now, before, "packetsReceived")
    delay = _delta(now, before, "jitterBufferDelay")
    emitted = _delta(now, before, "jitterBufferEmittedCount")
    concealed = _delta(now, before, "concealedSamples")
    jitter = number(now.get("jitter"))
    return {
        "id": now.get("trackId", now.get("id")),
        "kind": now.get("kind"),
        "ssrc": now.get("ssrc"),
        "bitrate": _rate(_delta(now, before, "bytesReceived"), elapsed_s),
        "packetsLost": now.get("packetsLost"),
        "packetsReceived": now.get("packetsReceived"),
        "fractionLost": loss_share(lost, received),
        "jitterInMs": None if jitter is None else jitter * 1000.0,
        "jitterBufferInMs": _ratio(delay, emitted, 1000.0),
        "concealedRatio": _ratio(concealed, _delta(now, before, "totalSamplesReceived"), 1.0),
        "audioLevel": now.get("audioLevel"),
        "width": now.get("frameWidth"),
        "height": now.get("frameHeight"),
        "fps": now.get("framesPerSecond"),
    }


def _outbound(
    now: Table, before: Table | None, remote: Table | None, elapsed_s: float | None
) -> dict[str, Any]:
    return {
        "id": now.get("trackId", now.get("id")),
        "kind": now.get("kind"),
        "ssrc": now.get("ssrc"),
        "bitrate": _rate(_delta(now, before, "bytesSent"), elapsed_s),
        "fractionLost": None if remote is None else remote.get("fractionLost"),
    }


def loss_share(lost: float | None, received: float | None) -> float | None:
    """Return the lost share of an interval, 0 to 1; None when nothing moved (7.4).

    Lost packets that came late after all make the count go down: no loss then.
    """
    if lost is None or received is None or lost + received <= 0:
        return None
    return min(1.0, max(0.0, lost / (lost + received)))


def _delta(now: Table, before: Table | None, name: str) -> float | None:
    if before is None:
        return None
    new, old = number(now.get(name)), number(before.get(name))
    if new is None or old is None or new < old:
        return None
    return new - old


def _ratio(part: float | None, whole: float | None, factor: float) -> float | None:
    return None if part is None or not whole else part / whole * factor


def _rate(octets: float | None, elapsed_s: float | None) -> float | None:
    return None if octets is None or not elapsed_s else octets * 8.0 / elapsed_s


def _elapsed(row: Table, before: Table | None) -> float | None:
    if before is None:
        return None
    now, then = number(row.get("timestamp")), number(before.get("timestamp"))
    return (now - then) / 1000.0 if now is not None and then is not None and now > then else None


def _connections(row: Table) -> dict[str, Table]:
    found = tables(row.get("peerConnections"), _MANY)
    return {raw_id(one.get("peerConnectionId")): one for one in found}


def _streams(value: object) -> dict[str, Table]:
    return {_ssrc(one): one for one in tables(value, _MANY)}


def _ssrc(stream: Table) -> str:
    return raw_id(stream.get("ssrc"))


def _selected(one: Table) -> Table:
    """Return the candidate pair in use: nominated and succeeded, or the first with a time."""
    pairs = tables(one.get("iceCandidatePairs"), _MANY)
    used = [p for p in pairs if p.get("nominated") is True and p.get("state") == "succeeded"]
    timed = [p for p in pairs if number(p.get("currentRoundTripTime")) is not None]
    return next(iter([*used, *timed]), {})


def _candidate_type(one: Table, pair: Table) -> object:
    wanted = pair.get("localCandidateId")
    for candidate in tables(one.get("iceCandidates"), _MANY):
        if wanted and candidate.get("id") == wanted:
            return candidate.get("candidateType")
    return None


def _most(tracks: Iterable[Mapping[str, Any]], name: str) -> float | None:
    return max((t[name] for t in tracks if t.get(name) is not None), default=None)


def _sum(tracks: Iterable[Mapping[str, Any]], name: str) -> float | None:
    found = [t[name] for t in tracks if t.get("kind") == _AUDIO and t.get(name) is not None]
    return sum(found) if found else None
