"""Small changes to a description's text, each leaving everything else as it was."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from softphone.model.error import Refused

from .description import Codec, bad, join, parse, split

logger = logging.getLogger(__name__)

_PER_CODEC = ("rtpmap", "fmtp", "rtcp-fb")


@dataclass(frozen=True, slots=True)
class CodecSelector:
    """Which codecs to remove: by name, and only with all of these fmtp parameters when given."""

    name: str
    parameters: tuple[str, ...] = ()

    def matches(self, codec: Codec) -> bool:
        """True when the codec is meant."""
        if codec.name.lower() != self.name.lower():
            return False
        present = _parameters(codec.parameters)
        return all(part.strip().lower() in present for part in self.parameters)


def by_program(edit: Callable[[str], str], text: str) -> str:
    """Return the text as a program's own function changes it; Refused when that fails."""
    try:
        changed = edit(text)
    except Exception:
        logger.exception("a program's own handler of session descriptions failed")
        changed = None
    if not isinstance(changed, str):
        raise Refused(
            "The program's own handler failed on the session description; the log says more.",
            code="HANDLER_FAILED",
        )
    return changed


def with_origin(text: str, session_id: str, version: int) -> str:
    """Return the text with this session id and version in its o= line.

    A far end takes a new id for a new far end and builds everything anew.
    """
    session, sections = split(text)
    for place, line in enumerate(session):
        fields = line[2:].split() if line.startswith("o=") else []
        if len(fields) == 6:
            fields[1:3] = session_id, str(version)
            session[place] = "o=" + " ".join(fields)
            return join(session, sections)
    raise bad("has no usable o= line")


def without_extmap(text: str) -> str:
    """Return the text without header extensions; their numbers must not change in a call."""
    return _without(text, lambda line: line.startswith("a=extmap"))


def without_crypto(text: str) -> str:
    """Return the text without SDES keys where a fingerprint says that DTLS is used."""
    if "a=fingerprint:" not in text:
        return text
    return _without(text, lambda line: line.startswith("a=crypto:"))


def without_bundle(text: str) -> str:
    """Return the text without groups: each line then has a transport of its own."""
    return _without(text, lambda line: line.startswith("a=group:"))


def without_trickle(text: str) -> str:
    """Return the text without the promise of candidates that come later."""
    session, sections = split(text)
    for lines in (session, *sections):
        for place, line in enumerate(lines):
            if line.startswith("a=ice-options:"):
                options = [o for o in line.partition(":")[2].split() if o != "trickle"]
                lines[place] = "a=ice-options:" + " ".join(options) if options else ""
        lines[:] = [line for line in lines if line]
    return join(session, sections)


def with_bandwidth(text: str, audio_kbps: int | None) -> str:
    """Return the text with b=AS and b=TIAS on its audio lines; None leaves it alone."""
    if audio_kbps is None:
        return text
    session, sections = split(text)
    for lines in sections:
        if lines[0].startswith("m=audio"):
            lines[:] = [line for line in lines if not line.startswith(("b=AS:", "b=TIAS:"))]
            # RFC 8866: b= comes after c= and before the attributes
            place = 2 if len(lines) > 1 and lines[1].startswith("c=") else 1
            lines[place:place] = [f"b=AS:{audio_kbps}", f"b=TIAS:{audio_kbps * 1000}"]
    return join(session, sections)


def preferring(text: str, names: Sequence[str]) -> str:
    """Return the text with these codecs first on audio lines, in this order; no codec goes."""
    order = [name.lower() for name in names]
    session, sections = split(text)
    described = parse(text)
    for lines, media in zip(sections, described.media, strict=True):
        if media.kind != "audio":
            continue
        rank = {c.payload_type: _rank(c.name, order) for c in media.codecs}
        fields = lines[0].split()
        fields[3:] = sorted(fields[3:], key=lambda t: rank.get(_number(t), len(order)))
        lines[0] = " ".join(fields)
    return join(session, sections)


def removing(text: str, selectors: Sequence[CodecSelector]) -> str:
    """Return the text without the selected codecs and what belongs to them (apt=).

    A line that would have no codec left keeps all of its own.
    """
    session, sections = split(text)
    described = parse(text)
    for lines, media in zip(sections, described.media, strict=True):
        gone = {c.payload_type for c in media.codecs if any(s.matches(c) for s in selectors)}
        gone |= {c.payload_type for c in media.codecs if _apt(c) in gone}
        fields = lines[0].split()
        kept = [field for field in fields[3:] if _number(field) not in gone]
        if not gone or not kept:
            continue
        lines[0] = " ".join([*fields[:3], *kept])
        lines[:] = [line for line in lines if _payload_type(line) not in gone]
    return join(session, sections)


def actpass(text: str) -> str:
    """Return an offer that leaves the DTLS role to the answer, whatever it said before."""
    return re.sub(r"(?m)^a=setup:(active|passive)(?=\r?$)", "a=setup:actpass", text)


def _without(text: str, unwanted: Callable[[str], bool]) -> str:
    session, sections = split(text)
    kept = [[line for line in lines if not unwanted(line)] for lines in (session, *sections)]
    return join(kept[0], kept[1:])


def _parameters(text: str) -> set[str]:
    return {part.strip().lower() for part in text.split(";") if part.strip()}


def _apt(codec: Codec) -> int:
    for part in _parameters(codec.parameters):
        if part.startswith("apt="):
            return _number(part[4:])
    return -1


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1


def _payload_type(line: str) -> int:
    name, _, value = line[2:].partition(":") if line.startswith("a=") else ("", "", "")
    return _number(value.split(" ")[0]) if name in _PER_CODEC else -1


def _rank(name: str, order: list[str]) -> int:
    return order.index(name.lower()) if name.lower() in order else len(order)
