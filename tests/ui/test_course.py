"""The course of a call's quality: what is computed of it, and how it is walked through."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import (
    AccountName,
    Call,
    CallId,
    CallState,
    Direction,
    EndReason,
    Party,
)
from softphone.model.quality import QualitySample
from softphone.model.record import CallRecord, TimelineEntry
from softphone.ui.course import METRICS, Course, bar, course_of, sign_of, top_of, worst
from softphone.ui.screens.course import CourseScreen

if TYPE_CHECKING:
    from tests.ui.conftest import Console, FakeEngine, OpenConsole

NOW = 1_790_000_000.0
LOSS, *_REST, MOS, THERE = METRICS


def sample(second: float, **figures: float) -> QualitySample:
    given = {"loss": 0.0, "jitter_ms": 4.0, "buffer_ms": 60.0, "delay_ms": 80.0, "mos": 4.2}
    return QualitySample(CallId("c1"), NOW + second, **{**given, **figures})  # type: ignore[arg-type]  # figures only


def bad_call(seconds: int = 120) -> tuple[list[TimelineEntry], list[QualitySample]]:
    """A call with trouble from second 60 to 69, a device lost at 80 and a hold at 90."""
    samples = [
        sample(n, loss=0.08, mos=2.1) if 60 <= n < 70 else sample(n) for n in range(1, seconds)
    ]
    timeline = [
        TimelineEntry(NOW, "dialled", "Bob"),
        TimelineEntry(NOW + 2, "active"),
        TimelineEntry(NOW + 60, "warning", "the network loses sound on its way to you"),
        TimelineEntry(NOW + 80, "device", "microphone null"),
        TimelineEntry(NOW + 85, "link_lost", "True"),
        TimelineEntry(NOW + 90, "held"),
        TimelineEntry(NOW + seconds, "ended", "hung up"),
    ]
    return timeline, samples


def test_what_was_switched_is_said_in_words() -> None:
    timeline = [TimelineEntry(NOW, "recording", "True"), TimelineEntry(NOW + 1, "aside", "False")]

    told = [mark.words for mark in course_of(timeline, []).marks]

    assert told == ["recording on", "aside off"]


def test_samples_stand_at_their_second_and_marks_in_order() -> None:
    timeline, samples = bad_call()

    course = course_of(timeline, samples)

    assert course.seconds == 121
    assert worst(LOSS, course.between(60, 70)) == pytest.approx(8.0)
    assert worst(MOS, course.between(0, 121)) == 2.1
    assert [mark.kind for mark in course.marks] == [
        "state", "state", "warning", "device", "link", "hold", "state",
    ]  # fmt: skip
    assert [m.words for m in course.marks_between(85, 86)] == ["connection to the platform lost"]


def test_missing_seconds_and_made_up_sound_are_stalls() -> None:
    samples = [sample(1), sample(2), sample(9), sample(10, concealed_ms=400.0),
               sample(11, concealed_ms=410.0, frames_unsent=30)]  # fmt: skip

    course = course_of([], samples)

    assert [mark.words for mark in course.marks] == [
        "no figures for 7 s",
        "400 ms of sound made up",
        "600 ms of your voice did not leave",
    ]


def test_a_hold_is_no_stall() -> None:
    samples = [sample(1), sample(2), sample(9), sample(20)]
    timeline = [TimelineEntry(NOW + 2, "held"), TimelineEntry(NOW + 8, "active")]

    stalls = [m.words for m in course_of(timeline, samples).marks if m.kind == "stall"]

    assert stalls == ["no figures for 11 s"]


def test_an_unknown_figure_is_blank_and_not_zero() -> None:
    assert worst(THERE, [sample(1)]) is None
    assert bar(THERE, None, 10.0, 2) == [(" ", "plain")] * 2
    assert bar(LOSS, 0.0, 10.0, 2) == [(" ", "ok"), ("▁", "ok")]
    assert bar(LOSS, 10.0, 10.0, 2) == [("█", "bad"), ("█", "bad")]


def test_the_scale_grows_with_what_is_beyond_it() -> None:
    assert top_of(LOSS, course_of([], [sample(1, loss=0.5)])) == 50.0
    assert top_of(LOSS, Course()) == 10.0


def test_the_most_urgent_sign_wins_its_column() -> None:
    timeline, samples = bad_call()

    assert sign_of(course_of(timeline, samples).marks) == ("L", "bad")
    assert sign_of(()) == (" ", "plain")


def test_a_call_without_anything_has_no_course() -> None:
    assert course_of([], []) == Course()


# ---- on the screen ------------------------------------------------------------------------------


def furnish(engine: FakeEngine, seconds: int = 120) -> None:
    timeline, samples = bad_call(seconds)
    call = _call(seconds)

    def quality(asked: c.ShowQuality) -> c.Reply:
        later = [one for one in samples if one.at > asked.after][: asked.limit]
        return c.Reply(value=c.QualityFound(CallRecord(call).quality, tuple(later)))

    record = CallRecord(call, timeline=tuple(timeline))
    engine.reply(c.ListHistory, c.Reply(value=c.HistoryPage((record,))))
    engine.reply(c.ShowRecord, c.Reply(value=c.RecordFound(record)))
    engine.reply(c.ShowQuality, quality)


async def opened(console: Console) -> CourseScreen:
    await console.press("tab", "H")
    await console.press("q")
    screen = console.app.screen
    assert isinstance(screen, CourseScreen)
    await console.until(lambda: screen.strip.course.seconds)
    return screen


async def test_one_key_leads_from_history_to_the_first_trouble(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    furnish(engine)
    async with open_console((80, 24)) as console:
        screen = await opened(console)

        assert "the network loses sound on its way to you" in screen.detail.text
        assert "loss 8.0 %" in screen.detail.text
        assert "MOS 2.1" in screen.detail.text


async def test_arrows_ends_and_marks_move_the_cursor(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    furnish(engine)
    async with open_console((140, 45)) as console:
        screen = await opened(console)
        strip = screen.strip

        await console.press("home")
        assert strip.second == 0
        await console.press("right", "right")
        assert strip.second == 2 * strip.scale
        await console.press("left")
        assert strip.second == strip.scale
        await console.press("end")
        assert strip.second == 120
        await console.press("N")
        assert "on hold" in screen.detail.text
        await console.press("N", "N")
        assert "microphone null" in screen.detail.text
        await console.press("n")
        assert "connection to the platform lost" in screen.detail.text


async def test_a_long_call_is_loaded_in_pages_and_scrolls(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    furnish(engine, seconds=2_500)
    async with open_console((80, 24)) as console:
        screen = await opened(console)
        await console.until(lambda: len(screen.strip.course.samples) == 2_499)
        whole = screen.strip.scale

        await console.press("end", *["up"] * 12)

        assert whole > screen.strip.scale == 1
        assert "41:40" in screen.detail.text
        assert "41:30" in screen.strip.text
        await console.press("home")
        assert "00:00" in screen.strip.text


async def test_what_is_asked_for_again_before_the_answer_is_kept_once(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    furnish(engine)
    async with open_console((80, 24)) as console:
        screen = await opened(console)
        whole = list(screen._samples)
        screen._samples.clear()
        gate = engine.gates[c.ShowQuality] = asyncio.Event()

        both = asyncio.gather(screen._load(), screen._load())
        await console.until(lambda: sum(type(one) is c.ShowQuality for one in engine.sent) >= 3)
        gate.set()
        await both

        assert screen._samples == whole


async def test_report_and_quality_lead_to_each_other(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    furnish(engine)
    async with open_console((80, 24)) as console:
        await opened(console)

        await console.press("i")
        assert console.app.screen.name == "report"
        await console.press("q")
        assert console.app.screen.name == "course"
        await console.press("escape")
        assert console.app.screen.name == "history"


async def test_the_course_of_a_live_call_grows(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    timeline, samples = bad_call(20)
    live = replace(_call(20), state=CallState.ACTIVE, ended_at=None, end_reason=None)
    engine.reply(c.ShowRecord, c.Reply(value=c.RecordFound(
        CallRecord(live, timeline=tuple(timeline[:2])))))  # fmt: skip
    seen = [5]

    def quality(asked: c.ShowQuality) -> c.Reply:
        later = [one for one in samples[: seen[0]] if one.at > asked.after]
        return c.Reply(value=c.QualityFound(CallRecord(live).quality, tuple(later)))

    engine.reply(c.ShowQuality, quality)
    async with open_console((80, 24)) as console:
        await console.emit(e.CallChanged(live))
        await console.press("tab", "J")
        screen = console.app.screen
        assert isinstance(screen, CourseScreen)
        await console.until(lambda: len(screen.strip.course.samples) == 5)

        seen[0] = 12

        await console.until(lambda: len(screen.strip.course.samples) == 12)


async def test_a_call_without_sound_here_says_so(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    furnish(engine)
    none = c.QualityFound(CallRecord(_call(120)).quality, ())
    engine.reply(c.ShowQuality, c.Reply(value=none))
    async with open_console((80, 24)) as console:
        screen = await opened(console)

        assert "No sound of this call was measured here." in screen.detail.text


def _call(seconds: int) -> Call:
    call = Call(
        CallId("c1"),
        AccountName("audin"),
        Direction.OUTBOUND,
        CallState.ACTIVE,
        Party("+390655501012", "Bob Rossi"),
        created_at=NOW,
        answered_at=NOW + 2,
    )
    return call.ended(EndReason.HANGUP, NOW + seconds, 6_000.0)
