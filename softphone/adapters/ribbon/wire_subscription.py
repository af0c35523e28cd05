"""Subscriptions: asking for services, and what the gateway grants (2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from softphone.secret import Secret

from .wire_json import BadMessage, Table, line, raw_text, table, texts, whole, without_empty
from .wire_names import LOCALISATION, NOTIFICATION_TYPE, SUPPORTED_RINGING


@dataclass(frozen=True, slots=True)
class SubscribeRequest:
    """What a client wants; `service` is the complete list (2.1, 2.3)."""

    service: tuple[str, ...]
    expires_s: int
    correlator: str = ""
    supported: tuple[str, ...] = (SUPPORTED_RINGING,)

    def body(self, *, first: bool) -> dict[str, Any]:
        """Return the request; the correlator travels with the first one only."""
        wanted: dict[str, Any] = {
            "expires": self.expires_s,
            "service": list(self.service),
            "localization": LOCALISATION,
            "useTurn": True,
            "notificationType": NOTIFICATION_TYPE,
            "supported": list(self.supported),
        }
        if first and self.correlator:
            wanted["clientCorrelator"] = self.correlator
        return {"subscribeRequest": wanted}

    @classmethod
    def read(cls, body: Table) -> SubscribeRequest:
        """Return a client's request; raises BadMessage when it is none."""
        wanted = table(body.get("subscribeRequest"))
        if not isinstance(wanted.get("service"), list):
            raise BadMessage("A subscription needs a list of services.")
        return cls(
            texts(wanted["service"]),
            whole(wanted.get("expires")) or 0,
            raw_text(wanted.get("clientCorrelator")),
            texts(wanted.get("supported")),
        )


@dataclass(frozen=True, slots=True)
class TurnCredentials:
    """Credentials for all configured TURN servers (4.21)."""

    username: str
    password: Secret


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the gateway granted. `url` is a path below the REST base, `channel` of the socket."""

    url: str
    channel: str = field(repr=False)  # the path is the socket's only credential (3.1)
    service: tuple[str, ...]
    expires_s: int
    correlator: str = ""
    session: Secret | None = None
    turn: TurnCredentials | None = None

    def body(self) -> dict[str, Any]:
        """Return the answer to a subscribe request."""
        granted: dict[str, Any] = {
            "expires": self.expires_s,
            "service": list(self.service),
            "notificationType": NOTIFICATION_TYPE,
            "notificationChannel": self.channel,
            "localization": LOCALISATION,
            "useTurn": True,
        }
        granted |= without_empty(
            {
                "clientCorrelator": self.correlator,
                "sessionId": self.session.reveal() if self.session else None,
                "turnCredentials": _turn_body(self.turn),
            }
        )
        answer = {"statusCode": 0, "subscription": self.url, "subscriptionParams": granted}
        return {"subscribeResponse": answer}

    @classmethod
    def read(cls, body: Table) -> Subscription:
        """Return what was granted; raises BadMessage when something needed is missing."""
        answer = table(body.get("subscribeResponse"))
        granted = table(answer.get("subscriptionParams"))
        url, channel = raw_text(answer.get("subscription")), granted.get("notificationChannel")
        expires_s = whole(granted.get("expires"))
        if not _is_path(url) or not _is_path(raw_text(channel)):
            raise BadMessage("The gateway's subscription has no usable paths.")
        if expires_s is None or not isinstance(granted.get("service"), list):
            raise BadMessage("The gateway's subscription names no services or no expiry.")
        session = raw_text(granted.get("sessionId"))
        return cls(
            url,
            raw_text(channel),
            tuple(line(name) for name in texts(granted["service"])),
            expires_s,
            raw_text(granted.get("clientCorrelator")),
            Secret(session) if session else None,
            _read_turn(table(granted.get("turnCredentials"))),
        )


def _turn_body(turn: TurnCredentials | None) -> dict[str, str] | None:
    if turn is None:
        return None
    return {"username": turn.username, "password": turn.password.reveal()}


def _read_turn(found: Table) -> TurnCredentials | None:
    username, password = raw_text(found.get("username")), raw_text(found.get("password"))
    return TurnCredentials(username, Secret(password)) if username and password else None


def _is_path(text: str) -> bool:
    return (
        text.startswith("/")
        and not text.startswith("//")
        and len(text) < 1024
        and text.isascii()
        and text.isprintable()
        and " " not in text
    )
