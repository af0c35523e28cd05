"""What `protocol` wants done: the client does it and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

from softphone.model.event import AdapterEvent

from .wire import Frame


@dataclass(frozen=True, slots=True)
class Send:
    """Send this frame."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class Emit:
    """Report this fact to the engine."""

    event: AdapterEvent


@dataclass(frozen=True, slots=True)
class Tell:
    """Call the handlers a program has put on this name."""

    name: str
    value: object = None


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Throw the socket away and connect again."""

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The server does not want this agent: connect again, but patiently."""

    why: str


Step = Send | Emit | Tell | Reconnect | Refused
Steps = list[Step]
