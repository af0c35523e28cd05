"""Notifications: what the gateway tells on its socket, read and written (3.5, 4, 5)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from softphone.model.text import clean, clean_block

from .wire_calls import sdp_of
from .wire_json import (
    BadMessage,
    Parameters,
    Table,
    line,
    number,
    parameter_list,
    parameters,
    parse_object,
    raw_text,
    table,
    whole,
    without_empty,
)
from .wire_names import MESSAGE_CHARSET, MESSAGE_TYPE, EventType
from .wire_services import Mwi

_CALL_EVENTS = frozenset(
    {
        EventType.CALL,
        EventType.RINGING,
        EventType.SESSION_PROGRESS,
        EventType.RESPOND_UPDATE,
        EventType.START_UPDATE,
        EventType.CALL_END,
        EventType.CALL_CANCEL,
        EventType.SESSION_FAIL,
        EventType.SESSION_COMPLETE,
    }
)
_EVENTS = frozenset(kind.value for kind in EventType)
_SESSION_LIMIT = 256
_SHOWN_LIMIT = 65_536  # the console keeps hundreds of them
_SIP = "sip:"


@dataclass(frozen=True, slots=True)
class Names:
    """Names and numbers of a call notification (4.7); `told` is False when the member was away."""

    caller_name: str = ""
    caller_number: str = ""
    callee_number: str = ""
    remote_name: str = ""
    remote_number: str = ""
    told: bool = True


@dataclass(frozen=True, slots=True)
class CallNotice:
    """Something about one call. `code` and `reason` end or fail it; `glare` refuses an offer."""

    event: EventType
    id: str
    session: str
    sdp: str = ""
    names: Names = Names(told=False)
    parameters: Parameters = ()
    code: str = ""
    reason: str = ""
    envelope_code: int | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class MessageNotice:
    """An instant message came in (5.5)."""

    id: str
    sender: str
    text: str
    name: str = ""
    at: float | None = None


@dataclass(frozen=True, slots=True)
class PresenceNotice:
    """Presence of a watched user (5.4)."""

    id: str
    user: str
    status: str
    activity: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class MwiNotice:
    """The voicemail lamp (5.6)."""

    id: str
    mwi: Mwi
    at: float | None = None


@dataclass(frozen=True, slots=True)
class LossNotice:
    """The subscription is over: GONE or OVERRIDDEN (2.6)."""

    event: EventType
    id: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class GenericNotice:
    """A SIP event or another generic notification (5.7, 5.8); `data` is shown, never parsed."""

    event: str
    id: str
    data: str
    sender: str = ""
    session: str = ""
    session_type: str = ""
    at: float | None = None


@dataclass(frozen=True, slots=True)
class UnknownNotice:
    """A notification nobody knows; kept for the event stream."""

    event: str
    id: str
    body: str = field(default="", repr=False)


Notice: TypeAlias = (
    CallNotice
    | MessageNotice
    | PresenceNotice
    | MwiNotice
    | LossNotice
    | GenericNotice
    | UnknownNotice
)


def decode(text: str) -> Notice:
    """Return what the gateway told; raises BadMessage and nothing else."""
    message = parse_object(text).get("notificationMessage")
    if not isinstance(message, dict):
        raise BadMessage("The message is no notification.")
    event = line(message.get("eventType"))
    ident = line(message.get("eventId"))
    if isinstance(message.get("genericNotificationParams"), dict):
        return _generic(event, ident, message)
    if event not in _EVENTS:
        return UnknownNotice(event, ident, line(json.dumps(message), 4096))
    kind = EventType(event)
    if kind in _CALL_EVENTS:
        return _call(kind, ident, message)
    return _service(kind, ident, message)


def encode(notice: Notice, time_ms: int) -> str:
    """Return a notification as the gateway sends it; `time_ms` is epoch milliseconds."""
    message = {"eventType": _event_of(notice), "eventId": notice.id, "time": time_ms}
    return json.dumps({"notificationMessage": message | _members(notice)}, separators=(",", ":"))


def event_name(notice: Notice) -> str:
    """Return the event type of a notification."""
    return _event_of(notice)


def shown(text: str) -> str:
    """Return a notification's JSON as harmless text, cut when it is huge; "" for what is none."""
    try:
        message = parse_object(text).get("notificationMessage")
    except BadMessage:
        return ""
    return clean(json.dumps(message, separators=(",", ":")), _SHOWN_LIMIT)


# ---- reading -----------------------------------------------------------------------------------


def _call(event: EventType, ident: str, message: Table) -> CallNotice:
    session = table(message.get("sessionParams"))
    native = raw_text(session.get("sessionData"))
    if not native or len(native) > _SESSION_LIMIT or not native.isprintable():
        raise BadMessage(f"A {event.value} notification names no call.")
    return CallNotice(
        event,
        ident,
        native,
        sdp_of(session),
        _read_names(message),
        parameters(message.get("customParameters")),
        line(session.get("statusCode")),
        line(session.get("reasonText"), 200),
        whole(message.get("statusCode")) if _is_int(message.get("statusCode")) else None,
        number(session.get("retryAfter")),
    )


def _read_names(message: Table) -> Names:
    found = message.get("callNotificationParams")
    if not isinstance(found, dict):
        return Names(told=False)
    return Names(
        line(found.get("callerName")),
        line(found.get("callerDisplayNumber")),
        line(found.get("calleeDisplayNumber")),
        line(found.get("remoteName")),
        line(found.get("remoteDisplayNumber")),
    )


def _service(event: EventType, ident: str, message: Table) -> Notice:
    at = _seconds(message.get("time"))
    if event in (EventType.GONE, EventType.OVERRIDDEN):
        return LossNotice(event, ident, number(message.get("retryAfter")))
    if event is EventType.MWI:
        return MwiNotice(ident, Mwi.read(table(message.get("mwiNotificationParam"))), at)
    if event is EventType.PRESENCE:
        found = table(message.get("presenceWatcherNotificationParams"))
        user = line(found.get("name"))
        if not user:
            raise BadMessage("A presence notification names nobody.")
        activity, status = line(found.get("activity")), line(found.get("status"))
        return PresenceNotice(ident, user, status, activity, line(found.get("note"), 256))
    found = table(message.get("imnotificationParams"))
    sender = line(found.get("primaryContact"), 256)
    text = found.get("msgText")
    if not sender or not isinstance(text, str):
        raise BadMessage("A message has no sender or no text.")
    sender = sender[sender.find(_SIP) + len(_SIP) :] if _SIP in sender else sender
    return MessageNotice(ident, sender, clean_block(text), line(found.get("fullName")), at)


def _generic(event: str, ident: str, message: Table) -> GenericNotice:
    found = table(message.get("genericNotificationParams"))
    data = found.get("data")
    return GenericNotice(
        event,
        ident,
        clean_block(data if isinstance(data, str) else json.dumps(data)),
        line(found.get("from"), 256),
        raw_text(found.get("sessionData"))[:_SESSION_LIMIT],
        line(found.get("sessionDataType")),
        _seconds(message.get("time")),
    )


def _seconds(value: object) -> float | None:
    milliseconds = number(value)
    return None if milliseconds is None else milliseconds / 1000.0


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# ---- writing -----------------------------------------------------------------------------------


def _event_of(notice: Notice) -> str:
    match notice:
        case MessageNotice():
            return EventType.IM.value
        case PresenceNotice():
            return EventType.PRESENCE.value
        case MwiNotice():
            return EventType.MWI.value
        case _:
            return str(notice.event)


def _members(notice: Notice) -> dict[str, Any]:
    match notice:
        case CallNotice():
            return _call_members(notice)
        case MessageNotice(_, sender, text, name):
            inside = {
                "msgText": text,
                "primaryContact": f"{_SIP}{sender}",
                "fullName": name,
                "charset": MESSAGE_CHARSET,
                "type": MESSAGE_TYPE,
            }
            return {"imnotificationParams": inside}
        case PresenceNotice(_, user, status, activity, note):
            inside = {"name": user, "status": status, "activity": activity, "note": note}
            return {"presenceWatcherNotificationParams": without_empty(inside)}
        case MwiNotice(_, mwi):
            return {"mwiNotificationParam": mwi.members()}
        case LossNotice(_, _, retry_after):
            return {} if retry_after is None else {"retryAfter": retry_after}
        case GenericNotice():
            inside = {
                "data": notice.data,
                "from": notice.sender,
                "sessionData": notice.session,
                "sessionDataType": notice.session_type,
            }
            return {"genericNotificationParams": without_empty(inside)}
        case UnknownNotice(_, _, body):
            return dict(parse_object(body)) if body else {}


def _call_members(notice: CallNotice) -> dict[str, Any]:
    session: dict[str, Any] = {
        "sessionData": notice.session,
        "sdp": notice.sdp,
        "statusCode": notice.code,
        "reasonText": notice.reason,
        "retryAfter": notice.retry_after,
    }
    members: dict[str, Any] = {"sessionParams": without_empty(session)}
    if notice.envelope_code is not None:
        members["statusCode"] = notice.envelope_code
    if notice.names.told:
        members["callNotificationParams"] = {
            "callerName": notice.names.caller_name,
            "callerDisplayNumber": notice.names.caller_number,
            "calleeDisplayNumber": notice.names.callee_number,
            "remoteName": notice.names.remote_name,
            "remoteDisplayNumber": notice.names.remote_number,
        }
    if notice.parameters:
        members["customParameters"] = parameter_list(notice.parameters)
    return members
