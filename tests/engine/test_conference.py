"""Which calls are one conversation and who has the microphone, without a socket or a clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from softphone.engine.calls import CallBook, make_room
from softphone.engine.conference import Floor, conference_of, joined_together, parted
from softphone.model import event as e
from softphone.model.call import (
    AccountName,
    Call,
    CallId,
    CallInput,
    CallState,
    Direction,
    EndReason,
    Party,
)
from softphone.model.command import HangUp

ACCOUNTS = (AccountName("pstn"), AccountName("sip"))
A, B, C = CallId("a"), CallId("b"), CallId("c")


def active(call: CallId, *joined: CallId, aside: bool = False) -> Call:
    return Call(
        call, ACCOUNTS[0], Direction.INBOUND, CallState.ACTIVE, joined=frozenset(joined),
        aside=aside,
    )  # fmt: skip


def test_a_conference_has_the_microphone_as_a_whole() -> None:
    floor = Floor()

    floor.take([active(A, B), active(B, A), active(C)])

    assert floor.operator in ({A, B}, {C})


def test_a_call_that_becomes_active_by_itself_takes_nobodys_microphone() -> None:
    floor = Floor()
    floor.take([active(A)])

    floor.take([active(A), active(B)])

    assert floor.operator == {A}


def test_the_newest_active_call_gets_the_microphone_of_one_that_is_held() -> None:
    floor = Floor()
    floor.take([active(A)])

    floor.take([active(B), active(C)])

    assert floor.operator == {C}


def test_those_left_to_themselves_have_no_microphone() -> None:
    floor = Floor()

    floor.take([active(A, B, aside=True), active(B, A, aside=True), active(C)])

    assert floor.operator == {C}
    assert floor.aside == {A, B}


def test_a_conference_told_by_one_side_only_is_none() -> None:
    floor = Floor()

    floor.take([active(A, B), active(B)])

    assert len(floor.operator) == 1


def test_whoever_leaves_first_lets_the_microphone_to_the_others() -> None:
    floor = Floor()
    floor.take([active(A, B), active(B, A)])

    floor.drop(A)
    floor.take([active(A), active(B)])

    assert floor.operator == {B}


def test_leaving_takes_a_call_out_of_everybodys_list() -> None:
    calls = {one.id: one for one in joined_together({x: active(x) for x in (A, B, C)}, (A, B, C))}

    after = {call.id: call.joined for call in parted(calls, B)}

    assert after == {A: {C}, C: {A}, B: frozenset()}


class Desk:
    """What the engine does with calls, on the pure parts alone."""

    def __init__(self) -> None:
        self.book = CallBook()
        self.floor = Floor()
        self.made = 0

    def offer(self, account: AccountName) -> None:
        self.made += 1
        call = CallId(f"c{self.made}")
        self.tell(e.CallOffered(account, call, call, Party("+391"), Party("+392")))

    def tell(self, fact: e.CallOffered | e.CallProgressed | e.CallOver | e.CallHeldByPeer) -> None:
        self.book.apply(fact, float(self.made), float(self.made))
        self.route()

    def room_for(self, *members: CallId, end: bool = False) -> None:
        for step in make_room([x for x in self.book.live() if x.id not in members], end=end):
            if isinstance(step, HangUp):
                self.drop(self.book.calls[step.call])
            else:
                self.hold(self.book.calls[step.call])

    def answer(self, call: Call) -> None:
        self.room_for(call.id, end=bool(self.made % 3 == 0))
        self.tell(e.CallProgressed(call.id, CallInput.CONNECT))

    def hold(self, call: Call) -> None:
        if call.state in (CallState.ACTIVE, CallState.HELD):
            self.book.hold_locally(call.id, True)
            self.route()

    def resume(self, call: Call) -> None:
        if call.held_by_us:
            members = [one.id for one in conference_of(self.book.calls, call)]
            self.room_for(*members)
            for one in members:
                self.book.change(one, aside=False)
            self.book.hold_locally(call.id, False)
            self.route()

    def held_there(self, call: Call) -> None:
        if call.state in (CallState.ACTIVE, CallState.HELD):
            self.tell(e.CallHeldByPeer(call.id, not call.held_by_them))

    def join_all(self, _call: Call) -> None:
        up = [x.id for x in self.book.live() if x.state in (CallState.ACTIVE, CallState.HELD)]
        if len(up) > 1:
            self.keep(joined_together(self.book.calls, up))
            for one in up:
                self.book.hold_locally(one, False)
                self.route()

    def step_out(self, call: Call) -> None:
        if call.joined:
            for one in conference_of(self.book.calls, call):
                self.book.change(one.id, aside=not call.aside)
                self.route()

    def leave(self, call: Call) -> None:
        if call.joined:
            self.floor.drop(call.id)
            self.keep(parted(self.book.calls, call.id))
            self.hold(self.book.calls[call.id])
            self.book.change(call.id, aside=False)

    def drop(self, call: Call) -> None:
        self.keep(parted(self.book.calls, call.id))
        self.tell(e.CallOver(call.id, EndReason.REMOTE_HANGUP))

    def keep(self, changed: list[Call]) -> None:
        for call in changed:
            self.book.change(call.id, joined=call.joined, aside=call.aside)
            self.route()

    def route(self) -> None:
        """Give the microphone away, and look who has it."""
        self.floor.take(self.book.talking())
        for one in self.floor.operator:
            call = self.book.calls[one]
            assert call.state is CallState.ACTIVE and not call.aside
            assert self.floor.operator - {one} <= call.joined


_DEEDS: dict[str, Callable[[Desk, Call], None]] = {
    "answer": Desk.answer,
    "hold": Desk.hold,
    "resume": Desk.resume,
    "held there": Desk.held_there,
    "join all": Desk.join_all,
    "step out": Desk.step_out,
    "leave": Desk.leave,
    "drop": Desk.drop,
}


@given(st.lists(st.tuples(st.sampled_from(["offer", *_DEEDS]), st.integers(0, 9)), max_size=60))
def test_no_two_microphones_are_live_and_no_record_is_lost(deeds: list[tuple[str, int]]) -> None:
    desk = Desk()

    for deed, number in deeds:
        live = desk.book.live()
        if deed == "offer" or not live:
            desk.offer(ACCOUNTS[number % 2])
        else:
            _DEEDS[deed](desk, live[number % len(live)])

    assert len(desk.book.calls) == desk.made
    for call in desk.book.calls.values():
        assert call.live or call.end_reason is not None
        for other in call.joined if call.live else ():
            assert desk.book.calls[other].live
            assert call.id in desk.book.calls[other].joined


def test_an_ended_call_is_no_longer_of_a_conference() -> None:
    calls = {one.id: one for one in joined_together({x: active(x) for x in (A, B)}, (A, B))}
    calls[B] = replace(calls[B], state=CallState.ENDED)

    assert [one.id for one in conference_of(calls, calls[A])] == [A]
