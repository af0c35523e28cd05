"""Fault switches: what they are called, what they take, and which ones are on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from softphone.config import nearest
from softphone.model.error import Refused

EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One switch. `now`: happens once when set; otherwise stays on until cleared or used up."""

    help: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    now: bool = False
    services: tuple[str, ...] = ("audin",)


_COUNT = {"count": 1}
_BOTH = ("audin", "ribbon")
_RIBBON = ("ribbon",)
_ALL = ("audin", "ribbon", "agenthub", "observer")
_MONITOR = ("observer",)
_TYPE = {"type": "", "count": 0}
_AGENTS = ("agenthub",)
_TOKENS = ("audin", "agenthub")
_EVENT = {"event": "", "count": 0}
_REST = {"resource": "", "count": 0}
FAULTS: dict[str, FaultKind] = {
    # done at once, to presence or audio sockets that are open
    "malformed_json": FaultKind(
        "send text that is not a JSON object", _COUNT, now=True, services=_ALL
    ),
    "deep_json": FaultKind("send JSON nested 30,000 deep", _COUNT, now=True, services=_ALL),
    "wrong_types": FaultKind("send messages with fields of wrong types", now=True, services=_ALL),
    "unknown_type": FaultKind("send a message of an unknown type", _COUNT, now=True, services=_ALL),
    "bad_call_sid": FaultKind("offer calls whose ids are not fit for a path", now=True),
    "ghost_assigned": FaultKind("assign a call nobody asked for", now=True),
    "ghost_outbound": FaultKind("start an outbound call nobody asked for", now=True),
    "hostile_text": FaultKind(
        "send an error and offers full of hostile text", now=True, services=_ALL
    ),
    "binary_on_presence": FaultKind("send binary on the presence socket", _COUNT, now=True),
    "oversize": FaultKind(
        "send a message above the size limit", {"socket": "presence"}, now=True, services=_ALL
    ),
    "flood": FaultKind(
        "send many messages", {"socket": "presence", "count": 1000}, now=True, services=_ALL
    ),
    "raw": FaultKind(
        "send this text as it is", {"socket": "presence", "text": ""}, now=True, services=_ALL
    ),
    "text_garbage_on_audio": FaultKind("send text that is not JSON on audio", _COUNT, now=True),
    "empty_frames": FaultKind("send empty binary messages on audio", _COUNT, now=True),
    "freeze_audio": FaultKind("hold audio back, then send it at once", {"ms": 300}, now=True),
    "drop_audio": FaultKind("cut the audio connection without a close", now=True),
    # on until cleared, or until `count` uses
    "close": FaultKind(
        "close with a code at a step: now, connected, available, incoming_call, accept, "
        "assigned, start_outbound, started, audio_open",
        {"code": 1011, "step": "now", "socket": "presence", "count": 1},
    ),
    "odd_frames": FaultKind("send audio in uneven pieces"),
    "silence": FaultKind("send no audio while the socket stays open"),
    "duplicate": FaultKind("send every presence message, or event, twice", services=_TOKENS),
    "delay_assigned": FaultKind("answer accept late", {"seconds": 3.0}),
    "no_assigned": FaultKind("never answer accept"),
    "late_outbound_started": FaultKind("answer start_outbound late", {"seconds": 31.0}),
    "no_outbound_started": FaultKind("never answer start_outbound"),
    "swap_assigned_taken": FaultKind("tell the losers before the winner of a call"),
    "taken_after_assigned": FaultKind("tell the winner call_taken as well"),
    "gone_extension": FaultKind("tell a cancelled offer by call_cancelled, not call_taken"),
    "no_connected": FaultKind("send no greeting"),
    "no_available_set": FaultKind("do not confirm availability"),
    "no_pong": FaultKind("do not answer the JSON ping"),
    "never_answer_close": FaultKind("never answer the client's close"),
    "token_life": FaultKind(
        "give tokens of a short life", {"seconds": 5.0}, services=(*_TOKENS, "observer")
    ),
    "token_500": FaultKind("token endpoints answer 500", {"count": 0}, services=_TOKENS),
    "token_401": FaultKind("token endpoints answer 401", {"count": 0}, services=_TOKENS),
    "slow_token": FaultKind("token endpoints answer late", {"seconds": 5.0}, services=_TOKENS),
    "numbers_401": FaultKind("the list of numbers answers 401", {"count": 0}),
    "numbers_bad": FaultKind("the list of numbers holds unusable entries"),
    "handshake": FaultKind(
        "sockets answer an HTTP status",
        {"status": 503, "socket": "presence", "count": 0, "retry_after_s": 0},
        services=_ALL,
    ),
    # Ribbon; `resource` is a path word, "PUT subscription", or a request's type (callStart)
    "binary": FaultKind(
        "send binary on the notification socket", _COUNT, True, ("ribbon", "agenthub", "observer")
    ),
    "ghost_call": FaultKind("tell of calls nobody knows, with bad ids", {}, True, _RIBBON),
    "vanish": FaultKind("far ends stop without callEnd", {}, True, _RIBBON),
    "rest": FaultKind(
        "answer REST with a status and a number (-1: no body)",
        {**_REST, "status": 403, "code": 4},
        services=_RIBBON,
    ),
    "rest_unavailable": FaultKind(
        "answer 503; form: header, date, body, authorization, none",
        {**_REST, "seconds": 1.0, "form": "header"},
        services=_RIBBON,
    ),
    "rest_slow": FaultKind("answer REST late", {**_REST, "seconds": 3.0}, services=_RIBBON),
    "rest_garbage": FaultKind(
        "answer 200 that cannot be read; form: malformed, empty, html, list, deep, "
        "wrong_types, huge",
        {**_REST, "form": "malformed"},
        services=_RIBBON,
    ),
    "notice_drop": FaultKind("lose notifications", _EVENT, services=_RIBBON),
    "notice_duplicate": FaultKind("send notifications twice", _EVENT, services=_RIBBON),
    "notice_delay": FaultKind(
        "send notifications late", {**_EVENT, "seconds": 1.0}, services=_RIBBON
    ),
    "notice_swap": FaultKind("send notifications after the next one", _EVENT, services=_RIBBON),
    "notice_bare": FaultKind("send call notifications without names", _EVENT, services=_RIBBON),
    "notice_no_id": FaultKind("send notifications without eventId", _EVENT, services=_RIBBON),
    "notice_hostile": FaultKind("send hostile names and parameters", _EVENT, services=_RIBBON),
    "sdp": FaultKind(
        "spoil descriptions; form: malformed, empty, no_audio, unsupported, other_origin, "
        "no_candidates, huge, hostile, cut",
        {**_EVENT, "form": "malformed"},
        services=_RIBBON,
    ),
    "glare": FaultKind("refuse every offered change with 49", {"count": 0}, services=_RIBBON),
    "bad_network": FaultKind(
        "lose and delay media packets, both ways, while it is on",
        {"loss": 0.1, "delay_ms": 0.0, "jitter_ms": 0.0},
        services=_RIBBON,
    ),
    "slow_start": FaultKind("callers ring without SDP", {"count": 0}, services=_RIBBON),
    "offer_video": FaultKind("callers offer video too", {"count": 0}, services=_RIBBON),
    "far_end_codec": FaultKind("far ends speak one codec only", {"name": "PCMA"}, services=_RIBBON),
    "short_expiry": FaultKind("grant short subscriptions", {"seconds": 60}, services=_RIBBON),
    "services_refused": FaultKind(
        "do not grant services (comma between them)", {"services": ""}, services=_RIBBON
    ),
    # AgentHub
    "bad_refs": FaultKind("send replies and events nobody waits for", {}, True, _AGENTS),
    "no_heartbeat": FaultKind("do not answer heartbeats", services=_AGENTS),
    "no_join_reply": FaultKind("do not answer joins", {"count": 0}, services=_AGENTS),
    "join_crash": FaultKind("joins crash", {"count": 0}, services=_AGENTS),
    "deny_agent": FaultKind("do not let agents join their topic", {"count": 0}, services=_AGENTS),
    "named_events": FaultKind("send events under their own name", services=_AGENTS),
    "no_presence_state": FaultKind("send no list of online users", services=_AGENTS),
    "early_diff": FaultKind("send a change before the list", services=_AGENTS),
    "state_twice": FaultKind("send the list of online users twice", services=_AGENTS),
    # Observer; `type` is that of a request, "" for all
    "answer_error": FaultKind(
        "answer requests with an error",
        {**_TYPE, "code": "INTERNAL", "retry_after_ms": 0},
        services=_MONITOR,
    ),
    "answer_form": FaultKind(
        "answer oddly; form: both, neither, number_id, twice, unknown_id, no_frame_id",
        {**_TYPE, "form": "both"},
        services=_MONITOR,
    ),
    "answer_never": FaultKind("never answer requests", _TYPE, services=_MONITOR),
    "answer_late": FaultKind("answer late", {**_TYPE, "seconds": 1.0}, services=_MONITOR),
    "rows_odd": FaultKind(
        "spoil rows; form: duplicate, shuffle, gap, keyless, wrong_types, odd_values, hostile, "
        "future, huge, none",
        {"form": "duplicate", "count": 0},
        services=_MONITOR,
    ),
    "samples": FaultKind("send raw samples instead of snapshots", services=_MONITOR),
    "row_flood": FaultKind("push rows into open frames", {"count": 1000}, True, _MONITOR),
    "ghost_rows": FaultKind("send rows of closed and unknown frames", {}, True, _MONITOR),
    "end_frames": FaultKind("close all frames", {"reason": "call-ended"}, True, _MONITOR),
    "stream_error": FaultKind("tell of trouble in frames", {"text": "trouble"}, True, _MONITOR),
    "early_rows": FaultKind("send a frame's rows before its id is told", services=_MONITOR),
    "cursor_loop": FaultKind("give the same cursor again and again", services=_MONITOR),
    "no_paging": FaultKind("ignore limit and cursor: send all rows", services=_MONITOR),
    "dialect_012": FaultKind("speak as version 0.12 does", services=_MONITOR),
    "binary_first": FaultKind("speak binary from the first message on", services=_MONITOR),
    "many_calls": FaultKind("list many more calls", {"count": 2000}, services=_MONITOR),
}


@dataclass(slots=True)
class _On:
    args: dict[str, Any]
    left: int | None  # uses; None: until cleared


class Faults:
    """Which switches are on, for one operator or for everybody."""

    def __init__(self) -> None:
        self._on: dict[tuple[str, str], _On] = {}

    def check(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments with defaults put in; Refused names what is wrong."""
        kind = FAULTS.get(name)
        if kind is None:
            raise Refused(f"No fault {name!r}, {nearest(name, FAULTS)}")
        args = dict(kind.defaults)
        for key, value in given.items():
            if key not in args:
                raise Refused(f"Fault {name} takes no {key!r}: {', '.join(args) or 'nothing'}.")
            args[key] = _converted(name, key, value, args[key])
        return args

    def set(self, name: str, who: str, args: dict[str, Any]) -> None:
        """Switch on a fault that stays; `args` come from `check`."""
        self._on[name, who] = _On(args, args.get("count") or None)

    def clear(self, name: str | None = None, who: str | None = None) -> int:
        """Switch off what matches; return how many were on."""
        found = [
            key
            for key in self._on
            if (name is None or key[0] == name) and (who is None or key[1] == who)
        ]
        for key in found:
            del self._on[key]
        return len(found)

    def get(self, name: str, who: str, **need: object) -> dict[str, Any] | None:
        """Return the arguments when the fault is on for `who` and fits `need`; one use."""
        for key in ((name, who), (name, EVERYBODY)):
            on = self._on.get(key)
            if on is None or any(on.args.get(k) != v for k, v in need.items()):
                continue
            if on.left is not None:
                on.left -= 1
                if on.left == 0:
                    del self._on[key]
            return on.args
        return None

    def on(self, name: str, who: str) -> bool:
        """Tell whether the fault is on for `who`; one use."""
        return self.get(name, who) is not None

    def listed(self) -> list[dict[str, Any]]:
        """Return what is on, for people."""
        return [
            {"name": name, "operator": who, "args": on.args, "left": on.left}
            for (name, who), on in self._on.items()
        ]


def _converted(name: str, key: str, value: object, default: object) -> object:
    """Return a value that may have come as text from a command line."""
    try:
        if isinstance(default, str) and isinstance(value, str):
            return value
        if isinstance(default, int) and isinstance(value, int | str):
            return int(value)
        if isinstance(default, float) and isinstance(value, int | float | str):
            return float(value)
    except ValueError:
        pass
    raise Refused(f"Fault {name}: {key} must be like {default!r}.")
