"""Whatever comes in whatever order: the calls stay consistent and nothing is left waiting."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from softphone.adapters.ribbon import negotiation as n
from softphone.adapters.ribbon import operations as o
from softphone.adapters.ribbon import wire
from softphone.adapters.ribbon.call import RibbonCall
from softphone.adapters.ribbon.states import Status
from softphone.adapters.ribbon.steps import (
    CallAsk,
    CloseMedia,
    Finished,
    Made,
    MakeAnswer,
    MakeOffer,
    Steps,
    TakeAnswer,
)
from softphone.model import event as e
from softphone.model.call import CallId, CallState, next_state
from softphone.model.error import ProtocolError, RequestError, SoftphoneError
from softphone.webrtc.peer import PeerState
from tests.adapters.ribbon.rig import Rig, sdp

EVENTS = [
    kind
    for kind in wire.EventType
    if kind.value.startswith(("ringing", "session", "respond", "start", "callEnd", "callCancel"))
]
DIRECTIONS = st.sampled_from(["sendrecv", "inactive", "sendonly", "recvonly", ""])
SESSIONS = st.sampled_from(["A1", "A2", "B1", "B2"])
CODES = st.sampled_from(
    [(200, 0), (200, 0), (200, 0), (404, 42), (403, 35), (403, 55), (500, 26), (404, 47)]
)
COMMANDS: list[Callable[[RibbonCall, float], tuple[Any, Steps]]] = [
    n.answer,
    n.restart,
    o.ring,
    o.decline,
    o.resync,
    o.send_parameters,
    lambda call, now: n.hold(call, True, now),
    lambda call, now: n.hold(call, False, now),
    lambda call, now: o.forward(call, "carol", now),
    lambda call, now: o.transfer(call, "carol", now),
]


class AnyOrder(RuleBasedStateMachine):
    """Commands, notifications, answers, failures and time at random."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig().online()
        self.open: list[CallAsk | MakeOffer | MakeAnswer | TakeAnswer] = []
        self.begun: set[int] = set()
        self.sessions = iter(f"A{number}" for number in range(1, 1000))
        self.read = 0

    def do(self, steps: Steps) -> None:
        self.rig.do(steps)
        self.note(steps)

    def note(self, steps: Steps) -> None:
        kinds = CallAsk | MakeOffer | MakeAnswer | TakeAnswer
        self.open += [step for step in steps if isinstance(step, kinds)]

    def live(self) -> list[RibbonCall]:
        return list(self.rig.calls.live.values())

    @precondition(lambda self: len(self.live()) < 3)
    @rule()
    def dial(self) -> None:
        _, operation, steps = self.rig.calls.dial("bob", "", (("X", "1"),), self.rig.now)
        self.begun.add(operation.id)
        self.do(steps)

    @precondition(lambda self: len(self.live()) < 3)
    @rule(session=SESSIONS, direction=DIRECTIONS)
    def offered(self, session: str, direction: str) -> None:
        text = sdp(direction) if direction else ""
        self.note(self.rig.hear(wire.EventType.CALL, session, sdp=text))

    @precondition(lambda self: self.live())
    @rule(data=st.data(), command=st.sampled_from(COMMANDS))
    def command(self, data: st.DataObject, command: Any) -> None:
        call = data.draw(st.sampled_from(self.live()))
        before = call.state, len(call.operations)
        try:
            operation, steps = command(call, self.rig.now)
        except SoftphoneError as refused:
            assert refused.message.endswith(".")
            assert (call.state, len(call.operations)) == before
            return
        self.begun.add(operation.id)
        self.do(self.rig.calls.sorted_out(steps))

    @precondition(lambda self: self.live())
    @rule(data=st.data(), ignore=st.booleans())
    def end(self, data: st.DataObject, ignore: bool) -> None:
        call = data.draw(st.sampled_from(self.live()))
        if ignore and call.ringing:
            self.do(self.rig.calls.sorted_out(o.ignore(call, self.rig.now)))
        else:
            self.do(self.rig.calls.sorted_out(o.hang_up(call, self.rig.now)))

    @precondition(lambda self: len(self.live()) == 2)
    @rule(attended=st.booleans())
    def two(self, attended: bool) -> None:
        one, other = self.live()
        try:
            if attended:
                operation, steps = o.transfer_to(one, other, self.rig.now)
            else:
                _, operation, steps = self.rig.calls.join(one.id, other.id, self.rig.now)
        except SoftphoneError:
            return
        self.begun.add(operation.id)
        self.do(steps)

    @rule(
        kind=st.sampled_from(EVENTS),
        session=SESSIONS,
        direction=DIRECTIONS,
        code=st.sampled_from(["", "486", "9905"]),
        origin=st.integers(1, 2),
        glare=st.booleans(),
    )
    def notified(
        self,
        kind: wire.EventType,
        session: str,
        direction: str,
        code: str,
        origin: int,
        glare: bool,
    ) -> None:
        fields: dict[str, Any] = {"code": code}
        if direction:
            fields["sdp"] = sdp(direction, origin)
        elif glare:
            fields |= {"envelope_code": 49, "retry_after": 1.0}
        self.note(self.rig.hear(kind, session, **fields))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), reply=CODES, works=st.integers(0, 5))
    def result(self, data: st.DataObject, reply: tuple[int, int], works: int) -> None:
        place = data.draw(st.integers(0, len(self.open) - 1))
        step, calls, now = self.open.pop(place), self.rig.calls, self.rig.now
        if isinstance(step, CallAsk):
            if not works:
                self.do(calls.failed(step, RequestError("It failed."), now))
                return
            status, code = reply
            ok = {"sessionData": next(self.sessions), "state": "ANSWERED"} if status == 200 else {}
            body = {"callControlResponse": {"statusCode": code, **ok}}
            self.do(calls.answered(step, wire.read_answer(status, {}, body, 0.0), now))
        elif not works:
            self.do(calls.media_failed(step.ticket, ProtocolError("It failed."), now))
        elif isinstance(step, TakeAnswer):
            self.do(calls.taken(step.ticket, now))
        else:
            self.do(calls.made(step.ticket, Made(sdp()), now))

    @precondition(lambda self: self.live())
    @rule(data=st.data(), state=st.sampled_from(list(PeerState)), silent=st.booleans())
    def media(self, data: st.DataObject, state: PeerState, silent: bool) -> None:
        call = data.draw(st.sampled_from(self.live()))
        self.do(self.rig.calls.peer_changed(call.id, state))
        self.do(self.rig.calls.silent(call.id, silent))

    @rule(online=st.booleans())
    def line(self, online: bool) -> None:
        self.do(self.rig.calls.line_changed(online, self.rig.now))
        self.do(self.rig.calls.line_changed(True, self.rig.now))
        self.do(self.rig.calls.resync(self.rig.now))

    @rule(seconds=st.sampled_from([0.1, 3.5, 26.0, 46.0, 200.0]))
    def time(self, seconds: float) -> None:
        self.rig.now += seconds
        self.do(self.rig.calls.wake(self.rig.now))

    @invariant()
    def one_negotiation_at_a_time_and_holds_as_the_state_says(self) -> None:
        for call in self.live():
            busy = [op for op in call.operations.values() if op.negotiates]
            assert len(busy) <= 1
            assert all(op.status is not Status.FINISHED for op in call.operations.values())
            if call.up:
                assert (call.state.value == "On Hold") == (call.local_hold or call.remote_hold)

    @invariant()
    def what_is_told_fits_the_models_own_table(self) -> None:
        states: dict[CallId, CallState] = {}
        closed = {step.call for step in self.rig.of(CloseMedia)}
        told = [step.event for step in self.rig.steps if hasattr(step, "event")]
        for event in told:
            match event:
                case e.CallOffered(_, call):
                    assert call not in states
                    states[call] = CallState.RINGING
                case e.CallDialed(_, call):
                    states[call] = CallState.DIALING
                case e.CallProgressed(call, what):
                    states[call] = next_state(states[call], what)
                case e.CallOver(call):
                    assert states[call] is not CallState.ENDED
                    states[call] = CallState.ENDED
                    assert call in closed
                case e.CallHeldByPeer(call) | e.CallMediaChanged(call) | e.CallParameters(call):
                    assert states[call] is not CallState.ENDED
                case _:
                    pass
        live = {call.id for call in self.live()}
        assert {call for call, state in states.items() if state is not CallState.ENDED} == live

    def teardown(self) -> None:
        """After everything was answered and an hour has passed nothing waits."""
        for call in self.live():
            self.do(self.rig.calls.sorted_out(o.hang_up(call, self.rig.now)))
        done = {step.operation for step in self.rig.of(Finished)}
        assert self.begun <= done
        assert not self.rig.calls.live
        assert self.rig.calls.next_wake() is None


NIGHTLY = bool(os.environ.get("SOFTPHONE_NIGHTLY"))
TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=400 if NIGHTLY else 60,
    stateful_step_count=60 if NIGHTLY else 40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
