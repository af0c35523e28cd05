"""The book of calls: facts in any order, one call never mixed with another, legal states only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.engine.calls import ENDED_SHOWN_S, CallBook, CallFact, make_room, next_offer
from softphone.model import event as e
from softphone.model.call import (
    NEXT,
    AccountName,
    Call,
    CallId,
    CallInput,
    CallState,
    Direction,
    EndReason,
    HoldKind,
    MediaState,
    Party,
)
from softphone.model.command import HangUp, Hold
from softphone.model.error import OutOfOrder

DESK = AccountName("desk")
C1 = CallId("c1")
S, I = CallState, CallInput  # noqa: E741  # short, for the tables below


def offered(call: str = "c1", caller: str = "Bob", account: str = "desk") -> e.CallOffered:
    return e.CallOffered(
        AccountName(account), CallId(call), f"n-{call}", Party("+391", caller), Party("+392")
    )


def dialed(call: str = "c1") -> e.CallDialed:
    return e.CallDialed(DESK, CallId(call), Party("+391"), Party("+392"))


def step(what: CallInput, call: str = "c1") -> e.CallProgressed:
    return e.CallProgressed(CallId(call), what)


def told(*facts: CallFact) -> CallBook:
    """Return a book that took these facts, one a second."""
    book = CallBook()
    for second, fact in enumerate(facts):
        book.apply(fact, 1000.0 + second, float(second))
    return book


def only(book: CallBook) -> Call:
    (call,) = book.calls.values()
    return call


def test_an_offer_makes_a_ringing_call() -> None:
    call = only(told(offered()))

    assert (call.state, call.direction, call.native_id) == (S.RINGING, Direction.INBOUND, "n-c1")
    assert (call.created_at, call.created_mono) == (1000.0, 0.0)


def test_a_dialled_call_is_on_its_way() -> None:
    call = only(told(dialed()))

    assert (call.state, call.direction) == (S.DIALING, Direction.OUTBOUND)


def test_an_offer_said_again_refreshes_names_and_keeps_what_the_operator_knows() -> None:
    book = told(offered(caller=""))
    book.change(C1, remote=replace(only(book).remote, known="Bob of Accounts"))

    book.apply(offered(caller="Robert"), 1010.0, 10.0)

    assert only(book).remote == Party("+391", "Robert", "Bob of Accounts")
    assert only(book).created_mono == 0.0


def test_a_fact_that_changes_nothing_is_no_change() -> None:
    book = told(offered())

    assert book.apply(offered(), 1001.0, 1.0) is None


def test_a_call_learns_its_native_id_and_better_names() -> None:
    book = told(dialed(), e.CallNamed(C1, "n7"))
    assert (only(book).native_id, only(book).remote) == ("n7", Party("+391"))

    book.apply(e.CallNamed(C1, "n7", Party("+391", "Bob"), Party("+393")), 0.0, 0.0)

    assert (only(book).remote, only(book).local) == (Party("+391", "Bob"), Party("+393"))


def test_a_connected_call_talks_and_is_heard() -> None:
    call = only(told(offered(), step(I.ANSWER), step(I.CONNECT)))

    assert (call.state, call.media) == (S.ACTIVE, MediaState.FLOWING)
    assert (call.answered_at, call.answered_mono) == (1002.0, 2.0)


def test_a_connecting_call_opens_its_audio() -> None:
    assert only(told(offered(), step(I.ANSWER))).media is MediaState.OPENING


def test_audio_that_flows_early_is_not_opened_again() -> None:
    flowing = e.CallMediaChanged(C1, MediaState.FLOWING)

    assert only(told(offered(), flowing, step(I.ANSWER))).media is MediaState.FLOWING


def test_talk_time_starts_again_when_the_far_end_picks_up_late() -> None:
    book = told(dialed(), step(I.CONNECT), e.CallRestarted(C1))

    assert only(book).seconds(5.0) == 3.0


def test_a_pick_up_before_the_call_is_connected_answers_nothing() -> None:
    call = only(told(dialed(), e.CallRestarted(C1), step(I.CONNECT)))

    assert (call.answered_mono, call.media) == (2.0, MediaState.FLOWING)


def test_the_reason_and_words_of_the_end_are_kept() -> None:
    call = only(told(dialed(), e.CallOver(C1, EndReason.BUSY, "486", "Busy Here")))

    assert (call.state, call.end_reason) == (S.ENDED, EndReason.BUSY)
    assert (call.end_code, call.end_detail) == ("486", "Busy Here")


def test_an_offer_refused_by_rule_is_a_missed_call_that_never_rang() -> None:
    call = only(told(e.CallAutoDeclined(DESK, C1, "n1", Party("+391"), Party("+392"))))

    assert (call.state, call.end_reason, call.missed) == (S.ENDED, EndReason.DECLINED, True)


def test_a_fact_that_does_not_fit_is_counted_and_changes_nothing() -> None:
    book = told(offered())
    before = only(book)

    assert book.apply(step(I.HOLD), 1001.0, 1.0) is None
    assert (only(book), book.out_of_order) == (before, 1)


def test_the_end_of_a_call_is_told_with_a_reason_or_not_at_all() -> None:
    book = told(offered(), step(I.END))

    assert (only(book).state, book.out_of_order) == (S.RINGING, 1)


def test_facts_about_an_unknown_call_are_dropped() -> None:
    facts: list[CallFact] = [
        step(I.CONNECT),
        e.CallOver(C1, EndReason.HANGUP),
        e.CallNamed(C1, "n"),
        e.CallRestarted(C1),
        e.CallMediaChanged(C1, MediaState.LOST),
        e.CallHeldByPeer(C1, True),
    ]

    assert told(*facts).calls == {}


@pytest.mark.parametrize(
    "late",
    [
        step(I.CONNECT),
        e.CallOver(C1, EndReason.HANGUP),
        e.CallRestarted(C1),
        e.CallMediaChanged(C1, MediaState.FLOWING),
        e.CallHeldByPeer(C1, True),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_a_fact_that_comes_after_the_end_changes_nothing(late: CallFact) -> None:
    book = told(offered(), e.CallOver(C1, EndReason.CANCELLED))
    before = only(book)

    assert book.apply(late, 2000.0, 100.0) is None
    assert only(book) == before


def test_a_call_held_on_both_sides_is_back_when_both_let_go() -> None:
    book = told(offered(), step(I.CONNECT))
    held = [book.hold_locally(C1, True), book.apply(e.CallHeldByPeer(C1, True), 0.0, 0.0)]
    half = book.hold_locally(C1, False)
    back = book.apply(e.CallHeldByPeer(C1, False), 0.0, 0.0)

    assert [call.state for call in held if call] == [S.HELD, S.HELD]
    assert half is not None
    assert (half.state, half.held_by_them, half.hold_kind) == (S.HELD, True, HoldKind.NONE)
    assert back is not None
    assert back.state is S.ACTIVE


def test_a_hold_by_the_platform_is_said_to_be_one() -> None:
    book = told(offered(), step(I.CONNECT), step(I.HOLD))
    assert (only(book).held_by_us, only(book).hold_kind) == (True, HoldKind.WIRE)

    book.apply(step(I.RESUME), 0.0, 0.0)

    assert (only(book).state, only(book).held_by_us) == (S.ACTIVE, False)
    assert only(book).hold_kind is HoldKind.NONE


def test_a_call_held_by_the_far_end_stays_so_when_we_resume() -> None:
    book = told(offered(), step(I.CONNECT), step(I.HOLD), e.CallHeldByPeer(C1, True))

    book.apply(step(I.RESUME), 0.0, 0.0)

    assert only(book).state is S.HELD


def test_holding_locally_twice_or_an_unknown_call_changes_nothing() -> None:
    book = told(offered(), step(I.CONNECT))
    book.hold_locally(C1, True)

    assert book.hold_locally(C1, True) is None
    assert book.hold_locally(CallId("nobody"), True) is None


def test_a_ringing_call_cannot_be_held_locally() -> None:
    book = told(offered())

    with pytest.raises(OutOfOrder):
        book.hold_locally(C1, True)
    assert only(book).held_by_us is False


def test_fields_of_the_engine_are_set_on_known_calls_only() -> None:
    book = told(offered())

    changed = book.change(C1, muted=True)

    assert changed is not None
    assert changed.muted
    assert book.change(C1, muted=True) is None
    assert book.change(CallId("nobody"), muted=True) is None


def test_live_and_talking_calls_are_told_apart() -> None:
    book = told(
        offered("rings"),
        offered("talks"),
        step(I.CONNECT, "talks"),
        offered("over"),
        e.CallOver(CallId("over"), EndReason.CANCELLED),
    )

    assert [call.id for call in book.live()] == ["rings", "talks"]
    assert [call.id for call in book.talking()] == ["talks"]


def test_an_ended_call_is_forgotten_after_it_could_be_read() -> None:
    book = told(offered("stays"), offered(), e.CallOver(C1, EndReason.CANCELLED))

    early = book.forget(2.0 + ENDED_SHOWN_S - 0.1)
    late = book.forget(2.0 + ENDED_SHOWN_S)

    assert (early, late) == ([], [C1])
    assert list(book.calls) == ["stays"]


@pytest.mark.parametrize(
    ("end", "commands"), [(False, [Hold(CallId("talks"))]), (True, [HangUp(CallId("talks"))])]
)
def test_room_is_made_by_what_talks_and_nothing_else(
    end: bool, commands: list[Hold | HangUp]
) -> None:
    book = told(
        offered("rings"),
        offered("talks"),
        step(I.CONNECT, "talks"),
        offered("held"),
        step(I.CONNECT, "held"),
        step(I.HOLD, "held"),
        dialed("dials"),
    )

    assert make_room(book.live(), end=end) == commands


def test_the_next_offer_is_the_oldest_of_the_account_asked_for() -> None:
    book = told(
        dialed("own"), offered("a", account="one"), offered("b", account="two"), offered("c")
    )
    calls = book.live()

    assert [getattr(next_offer(calls, name), "id", None) for name in ("", "two", "none")] == [
        "a",
        "b",
        None,
    ]


names = st.sampled_from([CallId("c1"), CallId("c2"), CallId("c3")])
parties = st.sampled_from([Party(), Party("+391", "Bob"), Party("+392")])
facts: st.SearchStrategy[CallFact] = st.one_of(
    st.builds(e.CallOffered, st.just(DESK), names, names.map(lambda c: f"n-{c}"), parties, parties),
    st.builds(e.CallDialed, st.just(DESK), names, parties, parties),
    st.builds(e.CallNamed, names, st.text(max_size=3), st.none() | parties, st.none() | parties),
    st.builds(e.CallProgressed, names, st.sampled_from(CallInput)),
    st.builds(e.CallProgressed, names, st.sampled_from([I.CONNECT, I.HOLD, I.RESUME])),
    st.builds(e.CallRestarted, names),
    st.builds(e.CallMediaChanged, names, st.sampled_from(MediaState)),
    st.builds(e.CallHeldByPeer, names, st.booleans()),
    st.builds(e.CallOver, names, st.sampled_from(EndReason)),
    st.builds(e.CallAutoDeclined, st.just(DESK), names, names, parties, parties),
)


def reachable(before: CallState, after: CallState) -> bool:
    """Tell whether one fact may lead from one state to the other."""
    return before is after or after in {to for (at, _), to in NEXT.items() if at is before}


def check(call: Call) -> None:
    """Fail unless the call makes sense by itself."""
    assert (call.state is S.ENDED) == (call.end_reason is not None) == (call.ended_mono is not None)
    assert call.state is not S.HELD or call.held_by_us or call.held_by_them
    assert call.state is not S.ACTIVE or not (call.held_by_us or call.held_by_them)
    assert call.state not in (S.ACTIVE, S.HELD) or call.answered
    assert call.state not in (S.RINGING, S.DIALING, S.CONNECTING) or not call.answered
    assert (call.hold_kind is HoldKind.NONE) != call.held_by_us
    assert not (call.missed and call.answered)


@given(st.lists(facts | st.tuples(names, st.booleans()), max_size=40))
def test_no_sequence_of_facts_breaks_the_book(
    sequence: list[CallFact | tuple[CallId, bool]],
) -> None:
    book = CallBook()
    for second, fact in enumerate(sequence):
        before = dict(book.calls)
        if isinstance(fact, tuple):
            name = fact[0]
            if name in before and before[name].state in (S.ACTIVE, S.HELD):
                book.hold_locally(*fact)
        else:
            name = fact.call
            changed = book.apply(fact, 1000.0 + second, float(second))
            assert changed is None or changed.id == name

        for call_id, call in book.calls.items():
            assert call.id == call_id
            check(call)
            known = before.get(call_id)
            assert call_id == name or call == known, "another call changed"
            if known is not None:
                assert reachable(known.state, call.state)
                assert known.live or call.end_reason is known.end_reason
                assert (call.created_mono, call.direction) == (known.created_mono, known.direction)
