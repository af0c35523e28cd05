"""From snapshot rows to quality: calls, clients, issues (7.2, 7.3). Nothing here raises.

A figure of the wrong type is missing, one outside its range is clamped and named in `odd`; both
are counted in `Counts` per member. The row itself goes along as it came.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from softphone.model.monitor import ClientQuality, Happening, Issue, ObservedCall
from softphone.model.mos import delay_of, mos

from .wire_json import as_text, flag, line, number, raw_id, seconds, shown, table, tables, whole
from .wire_names import LIST_LIMIT, Table, Wire

Counts: TypeAlias = Counter[str]

_MANY = 200
_DETAIL_LIMIT = 200
_RESOLVED = "-resolved"
_SCORE_TOP = 5.0


class Reader:
    """Reads members of one row, and remembers which were odd."""

    def __init__(self, row: Table, names: Wire, counts: Counts) -> None:
        self.row = row
        self.odd: list[str] = []
        self.names = names
        self._counts = counts

    def get(self, name: str) -> Any:
        """Return a member as it is."""
        return self.names.row(self.row, name)

    def number(self, name: str) -> float | None:
        """Return a number, None (and counted) for anything else that is not null."""
        value = self.get(name)
        if value is None:
            return None
        found = number(value)
        if found is None:
            self._counts[name] += 1
        return found

    def within(self, name: str, low: float, high: float, shown_as: str) -> float | None:
        """Return a number in its range; one outside is clamped and named."""
        found = self.number(name)
        return None if found is None else self.clamp(found, low, high, shown_as)

    def clamp(self, found: float, low: float, high: float, shown_as: str) -> float:
        """Return a figure in its range; one outside is clamped and named."""
        if low <= found <= high:
            return found
        self.odd.append(shown_as)
        return min(high, max(low, found))

    def score(self, shown_as: str = "score") -> float | None:
        """Return the service's own score."""
        return self.within("score", 0.0, _SCORE_TOP, shown_as)

    def at(self, name: str) -> float | None:
        """Return a time in epoch seconds."""
        found = self.number(name)
        return seconds(found) if found is not None else None

    def whole(self, name: str) -> int | None:
        """Return a count."""
        value = self.get(name)
        found = whole(value)
        if found is None and value is not None:
            self._counts[name] += 1
        return found

    def text(self, name: str) -> str:
        """Return a text as one harmless line."""
        return line(self.get(name))

    def rows(self, name: str, limit: int = _MANY) -> list[Table]:
        """Return the objects of a list."""
        value = self.get(name)
        if value is not None and not isinstance(value, list):
            self._counts[name] += 1
        return tables(value, limit)

    def inside(self, row: Table) -> Reader:
        """Return a reader of a part of this row."""
        return Reader(row, self.names, self._counts)


def call_in_list(row: Table, names: Wire, counts: Counts) -> ObservedCall | None:
    """Return a call of a list (6.1, 6.2); None without an id."""
    read = Reader(row, names, counts)
    call_id = raw_id(read.get("callId"))
    if not call_id:
        return None
    clients = _clients(read, call_id, None)
    duration = read.number("durationInMs")
    return ObservedCall(
        id=call_id,
        room=read.text("roomId"),
        service=read.text("serviceId"),
        started_at=read.at("startedAt"),
        ended_at=read.at("endedAt"),
        duration_s=None if duration is None else max(0.0, duration / 1000.0),
        clients_now=len(clients) if isinstance(read.get("clients"), list) else None,
        clients_peak=read.whole("maxNumberOfClients"),
        issues=read.whole("numberOfIssues"),
        severity=read.text("highestSeverity"),
        score=read.score(),
        worst_score=_worst(clients),
        clients=clients,
        matched_by=tuple(line(name) for name in _texts(read.get("matchedBy"))),
    )


def call_snapshot(row: Table, names: Wire, counts: Counts) -> ObservedCall:
    """Return what a snapshot says of its call."""
    read = Reader(row, names, counts)
    call_id, at = raw_id(read.get("callId")), read.at("timestamp")
    started = read.at("startedAt")
    clients = _clients(read, call_id, at)
    return ObservedCall(
        id=call_id,
        room=read.text("roomId"),
        service=read.text("serviceId"),
        started_at=started,
        ended_at=read.at("endedAt"),
        duration_s=None if at is None or started is None else max(0.0, at - started),
        clients_now=read.whole("numberOfClients"),
        clients_peak=read.whole("maxNumberOfClients"),
        issues=read.whole("numberOfIssues"),
        score=read.score(),
        worst_score=_worst(clients),
        clients=clients,
    )


def client_snapshot(
    row: Table, names: Wire, counts: Counts, raw: Table | None = None
) -> ClientQuality:
    """Return what a client's own snapshot says (7.3); `raw` is the row it was made from."""
    read = Reader(row, names, counts)
    tracks = [read.inside(part) for part in read.rows("peerConnections")]
    inbound = [x.inside(t) for x in tracks for t in x.rows("inboundTracks")]
    outbound = [x.inside(t) for x in tracks for t in x.rows("outboundTracks")]
    losses = [t.within("fractionLost", 0.0, 1.0, "loss_out") for t in outbound]
    known = [loss for loss in losses if loss is not None]
    loss_out = max(known) if known else None
    buffers = [b for t in inbound if (b := t.within("jitterBufferInMs", 0.0, 1e5, "buffer_ms"))]
    loss_in = read.within("fractionLost", 0.0, 1.0, "loss_in")
    if loss_in is None:
        loss_in = _share(
            read.number("deltaInboundPacketsLost"), read.number("deltaInboundPacketsReceived")
        )
    rtt = read.within("currentAvgRttInMs", 0.0, 1e6, "rtt_ms")
    if rtt is None:
        rtt = read.within("rttInMs", 0.0, 1e6, "rtt_ms")
    jitter = read.within("jitterInMs", 0.0, 1e6, "jitter_ms")
    buffer = max(buffers) if buffers else None
    muted = [flag(t.get("muted")) for t in outbound if t.get("kind") == "audio"]
    for part in (*tracks, *inbound, *outbound):
        read.odd += part.odd
    return ClientQuality(
        call=raw_id(read.get("callId")),
        client=raw_id(read.get("clientId")),
        at=read.at("timestamp"),
        name=read.text("displayName"),
        user=read.text("userId"),
        score=read.score(),
        reasons=reasons(read.get("scoreReasons")),
        mos=estimate(loss_in, rtt, buffer),
        rtt_ms=rtt,
        rtt_max_ms=read.within("currentMaxRttInMs", 0.0, 1e6, "rtt_max_ms"),
        jitter_ms=jitter,
        buffer_ms=buffer,
        loss_in=loss_in,
        loss_out=loss_out,
        audio_in_bps=read.within("receivingAudioBitrate", 0.0, 1e12, "audio_in_bps"),
        audio_out_bps=read.within("sendingAudioBitrate", 0.0, 1e12, "audio_out_bps"),
        turn=flag(read.get("usingTURN")),
        tcp=flag(read.get("usingTCP")),
        muted=(True in muted) if muted else None,
        joined_at=read.at("joinedAt"),
        left_at=read.at("leftAt"),
        issues=issues(read.rows("issues"), names),
        happened=happenings(read.rows("events"), names),
        odd=tuple(dict.fromkeys(read.odd)),
        facts=facts(read),
        row=as_text(row if raw is None else raw),
    )


def estimate(loss: float | None, rtt_ms: float | None, buffer_ms: float | None) -> float | None:
    """Return our own opinion score; None where neither loss nor delay is known."""
    if loss is None and rtt_ms is None:
        return None
    return round(mos(loss or 0.0, delay_of(rtt_ms or 0.0, buffer_ms or 0.0)), 2)


def reasons(value: object) -> tuple[tuple[str, str], ...]:
    """Return why the score is what it is: a list, a map with points, or JSON of one (7.3)."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return ((line(value), ""),)
    if isinstance(value, Mapping):
        return tuple(
            (line(name), "" if number(points) is None else f"-{abs(number(points) or 0.0):g}")
            for name, points in list(value.items())[:_MANY]
        )
    return tuple((line(text), "") for text in _texts(value))


def issues(rows: Sequence[Table], names: Wire) -> tuple[Issue, ...]:
    """Return issues in order of time; `<type>-resolved` ends the one with the same key (7.3)."""
    open_: dict[tuple[str, str], Issue] = {}
    over: list[Issue] = []
    for row in sorted(rows, key=lambda one: number(names.row(one, "timestamp")) or 0.0):
        kind = line(names.row(row, "type"))
        key, at = raw_id(names.row(row, "key")), seconds(names.row(row, "timestamp"))
        if kind.endswith(_RESOLVED):
            found = open_.pop((kind.removesuffix(_RESOLVED), key), None)
            if found is not None:
                over.append(Issue(found.type, found.at, at, found.severity, found.detail))
            continue
        if not kind:
            continue
        detail = payload_words(names.row(row, "payload"))
        open_[kind, key] = Issue(kind, at, None, line(names.row(row, "severity")), detail)
    return tuple(sorted((*over, *open_.values()), key=lambda issue: issue.at or 0.0))


def happenings(rows: Sequence[Table], names: Wire) -> tuple[Happening, ...]:
    """Return what happened to a client, in order of time; what has no name is left out."""
    found = [
        Happening(what, seconds(names.row(row, "timestamp")),
                  payload_words(names.row(row, "payload")))
        for row in rows
        if (what := line(names.row(row, "type")))
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: one.at or 0.0))


def payload_words(value: object) -> str:
    """Return an issue's payload for people; it is an object, or JSON text of one (O5)."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return line(value, _DETAIL_LIMIT)
    if isinstance(value, Mapping):
        words = [f"{line(name)} {shown(item)}" for name, item in list(value.items())[:_MANY]]
        return line(", ".join(words), _DETAIL_LIMIT)
    return shown(value)


def facts(read: Reader) -> tuple[tuple[str, str], ...]:
    """Return further things to show: software, path, tracks."""
    found: list[tuple[str, str]] = []
    for title, name in (("browser", "browser"), ("system", "operationSystem")):
        part = table(read.get(name))
        software = " ".join(x for x in (shown(part.get("name")), shown(part.get("version"))) if x)
        if software:
            found.append((title, software))
    for part in read.rows("peerConnections"):
        one = read.inside(part)
        words = [one.text("state"), one.text("iceState"), one.text("localCandidateType")]
        found.append(("path", " ".join(word for word in words if word) or "unknown"))
        for way in ("inboundTracks", "outboundTracks"):
            found += [_track(one.inside(track), way) for track in one.rows(way)]
    return tuple(found[:_MANY])


def _track(read: Reader, way: str) -> tuple[str, str]:
    words = [read.text("kind")]
    bitrate, loss = read.number("bitrate"), read.number("fractionLost")
    jitter, width = read.number("jitterInMs"), read.number("width")
    words += [] if bitrate is None else [f"{bitrate / 1000:.0f} kbit/s"]
    words += [] if loss is None else [f"loss {loss:.1%}"]
    words += [] if jitter is None else [f"jitter {jitter:.0f} ms"]
    if width is not None:
        words.append(f"{width:.0f}x{shown(read.get('height'))} {shown(read.get('fps'))} fps")
    words += ["muted"] if read.get("muted") is True else []
    return ("in" if way == "inboundTracks" else "out", " ".join(word for word in words if word))


def _clients(read: Reader, call_id: str, at: float | None) -> tuple[ClientQuality, ...]:
    """Return a call's clients; of two readings for one, the worse (rule of O8)."""
    found: dict[str, ClientQuality] = {}
    for row in read.rows("clients", LIST_LIMIT):
        client = _client_in_call(read.inside(row), call_id, at)
        known = found.get(client.client)
        if client.client and (known is None or _rank(client) < _rank(known)):
            found[client.client] = client
    return tuple(found.values())


def _client_in_call(read: Reader, call_id: str, at: float | None) -> ClientQuality:
    loss = read.within("fractionLost", 0.0, 1.0, "loss_in")
    rtt = read.within("rttInMs", 0.0, 1e6, "rtt_ms")
    told = read.get("issues")
    return ClientQuality(
        call=call_id,
        client=raw_id(read.get("clientId")),
        at=at,
        name=read.text("displayName"),
        user=read.text("userId"),
        score=read.score(),
        mos=estimate(loss, rtt, None),
        rtt_ms=rtt,
        jitter_ms=read.within("jitterInMs", 0.0, 1e6, "jitter_ms"),
        loss_in=loss,
        turn=flag(read.get("usingTURN")),
        joined_at=read.at("joinedAt"),
        left_at=read.at("leftAt"),
        issues=issues(tables(told, _MANY), read.names),
        odd=tuple(read.odd),
    )


def _rank(client: ClientQuality) -> float:
    return 9.0 if client.score is None else client.score


def _worst(clients: Sequence[ClientQuality]) -> float | None:
    return min((one.score for one in clients if one.score is not None), default=None)


def _share(lost: float | None, received: float | None) -> float | None:
    """Return lost over all; None when nothing moved or a counter went back (7.4)."""
    if lost is None or received is None or lost < 0 or received < 0 or lost + received == 0:
        return None
    return lost / (lost + received)


def _texts(value: object) -> list[str]:
    return [x for x in value[:_MANY] if isinstance(x, str)] if isinstance(value, list) else []
