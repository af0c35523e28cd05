"""Who is attached, and the numbered stream of events they all get."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from softphone.model import codec
from softphone.model.event import ControlChanged, Event
from softphone.model.state import ConsoleState

from .link import Role, line_of


class Published:
    """One event on its way out; turned into a line once, however many clients read it."""

    def __init__(self, seq: int, event: Event) -> None:
        self.seq = seq
        self.event = event

    @cached_property
    def line(self) -> bytes:
        """Return the event as it goes over the socket."""
        return line_of({"seq": self.seq, "event": codec.encode(self.event)})


@dataclass(slots=True)
class Client:
    """One attached console or command."""

    id: str
    role: Role
    name: str
    deliver: Callable[[Published], None]


@dataclass(slots=True)
class Hub:
    """The engine's picture of the world and the clients that follow it."""

    state: ConsoleState = field(default_factory=ConsoleState)
    clients: dict[str, Client] = field(default_factory=dict)
    heard: Callable[[Event], None] = lambda event: None
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def publish(self, event: Event) -> None:
        """Fold an event into the picture and tell everybody."""
        self.state.apply(event)
        self.state.seq += 1
        self.heard(event)
        published = Published(self.state.seq, event)
        for client in list(self.clients.values()):
            client.deliver(published)

    def attach(self, role: Role, name: str, deliver: Callable[[Published], None]) -> Client:
        """Add a client; the first console gets control, further ones watch."""
        client = Client(f"{role.value}-{next(self._numbers)}", role, name, deliver)
        self.clients[client.id] = client
        self._hand_over(self.state.controller)
        return client

    def detach(self, client_id: str) -> None:
        """Remove a client; control goes to the console that has been there longest."""
        if self.clients.pop(client_id, None) is not None:
            self._hand_over(self.state.controller)

    def take_over(self, client_id: str) -> None:
        """Give control to a console."""
        self._hand_over(client_id)

    def consoles(self) -> list[Client]:
        """Return the attached consoles, the oldest first."""
        return [client for client in self.clients.values() if client.role is Role.CONSOLE]

    def may_act(self, client_id: str) -> bool:
        """Tell whether a client may act: commands always, consoles when they have control."""
        client = self.clients.get(client_id)
        return client is not None and (
            client.role is Role.COMMAND or client.id == self.state.controller
        )

    def _hand_over(self, wanted: str) -> None:
        ids = [client.id for client in self.consoles()]
        controller = wanted if wanted in ids else (ids[0] if ids else "")
        if (controller, len(ids)) != (self.state.controller, self.state.consoles):
            self.publish(ControlChanged(controller, len(ids)))
