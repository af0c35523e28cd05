"""What happened, in a line an operator would tell a colleague. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from softphone.model.call import Call, CallState, Direction, EndReason, MediaState
from softphone.model.device import AudioStatus
from softphone.model.event import Level
from softphone.model.message import ScreenPop
from softphone.model.presence import Account, LinkState, NumberState
from softphone.model.quality import Warned
from softphone.model.record import TimelineEntry


def call_line(before: Call | None, after: Call) -> tuple[Level, str] | None:
    """Return the log line for a changed call, or None when it is not worth one."""
    who = _who(after)
    if before is None:
        return _new_call(after, who)
    if before.state is not after.state:
        return _new_state(after, who)
    if before.media is not after.media:
        return _new_media(after, who)
    if before.muted != after.muted:
        return Level.INFO, f"microphone {'closed' if after.muted else 'open'} for {who}"
    if before.recording != after.recording:
        return Level.INFO, f"recording {'on' if after.recording else 'off'} for {who}"
    if before.recording_paused != after.recording_paused and after.live:
        what = "paused: nothing is kept" if after.recording_paused else "goes on"
        return Level.INFO, f"recording of {who} {what}"
    if bool(before.joined) != bool(after.joined) and after.live:
        return Level.INFO, f"{who} {'is in' if after.joined else 'left'} the conference"
    if before.aside != after.aside and after.joined:
        return Level.INFO, f"{who}: {'left to the others' if after.aside else 'you are back'}"
    return None


def timeline_entry(before: Call | None, after: Call) -> TimelineEntry | None:
    """Return the entry for a call's timeline, None when nothing of note changed. `at` is 0."""
    if before is None:
        what = "offered" if after.direction is Direction.INBOUND else "dialled"
        if not after.live:
            return TimelineEntry(0.0, "ended", _end_words(after))
        return TimelineEntry(0.0, what, after.remote.label)
    if before.state is not after.state:
        detail = _end_words(after) if after.state is CallState.ENDED else ""
        return TimelineEntry(0.0, after.state.value, detail)
    for name in ("media", "muted", "recording", "recording_paused", "link_lost", "aside"):
        if getattr(before, name) != getattr(after, name):
            return TimelineEntry(0.0, name, str(getattr(after, name)))
    return None


def account_line(before: Account, after: Account) -> tuple[Level, str] | None:
    """Return the log line for a changed account: once a loss, not once a try."""
    if before.link is not after.link:
        return _new_link(before, after)
    if before.availability != after.availability and after.availability.confirmed:
        return _confirmed(after)
    return None


def pop_line(pop: ScreenPop) -> str:
    """Return the log line for customer data."""
    parts = (pop.customer and f"customer {pop.customer}", pop.number, pop.campaign)
    known = ", ".join(part for part in parts if part)
    return f"screen pop ({pop.kind}){': ' if known else ''}{known}"


def warning_lines(
    call: Call, raised: Collection[Warned], ended: Collection[Warned]
) -> Iterator[tuple[Level, str]]:
    """Yield the log lines for warnings about a call's sound that began or ended."""
    who = _who(call)
    for warned in Warned:
        if warned is Warned.NO_AUDIO_IN:
            continue  # the call's media state tells of it
        if warned in raised:
            yield Level.WARNING, f"{warned.words} ({who})"
        elif warned in ended:
            yield Level.INFO, f"better again: {warned.words} ({who})"


def device_words(before: AudioStatus, after: AudioStatus) -> str:
    """Return what changed about microphone and speaker, empty when nothing did."""
    parts = [
        f"{name} {new or 'none'}"
        for name, old, new in (
            ("microphone", before.input, after.input),
            ("speaker", before.output, after.output),
        )
        if old != new
    ]
    if before.problem != after.problem:
        parts.append(after.problem or "sound device works again")
    return ", ".join(parts)


def _new_call(call: Call, who: str) -> tuple[Level, str]:
    if call.end_reason is EndReason.BLOCKED:
        return Level.INFO, f"declined {who}, who is blocked: {call.end_detail}"
    if not call.live:
        return Level.WARNING, f"declined {who} by itself: {call.end_detail}"
    if call.direction is Direction.OUTBOUND:
        return Level.INFO, f"dialling {who}"
    on = f" on {call.local.label}" if call.local.address or call.local.name else ""
    return Level.INFO, f"ringing: {who}{on}"


def _new_state(call: Call, who: str) -> tuple[Level, str]:
    if call.state is CallState.ENDED:
        level = Level.WARNING if call.missed else Level.INFO
        return level, f"{'missed ' if call.missed else ''}call with {who} ended: {_end_words(call)}"
    words = {
        CallState.CONNECTING: f"connecting {who}",
        CallState.ALERTING: f"ringing at {who}",
        CallState.EARLY_MEDIA: f"early sound from {who}",
        CallState.ACTIVE: f"talking with {who}",
        CallState.HELD: f"{who} is on hold",
    }
    return Level.GOOD if call.state is CallState.ACTIVE else Level.INFO, words[call.state]


def _new_media(call: Call, who: str) -> tuple[Level, str] | None:
    if call.media is MediaState.SILENT and call.state is not CallState.HELD:
        return Level.WARNING, f"no audio from {who}; the call is still up"
    if call.media is MediaState.LOST:
        return Level.ERROR, f"audio with {who} was lost"
    return None


def _new_link(before: Account, after: Account) -> tuple[Level, str] | None:
    cause = f": {after.cause.removesuffix('.')}" if after.cause else ""
    match after.link:
        case LinkState.ONLINE:
            return Level.GOOD, "online" if not after.identity else f"online as {after.identity}"
        case LinkState.RECONNECTING if before.link is LinkState.ONLINE:
            why = after.cause.removesuffix(".")
            lost = why if "lost" in why.lower() else f"connection lost{cause}"
            return Level.WARNING, f"{lost}; trying again"
        case LinkState.RECONNECTING | LinkState.CONNECTING:
            first = before.link in (LinkState.OFFLINE, LinkState.CONNECTING) and after.cause
            return (Level.WARNING, f"cannot connect{cause}; trying again") if first else None
        case LinkState.FAILED:
            return Level.ERROR, f"given up{cause}"
        case LinkState.OFFLINE:
            return Level.INFO, f"offline{cause}"


def _confirmed(account: Account) -> tuple[Level, str]:
    availability = account.availability
    names = {number.id: number.label for number in account.numbers}
    states = {number: availability.of(number) for number in availability.wanted}
    accepted = [names.get(n, n) for n, s in states.items() if s is NumberState.ACCEPTED]
    rejected = [names.get(n, n) for n, s in states.items() if s is NumberState.REJECTED]
    if not accepted and availability.wanted:
        return Level.WARNING, f"no number accepted; rejected: {', '.join(rejected) or 'all'}"
    if rejected:
        return Level.WARNING, f"reachable on {', '.join(accepted)}; not on {', '.join(rejected)}"
    if not availability.wanted:
        return Level.INFO, "not reachable: no number chosen"
    return Level.GOOD, f"reachable on {', '.join(accepted)}"


def _who(call: Call) -> str:
    party = call.remote
    name = party.known or party.name
    return f"{name} ({party.address})" if name and party.address else party.label


def _end_words(call: Call) -> str:
    words = call.end_reason.words if call.end_reason else ""
    return f"{words} ({call.end_detail})" if call.end_detail else words
