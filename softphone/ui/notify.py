"""Desktop notifications and the title by escape sequence, as configured. Pure.

Notifications never tell who calls; the title does only when that is configured.
"""

from __future__ import annotations

from collections.abc import Mapping

from softphone.model.call import CallState
from softphone.model.state import ConsoleState
from softphone.model.text import clean

from . import words

_TITLE_LIMIT = 60
_TEXTS = {
    "missed": "Missed call",
    "message": "New message",
    "reminder": "A call is to be made",
    "warning": "softphone has a warning",
}
_LEADING = (CallState.ACTIVE, CallState.HELD)


def sequence(kind: str, text: str, environment: Mapping[str, str]) -> str:
    """Return what to write to the terminal for OSC 9, 777 or 99; nothing for "off".

    In tmux the sequence is wrapped so that it reaches the outer terminal.
    """
    text = clean(text).replace(";", ",")
    body = {
        "osc9": f"\x1b]9;{text}\x1b\\",
        "osc777": f"\x1b]777;notify;softphone;{text}\x1b\\",
        "osc99": f"\x1b]99;;{text}\x1b\\",
    }.get(kind, "")
    if body and environment.get("TMUX"):
        doubled = body.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{doubled}\x1b\\"
    return body


def text_of(occasion: str, count: int) -> str:
    """Return what is told: that somebody calls and how many, not who."""
    return _TEXTS.get(occasion) or ringing_text(count)


def ringing_text(waiting: int) -> str:
    """Return what is told of ringing calls."""
    return "Incoming call" if waiting <= 1 else f"{waiting} calls are ringing"


def is_same(before: str, after: str) -> bool:
    """Tell whether two sentences say the same, one perhaps with its source before it."""
    one, other = (text.strip().rstrip(".").casefold() for text in (before, after))
    if not one or not other:
        return False
    return one == other or one.endswith(f": {other}") or other.endswith(f": {one}")


def title_of(state: ConsoleState, *, names: bool) -> str:
    """Return the title: what is up, without seconds, so that it changes with the calls alone."""
    offers, calls = state.offers(), state.live_calls()
    parts = []
    if offers:
        who = f" {offers[0].remote.label}" if names else ""
        parts.append(f"RING{who}" + (f" +{len(offers) - 1}" if len(offers) > 1 else ""))
    if calls:
        call = next((one for one in calls if one.state is CallState.ACTIVE), calls[0])
        who = f" {call.remote.label}" if names else ""
        parts.append(f"{words.bare_state(call)}{who}")
        parts += [f"{len(calls)} calls"] if len(calls) > 1 else []
    if state.missed and not parts:
        parts.append(f"{state.missed} missed")
    return clean(" · ".join([*parts, "softphone"]), _TITLE_LIMIT)


def title_sequence(title: str, environment: Mapping[str, str], *, first: bool) -> str:
    """Return what sets the title; the first time the terminal is asked to remember its own."""
    if environment.get("TERM", "") == "linux":  # it has no title, and shows what it does not know
        return ""
    return ("\x1b[22;2t" if first else "") + f"\x1b]2;{clean(title)}\x1b\\"


def title_back(environment: Mapping[str, str]) -> str:
    """Return what gives the terminal its own title back."""
    return "" if environment.get("TERM", "") == "linux" else "\x1b]2;\x1b\\\x1b[23;2t"
