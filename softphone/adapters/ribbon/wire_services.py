"""What is not a call: history, contacts, directory, presence, messages, voicemail, events (5)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

from .wire_json import (
    BadMessage,
    Parameters,
    Table,
    line,
    number,
    parameter_list,
    parameters,
    raw_text,
    table,
    tables,
    texts,
    whole,
    without_empty,
)
from .wire_names import MESSAGE_CHARSET, MESSAGE_TYPE, WatchAction
from .wire_status import Envelope

_ID_LIMIT = 256


@dataclass(frozen=True, slots=True)
class LogItem:
    """One call of the platform's history (5.1). Times are epoch seconds, `duration_s` seconds."""

    id: str
    direction: str
    start: float
    duration_s: float
    caller_name: str = ""
    caller_number: str = ""
    callee_name: str = ""
    callee_number: str = ""
    original_remote: str = ""
    location: str = ""

    def members(self) -> dict[str, Any]:
        """Return the item in the form of the wire; times are milliseconds as text."""
        inside = {
            "recordId": self.id,
            "startTime": str(round(self.start * 1000)),
            "duration": str(round(self.duration_s * 1000)),
            "direction": self.direction,
            "callerName": self.caller_name,
            "callerDisplayNumber": self.caller_number,
            "calleeName": self.callee_name,
            "calleeDisplayNumber": self.callee_number,
            "originalRemoteParticipant": self.original_remote or None,
            "resourceLocation": self.location,
        }
        return {"type": "CallLog", "params": inside}


def log_items(body: Table) -> tuple[LogItem, ...]:
    """Return the calls of a logHistory answer, the unreadable ones left out."""
    found = tables(table(body.get("logHistory")).get("logItems"))
    items = (_log_item(table(item.get("params"))) for item in found)
    return tuple(item for item in items if item is not None)


def log_body(items: tuple[LogItem, ...]) -> dict[str, Any]:
    """Return the gateway's logHistory answer."""
    return {"logHistory": {"statusCode": 0, "logItems": [item.members() for item in items]}}


def _log_item(found: Table) -> LogItem | None:
    ident, start = raw_text(found.get("recordId"))[:_ID_LIMIT], number(found.get("startTime"))
    if not ident or start is None:
        return None
    return LogItem(
        ident,
        line(found.get("direction")),
        start / 1000.0,
        (number(found.get("duration")) or 0.0) / 1000.0,
        line(found.get("callerName")),
        line(found.get("callerDisplayNumber")),
        line(found.get("calleeName")),
        line(found.get("calleeDisplayNumber")),
        line(found.get("originalRemoteParticipant")),
        line(found.get("resourceLocation"), 256),
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of address book or directory (5.2, 5.3); `id` is `nickname` on the wire."""

    id: str = ""
    primary_contact: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    home_phone: str = ""
    work_phone: str = ""
    mobile_phone: str = ""
    fax: str = ""
    pager: str = ""
    conference_url: str = ""
    photo_url: str = ""
    groups: str = ""
    friend: str = ""
    buddy: str = ""

    def members(self) -> dict[str, str]:
        """Return the entry in the form of the wire, without empty members."""
        return without_empty({name: getattr(self, own) for own, name in _ENTRY.items()})

    @classmethod
    def read(cls, found: Table) -> Self:
        """Return an entry as it came, cleaned."""
        return cls(**{own: line(found.get(name), 256) for own, name in _ENTRY.items()})


_ENTRY = {
    "id": "nickname",
    "primary_contact": "primaryContact",
    "first_name": "firstName",
    "last_name": "lastName",
    "email": "emailAddress",
    "home_phone": "homePhone",
    "work_phone": "workPhone",
    "mobile_phone": "mobilePhone",
    "fax": "fax",
    "pager": "pager",
    "conference_url": "conferenceURL",
    "photo_url": "photoUrl",
    "groups": "groupList",
    "friend": "friendStatus",
    "buddy": "buddy",
}
assert set(_ENTRY) == {item.name for item in fields(Entry)}


def book_request(entry: Entry) -> dict[str, Any]:
    """Return the request that adds or changes a contact."""
    return {"addressBookRequest": {"addressBookEntries": [entry.members()]}}


def read_book_request(body: Table) -> Entry:
    """Return the entry a client wants to keep; raises BadMessage when there is none."""
    found = tables(table(body.get("addressBookRequest")).get("addressBookEntries"))
    if not found:
        raise BadMessage("There is no entry in the request.")
    return Entry.read(found[0])


def book_entries(body: Table) -> tuple[Entry, ...]:
    """Return the entries of an address book answer."""
    found = tables(table(body.get("addressBookResponse")).get("addressBookEntries"))
    return tuple(Entry.read(item) for item in found)


def book_body(entries: tuple[Entry, ...] = ()) -> dict[str, Any]:
    """Return the gateway's address book answer."""
    listed = [entry.members() for entry in entries]
    return {"addressBookResponse": {"statusCode": 0, "addressBookEntries": listed}}


def directory_entries(body: Table) -> tuple[Entry, ...]:
    """Return the people of a directory answer."""
    found = tables(table(body.get("directory")).get("directoryItems"))
    return tuple(Entry.read(item) for item in found)


def directory_body(entries: tuple[Entry, ...]) -> dict[str, Any]:
    """Return the gateway's directory answer."""
    listed = [entry.members() for entry in entries]
    return {"directory": {"statusCode": 0, "directoryItems": listed}}


@dataclass(frozen=True, slots=True)
class OwnPresence:
    """The operator's own presence (5.4)."""

    status: str
    activity: str
    note: str = ""

    def body(self) -> dict[str, Any]:
        """Return the request in the form of the wire."""
        members = {"status": self.status, "activity": self.activity, "note": self.note}
        return {"presenceRequest": without_empty(members)}

    @classmethod
    def read(cls, body: Table) -> OwnPresence:
        """Return what a client publishes."""
        found = table(body.get("presenceRequest"))
        activity = line(found.get("activity"))
        return cls(line(found.get("status")), activity, line(found.get("note"), 256))


def watch_request(users: tuple[str, ...], action: WatchAction) -> dict[str, Any]:
    """Return the request that watches users, stops that, or asks once."""
    return {"presenceWatcherRequest": {"userList": list(users), "action": action.value}}


def read_watch_request(body: Table) -> tuple[tuple[str, ...], WatchAction]:
    """Return whom a client wants to watch; raises BadMessage when it is no such request."""
    found = table(body.get("presenceWatcherRequest"))
    try:
        action = WatchAction(raw_text(found.get("action")))
    except ValueError:
        raise BadMessage("A presence request needs an action.") from None
    return texts(found.get("userList")), action


def im_request(to: str, text: str) -> dict[str, Any]:
    """Return the request that sends a message."""
    inside = {"charset": MESSAGE_CHARSET, "toUrl": to, "message": text, "type": MESSAGE_TYPE}
    return {"imRequest": inside}


def read_im_request(body: Table) -> tuple[str, str]:
    """Return addressee and text of a message; raises BadMessage when one is missing."""
    found = table(body.get("imRequest"))
    to, text = raw_text(found.get("toUrl")), found.get("message")
    if not to or not isinstance(text, str):
        raise BadMessage("A message needs an addressee and a text.")
    return to, text


def message_id(body: Table) -> str:
    """Return the id a sent message was given; raises BadMessage when there is none."""
    ident = line(table(body.get("imResponse")).get("messageId"), _ID_LIMIT)
    if not ident:
        raise BadMessage("The gateway gave the message no id.")
    return ident


@dataclass(frozen=True, slots=True)
class Mwi:
    """The voicemail lamp and its counts (5.6); None is not known. `counts` are pairs to show."""

    waiting: bool
    total: int | None = None
    unheard: int | None = None
    counts: Parameters = ()

    def members(self) -> dict[str, Any]:
        """Return the members of a voicemail answer or notification."""
        inside: dict[str, Any] = {"mwi": "yes" if self.waiting else "no"}
        if self.total is not None:
            inside["totalVoice"] = str(self.total)
        if self.unheard is not None:
            inside["unheardVoice"] = str(self.unheard)
        for name, value in self.counts:
            group, _, own = name.partition(".")
            inside.setdefault(group, {})[own] = value
        return inside

    @classmethod
    def read(cls, found: Table) -> Mwi:
        """Return the lamp as it came; missing totals are "0" for the platform's own client."""
        counts = tuple(
            (f"{group}.{line(name)}", line(value))
            for group in ("voice", "fax", "multimedia")
            for name, value in list(table(found.get(group)).items())[:16]
        )
        total, unheard = whole(found.get("totalVoice")), whole(found.get("unheardVoice"))
        return cls(raw_text(found.get("mwi")).lower() == "yes", total, unheard, counts)


def voicemail(body: Table) -> Mwi:
    """Return the lamp of a voicemail answer."""
    return Mwi.read(table(body.get("mwiresponse")))


def voicemail_body(mwi: Mwi) -> dict[str, Any]:
    """Return the gateway's voicemail answer."""
    return {"mwiresponse": {"statusCode": 0, **mwi.members()}}


@dataclass(frozen=True, slots=True)
class EventRequest:
    """A SIP event subscription, or a change of one (5.7)."""

    event: str
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    correlator: str = ""
    parameters: Parameters = ()

    def body(self, *, first: bool) -> dict[str, Any]:
        """Return the request; a change has the users to drop instead of the correlator."""
        inside: dict[str, Any] = {"subscribeUserList": list(self.subscribe)}
        if first:
            inside["clientCorrelator"] = self.correlator
        else:
            inside["unsubscribeUserList"] = list(self.unsubscribe)
        inside["eventType"] = self.event
        inside["customParameters"] = parameter_list(self.parameters)
        return {"eventSubscriptionRequest": inside}

    @classmethod
    def read(cls, body: Table) -> EventRequest:
        """Return a client's request; raises BadMessage when it names no event."""
        found = table(body.get("eventSubscriptionRequest"))
        event = raw_text(found.get("eventType"))
        if not event:
            raise BadMessage("An event subscription needs an event type.")
        return cls(
            event,
            texts(found.get("subscribeUserList")),
            texts(found.get("unsubscribeUserList")),
            raw_text(found.get("clientCorrelator")),
            parameters(found.get("customParameters")),
        )


def event_answer(session: str, expires_s: int) -> dict[str, Any]:
    """Return the gateway's answer to an event subscription."""
    inside = {"statusCode": 0, "expires": expires_s, "sessionData": session}
    return {"eventSubscriptionResponse": inside}


def event_session(body: Table) -> tuple[str, float]:
    """Return session and expiry (seconds) of an event subscription; raises BadMessage."""
    found = table(body.get("eventSubscriptionResponse"))
    session, expires = raw_text(found.get("sessionData")), number(found.get("expires"))
    if not session or len(session) > _ID_LIMIT or expires is None or expires <= 0:
        raise BadMessage("The gateway's event subscription has no session or expiry.")
    return session, expires


def click_request(caller: str, callee: str) -> dict[str, Any]:
    """Return the request that rings two devices; values as typed (4.24)."""
    return {"clickToCallRequest": {"callingParty": caller, "calledParty": callee}}


def read_click_request(body: Table) -> tuple[str, str]:
    """Return both parties; raises BadMessage when one is missing."""
    found = table(body.get("clickToCallRequest"))
    caller, callee = raw_text(found.get("callingParty")), raw_text(found.get("calledParty"))
    if not caller or not callee:
        raise BadMessage("Click to call needs two parties.")
    return caller, callee


def im_answer(ident: str) -> dict[str, Any]:
    """Return the gateway's answer to a message."""
    return simple_answer(Envelope.MESSAGE, messageId=ident)


def simple_answer(envelope: Envelope, **members: Any) -> dict[str, Any]:
    """Return an answer that says success."""
    return {envelope.value: {"statusCode": 0, **members}}
