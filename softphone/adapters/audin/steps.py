"""What the protocol asks its client to do, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from softphone.model.call import CallId
from softphone.model.error import SoftphoneError
from softphone.model.event import AdapterEvent

from . import wire


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message on the presence socket; dropped when it is not open."""

    message: wire.ClientMessage


@dataclass(frozen=True, slots=True)
class Emit:
    """Report a fact to the engine."""

    event: AdapterEvent


@dataclass(frozen=True, slots=True)
class OpenAudio:
    """Open the audio socket of a call."""

    call: CallId
    call_sid: str


@dataclass(frozen=True, slots=True)
class EndUnwanted:
    """Open the audio socket of a call nobody wants, hang up there, close (reference 8.2)."""

    call_sid: str


@dataclass(frozen=True, slots=True)
class SendAudio:
    """Send a control message on a call's audio socket."""

    call: CallId
    message: wire.AudioControl


@dataclass(frozen=True, slots=True)
class CloseAudio:
    """Hang up on a call's audio socket and close it, also when it is still being opened."""

    call: CallId


@dataclass(frozen=True, slots=True)
class DialDone:
    """The waiting dial may return, or fail with the error."""

    call: CallId
    error: SoftphoneError | None = None


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Close the presence socket and connect again at once."""

    why: str


Step: TypeAlias = (
    Send | Emit | OpenAudio | EndUnwanted | SendAudio | CloseAudio | DialDone | Reconnect
)
Steps: TypeAlias = list[Step]
