"""What the control API can make happen on the lab's Ribbon gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from softphone.adapters.ribbon import wire
from softphone.config import nearest
from softphone.model.error import Refused
from softphone.webrtc.sdp import Direction

from .ribbon_calls import RibbonCalls
from .ribbon_channels import Channels, Subscription
from .ribbon_events import Events
from .ribbon_people import People
from .ribbon_users import SHOWN, user_named

_Options: TypeAlias = dict[str, Any]
FAR_END_CHANGES = {
    "hold": Direction.INACTIVE,
    "music": Direction.SENDONLY,
    "resume": Direction.SENDRECV,
    "ask": None,
}
"""What far ends do by themselves; None: they ask for an offer."""


class Actions:
    """Each verb takes a user and options, and returns what came of it."""

    def __init__(
        self, channels: Channels, calls: RibbonCalls, people: People, events: Events
    ) -> None:
        self._channels = channels
        self._calls = calls
        self._people = people
        self._events = events
        self._verbs: dict[str, Callable[[str, _Options], int]] = {
            "message": self._message,
            "mwi": self._mwi,
            "sip-event": self._event,
            "presence": self._presence,
            "far-end": self._far_end,
            "gone": lambda user, _: self._each(user, self._channels.gone),
            "override": lambda user, _: self._each(user, self._channels.override),
            "expire": lambda user, _: self._each(user, self._channels.forget),
        }

    def act(self, verb: str, name: str, options: _Options) -> dict[str, Any]:
        """Do it; Refused for a verb or user nobody knows."""
        if verb not in self._verbs:
            raise Refused(f"No action {verb!r}, {nearest(verb, self._verbs)}")
        user = user_named(name)
        if user is None:
            raise Refused(f"No user {name!r}; one of {', '.join(one.user for one in SHOWN)}.")
        return {"done": self._verbs[verb](user.user, options)}

    def _message(self, user: str, options: _Options) -> int:
        sender = _word(options, "from", "echo@lab.test")
        return self._people.deliver(user, sender, _word(options, "text"), _word(options, "name"))

    def _mwi(self, user: str, options: _Options) -> int:
        total, unheard = _number(options, "total", 3), _number(options, "unheard", 1)
        return self._events.set_voicemail(user, max(total, unheard), unheard)

    def _event(self, user: str, options: _Options) -> int:
        return self._events.tell_event(
            user,
            _word(options, "event", "event:conference"),
            _word(options, "data", "<event/>"),
            _word(options, "from", "bob@lab.test"),
            _word(options, "session"),
        )

    def _presence(self, user: str, options: _Options) -> int:
        presence = wire.OwnPresence(
            _word(options, "status", wire.STATUS_OPEN),
            _word(options, "activity", "active"),
            _word(options, "note"),
        )
        self._people.publish(user, presence)
        return 1

    def _far_end(self, user: str, options: _Options) -> int:
        """Let the far ends of a user's calls hold, resume, play music or ask for an offer."""
        what = _word(options, "what", "hold")
        if what not in FAR_END_CHANGES:
            raise Refused(f"A far end cannot {what!r}: {', '.join(FAR_END_CHANGES)}.")
        return self._calls.change_far_ends(user, FAR_END_CHANGES[what])

    def _each(self, user: str, do: Callable[[Subscription], None]) -> int:
        found = self._channels.of(user)
        for one in found:
            do(one)
        return len(found)


def _word(options: _Options, key: str, default: str = "") -> str:
    value = options.get(key, default)
    if not isinstance(value, str):
        raise Refused(f"{key} must be a text.")
    return value


def _number(options: _Options, key: str, default: int) -> int:
    value = options.get(key, default)
    if not isinstance(value, int) or not 0 <= value <= 100_000:
        raise Refused(f"{key} must be a number.")
    return value
