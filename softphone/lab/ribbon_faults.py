"""Faults of the lab's Ribbon gateway: what becomes of notifications, and what is sent at once."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from typing import Any

from softphone.adapters.ribbon import wire
from softphone.model.error import ProtocolError
from softphone.webrtc.sdp import with_origin

from .client_socket import Item
from .hostile import HOSTILE_TEXTS
from .hub import Hub
from .ribbon_channels import Channels

_SWAP_AT_MOST_S = 1.0
_MALFORMED = (
    "{",
    "not json",
    "[1, 2]",
    "null",
    '"text"',
    "{}",
    '{"message_type":"pong"}',
    '{"notificationMessage": 7}',
    '{"notificationMessage": {}}',
    '{"notificationMessage": {"eventType": "call"}}',
    '{"notificationMessage": {"eventType": 7, "eventId": []}}',
    '{"notificationMessage": {"eventType": "ringing", "eventId": "x", "time": NaN}}',
    '{"notificationMessage": {"eventType": "ringing", "eventId": "x", "time": 1e400}}',
    "\ufeff{}",
    "",
)
_BAD_SESSIONS = ("../../etc/passwd", "a b", "a?b=c", "", "x" * 10_000, "é", "\x1b[2J", "\x00")
_MEMBERS = (
    "sessionParams",
    "callNotificationParams",
    "customParameters",
    "imnotificationParams",
    "presenceWatcherNotificationParams",
    "mwiNotificationParam",
    "genericNotificationParams",
    "time",
    "retryAfter",
)
_WRONG: tuple[object, ...] = (7, None, [1], {"a": 1}, True, 1.5, "", [None])


class NoticeFaults:
    """Changes notifications on their way, as switches say."""

    def __init__(self, hub: Hub, channels: Channels) -> None:
        self._hub = hub
        self._channels = channels
        self._held: dict[str, list[str]] = {}

    def edit(self, user: str, notice: wire.Notice, text: str) -> list[str]:
        """Return what is sent in place of a notification."""
        event = _event_of(text)
        if self._find("notice_drop", user, event) is not None:
            return []
        text = self._changed(user, event, text)
        late = self._find("notice_delay", user, event)
        if late is not None:
            self._hub.after(late["seconds"], lambda: self._release(user, text))
            return []
        if self._find("notice_swap", user, event) is not None:
            self._held.setdefault(user, []).append(text)
            self._hub.after(_SWAP_AT_MOST_S, lambda: self._let_go(user))
            return []
        twice = self._find("notice_duplicate", user, event) is not None
        return [text] * (2 if twice else 1) + self._held.pop(user, [])

    def _changed(self, user: str, event: str, text: str) -> str:
        found = json.loads(text)
        message = found["notificationMessage"]
        if self._find("notice_bare", user, event) is not None:
            message.pop("callNotificationParams", None)
        if self._find("notice_no_id", user, event) is not None:
            message.pop("eventId", None)
        if self._find("notice_hostile", user, event) is not None:
            _make_hostile(message, self._hub.keys.chance.choice(HOSTILE_TEXTS))
        session = message.get("sessionParams", {})
        bad = self._find("sdp", user, event) if "sdp" in session else None
        if bad is not None:
            session["sdp"] = spoilt_sdp(session["sdp"], bad["form"])
        return json.dumps(found, separators=(",", ":"))

    def _find(self, name: str, user: str, event: str) -> dict[str, Any] | None:
        faults = self._hub.faults
        return faults.get(name, user, event=event) or faults.get(name, user, event="")

    def _let_go(self, user: str) -> None:
        for text in self._held.pop(user, []):
            self._release(user, text)

    def _release(self, user: str, text: str) -> None:
        for one in self._channels.of(user):
            self._channels.put(one, text)


def spoilt_sdp(sdp: str, form: str) -> str:
    """Return a description with something wrong with it; unknown forms leave it alone."""
    change = SDP_FORMS.get(form)
    if change is None:
        return sdp
    try:
        return change(sdp)
    except ProtocolError:  # a client's own description may be wrong already
        return sdp


def _unsupported(sdp: str) -> str:
    kept = [
        line
        for line in sdp.split("\r\n")
        if not line.startswith(("a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"))
    ]
    only = re.compile(r"^(m=audio \S+ \S+) .*$")
    lines = []
    for line in kept:
        changed = only.sub(r"\1 121", line)
        lines.append(changed)
        if changed != line:
            lines.append("a=rtpmap:121 EVS/16000")
    return "\r\n".join(lines)


def _no_candidates(sdp: str) -> str:
    kept = [line for line in sdp.split("\r\n") if not line.startswith("a=candidate:")]
    return "\r\n".join(re.sub(r"^m=audio \d+", "m=audio 9", line) for line in kept)


SDP_FORMS: dict[str, Callable[[str], str]] = {
    "malformed": lambda _: "v=0\r\nthis is not a description\r\n",
    "empty": lambda _: "",
    "no_audio": lambda sdp: sdp.replace("m=audio ", "m=application ", 1),
    "unsupported": _unsupported,
    "other_origin": lambda sdp: with_origin(sdp, str(secrets.randbits(62)), 2),
    "no_candidates": _no_candidates,
    "huge": lambda sdp: sdp + "a=x-filler:y\r\n" * (wire.SDP_LIMIT // 10),
    "hostile": lambda sdp: sdp.replace("s=-", f"s={HOSTILE_TEXTS[0]}\x00\x1b]52;c;aGk=\x07", 1),
    "cut": lambda sdp: sdp[: len(sdp) // 2],
}


def items_at_once(name: str, args: dict[str, Any], channels: Channels) -> list[Item]:
    """Return what a fault that happens at once sends on every socket of a user."""
    count = args.get("count", 1)
    match name:
        case "malformed_json":
            return [_MALFORMED[place % len(_MALFORMED)] for place in range(count)]
        case "deep_json":
            return ['{"notificationMessage":' + "[" * 30_000 + "]" * 30_000 + "}"] * count
        case "wrong_types":
            return _wrong_types(channels)
        case "unknown_type":
            return [_said("fromTheFuture", channels.event_id()) for _ in range(count)]
        case "binary":
            return [b"\x00\xff binary"] * count
        case "oversize":
            filler = "x" * (wire.NOTIFICATION_LIMIT + 1000)
            return [_said("fromTheFuture", channels.event_id(), data=filler)]
        case "flood":
            return [_said("fromTheFuture", channels.event_id()) for _ in range(count)]
        case "raw":
            return [args["text"]]
        case "ghost_call":
            return _ghosts(channels)
        case "hostile_text":
            return _hostile(channels)
        case _:
            return []


def _said(event: str, ident: str, **more: object) -> str:
    message = {"eventType": event, "eventId": ident, **more}
    return json.dumps({"notificationMessage": message})


def _wrong_types(channels: Channels) -> list[Item]:
    return [
        _said(event.value, channels.event_id(), **dict.fromkeys(_MEMBERS, wrong))
        for event in wire.EventType
        if event not in (wire.EventType.GONE, wire.EventType.OVERRIDDEN)
        for wrong in _WRONG
    ]


def _ghosts(channels: Channels) -> list[Item]:
    """Return notifications about calls that nobody knows, and with unusable ids."""
    kinds = [kind for kind in wire.EventType if kind.value.startswith(("call", "ringing", "s"))]
    return [
        _said(kind.value, channels.event_id(), sessionParams={"sessionData": session, "sdp": "v=0"})
        for kind in kinds
        if kind is not wire.EventType.CALL
        for session in ("s-ghost", *_BAD_SESSIONS)
    ]


def _hostile(channels: Channels) -> list[Item]:
    items: list[Item] = []
    for place, text in enumerate(HOSTILE_TEXTS):
        names = wire.Names(text, text, text, text, text)
        session = f"s-hostile-{place}"
        notices: tuple[wire.Notice, ...] = (
            wire.CallNotice(
                wire.EventType.CALL,
                channels.event_id(),
                session,
                names=names,
                parameters=((text, text),),
            ),
            wire.CallNotice(
                wire.EventType.CALL_END,
                channels.event_id(),
                session,
                names=names,
                code=text,
                reason=text,
            ),
            wire.MessageNotice(channels.event_id(), text or "nobody@lab.test", text, text),
            wire.PresenceNotice(channels.event_id(), text or "nobody", text, text, text),
            wire.GenericNotice(wire.CUSTOM_EVENT, channels.event_id(), text, text, text, text),
        )
        items += [wire.encode(notice, 1_700_000_000_000) for notice in notices]
    return items


def _make_hostile(message: dict[str, Any], text: str) -> None:
    names = message.get("callNotificationParams")
    if isinstance(names, dict):
        message["callNotificationParams"] = dict.fromkeys(names, text)
    message["customParameters"] = [{"name": text, "value": text}]


def _event_of(text: str) -> str:
    return str(json.loads(text)["notificationMessage"].get("eventType", ""))
