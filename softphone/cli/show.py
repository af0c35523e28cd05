"""Model values for people and for scripts: stable field names, times in ISO 8601 UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from softphone.model.agent import AgentStatus
from softphone.model.call import Call
from softphone.model.contact import Contact
from softphone.model.desk import Desk
from softphone.model.event import Noted
from softphone.model.message import Message
from softphone.model.presence import Account
from softphone.model.quality import DeskFigures, QualitySample, QualitySummary
from softphone.model.record import CallRecord, PlatformRecord


def moment(at: float | None) -> str | None:
    """Return epoch seconds as ISO 8601 in UTC."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def call_data(call: Call) -> dict[str, Any]:
    """Return a call for --json."""
    seconds = None
    if call.answered_mono is not None and call.ended_mono is not None:
        seconds = round(call.ended_mono - call.answered_mono, 3)
    return {
        "call": call.id,
        "account": call.account,
        "direction": call.direction.value,
        "state": call.state.value,
        "number": call.remote.address,
        "name": call.remote.known or call.remote.name,
        "local": call.local.address,
        "native_id": call.native_id,
        "started": moment(call.created_at),
        "answered": moment(call.answered_at),
        "ended": moment(call.ended_at),
        "seconds": seconds,
        "reason": call.end_reason.value if call.end_reason else None,
        "detail": call.end_detail,
        "code": call.end_code,
        "muted": call.muted,
        "held": call.held_by_us or call.held_by_them,
        "missed": call.missed,
        "recording": call.recording,
        "recording_paused": call.recording_paused,
        "conference": sorted(call.joined),
        "aside": call.aside,
        "media": call.media.value,
        "operation": call.operation,
        "pending": call.pending.kind.value if call.pending else None,
        "disposition": call.disposition or None,
        "parameters": dict(call.parameters),
        "received_parameters": dict(call.received_parameters),
    }


def account_data(account: Account) -> dict[str, Any]:
    """Return an account for --json."""
    availability = account.availability
    return {
        "account": account.name,
        "kind": account.kind,
        "identity": account.identity,
        "state": account.link.value,
        "cause": account.cause,
        "code": account.code,
        "services": list(account.services),
        "caller_id": account.caller_id or None,
        "numbers": [
            {
                "id": number.id,
                "number": number.number,
                "name": number.name,
                "state": availability.of(number.id).value,
            }
            for number in account.numbers
        ],
    }


def agent_data(agent: AgentStatus, now_mono: float) -> dict[str, Any]:
    """Return a contact centre's agent for --json; `seconds` is the time in this status."""
    return {
        "account": agent.account,
        "status": agent.title,
        "status_id": agent.status_id,
        "group": agent.group.value,
        "reason": agent.reason,
        "next": agent.queued,
        "seconds": round(max(0.0, now_mono - agent.since_mono), 1) if agent.since_mono else None,
        "campaign": agent.campaign,
        "campaign_id": agent.campaign_id,
        "may_dispose": agent.may_dispose,
        "calls": [
            {"call": call.id, "number": call.number, "step": call.step} for call in agent.calls
        ],
    }


def desk_data(desk: Desk, now_mono: float) -> dict[str, Any]:
    """Return the operator's own state for --json; `left` are seconds of after-call work."""
    left = None if desk.until_mono is None else round(max(0.0, desk.until_mono - now_mono), 1)
    return {
        "state": desk.state.value,
        "reason": desk.reason,
        "seconds": round(max(0.0, now_mono - desk.since_mono), 1) if desk.since_mono else None,
        "left": left,
        "next": desk.queued.state.value if desk.queued else None,
        "next_reason": desk.queued.reason if desk.queued else None,
        "undisposed": list(desk.undisposed),
        "quiet": desk.quiet,
    }


def desk_line(desk: Desk, now_mono: float) -> str:
    """Return the operator's own state in a line."""
    data = desk_data(desk, now_mono)
    parts = [f"{desk.state.words}{f' ({desk.reason})' if desk.reason else ''}"]
    if data["seconds"] is not None:
        parts.append(f"for {data['seconds']:.0f} s")
    if data["left"] is not None:
        parts.append(f"{data['left']:.0f} s left")
    if desk.undisposed:
        parts.append("a disposition is needed")
    if desk.queued:
        words = desk.queued.reason or desk.queued.state.words
        parts.append(f"then {words}")
    if desk.quiet:
        parts.append("do not disturb")
    return ", ".join(parts)


def note_data(note: Noted) -> dict[str, Any]:
    """Return a line of the event log for --json."""
    return {
        "at": moment(note.at),
        "source": note.source,
        "level": note.level.value,
        "text": note.text,
        "call": note.call,
    }


def record_data(record: CallRecord) -> dict[str, Any]:
    """Return a call record for --json."""
    return {
        **call_data(record.call),
        "note": record.note,
        "quality": quality_data(record.quality),
    }


def quality_data(quality: QualitySummary) -> dict[str, Any]:
    """Return the quality of a whole call for --json; null is "not known"."""
    return {
        "seconds": quality.samples,
        "delay_ms": quality.mean_delay_ms,
        "round_trip_ms": quality.mean_round_trip_ms,
        "round_trip_max_ms": quality.max_round_trip_ms,
        "jitter_ms": quality.mean_jitter_ms,
        "jitter_max_ms": quality.max_jitter_ms,
        "buffer_ms": quality.mean_buffer_ms,
        "loss": quality.loss,
        "loss_out": quality.loss_out,
        "mos": quality.mos,
        "mos_least": quality.least_mos,
        "mos_out": quality.mos_out,
        "concealed_ms": quality.concealed_ms,
        "dropped_ms": quality.dropped_ms,
        "frames_sent": quality.frames_sent,
        "frames_unsent": quality.frames_unsent,
        "frames_received": quality.frames_received,
        "warnings": [warned.value for warned in quality.warned],
        "desk": way_data(quality.desk),
    }


def way_data(way: DeskFigures | None) -> dict[str, Any] | None:
    """Return the figures of the way to a desk elsewhere for --json, null without one."""
    if way is None:
        return None
    return {
        "delay_ms": way.delay_ms,
        "round_trip_ms": way.round_trip_ms,
        "jitter_ms": round(way.jitter_ms, 1),
        "lost_in_ms": way.lost_in_ms,
        "lost_out_ms": way.lost_out_ms,
    }


def sample_data(sample: QualitySample) -> dict[str, Any]:
    """Return one second of a call's quality for --json; null is "not known"."""
    return {
        "at": moment(sample.at),
        "delay_ms": sample.delay_ms,
        "round_trip_ms": sample.round_trip_ms,
        "jitter_ms": sample.jitter_ms,
        "jitter_out_ms": sample.jitter_out_ms,
        "buffer_ms": sample.buffer_ms,
        "loss": sample.loss,
        "loss_out": sample.loss_out,
        "mos": sample.mos,
        "mos_out": sample.mos_out,
        "concealed_ms": sample.concealed_ms,
        "dropped_ms": sample.dropped_ms,
        "frames_sent": sample.frames_sent,
        "frames_unsent": sample.frames_unsent,
        "frames_received": sample.frames_received,
        "microphone_db": sample.levels.microphone_db,
        "far_end_db": sample.levels.far_end_db,
        "warnings": [warned.value for warned in sample.warnings],
    }


def quality_lines(quality: QualitySummary) -> list[str]:
    """Return the quality of a whole call for people."""

    def figure(value: float | None, unit: str = "", digits: int = 0) -> str:
        return "-" if value is None else f"{value:.{digits}f}{unit}"

    def share(value: float | None) -> str:
        return "-" if value is None else f"{value:.1%}"

    lines = [
        f"heard here     MOS {figure(quality.mos, '', 1)}  loss {share(quality.loss)}  "
        f"jitter {figure(quality.mean_jitter_ms, ' ms')}  "
        f"made up {figure(quality.concealed_ms, ' ms')}",
        f"heard there    MOS {figure(quality.mos_out, '', 1)}  loss {share(quality.loss_out)}",
        f"delay          {figure(quality.mean_delay_ms, ' ms')}  "
        f"round trip {figure(quality.mean_round_trip_ms, ' ms')}",
    ]
    way = quality.desk
    if way is not None:
        lines.append(
            f"desk           {figure(way.delay_ms, ' ms')}  jitter {figure(way.jitter_ms, ' ms')}  "
            f"dropped {figure(way.lost_in_ms + way.lost_out_ms, ' ms')}"
        )
    return lines + [f"warned         {warned.words}" for warned in quality.warned]


def message_data(message: Message) -> dict[str, Any]:
    """Return a message for --json."""
    return {
        "id": message.id,
        "account": message.account,
        "peer": message.peer,
        "name": message.name,
        "channel": message.channel.value,
        "direction": message.direction.value,
        "at": moment(message.at),
        "text": message.text,
        "delivery": message.delivery.value,
        "read": message.read,
        "problem": message.problem or None,
        "native_id": message.native_id,
    }


def platform_record_data(record: PlatformRecord) -> dict[str, Any]:
    """Return a call of a platform's own history for --json."""
    return {
        "id": record.native_id,
        "account": record.account,
        "direction": record.direction.value,
        "missed": record.missed,
        "number": record.remote.address,
        "name": record.remote.name,
        "started": moment(record.start),
        "seconds": record.duration_s,
    }


def contact_data(contact: Contact) -> dict[str, Any]:
    """Return a contact for --json."""
    return {
        "type": "contact",
        "id": contact.id,
        "name": contact.name,
        "company": contact.company,
        "source": contact.source,
        "native_id": contact.native_id,
        "numbers": [{"number": entry.address, "label": entry.label} for entry in contact.addresses],
        "note": contact.note,
        "favourite": contact.favourite,
        "quick": contact.quick,
    }


def agent_lines(agent: AgentStatus) -> list[str]:
    """Return a contact centre's agent for people: a line for the status, one for each call."""
    words = (agent.title, agent.reason, agent.queued and f"then {agent.queued}", agent.campaign)
    lines = [f"{agent.account:<12} agent: {', '.join(word for word in words if word)}"]
    for call in agent.calls:
        parts = (call.number or "number not told", call.step)
        lines.append(f"{agent.account:<12} call held there: {'  '.join(p for p in parts if p)}")
    return lines


def call_line(call: Call) -> str:
    """Return a call as one line for people."""
    arrow = "<-" if call.direction == "inbound" else "->"
    reason = f" {call.end_reason.words}" if call.end_reason else ""
    detail = f" ({call.end_detail})" if call.end_detail else ""
    name = call.remote.known or call.remote.name
    who = f"{call.remote.address or 'unknown caller'}{'  ' + name if name else ''}"
    return f"{call.id}  {call.account:<10} {call.state.value:<10} {arrow} {who}{reason}{detail}"
