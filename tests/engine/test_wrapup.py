"""After-call work on paper: time is skipped, every platform does at once what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from softphone.model import command as c
from softphone.model.call import CallId
from softphone.model.desk import DeskState
from tests.engine.paper import PaperDesk

WORDS = {"all": ("sold", "open")}
Make = Callable[..., PaperDesk]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[PaperDesk] = []

    def one(**calls: Any) -> PaperDesk:
        made.append(PaperDesk(tmp_path, **calls))
        return made[-1]

    yield one
    for day in made:
        day.close()


def a_call(day: PaperDesk) -> CallId:
    """Let one call come, be answered and end."""
    pstn = day.platforms[0]
    day.happens(pstn.ring)
    call = day.seat.offers()[0].id
    day.ask(c.Answer(call))
    day.happens(lambda: pstn.far_end_goes(call))
    return call


def available(day: PaperDesk) -> bool:
    return bool(day.seat.accounts[day.platforms[0].name].availability.accepted)


def test_it_ends_by_itself_at_its_time(make: Make) -> None:
    day = make(wrap_up_s=30.0)
    a_call(day)
    working = day.seat.desk.state, available(day)

    day.skip(29.0)
    still = day.seat.desk.state
    day.skip(1.5)

    assert working == (DeskState.AFTER_CALL, False)
    assert still is DeskState.AFTER_CALL
    assert (day.seat.desk.state, available(day)) == (DeskState.ROUTABLE, True)


def test_more_time_is_added_to_what_is_left(make: Make) -> None:
    day = make(wrap_up_s=30.0)
    a_call(day)
    day.skip(20.0)

    day.ask(c.ExtendWrapUp(60.0))
    day.skip(65.0)
    still = day.seat.desk.state
    day.skip(6.0)

    assert still is DeskState.AFTER_CALL
    assert day.seat.desk.state is DeskState.ROUTABLE


def test_it_goes_on_past_its_time_while_a_disposition_is_missing(make: Make) -> None:
    day = make(wrap_up_s=30.0, dispositions=WORDS, disposition_required=("all",))
    call = a_call(day)

    day.skip(31.0)
    waiting = day.seat.desk
    day.ask(c.Dispose("sold"))

    assert (waiting.state, waiting.until_mono, waiting.undisposed) == (
        DeskState.AFTER_CALL, None, (call,),
    )  # fmt: skip
    assert any(note.alert and "disposition" in note.text for note in day.seat.notes)
    assert (day.seat.desk.state, available(day)) == (DeskState.ROUTABLE, True)


def test_a_disposition_in_time_does_not_cut_the_time_short(make: Make) -> None:
    day = make(wrap_up_s=30.0, dispositions=WORDS, disposition_required=("pstn",))
    a_call(day)

    day.ask(c.Dispose("sold"))
    early = day.seat.desk
    day.skip(31.0)

    assert (early.state, early.undisposed) == (DeskState.AFTER_CALL, ())
    assert day.seat.desk.state is DeskState.ROUTABLE


def test_a_disposition_after_it_was_finished_does_not_begin_it_anew(make: Make) -> None:
    day = make(wrap_up_s=30.0, dispositions=WORDS)
    call = a_call(day)
    day.ask(c.FinishWrapUp())

    (done,) = day.ask(c.Dispose("sold", call))

    assert done.ok
    assert (day.seat.desk.state, available(day)) == (DeskState.ROUTABLE, True)


def test_a_call_that_comes_up_meanwhile_begins_it_anew(make: Make) -> None:
    day = make(wrap_up_s=30.0)
    a_call(day)
    day.skip(25.0)
    a_call(day)

    day.skip(20.0)
    still = day.seat.desk.state
    day.skip(11.0)

    assert still is DeskState.AFTER_CALL
    assert day.seat.desk.state is DeskState.ROUTABLE


def test_who_is_on_a_break_has_none_and_stays_there(make: Make) -> None:
    day = make(wrap_up_s=30.0)
    day.ask(c.SetDesk(DeskState.NOT_ROUTABLE, "lunch"))
    a_call(day)

    assert day.seat.desk.state is DeskState.NOT_ROUTABLE
    day.skip(40.0)
    assert not available(day)


def test_a_caller_who_rang_meanwhile_and_gave_up_only_puts_it_off(make: Make) -> None:
    day = make(wrap_up_s=30.0)
    _, sip = day.platforms
    day.happens(sip.ring)
    talked = day.seat.offers()[0].id
    day.ask(c.Answer(talked))
    day.happens(sip.ring)
    other = day.seat.offers()[0].id
    day.happens(lambda: sip.far_end_goes(talked))
    ringing = day.seat.desk.state

    day.happens(lambda: sip.far_end_goes(other))

    assert ringing is DeskState.ROUTABLE
    assert day.seat.desk.state is DeskState.AFTER_CALL


def test_a_caller_who_gave_up_alone_begins_none(make: Make) -> None:
    day = make(wrap_up_s=30.0)
    a_call(day)
    day.skip(31.0)
    pstn = day.platforms[0]
    day.happens(pstn.ring)
    missed = day.seat.offers()[0].id

    day.happens(lambda: pstn.far_end_goes(missed))

    assert day.seat.desk.state is DeskState.ROUTABLE


def test_being_available_after_this_call_waits_for_what_came_of_it(make: Make) -> None:
    day = make(dispositions=WORDS, disposition_required=("all",))
    day.ask(c.SetDesk(DeskState.NOT_ROUTABLE, "lunch"))
    _, sip = day.platforms
    day.ask(c.Dial("+39021234", sip.name))
    (call,) = sip.live()
    day.happens(lambda: sip.far_end_answers(call))
    day.ask(c.SetDesk(DeskState.ROUTABLE, when_free=True))
    day.happens(lambda: sip.far_end_goes(call))
    waiting = day.seat.desk

    day.ask(c.Dispose("sold", call))

    assert (waiting.state, waiting.undisposed) == (DeskState.NOT_ROUTABLE, (call,))
    assert waiting.queued is not None
    assert (day.seat.desk.state, available(day)) == (DeskState.ROUTABLE, True)


def test_begun_by_hand_it_lasts_until_it_is_finished(make: Make) -> None:
    day = make()
    (busy,) = day.ask(c.SetDesk(DeskState.AFTER_CALL))
    begun = day.seat.desk
    (none,) = day.ask(c.ExtendWrapUp(-5.0))
    day.ask(c.FinishWrapUp())

    assert busy.ok and none.ok
    assert (begun.state, begun.until_mono) == (DeskState.AFTER_CALL, None)
    assert day.seat.desk.state is DeskState.ROUTABLE


def test_a_platform_that_refuses_keeps_nobody_from_seeing_how_the_desk_stands(make: Make) -> None:
    day = make()
    day.ask(c.SetDesk(DeskState.NOT_ROUTABLE, "lunch"))
    day.platforms[0].refuses = True

    (reply,) = day.ask(c.SetDesk(DeskState.ROUTABLE))

    assert "Not now." in reply.text
    assert day.seat.desk.state is DeskState.ROUTABLE


def test_in_a_call_it_cannot_be_begun(make: Make) -> None:
    day = make()
    pstn = day.platforms[0]
    day.happens(pstn.ring)
    day.ask(c.Answer(day.seat.offers()[0].id))

    (reply,) = day.ask(c.SetDesk(DeskState.AFTER_CALL))

    assert "when the call has ended" in reply.text
