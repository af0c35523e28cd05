"""What an adapter is to the engine, and what the engine gives an adapter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from softphone.audio.leg import Leg
from softphone.config import AccountConfig
from softphone.model.call import AccountName, CallId
from softphone.model.capability import Capabilities
from softphone.model.command import AccountCommand, CallCommand, Value
from softphone.model.event import AdapterEvent
from softphone.model.report import SoundStep


class Context(Protocol):
    """The engine as an adapter sees it. All methods belong to the engine's event loop."""

    def emit(self, event: AdapterEvent) -> None:
        """Report a fact. Never raises and never waits."""
        ...

    def new_call_id(self) -> CallId:
        """Return a fresh identity for a call that was just offered or dialled."""
        ...

    def monotonic(self) -> float:
        """Return monotonic seconds; the only clock for limits and durations."""
        ...

    def wall(self) -> float:
        """Return epoch seconds; for showing and for comparing with a server's clock."""
        ...

    def start_media(self, call: CallId) -> None:
        """Connect `media(call)` to the sound engine; raises AudioError when it cannot."""
        ...

    def stop_media(self, call: CallId) -> None:
        """Disconnect the call from the sound engine; harmless when it is not connected."""
        ...

    def play_tones(self, call: CallId, digits: str, duration_ms: int, gap_ms: int) -> None:
        """Put DTMF into the call's outgoing audio."""
        ...


class Adapter(Protocol):
    """One account of one platform."""

    name: AccountName
    kind: str
    identity: str
    insecure: bool

    async def run(self, context: Context) -> None:
        """Connect, keep, reconnect until cancelled; nothing of it is left afterwards."""
        ...

    async def submit(self, command: AccountCommand | CallCommand) -> Value | None:
        """Do what the operator asks; raises Refused or another SoftphoneError with the reason."""
        ...

    def capabilities(self) -> Capabilities:
        """Return what this account can do, and why not the rest."""
        ...

    def media(self, call: CallId) -> Leg | None:
        """Return the audio of a call, or None when it has none yet."""
        ...


@runtime_checkable
class Addressing(Protocol):
    """An adapter that knows people by a longer address than may be typed."""

    def address_of(self, typed: str) -> str:
        """Return the address that messages of this person come from."""
        ...


@runtime_checkable
class SoundSteps(Protocol):
    """An adapter whose call reports tell what the engine does with the sound, too."""

    def sound_step(self, call: CallId, step: SoundStep, *, over: bool) -> None:
        """Take that a step has begun, or is over; nothing for a call that is over."""
        ...


@runtime_checkable
class Reloading(Protocol):
    """An adapter that takes changed settings while it runs."""

    async def reload(self, account: AccountConfig) -> frozenset[str]:
        """Take checked settings; return the keys whose changes wait for a new start."""
        ...


class Clock(Protocol):
    """Time for the parts that need it, so that tests can turn the hands."""

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        ...

    def wall(self) -> float:
        """Return epoch seconds."""
        ...


AdapterFactory = Callable[..., Adapter]
