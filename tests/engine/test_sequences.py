"""Whole engines through random days: two accounts, everything that can happen, in any order.

Whatever comes: one conversation hears the operator at the most, no call is lost, none ends twice,
and a console that folds the events sees what the engine sees.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from softphone.engine.conference import conference_of
from softphone.model import command as c
from softphone.model.call import CallId, CallState
from softphone.model.desk import DeskState
from softphone.model.record import CallRecord, HistoryFilter
from softphone.store.store import Store
from tests.engine.paper import PaperDesk, PaperPlatform

_ANSWERED = (CallState.ACTIVE, CallState.HELD)
_UNKNOWN = CallId("nobody")
_picks = st.integers(0, 1_000)
_moments = st.sampled_from([0.05, 0.5, 1.5, 2.5, 4.0, 11.0, 70.0])


class Day(RuleBasedStateMachine):
    """One engine, one console, one store; the rules are what happens to them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="sp-"))
        self.desk: PaperDesk | None = None

    @initialize(
        undo_s=st.sampled_from([0.0, 2.0]),
        wrap_up_s=st.sampled_from([0.0, 5.0]),
        on_detach=st.sampled_from(["mute", "hold", "keep", "hangup"]),
    )
    def begin(self, undo_s: float, wrap_up_s: float, on_detach: str) -> None:
        self.desk = PaperDesk(self.folder, undo_s=undo_s, wrap_up_s=wrap_up_s, on_detach=on_detach)

    @property
    def day(self) -> PaperDesk:
        assert self.desk is not None
        return self.desk

    def pick(self, number: int) -> CallId:
        """Return some call: mostly one that is live, sometimes one long gone, or none."""
        live = [call.id for call in self.day.engine.book.live()]
        known = [*live, *live, *live, *self.day.calls()[-2:], _UNKNOWN]
        return known[number % len(known)]

    def platform(self, number: int) -> PaperPlatform:
        return self.day.platforms[number % len(self.day.platforms)]

    def owner(self, call: CallId) -> PaperPlatform | None:
        return next((one for one in self.day.platforms if call in one.calls), None)

    # ---- what comes from outside -----------------------------------------------------------------

    @rule(number=_picks)
    def rings(self, number: int) -> None:
        self.day.happens(self.platform(number).ring)

    @rule(number=_picks)
    def far_end_goes(self, number: int) -> None:
        call = self.pick(number)
        if platform := self.owner(call):
            self.day.happens(lambda: platform.far_end_goes(call))

    @rule(number=_picks)
    def far_end_answers(self, number: int) -> None:
        dialled = [(p, call) for p in self.day.platforms for call in p.live("dialled")]
        if dialled:
            platform, call = dialled[number % len(dialled)]
            self.day.happens(lambda: platform.far_end_answers(call))

    @rule(number=_picks, on=st.booleans())
    def far_end_holds(self, number: int, on: bool) -> None:
        up = [(p, call) for p in self.day.platforms for call in p.live("up", "held")]
        if up:
            platform, call = up[number % len(up)]
            self.day.happens(lambda: platform.far_end_holds(call, on=on))

    @rule(number=_picks)
    def platform_will_refuse(self, number: int) -> None:
        self.platform(number).refuses = True

    @rule(seconds=_moments)
    def time_goes_by(self, seconds: float) -> None:
        self.day.skip(seconds)

    # ---- what the operator does ------------------------------------------------------------------

    @rule(number=_picks, end_others=st.booleans())
    def answers(self, number: int, end_others: bool) -> None:
        self.day.ask(c.Answer(self.pick(number), end_others))

    @rule(number=_picks)
    def dials(self, number: int) -> None:
        self.day.ask(c.Dial("+390200000002", self.platform(number).name))

    @rule(number=_picks, kind=st.sampled_from([c.Decline, c.Ignore, c.Hold, c.Resume, c.Mute]))
    def presses(self, number: int, kind: Any) -> None:
        self.day.ask(kind(self.pick(number)))

    @rule(number=_picks, now=st.booleans(), twice=st.booleans())
    def hangs_up(self, number: int, now: bool, twice: bool) -> None:
        press = c.HangUp(self.pick(number), now)
        self.day.ask(*([press, press] if twice else [press]))

    @rule(number=_picks)
    def transfers(self, number: int) -> None:
        self.day.ask(c.Transfer(self.pick(number), "+390200000003"))

    @rule(one=_picks, other=_picks, kind=st.sampled_from([c.TransferTo, c.Join]))
    def connects(self, one: int, other: int, kind: Any) -> None:
        self.day.ask(kind(self.pick(one), self.pick(other)))

    @rule()
    def undoes(self) -> None:
        self.day.ask(c.Undo())

    @rule()
    def joins_all(self) -> None:
        answered = [call.id for call in self.day.engine.book.live() if call.state in _ANSWERED]
        self.day.ask(c.Conference(tuple(answered)))

    @rule(number=_picks, kind=st.sampled_from([c.LeaveConference, c.StepOut]))
    def parts(self, number: int, kind: Any) -> None:
        self.day.ask(kind(self.pick(number)))

    @rule(first=_picks, second=_picks)
    def does_two_things_at_once(self, first: int, second: int) -> None:
        self.day.ask(c.Resume(self.pick(first)), c.Answer(self.pick(second)))

    @rule(state=st.sampled_from(list(DeskState)), when_free=st.booleans())
    def changes_state(self, state: DeskState, when_free: bool) -> None:
        if state is not DeskState.OFFLINE:
            self.day.ask(c.SetDesk(state, "tea", when_free))

    @rule()
    def leaves_the_desk(self) -> None:
        self.day.happens(self.day.leave)

    @rule()
    def comes_back(self) -> None:
        self.day.happens(self.day.sit)

    # ---- what is always so ---------------------------------------------------------------------

    @invariant()
    @precondition(lambda self: self.desk is not None)
    def one_conversation_hears_the_operator(self) -> None:
        assert self.day.card.wrong == []
        calls = self.day.engine.book.calls
        for key in self.day.card.open:
            call = calls[CallId(key)]
            together = {one.id for one in conference_of(calls, call)}
            assert self.day.card.open <= together
            assert call.state is CallState.ACTIVE

    @invariant()
    @precondition(lambda self: self.desk is not None)
    def nothing_failed_inside_and_nothing_ended_twice(self) -> None:
        assert self.day.replies["INTERNAL"] == 0
        for platform in self.day.platforms:
            assert all(count == 1 for count in platform.ended.values())

    @invariant()
    @precondition(lambda self: self.desk is not None)
    def engine_and_platforms_agree_who_is_there(self) -> None:
        there = {call for platform in self.day.platforms for call in platform.live()}
        assert {call.id for call in self.day.engine.book.live()} == there

    @invariant()
    @precondition(lambda self: self.desk is not None and self.desk.client is not None)
    def a_console_sees_what_the_engine_sees(self) -> None:
        seen = {key: call for key, call in self.day.seat.calls.items() if call.live}
        assert seen == {call.id: call for call in self.day.engine.book.live()}
        assert self.day.seat.desk == self.day.engine.hub.state.desk

    def teardown(self) -> None:
        if self.desk is not None:
            killed = self.folder / "killed"
            killed.mkdir()
            for file in self.folder.glob("softphone.db*"):
                shutil.copy(file, killed)
            calls = self.day.calls()
            self.day.close()
            ended = asyncio.run(records(self.folder / "softphone.db"))
            found = asyncio.run(records(killed / "softphone.db"))
            for kept in (ended, found):
                assert sorted(one.call.id for one in kept) == sorted(calls)
                assert all(not one.call.live for one in kept)
                assert all(ends(one) == 1 for one in kept)
        shutil.rmtree(self.folder, ignore_errors=True)


def ends(record: CallRecord) -> int:
    return sum(entry.what == "ended" for entry in record.timeline)


async def records(database: Path) -> list[CallRecord]:
    """Return every record as the next engine finds it."""
    store = Store(database, lambda problem, waiting: None)
    await store.open(1_000_000_000.0, 30)
    page = await store.history(HistoryFilter(limit=1_000))
    whole = [await store.record(one.call.id) for one in page.records]
    await store.close()
    return [one for one in whole if one is not None]


_CALM = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def test_short_days() -> None:
    run_state_machine_as_test(Day, settings=_days(12, 25))


@pytest.mark.nightly
def test_long_days() -> None:
    run_state_machine_as_test(Day, settings=_days(150, 60))


def _days(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=_CALM,
    )
