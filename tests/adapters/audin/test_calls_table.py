"""Audin calls: the table of phases, and any order of messages and acts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.adapters.audin import wire
from softphone.adapters.audin.calls import NEXT, AudinCall, Move, Phase
from softphone.model import event as e
from softphone.model.call import CallId
from softphone.model.error import OutOfOrder, SoftphoneError
from tests.adapters.audin.operator_rig import Rig

# ---- the table, and any order of things ---------------------------------------------------------


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("move", list(Move))
def test_an_illegal_move_raises_and_changes_nothing(phase: Phase, move: Move) -> None:
    call = AudinCall(CallId("c1"), phase, outbound=False)

    if (phase, move) in NEXT:
        call.move(move)
        assert call.phase is NEXT[phase, move]
    else:
        with pytest.raises(OutOfOrder):
            call.move(move)
        assert call.phase is phase


_SIDS = st.sampled_from(["CA1", "CA2", "CA3"])
_MESSAGES = st.one_of(
    st.builds(wire.IncomingCall, _SIDS),
    st.builds(wire.CallTaken, _SIDS, st.sampled_from([None, "no_answer"])),
    st.builds(wire.CallGone, _SIDS),
    st.builds(wire.CallAssigned, _SIDS),
    st.builds(wire.OutboundStarted, _SIDS),
    st.builds(wire.ServerError, st.none(), st.none(), st.none() | _SIDS),
)
_ACTS = st.sampled_from(
    ["accept", "decline", "hang_up", "dial", "open", "close", "wait", "lose", "back", "leave"]
)


@given(st.lists(st.one_of(_MESSAGES, st.tuples(_ACTS, st.integers(0, 5))), max_size=40))
def test_any_order_of_things_gives_each_call_exactly_one_end(script: list[object]) -> None:
    rig = Rig().online()

    for entry in script:
        if isinstance(entry, tuple):
            _act(rig, *entry)
        else:
            rig.hear(entry)  # type: ignore[arg-type]  # one of the messages above
        live = [c for c in rig.calls._calls.values() if c.phase in (Phase.OPENING, Phase.ACTIVE)]
        assert len(live) <= 1
    rig.do(rig.protocol.leave(rig.now))

    offered, dialed = rig.events(e.CallOffered), rig.events(e.CallDialed)
    begun = {*(x.call for x in offered), *(x.call for x in dialed)}
    ended = [call for call, _ in rig.ends()]
    assert sorted(ended) == sorted(begun)


def _act(rig: Rig, act: str, which: int) -> None:
    calls = list(rig.calls._calls)
    call = calls[which % len(calls)] if calls else CallId("c0")
    doings: dict[str, Callable[[], object]] = {
        "accept": lambda: rig.do(rig.calls.accept(call, rig.now)),
        "decline": lambda: rig.do(rig.calls.decline(call, rig.now)),
        "hang_up": lambda: rig.do(rig.calls.hang_up(call, rig.now)),
        "dial": rig.dial,
        "open": lambda: rig.do(rig.calls.audio_opened(call)),
        "close": lambda: rig.do(rig.calls.audio_closed(call, list(wire.AudioClose)[which % 5], 0)),
        "wait": lambda: rig.later(which * 7.0),
        "lose": lambda: rig.do(rig.protocol.closed(rig.now)),
        "back": lambda: rig.do(rig.protocol.opened(rig.now)),
        "leave": lambda: rig.do(rig.protocol.leave(rig.now)),
    }
    try:
        doings[act]()
    except SoftphoneError as refused:
        assert str(refused)
