"""Written messages: instant messages, SMS, supervisors' notes, text channels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from .call import AccountName, CallId, Direction, Parameters

MessageId = NewType("MessageId", str)


class Channel(StrEnum):
    """How a message travels."""

    IM = "im"
    SMS = "sms"
    SUPERVISOR = "supervisor"
    TEXT = "text"


class Delivery(StrEnum):
    """What became of a message the operator wrote."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; the peer and the channel name the conversation."""

    id: MessageId
    account: AccountName
    peer: str
    channel: Channel
    direction: Direction
    text: str
    at: float
    delivery: Delivery
    read: bool = False
    native_id: str = ""
    name: str = ""
    """What the platform calls the peer."""
    problem: str = ""
    """Why it could not be sent, in a sentence."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """All messages with one peer over one channel; `last` is the newest of them."""

    account: AccountName
    peer: str
    channel: Channel
    last: Message
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Voicemail:
    """The voicemail lamp of an account; `counts` are further numbers to show as they are."""

    account: AccountName
    waiting: bool
    unheard: int | None = None
    total: int | None = None
    counts: Parameters = ()
    at: float | None = None


@dataclass(frozen=True, slots=True)
class ScreenPop:
    """Customer data a platform shows with a call; `call` is a hint by number, not a promise.

    `native_id` is the platform's id of the call or conversation, `numbers` are further ones of
    the customer to dial, and `customers` lists who it may be, when the platform is not sure.
    """

    id: str
    account: AccountName
    at: float
    kind: str
    number: str = ""
    customer: str = ""
    campaign: str = ""
    flags: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    body: str = ""
    call: CallId | None = None
    native_id: str = ""
    numbers: tuple[str, ...] = ()
    customers: tuple[tuple[tuple[str, str], ...], ...] = ()
