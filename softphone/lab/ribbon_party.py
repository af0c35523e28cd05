"""Parties of calls on the lab's Ribbon gateway: users and far ends are treated alike."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

from softphone.adapters.ribbon import wire

CANCELLED, DECLINED, NOBODY = "487", "603", "480"
NOT_FOUND, BUSY, NO_CODEC, NO_REPLY = "404", "486", "488", "408"
REASONS = {
    CANCELLED: "Request Terminated",
    DECLINED: "Declined",
    NOBODY: "Temporarily unavailable",
    NOT_FOUND: "Not Found",
    BUSY: "Busy Here",
    NO_CODEC: "Not Acceptable Here",
    NO_REPLY: "Request Timeout",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a party says to an offer: a description, a refusal by its code, or where else to ask."""

    sdp: str = ""
    code: str = ""
    parameters: wire.Parameters = ()
    forward: str = ""

    @property
    def reason(self) -> str:
        """The words for a refusal."""
        return REASONS.get(self.code, "Refused")


class Progress(Protocol):
    """Whoever wants to know how it goes while a party rings."""

    def ringing(self, parameters: wire.Parameters) -> None: ...
    def progress(self, sdp: str) -> None: ...


class Nobody:
    """No one: what happens while a party rings is not told."""

    def ringing(self, parameters: wire.Parameters) -> None:
        """Tell nobody."""

    def progress(self, sdp: str) -> None:
        """Tell nobody."""


class Party(Progress, Protocol):
    """One end of a call: a user's leg, or a far end whose media the lab makes."""

    id: str
    name: str
    number: str
    link: Link | None
    waiting: wire.Parameters
    """Custom parameters that travel with the next message to it (4.18)."""

    @property
    def alive(self) -> bool:
        """Tell whether its call is not over."""
        ...

    @property
    def up(self) -> bool:
        """Tell whether it has answered, or was answered."""
        ...

    def show(self, other: Party) -> None:
        """From now on its display shows this other party."""
        ...

    async def ring(self, sdp: str, parameters: wire.Parameters, caller: Progress) -> Reply:
        """Let it ring; return what it said. No description: it makes the offer (4.17)."""
        ...

    async def ask(self, sdp: str, parameters: wire.Parameters = ()) -> Reply:
        """Offer a change in a call; return its answer. No description: it makes the offer."""
        ...

    def answered(self, sdp: str, parameters: wire.Parameters = ()) -> None:
        """Its offer was answered."""
        ...

    def refused(self) -> None:
        """Its offer was refused: it may try again (4.12)."""
        ...

    def end(self, code: str = "", reason: str = "") -> None:
        """The call is over for it; once is enough."""
        ...

    def state(self) -> dict[str, Any]:
        """Return everything about it, for people and tests."""
        ...


class Link:
    """Two parties that talk to each other; their negotiations go one after the other."""

    def __init__(self, one: Party, other: Party) -> None:
        self._parties = (one, other)
        self.lock = asyncio.Lock()
        self.offers: dict[str, str] = {}
        """Offers of parties, by their ids, that were not answered yet."""
        one.link = other.link = self
        one.show(other)
        other.show(one)

    def other(self, party: Party) -> Party:
        """Return whom a party talks to."""
        one, other = self._parties
        return other if party is one else one


def other_of(party: Party) -> Party | None:
    """Return whom a party talks to, None when it is alone."""
    return None if party.link is None else party.link.other(party)
