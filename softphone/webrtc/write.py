"""Writing a session description: one audio line that works, every other line kept idle."""

from __future__ import annotations

from dataclasses import dataclass

from .description import Codec, Direction, Transport

_PROTOCOL = "UDP/TLS/RTP/SAVPF"


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """One m-line of ours. `raw_formats` are repeated for kinds we do not speak."""

    kind: str
    mid: str
    direction: Direction
    transport: Transport
    codecs: tuple[Codec, ...] = ()
    raw_formats: tuple[str, ...] = ()
    protocol: str = _PROTOCOL
    ssrc: int | None = None
    switched_off: bool = False
    bundled: bool = True


def write(session_id: str, version: int, lines: list[WrittenLine], cname: str) -> str:
    """Return the text; candidates stand in the line that carries the bundle, trickle is off."""
    out = ["v=0", f"o=- {session_id} {version} IN IP4 127.0.0.1", "s=-", "t=0 0"]
    group = [line.mid for line in lines if line.bundled and line.mid and not line.switched_off]
    if group:
        out.append("a=group:BUNDLE " + " ".join(group))
    out.append(f"a=msid-semantic: WMS {cname}")
    for line in lines:
        out += _line(line, cname)
    return "".join(f"{text}\r\n" for text in out)


def _line(line: WrittenLine, cname: str) -> list[str]:
    host, port = _default_address(line.transport)
    formats = [str(c.payload_type) for c in line.codecs] or list(line.raw_formats) or ["0"]
    if line.switched_off:
        return [
            f"m={line.kind} 0 {line.protocol} {' '.join(formats)}",
            "c=IN IP4 0.0.0.0",
            *([f"a=mid:{line.mid}"] if line.mid else []),
            "a=inactive",
        ]
    family = "IP6" if ":" in host else "IP4"
    return [
        f"m={line.kind} {port} {line.protocol} {' '.join(formats)}",
        f"c=IN {family} {host}",
        *([f"a=mid:{line.mid}"] if line.mid else []),
        f"a={line.direction.value}",
        *_transport(line.transport),
        *_codecs(line.codecs),
        *(["a=ptime:20"] if line.ssrc is not None else []),
        *_source(line, cname),
    ]


def _default_address(transport: Transport) -> tuple[str, int]:
    """Return address and port of the candidate most likely to be reached, port 9 without one."""
    best = ("0.0.0.0", 9)  # "no address" in SDP, nothing is bound
    for candidate in transport.candidates:
        fields = candidate.split()
        if len(fields) > 7 and ":" not in fields[4]:
            best = (fields[4], int(fields[5]))
            if fields[7] != "host":
                break
    return best


def _transport(transport: Transport) -> list[str]:
    return [
        "a=rtcp:9 IN IP4 0.0.0.0",
        *[f"a=candidate:{candidate}" for candidate in transport.candidates],
        *(["a=end-of-candidates"] if transport.candidates else []),
        f"a=ice-ufrag:{transport.ufrag}",
        f"a=ice-pwd:{transport.password}",
        *[f"a=fingerprint:{name} {value}" for name, value in transport.fingerprints],
        f"a=setup:{transport.setup}",
        "a=rtcp-mux",
    ]


def _codecs(codecs: tuple[Codec, ...]) -> list[str]:
    made = []
    for codec in codecs:
        channels = f"/{codec.channels}" if codec.channels > 1 else ""
        number = codec.payload_type
        made.append(f"a=rtpmap:{number} {codec.name}/{codec.clock_hz}{channels}")
        if codec.parameters:
            made.append(f"a=fmtp:{number} {codec.parameters}")
    return made


def _source(line: WrittenLine, cname: str) -> list[str]:
    if line.ssrc is None or not line.codecs:
        return []
    return [
        f"a=msid:{cname} {cname}-{line.mid}",
        f"a=ssrc:{line.ssrc} cname:{cname}",
        f"a=ssrc:{line.ssrc} msid:{cname} {cname}-{line.mid}",
    ]
