"""Desktop notifications by escape sequence, only when configured, and without caller data."""

from __future__ import annotations

from collections.abc import Mapping

from softphone.model.text import clean


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


def ringing_text(waiting: int) -> str:
    """Return what is told: how many call, not who."""
    return "Incoming call" if waiting <= 1 else f"{waiting} calls are ringing"
