"""A Ribbon protocol with a clock to turn and everything it did, for tests of the pure part."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TypeVar

from softphone.adapters.ribbon import negotiation as n
from softphone.adapters.ribbon import wire
from softphone.adapters.ribbon.call import RibbonCall
from softphone.adapters.ribbon.calls import RibbonCalls
from softphone.adapters.ribbon.protocol import RibbonProtocol
from softphone.adapters.ribbon.settings import RibbonSettings
from softphone.adapters.ribbon.steps import (
    AskSubscription,
    CallAsk,
    Emit,
    Finished,
    Made,
    MakeAnswer,
    MakeOffer,
    OpenSocket,
    Steps,
    TakeAnswer,
)
from softphone.model import event as e
from softphone.model.call import AccountName, CallId
from softphone.model.error import SoftphoneError

T = TypeVar("T")


def sdp(
    direction: str = "sendrecv", session: int = 1, version: int = 1, *, video: bool = False
) -> str:
    """Return a small description."""
    text = (
        f"v=0\r\no=- {session} {version} IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 127.0.0.1\r\na=mid:0\r\n"
        f"a=rtpmap:0 PCMU/8000\r\na=setup:actpass\r\na={direction}\r\n"
    )
    if video:
        text += (
            "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=sendrecv\r\n"
        )
    return text


class Rig:
    """Drives one protocol; `now` is its clock."""

    def __init__(self, **settings: object) -> None:
        ids, names = itertools.count(1), itertools.count(1)
        given = {"url": "https://gw.test", "user": "alice@example.com", **settings}
        self.protocol = RibbonProtocol(
            AccountName("ribbon"),
            RibbonSettings(**given),  # type: ignore[arg-type]  # names of the settings' own fields
            "desk-7",
            lambda: CallId(f"c{next(ids)}"),
            lambda now: now + 1_700_000_000.0,
        )
        self.protocol.session.random = lambda: 0.5
        self.now = 1000.0
        self.steps: Steps = []
        self._events = names

    @property
    def calls(self) -> RibbonCalls:
        """The protocol's own calls."""
        return self.protocol.calls

    def do(self, steps: Steps) -> Steps:
        """Keep what was done, and return it."""
        self.steps += steps
        return steps

    def online(self) -> Rig:
        """Let the line be up without going through sign-in."""
        self.do(self.calls.line_changed(True, self.now))
        return self

    def hear(self, event: wire.EventType, session: str, **fields: object) -> Steps:
        """Take a notification about a call."""
        notice = wire.CallNotice(event, f"n{next(self._events)}", session)
        notice = replace(notice, **fields)  # type: ignore[arg-type]  # its own fields
        return self.do(self.protocol.notified(notice, self.now))

    def answer(self, ask: CallAsk, status: int = 200, code: int = 0, **members: object) -> Steps:
        """Let the gateway answer a request."""
        body = {"callControlResponse": {"statusCode": code, **members}}
        reply = wire.read_answer(status, {}, body, 0.0)
        return self.do(self.calls.answered(ask, reply, self.now))

    def last(self, kind: type[T]) -> T:
        """Return the newest step of a kind."""
        return [step for step in self.steps if isinstance(step, kind)][-1]

    def made(self, text: str = "") -> Steps:
        """Let the newest description of our own be made."""
        steps = [s for s in self.steps if isinstance(s, MakeOffer | MakeAnswer)]
        return self.do(self.calls.made(steps[-1].ticket, Made(text or sdp()), self.now))

    def taken(self) -> Steps:
        """Let the newest answer be applied."""
        return self.do(self.calls.taken(self.last(TakeAnswer).ticket, self.now))

    def media_fails(self, problem: SoftphoneError) -> Steps:
        """Let the newest description fail."""
        steps = [s for s in self.steps if isinstance(s, MakeOffer | MakeAnswer | TakeAnswer)]
        return self.do(self.calls.media_failed(steps[-1].ticket, problem, self.now))

    def dial(self, to: str = "bob") -> RibbonCall:
        """Dial as far as the first request."""
        call, _, steps = self.calls.dial(to, "", (), self.now)
        self.do(steps)
        self.made()
        return call

    def placed(self, session: str = "A1") -> RibbonCall:
        """Dial until the gateway has taken the call."""
        call = self.dial()
        self.answer(self.last(CallAsk), sessionData=session)
        return call

    def talking(self, session: str = "A1") -> RibbonCall:
        """Bring an outgoing call up."""
        call = self.placed(session)
        self.hear(wire.EventType.RINGING, session)
        self.hear(wire.EventType.RESPOND_UPDATE, session, sdp=sdp())
        self.taken()
        return call

    def offered(self, session: str = "B1", text: str | None = None) -> RibbonCall:
        """Let a call be offered and ring."""
        self.hear(wire.EventType.CALL, session, sdp=sdp() if text is None else text)
        call = self.protocol.calls.by_session(session)
        assert call is not None
        self.answer(self.last(CallAsk))
        return call

    def begin(self, begun: tuple[object, Steps]) -> int:
        """Begin an operation and return its id."""
        operation, steps = begun
        self.do(steps)
        ident: int = operation.id  # type: ignore[attr-defined]  # an Operation
        return ident

    def hold(self, call: RibbonCall, on: bool = True) -> int:
        """Begin a hold or its end."""
        return self.begin(n.hold(call, on, self.now))

    def later(self, seconds: float) -> Steps:
        """Let time pass and wake the protocol."""
        self.now += seconds
        return self.do(self.protocol.wake(self.now))

    def events(self, kind: type[T]) -> list[T]:
        """Return the facts of one kind told so far."""
        told = [step.event for step in self.steps if isinstance(step, Emit)]
        return [event for event in told if isinstance(event, kind)]

    def of(self, kind: type[T]) -> list[T]:
        """Return the steps of one kind so far."""
        return [step for step in self.steps if isinstance(step, kind)]

    def ends(self) -> list[tuple[str, str]]:
        """Return (call, reason) of every call that ended."""
        return [(str(over.call), over.reason.value) for over in self.events(e.CallOver)]

    def outcome(self, operation: int) -> str | None:
        """Return "" for an operation that went well, a code for one that failed, or None."""
        ends = [step for step in self.of(Finished) if step.operation == operation]
        if not ends:
            return None
        return ends[-1].error.code if ends[-1].error else ""

    def links(self) -> list[str]:
        """Return every state of the line."""
        return [change.link.value for change in self.events(e.LinkChanged)]


__all__ = ["AskSubscription", "OpenSocket", "Rig", "sdp"]
