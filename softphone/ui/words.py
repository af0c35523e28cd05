"""States, durations and numbers as words: the word first, then a sign, then a colour."""

from __future__ import annotations

import math

from softphone.model.call import Call, CallState, Direction, HoldKind, MediaState, PendingKind
from softphone.model.desk import Desk, DeskState
from softphone.model.event import Level
from softphone.model.presence import Account, LinkState, NumberState

DASH = "-"

_STATE = {
    CallState.RINGING: "RING",
    CallState.DIALING: "DIAL",
    CallState.ALERTING: "ALERT",
    CallState.EARLY_MEDIA: "EARLY",
    CallState.CONNECTING: "OPEN",
    CallState.ACTIVE: "TALK",
    CallState.HELD: "HOLD",
    CallState.ENDED: "ENDED",
}
_ROLE = {
    CallState.RINGING: "ringing",
    CallState.DIALING: "dialing",
    CallState.ALERTING: "dialing",
    CallState.EARLY_MEDIA: "dialing",
    CallState.CONNECTING: "dialing",
    CallState.ACTIVE: "active",
    CallState.HELD: "held",
    CallState.ENDED: "ended",
}
_MEDIA = {
    MediaState.NONE: "no sound yet",
    MediaState.OPENING: "sound is opening",
    MediaState.FLOWING: "sound is flowing",
    MediaState.SILENT: "the far end sends no sound",
    MediaState.LOST: "NO SOUND, connection lost",
}
_LINK = {
    LinkState.ONLINE: ("●", "online", "ok"),
    LinkState.CONNECTING: ("◌", "connecting", "warn"),
    LinkState.RECONNECTING: ("◌", "reconnecting", "warn"),
    LinkState.OFFLINE: ("○", "offline", "dim"),
    LinkState.FAILED: ("x", "failed", "bad"),
}
NUMBER_WORDS = {
    NumberState.OFF: ("[ ]", "", "dim"),
    NumberState.ASKED: ("[x]", "asked", "warn"),
    NumberState.ACCEPTED: ("[x]", "accepted", "ok"),
    NumberState.REJECTED: ("[x]", "rejected", "bad"),
}
LEVEL_ROLES = {Level.INFO: "plain", Level.GOOD: "ok", Level.WARNING: "warn", Level.ERROR: "bad"}


def duration(seconds: float) -> str:
    """Return 03:12, or 1:03:12 from an hour on."""
    whole = max(0, int(seconds)) if math.isfinite(seconds) else 0
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def whole_minutes(seconds: float) -> str:
    """Return a long duration in whole minutes, so that it changes only on the minute."""
    minutes = max(0, int(seconds) // 60) if math.isfinite(seconds) else 0
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def state_word(call: Call, mono: float) -> str:
    """Return the state column: RING, DIAL, TALK 03:12, CONF 05:10, HOLD 00:41, ENDED busy."""
    word = bare_state(call)
    if call.state in (CallState.ACTIVE, CallState.HELD):
        return f"{word} {duration(call.seconds(mono))}"
    if call.state is CallState.ENDED:
        return f"{word} {end_words(call)}"
    return word


def bare_state(call: Call) -> str:
    """Return only the state word, for narrow places; AWAY is a conference without the operator."""
    if call.state is CallState.ACTIVE and (call.joined or call.aside):
        return "AWAY" if call.aside else "CONF"
    return _STATE[call.state]


def end_words(call: Call) -> str:
    """Return why an ended call is over."""
    return call.end_reason.words if call.end_reason else ""


def state_role(call: Call) -> str:
    """Return the style role of a call's state."""
    return _ROLE[call.state]


def direction_word(call: Call) -> str:
    """Return in or out."""
    return "in" if call.direction is Direction.INBOUND else "out"


def media_words(call: Call) -> str:
    """Return what the operator can expect to hear."""
    if call.state is CallState.HELD or call.held_by_us:
        kind = {HoldKind.LOCAL: "local hold", HoldKind.WIRE: "held by the platform"}
        return kind.get(call.hold_kind, "on hold")
    if call.held_by_them:
        return "the far end holds the call"
    if call.aside:
        return "left to the others: you neither hear nor are heard"
    return _MEDIA[call.media]


def link_words(account: Account, mono: float) -> tuple[str, str, str]:
    """Return sign, words and role of an account's connection."""
    sign, word, role = _LINK[account.link]
    if account.link is LinkState.RECONNECTING and account.retry_mono is not None:
        wait = max(0, math.ceil(account.retry_mono - mono))
        word = f"retry in {wait} s" if wait else "trying now"
    return sign, word, role


def pending_words(call: Call, mono: float) -> str:
    """Return what is about to be done with a call: "ENDS in 2 s"; empty when nothing is."""
    pending = call.pending
    if pending is None:
        return ""
    left = max(0, math.ceil(pending.due_mono - mono))
    if pending.kind is PendingKind.END:
        return f"ENDS in {left} s"
    return f"GOES to {pending.to} in {left} s" if pending.to else f"GOES on in {left} s"


def desk_words(desk: Desk) -> str:
    """Return the operator's own state, of an absence its reason: "lunch"."""
    return desk.reason if desk.state is DeskState.NOT_ROUTABLE and desk.reason else desk.state.words


def next_words(desk: Desk) -> str:
    """Return what begins when the last call has ended, empty when nothing waits."""
    if desk.queued is None:
        return ""
    return desk.queued.reason or desk.queued.state.words


def stale_for(account: Account, mono: float) -> str:
    """Return "stale 00:42" while the account's line is lost, else an empty string."""
    if account.link not in (LinkState.RECONNECTING, LinkState.FAILED):
        return ""
    return f"stale {duration(mono - account.since_mono)}"


def figure(value: float | None, unit: str = "", digits: int = 0) -> str:
    """Return a measured figure, or a dash for what is not known."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{value:.{digits}f}{' ' if unit else ''}{unit}"


def plural(count: int, noun: str) -> str:
    """Return "1 call", "2 calls"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
