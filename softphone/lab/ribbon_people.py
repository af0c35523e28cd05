"""Presence and messages of the lab's Ribbon gateway (reference, 5.4 and 5.5)."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from softphone.adapters.ribbon import wire

from .farends import FAR_ENDS
from .hub import Hub
from .ribbon_channels import Channels, Subscription
from .ribbon_rest import Asked, Route, Said, Wrong
from .ribbon_users import DOMAIN, user_named

_At = wire.Resource

_TOLD_AFTER_S = 0.1  # sent at once a client loses it (5.4)
_REPLIES_AFTER_S = 0.3
_STORED = 100
_TALKING = "on-the-phone"
_AUTO_REPLIES = ("dave",)
_SERVICES = (wire.Service.IM, wire.Service.SMS_INBOUND, wire.Service.SMS)


@dataclass(slots=True)
class Person:
    """What is known of one user; it outlives the user's subscriptions."""

    presence: wire.OwnPresence = field(
        default_factory=lambda: wire.OwnPresence(wire.STATUS_CLOSED, "unknown")
    )
    told: wire.OwnPresence | None = None
    watched_by: set[str] = field(default_factory=set)
    messages: deque[wire.MessageNotice] = field(default_factory=lambda: deque(maxlen=_STORED))


class People:
    """Who is there, who wants to know, and what they write to each other."""

    def __init__(self, hub: Hub, channels: Channels, talks: Callable[[str], bool]) -> None:
        self._hub = hub
        self._channels = channels
        self._talks = talks
        self._people: dict[str, Person] = {}

    def table(self) -> list[Route]:
        """Return what it answers."""
        return [
            Route("POST", _At.PRESENCE, wire.Envelope.PRESENCE, self._publish),
            Route("POST", _At.PRESENCE_WATCHER, wire.Envelope.WATCHER, self._watch),
            Route("POST", _At.INSTANT_MESSAGE, wire.Envelope.MESSAGE, self._send),
        ]

    def _person(self, user: str) -> Person:
        return self._people.setdefault(user, Person())

    # ---- presence ------------------------------------------------------------------------------

    def subscribed(self, one: Subscription) -> None:
        """Somebody signed in: presence opens, and stored messages are delivered."""
        if one.has(wire.Service.PRESENCE):
            person = self._person(one.user)
            if person.presence.status != wire.STATUS_OPEN:
                activity = person.presence.activity
                if activity == "unknown":
                    activity = "active"
                self.publish(one.user, wire.OwnPresence(wire.STATUS_OPEN, activity))
        if one.has(wire.Service.IM):
            waiting = self._person(one.user).messages
            while waiting:
                self._channels.send(one, waiting.popleft())

    def publish(self, user: str, presence: wire.OwnPresence) -> None:
        """Set a user's presence and tell whoever watches."""
        self._person(user).presence = presence
        self.tell_watchers(user)

    def presence_of(self, user: str) -> wire.OwnPresence:
        """Return what others see: somebody who talks is on the phone (2.6)."""
        own = self._person(user).presence
        if own.status == wire.STATUS_OPEN and self._talks(user):
            return wire.OwnPresence(own.status, _TALKING, own.note)
        return own

    def refresh(self, user: str) -> None:
        """A user's calls changed: tell who watches when that shows."""
        if self.presence_of(user) != self._person(user).told:
            self.tell_watchers(user)

    def tell_watchers(self, user: str) -> None:
        """Tell everybody who watches a user."""
        self._person(user).told = self.presence_of(user)
        for watcher in self._person(user).watched_by:
            self._tell(watcher, user)

    def _publish(self, asked: Asked) -> Said:
        presence = wire.OwnPresence.read(asked.body)
        statuses = (wire.STATUS_OPEN, wire.STATUS_CLOSED)
        if presence.status not in statuses or presence.activity not in wire.ACTIVITIES:
            raise Wrong(400, wire.INVALID_PARAMETER)
        asked.afterwards(lambda: self.publish(asked.user.user, presence))
        return Said(wire.simple_answer(wire.Envelope.PRESENCE))

    def _watch(self, asked: Asked) -> Said:
        names, action = wire.read_watch_request(asked.body)
        users = [wire.full(name, DOMAIN).lower() for name in names]
        watcher = asked.user.user
        for user in users:
            if action is wire.WatchAction.WATCH:
                self._person(user).watched_by.add(watcher)
            elif action is wire.WatchAction.STOP:
                self._person(user).watched_by.discard(watcher)
        if action is not wire.WatchAction.STOP:

            def tell() -> None:
                for user in users:
                    self._tell(watcher, user)

            asked.afterwards(lambda: self._later(_TOLD_AFTER_S, tell))
        return Said(wire.simple_answer(wire.Envelope.WATCHER))

    def _tell(self, watcher: str, user: str) -> None:
        seen = self.presence_of(user)
        ident = self._channels.event_id()
        notice = wire.PresenceNotice(ident, user, seen.status, seen.activity, seen.note)
        self._channels.tell(watcher, wire.Service.PRESENCE, notice)

    # ---- messages ------------------------------------------------------------------------------

    def deliver(self, to: str, sender: str, text: str, name: str = "") -> int:
        """Give a message to a user, now or when it signs in; return to how many devices."""
        notice = wire.MessageNotice(self._channels.event_id(), sender, text, name)
        found = {
            one.id: one for service in _SERVICES for one in self._channels.with_service(to, service)
        }
        for one in found.values():
            self._channels.send(one, notice)
        if not found:
            self._person(to).messages.append(notice)
        return len(found)

    def _send(self, asked: Asked) -> Said:
        to, text = wire.read_im_request(asked.body)
        address = wire.full(to, DOMAIN).lower()
        user = user_named(address)
        local = address.partition("@")[0]
        sender = asked.user
        is_far_end = local in FAR_ENDS or local.lstrip("+").isdecimal()
        if user is None and not is_far_end:
            raise Wrong(404, wire.NO_RESOURCE, "There is no such user.")

        def deliver() -> None:
            there = user is not None and self.deliver(user.user, sender.user, text, sender.name)
            if is_far_end:
                self._reply(sender.user, address, text, local)
            elif local in _AUTO_REPLIES and not there and user is not None:
                self._reply(sender.user, address, "I am not at my desk.", user.name)

        asked.afterwards(deliver)
        return Said(wire.im_answer(f"im-{secrets.token_hex(6)}"))

    def _reply(self, to: str, sender: str, text: str, name: str) -> None:
        self._later(_REPLIES_AFTER_S, lambda: self.deliver(to, sender, text, name))

    def _later(self, seconds: float, do: Callable[[], object]) -> None:
        def due() -> None:
            do()

        self._hub.after(seconds, due)
