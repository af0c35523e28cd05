"""Monitor, call, jobs and database screens, by keys over an engine in memory."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.monitor import (
    ClientQuality,
    CoursePoint,
    Frame,
    FrameId,
    FrameState,
    Happening,
    Issue,
    Job,
    JobState,
    Machine,
    ObservedCall,
    SummaryPoint,
    TurnServer,
)
from tests.ui.conftest import NOW, Console, FakeEngine

WATCH = AccountName("observer")
FRAME = FrameId("f1")
ANNA = ClientQuality(
    "c-1", "cl-1", NOW, "[red]Anna[/]", score=4.4, mos=4.2, rtt_ms=40.0, jitter_ms=3.0, loss_in=0.0
)
BAD = ClientQuality(
    "c-1", "cl-2", NOW, "Boris", score=1.2, rtt_ms=340.0, rtt_max_ms=500.0, jitter_ms=44.0,
    loss_in=0.07, turn=True, issues=(Issue("congestion", NOW, severity="major"),), odd=("rtt_ms",),
    reasons=(("RTT over 300 ms", "-2"),), facts=(("browser", "Chrome 156"),), row='{"a": 1}',
)  # fmt: skip
CALL = ObservedCall(
    "c-1", "room-9", "svc", NOW - 60, duration_s=60.0, clients_now=2, clients_peak=3, issues=1,
    score=3.2, worst_score=1.2, clients=(ANNA,),
)  # fmt: skip


async def watching(console: Console, engine: FakeEngine) -> None:
    engine.state.accounts.clear()
    account = console.make.account("observer", kind="x", numbers=(), refusals=())
    engine.reply(c.ListObserved, c.Reply(value=c.ObservedFound((CALL,), NOW)))
    figures = (("currentActiveCalls", "1"), ("averageScore", "3.2"))
    engine.reply(c.FetchSummary, c.Reply(value=c.SummaryFound(figures)))
    opened = Frame(FRAME, WATCH, "call c-1", FrameState.OPEN)
    engine.reply(c.OpenFrame, c.Reply(value=c.FrameOpened(opened)))
    await console.emit(e.AccountChanged(account))


async def test_ongoing_calls_are_listed_with_letters_and_totals(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)

    await console.press("tab", "O")

    text = console.screen_text()
    assert "calls 1" in text
    assert "room-9" in text
    assert "3.2 F" in text
    assert "1.2 B" in text


async def test_a_call_is_followed_client_by_client_and_left_behind(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    await console.press("tab", "O", "enter")

    await console.emit(e.ClientObserved(WATCH, FRAME, BAD))
    await console.press("g")
    text = console.screen_text()
    await console.press("escape")

    assert text.index("Boris") < text.index("[red]Anna[/]")
    assert "340!B" in text
    assert "TURN congestion" in text
    assert "RTT over 300 ms: -2" in text
    assert "Chrome 156" in text
    kinds = [asked.kind for asked in console.commands(c.OpenFrame)]
    assert kinds[0] is c.FrameKind.CALL
    assert c.FrameKind.CLIENT in kinds
    assert c.CloseFrame(WATCH, FRAME) in console.commands(c.CloseFrame)


async def test_a_frame_that_opens_after_its_screen_closed_is_freed(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    for keys in (("tab", "O"), ("tab", "O", "enter")):
        engine.gates.clear()
        await console.press(*keys[:-1])
        gate = engine.gates[c.OpenFrame] = asyncio.Event()
        await console.press(keys[-1])
        await console.until(lambda: console.commands(c.OpenFrame))
        asked = len(console.commands(c.OpenFrame))
        closed = len(console.commands(c.CloseFrame))
        await console.press("escape", "escape")
        gate.set()

        await console.until(
            lambda before=closed, asked=asked: (  # type: ignore[misc]  # bound now
                len(console.commands(c.CloseFrame)) - before >= 1
                and len(console.commands(c.CloseFrame)) >= asked
            )
        )


async def test_calls_that_are_seen_are_followed_and_left_with_the_screen(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    await console.press("tab", "O")
    await console.until(lambda: console.commands(c.OpenFrame))

    worse = replace(CALL, score=1.4, worst_score=0.3, clients_now=5)
    await console.emit(e.CallObserved(WATCH, FRAME, worse))
    await console.until(lambda: "0.3 B" in console.screen_text())
    await console.press("escape")

    assert console.commands(c.OpenFrame) == [c.OpenFrame(WATCH, c.FrameKind.CALL, "c-1")]
    assert console.commands(c.CloseFrame) == [c.CloseFrame(WATCH, FRAME)]


async def test_a_service_without_frames_is_asked_for_one_once(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    engine.reply(c.OpenFrame, c.Reply(False, "UNSUPPORTED", "This service cannot do that."))
    await console.press("tab", "O")
    await console.until(lambda: console.commands(c.OpenFrame))
    screen = console.app.screen

    console.clock.advance(60)
    for _ in range(3):
        screen._follow_seen()  # type: ignore[attr-defined]  # what its timer does
        await console.settle()

    assert len(console.commands(c.OpenFrame)) == 1


async def test_the_list_is_sorted_as_asked(console: Console, engine: FakeEngine) -> None:
    await watching(console, engine)
    long = replace(CALL, id="c-2", room="marathon", duration_s=9000.0, worst_score=4.0)
    engine.reply(c.ListObserved, c.Reply(value=c.ObservedFound((CALL, long), NOW)))
    await console.press("tab", "O")
    worst_first = console.screen_text()

    await console.press("s")

    assert worst_first.index("room-9") < worst_first.index("marathon")
    text = console.screen_text()
    assert "by age" in text
    assert text.index("marathon") < text.index("room-9")


async def test_all_of_a_client_is_one_key_away(console: Console, engine: FakeEngine) -> None:
    await watching(console, engine)
    await console.press("tab", "O", "enter")
    over = Issue("congestion", NOW - 30, NOW - 10, "major")
    full = replace(BAD, issues=(over,), happened=(Happening("CLIENT_JOINED", NOW - 60),))
    await console.emit(e.ClientObserved(WATCH, FRAME, full))

    await console.press("g", "enter")
    text = console.screen_text()

    assert "CLIENT Boris" in text
    assert "340 ms!B" in text
    assert "loss out      -" in text
    assert text.index("CLIENT_JOINED") < text.index("congestion raised major")
    assert "congestion over after 00:20" in text
    assert '"a": 1' in text

    await console.emit(e.ClientObserved(WATCH, FRAME, replace(full, at=NOW + 1, rtt_ms=41.0)))
    assert "41 ms!G" in console.screen_text()


async def test_the_course_of_a_call_begins_with_what_was_stored(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    points = tuple(CoursePoint("cl-2", NOW - 5 * n, score=float(n)) for n in range(5, 0, -1))
    engine.reply(c.ReadCourse, c.Reply(value=c.CourseFound(points)))
    await console.press("tab", "O", "enter")
    await console.emit(e.ClientObserved(WATCH, FRAME, BAD))

    fetched = Frame(FRAME, WATCH, "call c-1", FrameState.OPEN, received=5, kept=5)
    await console.emit(e.FrameChanged(fetched), e.FrameChanged(fetched))
    await console.press("g")

    assert console.commands(c.ReadCourse) == [c.ReadCourse(WATCH, FRAME)]
    assert "█▇▅▄▂  1.2" in console.screen_text()


async def test_a_summary_shows_totals_their_course_and_turn_servers(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    series = tuple(SummaryPoint(NOW - 60 * n, n, n, 4.0, None) for n in range(5, 0, -1))
    figures = (("currentActiveCalls", "1"), ("averageScore", ""))
    engine.reply(c.FetchSummary, c.Reply(value=c.SummaryFound(figures, series)))
    server = TurnServer("192.0.2.7", NOW, sent_bytes=5e6)
    engine.reply(c.FetchTurn, c.Reply(value=c.TurnFound((server,))))

    await console.press("tab", "O", "i")
    text = console.screen_text()
    await console.press("l", "down", "enter")

    assert "averageScore" in text
    assert "█" in text
    assert "192.0.2.7" in text
    assert "5.0" in text
    assert "None" not in text
    asked = console.commands(c.FetchSummary)[-1]
    assert asked.until - asked.since == 6 * 3600
    assert "last 6 hours" in console.screen_text()


async def test_a_summary_that_is_no_longer_fresh_says_since_when(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    engine.reply(c.FetchTurn, c.Reply(False, "UNSUPPORTED", "This service cannot do that."))
    await console.press("tab", "O", "i")
    assert "cannot do that" in console.screen_text()
    engine.reply(c.FetchSummary, c.Reply(False, "DISCONNECTED", "The connection is lost."))

    console.app.screen._ask()  # type: ignore[attr-defined]  # what its timer does
    await console.settle()

    text = console.screen_text()
    assert re.search(r"stale since \d\d:\d\d:\d\d · The connection is lost", text)
    assert "currentActiveCalls" in text


async def test_any_id_is_looked_up_and_no_match_is_said(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    engine.reply(c.FindObserved, c.Reply(value=c.ObservedFound(())))

    await console.press("tab", "O", "l", *"xyz", "enter", "enter")
    assert "No match" in console.screen_text()
    await console.press("l", *"xyz", "enter", "down", "enter")

    always, lately = console.commands(c.FindObserved)
    assert always == c.FindObserved(WATCH, anything="xyz")
    assert lately == c.FindObserved(WATCH, anything="xyz", since=NOW - 3600)


async def test_what_is_found_tells_by_which_id_and_is_opened(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    past = replace(CALL, id="c-7", room="old", ended_at=NOW - 5, matched_by=("track", "client"))
    engine.reply(c.FindObserved, c.Reply(value=c.ObservedFound((past,), truncated=True)))

    await console.press("tab", "O", "l", *"t-1", "enter", "enter")
    found = console.screen_text()
    await console.press("enter")

    assert "FOUND (there are more)" in found
    assert "track, client" in found
    assert "CALL old" in console.screen_text()
    assert "the call is over" in console.screen_text()


async def test_a_service_that_does_not_answer_is_stale_with_its_reason(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    await console.press("tab", "O")
    engine.reply(c.ListObserved, c.Reply(False, "DISCONNECTED", "The connection is lost."))

    console.app.screen._ask()  # type: ignore[attr-defined]  # what its timer does
    await console.settle()

    text = console.screen_text()
    assert re.search(r"stale since \d\d:\d\d:\d\d", text)
    assert "The connection is lost." in text
    assert "room-9" in text


JOBS = (
    Job("j1", "selfTest", JobState.ACTIVE, 0.4, created_at=NOW),
    Job("j2", "exportCall", JobState.FAILED, error="disk full [/]", created_at=NOW),
)


async def jobs(console: Console, engine: FakeEngine) -> None:
    await watching(console, engine)
    engine.reply(c.ListJobs, c.Reply(value=c.JobsFound(JOBS, ("selfTest", "purgeCalls"))))
    machines = (Machine("w1", "worker", "running", heartbeat_at=NOW - 90, cpu=0.4),)
    engine.reply(c.ListMachines, c.Reply(value=c.MachinesFound(machines)))
    await console.press("tab", "X")


async def test_jobs_show_progress_errors_and_old_heartbeats(
    console: Console, engine: FakeEngine
) -> None:
    await jobs(console, engine)

    text = console.screen_text()
    assert "████░░░░░░ 40%" in text
    assert "disk full [/]" in text
    assert "LATE 01:30 ago" in text


async def test_jobs_that_are_no_longer_fresh_stay_and_say_since_when(
    console: Console, engine: FakeEngine
) -> None:
    await jobs(console, engine)
    engine.reply(c.ListJobs, c.Reply(False, "DISCONNECTED", "The connection is lost."))
    engine.reply(c.ListMachines, c.Reply(False, "DISCONNECTED", "The connection is lost."))

    console.app.screen._ask()  # type: ignore[attr-defined]  # what its timer does
    await console.settle()

    text = console.screen_text()
    assert re.search(r"stale since \d\d:\d\d:\d\d · The connection is lost", text)
    assert "selfTest" in text
    assert "worker" in text


async def test_a_machine_of_a_shape_nobody_knows_shows_what_it_tells(
    console: Console, engine: FakeEngine
) -> None:
    await jobs(console, engine)
    odd = Machine("s1", "server", figures=(("queueDepth", "7"), ("load", "")))
    engine.reply(c.ListMachines, c.Reply(value=c.MachinesFound((odd,))))
    console.app.screen._ask()  # type: ignore[attr-defined]  # what its timer does
    await console.settle()

    await console.press("tab", "g")

    assert "queueDepth 7, load -" in console.screen_text()


async def test_a_job_is_cancelled_only_after_asking(console: Console, engine: FakeEngine) -> None:
    await jobs(console, engine)

    await console.press("D", "n")
    assert not console.commands(c.CancelJob)
    await console.press("D", "y")

    assert console.commands(c.CancelJob) == [c.CancelJob(WATCH, "selfTest", "j1")]


async def test_cleaning_shows_the_count_first(console: Console, engine: FakeEngine) -> None:
    await jobs(console, engine)

    await console.press("w")
    assert re.search(r"All failed jobs +1", console.screen_text())
    await console.press("enter")
    assert "Remove all 1 failed job from the list?" in console.screen_text()
    await console.press(*"yes", "enter")
    assert "Nothing was done" in console.screen_text()
    assert not console.commands(c.CleanJobs)
    await console.press("w", "enter", *"failed", "enter")

    assert console.commands(c.CleanJobs) == [c.CleanJobs(WATCH, failed=True)]


async def test_failed_and_completed_jobs_are_cleaned_apart(
    console: Console, engine: FakeEngine
) -> None:
    await jobs(console, engine)
    over = tuple(Job(f"d{n}", "exportCall", JobState.COMPLETED, 1.0) for n in range(3))
    engine.reply(c.ListJobs, c.Reply(value=c.JobsFound((*JOBS, *over))))
    engine.reply(c.CleanJobs, c.Reply(value=c.Done(3)))
    console.app.screen._ask()  # type: ignore[attr-defined]  # what its timer does
    await console.settle()

    await console.press("w", "down", "enter", *"completed", "enter")

    assert console.commands(c.CleanJobs) == [c.CleanJobs(WATCH, failed=False)]
    assert "3 jobs removed" in console.screen_text()


async def test_one_job_that_is_over_is_removed_by_its_id(
    console: Console, engine: FakeEngine
) -> None:
    await jobs(console, engine)

    await console.press("down", "D", "y")

    assert console.commands(c.CleanJobs) == [c.CleanJobs(WATCH, True, ("j2",))]


async def test_a_job_starts_with_parameters_that_are_an_object(
    console: Console, engine: FakeEngine
) -> None:
    await jobs(console, engine)

    await console.press("a", "enter", *("backspace",) * 2, *"[1]", "enter")
    assert "must be a JSON object" in console.screen_text()
    await console.press("a", "enter", "backspace", *'"seconds":5}', "enter")
    await console.press("a", "end", "enter", *"other", "enter", "enter")

    assert console.commands(c.StartJob) == [
        c.StartJob(WATCH, "selfTest", '{"seconds": 5}'),
        c.StartJob(WATCH, "other", "{}"),
    ]


async def test_a_job_that_destroys_starts_only_when_its_name_is_typed(
    console: Console, engine: FakeEngine
) -> None:
    await jobs(console, engine)

    def start(asked: c.StartJob) -> c.Reply:
        if not asked.confirmed:
            return c.Reply(False, "NOT_CONFIRMED", "purgeCalls destroys data.")
        return c.Reply(value=c.JobStarted(""))

    engine.reply(c.StartJob, start)
    await console.press("a", "down", "enter", "enter")
    assert "Type purgeCalls" in console.screen_text()
    await console.press(*"purgeCalls", "enter")

    assert [asked.confirmed for asked in console.commands(c.StartJob)] == [False, True]
    assert "An equal job waits" in console.screen_text()


async def test_ids_and_rows_are_copied(console: Console, engine: FakeEngine) -> None:
    await watching(console, engine)

    await console.press("tab", "O", "y")
    assert console.app.clipboard == "c-1"
    await console.press("enter")
    await console.emit(e.ClientObserved(WATCH, FRAME, BAD))
    await console.press("g", "y")
    assert console.app.clipboard == '{"a": 1}'
    await console.press("enter", "y", "escape")

    assert "Copied the client's row." in console.screen_text()
    assert "CALL room-9" in console.screen_text()


async def test_a_call_that_cannot_be_followed_says_why_once(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    engine.reply(c.OpenFrame, c.Reply(False, "NOT_FOUND", "Not found: no such call."))

    await console.press("tab", "O", "enter")

    assert "Not found: no such call." in console.screen_text()
    assert "[red]Anna[/]" in console.screen_text()


async def test_a_call_whose_frames_are_stale_is_dimmed_and_says_since_when(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    await console.press("tab", "O", "enter")

    stale = Frame(FRAME, WATCH, "call c-1", FrameState.STALE, stale_since=NOW)
    await console.emit(e.FrameChanged(stale))

    assert re.search(r"stale since \d\d:\d\d:\d\d", console.screen_text())
