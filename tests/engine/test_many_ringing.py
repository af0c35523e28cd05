"""Fifty callers at once, coming and going: the key answers who was marked, never somebody else."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest

from softphone.model.call import CallId, CallState
from softphone.ui.actions import commands_of, find
from softphone.ui.desk import GUARD_S, Desk
from softphone.ui.situation import Situation
from tests.engine.office import Office, until
from tests.engine.paper import PaperDesk

CALLERS = 50
_ANSWER = "call.answer"
_STEP_S = 0.01


class Finger:
    """A console's marks and guards over the events of an engine, and a finger on the answer key."""

    def __init__(self, day: PaperDesk, made: random.Random) -> None:
        self.day = day
        self._made = made
        self.desk = Desk()
        self.shown: CallId | None = None
        self.look()

    def look(self, *, painted: bool = True) -> None:
        """Take note of what the engine told; the operator sees what is painted."""
        now = self.day.loop.time()
        self.desk.follow(self.day.seat, now)
        if painted:
            self.desk.painted(now)
            self.shown = self.desk.offer_id

    def press(self) -> CallId | None:
        """Press the key; return the call that was marked when it was pressed, None if ignored."""
        action = find(_ANSWER)
        assert action is not None and self.day.client is not None
        if self.desk.too_soon(_ANSWER, self.day.loop.time()):
            return None
        now = Situation(self.day.seat, self.day.client.id, self.desk.offer_id, self.desk.call_id)
        marked = now.offer
        if marked is None:
            return None
        commands = commands_of(action, now, {})
        # What happens between the key and the engine: the caller may be gone by then.
        if self._made.random() < 0.3:
            self.day.happens(lambda: self.day.platforms[1].far_end_goes(marked.id))
        replies = self.day.ask(*commands)
        return marked.id if replies[-1].ok else None


def a_run(seed: int, folder: Path) -> None:
    """Let fifty callers ring while the operator answers; raises when another call is answered."""
    made = random.Random(seed)
    day = PaperDesk(folder)
    try:
        sip = day.platforms[1]
        day.happens(lambda: [sip.ring() for _ in range(CALLERS)])
        assert len(day.seat.offers()) == CALLERS
        finger, answered = Finger(day, made), set[CallId]()
        for _ in range(12):
            _something_changes(made, day)
            painted = made.random() < 0.7  # or the key comes first
            finger.look(painted=painted)
            day.loop.skipped_s += made.choice((GUARD_S, 2 * GUARD_S)) if painted else _STEP_S
            chosen = finger.press()
            if chosen is not None:
                assert chosen == finger.shown, "the key answered a call that was not shown"
                answered.add(chosen)
            up = {call.id for call in day.engine.book.live() if call.answered}
            assert up <= answered, "a call was answered that nobody chose"
    finally:
        day.close()


def _something_changes(made: random.Random, day: PaperDesk) -> None:
    sip = day.platforms[1]
    ringing = sip.live("ringing")
    for call in made.sample(ringing, min(len(ringing), made.randrange(4))):
        day.happens(lambda call=call: sip.far_end_goes(call))  # type: ignore[misc]
    for _ in range(made.randrange(3)):
        day.happens(sip.ring)


@pytest.mark.parametrize("seed", range(6))
def test_no_wrong_call_is_answered(seed: int, tmp_path: Path) -> None:
    a_run(seed, tmp_path)


@pytest.mark.nightly
def test_no_wrong_call_is_answered_in_a_thousand_runs() -> None:
    for seed in range(1_000):
        with tempfile.TemporaryDirectory() as folder:
            a_run(seed, Path(folder))


async def test_fifty_callers_at_the_lab_are_listed_and_the_chosen_one_is_answered(
    office: Office,
) -> None:
    desk = await office.at_work()
    sids = await office.ask_lab(office.control.ring, "pn_1", count=CALLERS, far_end="tone")
    await until(lambda: len(desk.state.offers()) == CALLERS)
    chosen = desk.state.offers()[37]

    call = await desk.answer(chosen)

    assert {one.native_id for one in desk.state.offers()} <= set(sids) - {chosen.native_id}
    assert [one["sid"] for one in office.calls() if one["answered"]] == [chosen.native_id]
    assert call.state is CallState.ACTIVE
    assert [one.id for one in desk.state.live_calls()] == [chosen.id]
