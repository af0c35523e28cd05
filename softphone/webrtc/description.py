"""Session descriptions (SDP, RFC 8866 and 9429) as values; reading never raises but ProtocolError.

Only what an audio endpoint acts on is kept. Lines nobody here needs are passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from softphone.model.error import ProtocolError

MOST_BYTES = 65_536
_MOST_LINES_OF_MEDIA = 32
_MOST_CANDIDATES = 64
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
_STATIC = {0: ("PCMU", 8000), 3: ("GSM", 8000), 8: ("PCMA", 8000), 9: ("G722", 8000)}
_STATIC |= {13: ("CN", 8000), 18: ("G729", 8000)}


class Direction(StrEnum):
    """Who sends on a line, seen from the writer of the description."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """True when the writer sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """True when the writer wants to receive."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def reversed(self) -> Direction:
        """The same line seen from the other side."""
        return direction_of(self.receives, self.sends)


def direction_of(sends: bool, receives: bool) -> Direction:
    """Return the direction of a line that sends, receives, does both or neither."""
    if sends:
        return Direction.SENDRECV if receives else Direction.SENDONLY
    return Direction.RECVONLY if receives else Direction.INACTIVE


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload type of a line; `parameters` is the text of its fmtp line."""

    payload_type: int
    name: str
    clock_hz: int
    channels: int = 1
    parameters: str = ""


@dataclass(frozen=True, slots=True)
class Transport:
    """How the writer of a line is reached; `candidates` are whole attribute values."""

    ufrag: str = ""
    password: str = ""
    fingerprints: tuple[tuple[str, str], ...] = ()
    setup: str = ""
    candidates: tuple[str, ...] = ()
    rtcp_mux: bool = False
    ice_lite: bool = False


@dataclass(frozen=True, slots=True)
class MediaLine:
    """One m-line; `candidates` is their number."""

    kind: str
    port: int
    direction: Direction
    mid: str
    codecs: tuple[Codec, ...]
    candidates: int
    bundled: bool = False
    protocol: str = ""
    formats: tuple[str, ...] = ()
    transport: Transport = field(default_factory=Transport)

    @property
    def rejected(self) -> bool:
        """True when the line is switched off: port 0, and not part of a bundle."""
        return self.port == 0 and not self.bundled


@dataclass(frozen=True, slots=True)
class Description:
    """What one description says. `session_id` is the id in its o= line."""

    session_id: str
    version: int
    media: tuple[MediaLine, ...]
    bundle: tuple[str, ...] = ()

    @property
    def audio(self) -> MediaLine | None:
        """The first audio line that is not switched off."""
        return next((m for m in self.media if m.kind == "audio" and not m.rejected), None)


def parse(text: str) -> Description:
    """Return what the text says; ProtocolError (BAD_SDP) when it is no session description."""
    session, sections = split(text)
    if not session or session[0] != "v=0":
        raise bad("does not begin with v=0")
    origin = next((line[2:].split() for line in session if line.startswith("o=")), [])
    if len(origin) < 3 or not _NUMBER.fullmatch(origin[2]):
        raise bad("has no usable o= line")
    bundle = _bundle(session)
    shared = _Section(session)
    media = tuple(_media(lines, shared, bundle) for lines in sections)
    return Description(origin[1], int(origin[2]), media, bundle)


def offered(text: str) -> tuple[bool, bool]:
    """Return (audio, video): which kinds a description offers on a line not switched off."""
    media = parse(text).media
    kinds = {line.kind for line in media if not line.rejected}
    return "audio" in kinds, "video" in kinds


def split(text: str) -> tuple[list[str], list[list[str]]]:
    """Return the session's lines and the lines of each m-section; too large raises BAD_SDP."""
    if len(text) > MOST_BYTES or len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise bad("is larger than 64 KiB")
    session: list[str] = []
    sections: list[list[str]] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if not line:
            continue
        if line.startswith("m="):
            sections.append([])
        (sections[-1] if sections else session).append(line)
    if len(sections) > _MOST_LINES_OF_MEDIA:
        raise bad(f"has more than {_MOST_LINES_OF_MEDIA} media lines")
    return session, sections


def join(session: list[str], sections: list[list[str]]) -> str:
    """Return the text of these lines, as `split` gave them."""
    return "".join(f"{line}\r\n" for lines in (session, *sections) for line in lines)


def bad(what: str) -> ProtocolError:
    """Return the error of a description that `what` is wrong with."""
    return ProtocolError(f"The far end's session description {what}.", code="BAD_SDP")


class _Section:
    """The attributes of one section, first value of each name, and lists where they repeat."""

    def __init__(self, lines: list[str]) -> None:
        self.all: dict[str, list[str]] = {}
        for line in lines:
            if line.startswith("a="):
                name, _, value = line[2:].partition(":")
                self.all.setdefault(name, []).append(value)

    def first(self, name: str, default: str = "") -> str:
        return self.all.get(name, [default])[0]


def _bundle(session: list[str]) -> tuple[str, ...]:
    for line in session:
        if line.startswith("a=group:BUNDLE"):
            return tuple(line.split()[1:])
    return ()


def _media(lines: list[str], shared: _Section, bundle: tuple[str, ...]) -> MediaLine:
    fields = lines[0][2:].split()
    if len(fields) < 4:
        raise bad("has a media line with too few fields")
    port = fields[1].partition("/")[0]
    if not _NUMBER.fullmatch(port) or int(port) > 65_535:
        raise bad("has a media line without a port number")
    here = _Section(lines)
    mid = here.first("mid")
    transport = _transport(here, shared)
    return MediaLine(
        fields[0],
        int(port),
        _direction(here, shared),
        mid,
        _codecs(fields[3:], here),
        len(transport.candidates),
        bool(mid) and mid in bundle,
        fields[2],
        tuple(fields[3:]),
        transport,
    )


def _direction(here: _Section, shared: _Section) -> Direction:
    for section in (here, shared):
        for direction in Direction:
            if direction.value in section.all:
                return direction
    return Direction.SENDRECV


def _codecs(payload_types: list[str], here: _Section) -> tuple[Codec, ...]:
    """Return the codecs of a line in its order; numbers without a meaning are left out."""
    maps = dict(_numbered(here.all.get("rtpmap", [])))
    parameters = dict(_numbered(here.all.get("fmtp", [])))
    found: dict[int, Codec] = {}
    for text in payload_types:
        if not _NUMBER.fullmatch(text) or int(text) > 127:
            continue
        number = int(text)
        codec = _codec(number, maps.get(number), parameters.get(number, ""))
        if codec:
            found.setdefault(number, codec)
    return tuple(found.values())


def _codec(number: int, rtpmap: str | None, parameters: str) -> Codec | None:
    if rtpmap is None:
        static = _STATIC.get(number)
        return Codec(number, *static, 1, parameters) if static else None
    name, _, rest = rtpmap.strip().partition("/")
    clock, _, channels = rest.partition("/")
    if not name or not _NUMBER.fullmatch(clock) or not 0 < int(clock) < 1_000_000:
        return None
    count = int(channels) if _NUMBER.fullmatch(channels) else 1
    return Codec(number, name, int(clock), max(1, min(count, 8)), parameters)


def _numbered(values: list[str]) -> list[tuple[int, str]]:
    """Return "111 minptime=10" as (111, "minptime=10"), the last of each number counting."""
    found: list[tuple[int, str]] = []
    for value in values:
        number, _, rest = value.partition(" ")
        if _NUMBER.fullmatch(number):
            found.append((int(number), rest))
    return found


def _transport(here: _Section, shared: _Section) -> Transport:
    def either(name: str) -> str:
        return here.first(name) or shared.first(name)

    prints = here.all.get("fingerprint") or shared.all.get("fingerprint", [])
    pairs = (value.split() for value in prints)
    return Transport(
        either("ice-ufrag").strip(),
        either("ice-pwd").strip(),
        tuple((p[0].lower(), p[1].upper()) for p in pairs if len(p) == 2),
        either("setup").strip(),
        tuple(here.all.get("candidate", [])[:_MOST_CANDIDATES]),
        "rtcp-mux" in here.all,
        "ice-lite" in shared.all,
    )
