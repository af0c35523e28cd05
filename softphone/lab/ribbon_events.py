"""Voicemail, SIP events, custom notifications and push of the lab's gateway (reference, 5.6-9)."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field

from softphone.adapters.ribbon import wire

from .hub import Hub
from .ribbon_channels import Channels
from .ribbon_rest import Asked, Body, Route, Said, Wrong

_At = wire.Resource

_EVENT_EXPIRES_S = 3600
_TOLD_AFTER_S = 0.1
_DATA = '<event type="{}" user="{}" state="{}"/>'


@dataclass(slots=True)
class EventWatch:
    """A SIP event subscription."""

    id: str
    user: str
    event: str
    users: dict[str, None] = field(default_factory=dict)


class Events:
    """What else is told to users."""

    def __init__(self, hub: Hub, channels: Channels) -> None:
        self._hub = hub
        self._channels = channels
        self._mwi: dict[str, wire.Mwi] = {}
        self.watches: dict[str, EventWatch] = {}
        self.devices: dict[str, Body] = {}

    def table(self) -> list[Route]:
        """Return what it answers."""
        event = wire.Envelope.EVENT
        return [
            Route("GET", _At.VOICEMAIL, wire.Envelope.VOICEMAIL, self._voicemail),
            Route("POST", _At.EVENT_SUBSCRIPTION, event, self._subscribe),
            Route("PUT", f"{_At.EVENT_SUBSCRIPTION}/*", event, self._update),
            Route("DELETE", f"{_At.EVENT_SUBSCRIPTION}/*", event, self._unsubscribe),
            Route("POST", _At.EXTERNAL_NOTIFICATION, wire.Envelope.CALL, self._external),
            Route("POST", _At.PUSH_APPLE, wire.Envelope.PUSH_APPLE, self._register),
            Route("POST", _At.PUSH_GOOGLE, wire.Envelope.PUSH_GOOGLE, self._register),
            Route("DELETE", f"{_At.PUSH_APPLE}*", wire.Envelope.PUSH_APPLE, self._unregister),
            Route("DELETE", f"{_At.PUSH_GOOGLE}*", wire.Envelope.PUSH_GOOGLE, self._unregister),
        ]

    # ---- voicemail -----------------------------------------------------------------------------

    def set_voicemail(self, user: str, total: int, unheard: int) -> int:
        """Set the counts of a mailbox and light the lamp; return how many devices were told."""
        self._mwi[user] = _mailbox(total, unheard)
        notice = wire.MwiNotice(self._channels.event_id(), self._mwi[user])
        return self._channels.tell(user, wire.Service.MWI, notice)

    def _voicemail(self, asked: Asked) -> Said:
        return Said(wire.voicemail_body(self._mwi.get(asked.user.user, _mailbox(0, 0))))

    # ---- SIP events ----------------------------------------------------------------------------

    def tell_event(self, user: str, event: str, data: str, sender: str, session: str = "") -> int:
        """Send a SIP event or a custom notification; return to how many devices."""
        notice = wire.GenericNotice(
            event,
            self._channels.event_id(),
            data,
            sender,
            session,
            "call" if session else "",
        )
        return self._channels.tell(user, event, notice)

    def _subscribe(self, asked: Asked) -> Said:
        wanted = wire.EventRequest.read(asked.body)
        user = asked.user.user
        if not self._channels.with_service(user, wanted.event):
            raise Wrong(403, wire.NOT_ENABLED)
        watch = EventWatch(f"ev-{secrets.token_hex(6)}", user, wanted.event)
        self.watches[watch.id] = watch
        self._change(asked, watch, wanted)
        return Said(wire.event_answer(watch.id, _EVENT_EXPIRES_S))

    def _update(self, asked: Asked) -> Said:
        watch = self._watch(asked)
        self._change(asked, watch, wire.EventRequest.read(asked.body))
        return Said(wire.event_answer(watch.id, _EVENT_EXPIRES_S))

    def _change(self, asked: Asked, watch: EventWatch, wanted: wire.EventRequest) -> None:
        """Add and drop users; like a SIP server it tells the state of the new ones."""
        for user in wanted.unsubscribe:
            watch.users.pop(user, None)
        watch.users |= dict.fromkeys(wanted.subscribe)

        def tell() -> None:
            for user in wanted.subscribe:
                data = _DATA.format(watch.event, user, "full")
                self.tell_event(watch.user, watch.event, data, user)

        asked.afterwards(lambda: _ignore(self._hub.after(_TOLD_AFTER_S, tell)))

    def _unsubscribe(self, asked: Asked) -> Said:
        del self.watches[self._watch(asked).id]
        return Said()

    def _watch(self, asked: Asked) -> EventWatch:
        found = self.watches.get(asked.ident)
        if found is None or found.user != asked.user.user:
            raise Wrong(404, wire.NO_RESOURCE)
        return found

    # ---- the rest ------------------------------------------------------------------------------

    def _external(self, asked: Asked) -> Said:
        user, text = asked.user.user, json.dumps(asked.body)
        event = wire.CUSTOM_EVENT
        asked.afterwards(lambda: _ignore(self.tell_event(user, event, text, user)))
        return Said({"externalNotificationResponse": {"statusCode": 0}})

    def _register(self, asked: Asked) -> Said:
        ident = secrets.token_hex(6)
        path = f"{wire.user_path(asked.user.user)}/{'/'.join(asked.parts)}/{ident}"
        self.devices[ident] = asked.body
        apple = asked.parts[1] == "apple"
        envelope = wire.Envelope.PUSH_APPLE if apple else wire.Envelope.PUSH_GOOGLE
        # ASSUMED (5.9): the member that holds the registration's path.
        return Said(wire.simple_answer(envelope, registration=path, resourceURL=path), 201)

    def _unregister(self, asked: Asked) -> Said:
        if self.devices.pop(asked.ident, None) is None:
            raise Wrong(404, wire.NO_RESOURCE)
        return Said()


def _mailbox(total: int, unheard: int) -> wire.Mwi:
    counts = (
        ("voice.newVoice", str(unheard)),
        ("voice.oldVoice", str(total - unheard)),
        ("voice.newUrgentVoice", "0"),
        ("voice.oldUrgentVoice", "0"),
        ("fax.newFax", "0"),
        ("fax.oldFax", "0"),
        ("multimedia.newMultimedia", "0"),
        ("multimedia.oldMultimedia", "0"),
    )
    return wire.Mwi(unheard > 0, total, unheard, counts)


def _ignore(_result: object) -> None:
    """Do not care how many were there."""
