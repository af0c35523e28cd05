"""How a client speaks to the engine, in process or over its Unix socket.

A client gets one snapshot and then numbered events; it sends commands and awaits one reply
each. The wire form, one JSON object a line:

    client: {"hello": {"version": 1, "role": "console" | "command", "name": "..."}}
    engine: {"welcome": {"version": 1, "client": "c3", "engine": {...}, "state": {...}}}
    engine: {"seq": 7, "event": {"type": "call_changed", ...}}
    client: {"id": 1, "command": {"type": "hang_up", ...}}
    engine: {"reply": {...}, "id": 1}

An engine of another version answers the hello with {"refused": "sentence"} and closes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from softphone.model import codec
from softphone.model.command import Command, Reply
from softphone.model.event import Event
from softphone.model.state import ConsoleState

VERSION = 1
"""Grows when something goes or changes its meaning; what is added leaves it as it is."""
LINE_LIMIT = 4 * 1024 * 1024
BUFFER_LIMIT = 256 * 1024
"""A client with more than this unread is dropped; it gets a new snapshot when it comes back."""


def line_of(data: dict[str, Any]) -> bytes:
    """Return a message as it goes over the socket; what is no text (lone surrogates) becomes ?."""
    return codec.dumps(data).encode(errors="replace") + b"\n"


class Role(StrEnum):
    """A console holds calls up; a command's calls end with it."""

    CONSOLE = "console"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Who answers: for the header, `status` and `doctor`."""

    pid: int
    version: str
    profile: str
    started_at: float
    log: str
    lab: str = ""


class Link(Protocol):
    """One client's connection to the engine."""

    client: str
    engine: EngineInfo
    snapshot: ConsoleState

    async def request(self, command: Command) -> Reply:
        """Send a command and return its reply; raises LinkError when the engine is gone."""
        ...

    def events(self) -> AsyncIterator[Event]:
        """Yield what happens after the snapshot; ends when the engine is gone."""
        ...

    async def close(self) -> None:
        """Leave. The engine applies its rules for a lost console or command."""
        ...
