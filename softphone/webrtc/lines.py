"""The m-lines of a call: what an offer's are to us, and how ours are written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from softphone.model.error import ProtocolError

from .description import Codec, Description, Direction, MediaLine, Transport, bad
from .write import WrittenLine

if TYPE_CHECKING:
    from .path import SecurePath


@dataclass(slots=True)
class Line:
    """One m-line, ours by kind and place; `path` only when it is not bundled with the audio."""

    kind: str
    mid: str
    protocol: str = "UDP/TLS/RTP/SAVPF"
    formats: tuple[str, ...] = ()
    codecs: tuple[Codec, ...] = ()
    switched_off: bool = False
    bundled: bool = True
    path: SecurePath | None = None


def audio_of(description: Description) -> MediaLine:
    """Return the audio line; ProtocolError (NO_AUDIO) when there is none."""
    audio = description.audio
    if audio is None:
        raise ProtocolError("The far end's session description has no audio.", code="NO_AUDIO")
    return audio


def transport_of(description: Description, line: MediaLine) -> Transport:
    """Return how a line is reached; in a bundle its first line says so for all."""
    if not line.bundled:
        return line.transport
    tagged = next((m for m in description.media if m.mid == description.bundle[0]), line)
    if not tagged.transport.ufrag:
        tagged = line
    candidates = dict.fromkeys((*tagged.transport.candidates, *line.transport.candidates))
    return replace(tagged.transport, candidates=tuple(candidates))


def check(transport: Transport) -> None:
    """Raise ProtocolError (BAD_SDP) when a line lacks what a connection needs."""
    if not transport.ufrag or not transport.password:
        raise bad("has no ICE credentials")
    if not transport.fingerprints:
        raise bad("has no DTLS fingerprint")
    if not transport.rtcp_mux:
        raise bad("wants a port of its own for RTCP")


def line_for(media: MediaLine, audio: MediaLine, bundle: bool) -> Line:
    """Return our line for one of an offer: only data channels are refused."""
    return Line(
        media.kind,
        media.mid,
        media.protocol,
        media.formats,
        media.codecs if media is not audio else (),
        switched_off=media.rejected or media.kind not in ("audio", "video"),
        bundled=media.bundled and audio.bundled and bundle,
    )


def written_lines(
    lines: list[Line],
    main: SecurePath,
    direction: Direction,
    codecs: tuple[Codec, ...],
    setup: str,
    ssrc: int,
) -> list[WrittenLine]:
    """Return our lines for a description: the first audio one with `codecs`, all others idle."""
    written: list[WrittenLine] = []
    audio = next((line for line in lines if line.kind == "audio" and not line.switched_off), None)
    for line in lines:
        speaks = line is audio
        written.append(
            WrittenLine(
                line.kind,
                line.mid,
                direction if speaks else Direction.INACTIVE,
                (line.path or main).local(setup),
                codecs if speaks else line.codecs,
                line.formats,
                line.protocol,
                ssrc if speaks else None,
                line.switched_off,
                line.bundled,
            )
        )
    return written
