"""Accounts and presence: is the line up, which numbers ring here, who else is there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .call import AccountName


class LinkState(StrEnum):
    """The signalling connection of an account."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    ONLINE = "online"
    RECONNECTING = "reconnecting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OwnNumber:
    """A phone number of the account: `id` for availability, `number` (E.164) as caller id."""

    id: str
    number: str
    name: str = ""

    @property
    def label(self) -> str:
        """Return name or number, whichever says more."""
        return self.name or self.number


class NumberState(StrEnum):
    """What became of a number the operator wants to be online on."""

    OFF = "off"
    ASKED = "asked"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Availability:
    """Numbers wanted by the operator and what the server made of them (number ids)."""

    wanted: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    confirmed: bool = False

    def of(self, number_id: str) -> NumberState:
        """Return the state of one number."""
        if number_id in self.accepted:
            return NumberState.ACCEPTED
        if number_id in self.rejected:
            return NumberState.REJECTED
        return NumberState.ASKED if number_id in self.wanted else NumberState.OFF


@dataclass(frozen=True, slots=True)
class Account:
    """One configured account and how it stands.

    `retry_mono` is when the next try starts, `since_mono` when `link` last changed (monotonic).
    `caller_id` is the own number (id or E.164) the operator chose to show; empty: the default.
    """

    name: AccountName
    kind: str
    link: LinkState = LinkState.OFFLINE
    since_mono: float = 0.0
    cause: str = ""
    code: str = ""
    retry_mono: float | None = None
    identity: str = ""
    insecure: bool = False
    numbers: tuple[OwnNumber, ...] = ()
    availability: Availability = Availability()
    services: tuple[str, ...] = ()
    refusals: tuple[tuple[str, str], ...] = ()
    caller_id: str = ""


class Activity(StrEnum):
    """What a person is doing, as far as presence tells."""

    ACTIVE = "active"
    IDLE = "idle"
    AWAY = "away"
    LUNCH = "lunch"
    BUSY = "busy"
    VACATION = "vacation"
    ON_THE_PHONE = "on-the-phone"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Presence:
    """Presence of one person on one account; `reachable` is the platform's open or closed."""

    account: AccountName
    user: str
    reachable: bool
    activity: Activity = Activity.UNKNOWN
    note: str = ""
    since_mono: float = 0.0


@dataclass(frozen=True, slots=True)
class OnlineUser:
    """One connection of a user; a user with two devices has two of these, told apart by `ref`."""

    ref: str
    user_id: str
    username: str
    online_at: float = 0.0
    address: str = ""
