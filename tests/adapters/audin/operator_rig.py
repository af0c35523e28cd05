"""An Audin protocol with a clock to turn and everything it did, for tests of the pure part."""

from __future__ import annotations

import itertools
from typing import TypeVar

from softphone.adapters.audin import wire
from softphone.adapters.audin.protocol import AudinProtocol
from softphone.adapters.audin.settings import AudinSettings
from softphone.adapters.audin.steps import DialDone, Emit, Send, Step, Steps
from softphone.model import event as e
from softphone.model.call import AccountName, CallId
from softphone.model.presence import OwnNumber

T = TypeVar("T")
NUMBERS = (
    OwnNumber("pn_1", "+390299999999", "Milano"),
    OwnNumber("pn_2", "+390288888888", ""),
)


class Rig:
    """Drives one protocol; `now` is its clock."""

    def __init__(self, **settings: object) -> None:
        names = itertools.count(1)
        given = {"phone_number_ids": ("pn_1",), **settings}
        self.protocol = AudinProtocol(
            AccountName("audin"),
            AudinSettings(**given),  # type: ignore[arg-type]  # names of the settings' own fields
            lambda: CallId(f"c{next(names)}"),
        )
        self.now = 1000.0
        self.steps: Steps = []

    @property
    def calls(self):  # type: ignore[no-untyped-def]  # the protocol's own calls
        return self.protocol.calls

    def do(self, steps: Steps) -> Steps:
        """Keep what was done, and return it."""
        self.steps += steps
        return steps

    def online(self) -> Rig:
        """Connect, list numbers, take offers."""
        self.do(self.protocol.set_available(True, self.now))
        self.do(self.protocol.opened(self.now))
        self.do(self.protocol.listed(NUMBERS, self.now))
        self.hear(wire.Connected("s1", "v1"))
        self.hear(wire.AvailableSet(("pn_1",), ()))
        return self

    def hear(self, message: wire.ServerMessage) -> Steps:
        """Take a message of the presence socket."""
        return self.do(self.protocol.received(message, self.now))

    def offer(self, sid: str = "CA1", **fields: object) -> CallId:
        """Let a call be offered and return its id."""
        self.hear(wire.IncomingCall(sid, **fields))  # type: ignore[arg-type]  # its own fields
        return self.events(e.CallOffered)[-1].call

    def talk(self, sid: str = "CA1") -> CallId:
        """Bring an offered call up."""
        call = self.offer(sid)
        self.do(self.calls.accept(call, self.now))
        self.hear(wire.CallAssigned(sid))
        self.do(self.calls.audio_opened(call))
        return call

    def dial(self, to: str = "+39021234567", from_number: str = "") -> CallId:
        """Dial and return the call's id."""
        call, steps = self.protocol.dial(to, from_number, self.now)
        self.do(steps)
        return call

    def later(self, seconds: float) -> Steps:
        """Let time pass and wake the protocol."""
        self.now += seconds
        return self.do(self.protocol.wake(self.now))

    def events(self, kind: type[T]) -> list[T]:
        """Return the facts of one kind told so far."""
        told = [step.event for step in self.steps if isinstance(step, Emit)]
        return [event for event in told if isinstance(event, kind)]

    def sent(self, kind: type[T]) -> list[T]:
        """Return the presence messages of one kind sent so far."""
        said = [step.message for step in self.steps if isinstance(step, Send)]
        return [message for message in said if isinstance(message, kind)]

    def of(self, kind: type[T]) -> list[T]:
        """Return the steps of one kind so far."""
        return [step for step in self.steps if isinstance(step, kind)]

    def ends(self) -> list[tuple[str, str]]:
        """Return (call, reason) of every call that ended."""
        return [(str(over.call), over.reason.value) for over in self.events(e.CallOver)]

    def dial_errors(self) -> list[str | None]:
        """Return the codes with which dials failed; None for one that went well."""
        return [done.error.code if done.error else None for done in self.of(DialDone)]


__all__ = ["NUMBERS", "Rig", "Step"]
