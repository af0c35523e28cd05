"""Subscribing over REST at the lab's Ribbon gateway (reference, 2)."""

from __future__ import annotations

import re
from collections.abc import Callable

from softphone.adapters.ribbon import wire

from .hub import Hub
from .ribbon_channels import Channels, Subscription
from .ribbon_rest import Asked, Route, Said, Wrong

_At = wire.Resource

_CORRELATOR = re.compile(r"[\w.@:-]{1,64}")
_LEAST_S = 1


class SubscriptionDesk:
    """Makes, changes and ends subscriptions."""

    def __init__(self, hub: Hub, channels: Channels) -> None:
        self._hub = hub
        self._channels = channels
        self.subscribed: Callable[[Subscription], None] = lambda _one: None
        """Told of every subscription that was made or changed."""

    def table(self) -> list[Route]:
        """Return what it answers."""
        inside = wire.Envelope.SUBSCRIBE
        return [
            Route("POST", _At.SUBSCRIPTION, inside, self._create),
            Route("PUT", f"{_At.SUBSCRIPTION}/*", inside, self._change),
            Route("PUT", f"{_At.SUBSCRIPTION}/clientCorrelator/*", inside, self._change),
            Route("DELETE", f"{_At.SUBSCRIPTION}/*", inside, self._delete),
        ]

    def _create(self, asked: Asked) -> Said:
        wanted = wire.SubscribeRequest.read(asked.body)
        if wanted.correlator and not _CORRELATOR.fullmatch(wanted.correlator):
            raise Wrong(400, wire.BAD_CORRELATOR)
        granted = self._granted(asked.user.user, wanted.service)
        one = self._channels.subscribe(asked.user.user, wanted, self._expiry(asked, wanted))
        asked.afterwards(lambda: self.subscribed(one))
        return Said(one.granted(granted), 201)

    def _change(self, asked: Asked) -> Said:
        one = self._find(asked)
        wanted = wire.SubscribeRequest.read(asked.body)
        granted = self._granted(asked.user.user, wanted.service)
        self._channels.extend(one, wanted, self._expiry(asked, wanted))
        asked.afterwards(lambda: self.subscribed(one))
        return Said(one.granted(granted))

    def _delete(self, asked: Asked) -> Said:
        one = self._find(asked)
        asked.afterwards(lambda: self._channels.remove(one))
        self._hub.note(f"{one.user} unsubscribed")
        return Said()

    def _find(self, asked: Asked) -> Subscription:
        by_correlator = len(asked.parts) == 3
        for one in self._channels.of(asked.user.user):
            if asked.ident == (one.correlator if by_correlator else one.id):
                return one
        raise Wrong(404, wire.NO_SUBSCRIPTION)

    def _expiry(self, asked: Asked, wanted: wire.SubscribeRequest) -> int:
        fault = self._hub.faults.get("short_expiry", asked.user.user)
        if fault is not None:
            return int(fault["seconds"])
        return max(_LEAST_S, wanted.expires_s or wire.EXPIRES_S)

    def _granted(self, user: str, asked: tuple[str, ...]) -> tuple[str, ...]:
        """Return the services that the gateway has; Wrong when it has none of them."""
        fault = self._hub.faults.get("services_refused", user)
        refused = fault["services"].lower().split(",") if fault else []
        known = {service.value.lower() for service in wire.Service}
        granted = tuple(
            name
            for name in asked
            if (name.lower() in known or name.startswith(wire.EVENT_SERVICE_PREFIX))
            and name.lower() not in refused
        )
        if not granted:
            raise Wrong(403, wire.INVALID_PARAMETER)
        return granted
