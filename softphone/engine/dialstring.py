"""What may stand behind a number: tones to send after the answer, parameters of URIs. Pure.

+39 02 1234,,12#        two pauses of two seconds, then the tones
tel:+39021234;ext=12    an extension is sent as tones (RFC 3966)
sip:bob@host;user=phone parameters that name no other person are left out
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from softphone.model.error import Refused

_TONES = re.compile(r"[0-9*#A-D, ]{1,64}")
_BEHIND = re.compile(r"(?P<to>[^,]{2,}?)\s*(?P<tones>,[0-9*#A-Da-d,\s]*[0-9*#A-Da-d][,\s]*)")
_TEL = re.compile(r"tel:(?P<number>[^;?]*)(?P<rest>;[^?]*)?", re.IGNORECASE)
_SIP = re.compile(r"(?P<address>(?:sips?:)?[^;?@\s]+@[^;?\s]+);(?P<rest>[^?\s]*)", re.IGNORECASE)
_LEFT_OUT = frozenset({"user", "transport", "lr", "isub", "cpc", "rn", "npdi"})
_CONTEXT = "phone-context"


@dataclass(frozen=True, slots=True)
class DialString:
    """Where to, and the tones that follow the answer; a comma is a pause of two seconds."""

    to: str
    tones: str = ""


def dial_string(text: str) -> DialString:
    """Return the parts of what was typed or clicked; Refused for parameters that cannot be kept."""
    text = text.strip()
    if found := _TEL.fullmatch(text):
        return _tel(text, found["number"], found["rest"] or "")
    if found := _SIP.fullmatch(text):
        _parameters(text, found["rest"])
        return DialString(found["address"])
    if "@" not in text and (found := _BEHIND.fullmatch(text)):
        return DialString(found["to"], _tones(found["tones"]))
    return DialString(text)


def _tel(text: str, number: str, rest: str) -> DialString:
    kept = _parameters(text, rest.removeprefix(";"))
    if _CONTEXT in kept and not number.lstrip().startswith("+"):
        raise Refused(
            f"{text[:60]!r} is a number of some place only; dial it with its country.",
            code="BAD_NUMBER",
        )
    extension = kept.get("ext", "")
    tones = kept.get("postd", "") or extension
    if tones and not _TONES.fullmatch(tones.replace("p", ",").replace("-", "")):
        raise Refused(f"{tones[:40]!r} cannot be sent as tones.", code="BAD_NUMBER")
    tones = tones.replace("p", ",").replace("-", "")
    return DialString(number, _tones(f",{tones}") if tones else "")


def _parameters(text: str, rest: str) -> dict[str, str]:
    """Return parameters that mean something; those that change nothing are left out."""
    kept: dict[str, str] = {}
    for entry in filter(None, rest.split(";")):
        name, _, value = entry.partition("=")
        name = name.strip().casefold()
        if name in ("ext", "postd", _CONTEXT) and text[:4].casefold() == "tel:":
            kept[name] = value.strip()
        elif name not in _LEFT_OUT:
            raise Refused(
                f"{text[:60]!r} cannot be dialled: {name[:20]!r} is not understood.",
                code="BAD_NUMBER",
            )
    return kept


def _tones(text: str) -> str:
    return re.sub(r"\s", "", text).upper().rstrip(",")
