"""Monitor, call, jobs and database screens, by keys over an engine in memory."""

from __future__ import annotations

from pathlib import Path

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.monitor import (
    ClientQuality,
    Frame,
    FrameId,
    FrameState,
    Issue,
    Job,
    JobState,
    Machine,
    ObservedCall,
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
    assert "RTT over 300 ms -2" in text
    assert "Chrome 156" in text
    kinds = [asked.kind for asked in console.commands(c.OpenFrame)]
    assert kinds[0] is c.FrameKind.CALL
    assert c.FrameKind.CLIENT in kinds
    assert console.commands(c.CloseFrame) == [c.CloseFrame(WATCH, FRAME)]


async def test_any_id_is_looked_up_and_no_match_is_said(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    engine.reply(c.FindObserved, c.Reply(value=c.ObservedFound(())))

    await console.press("tab", "O", "l", *"xyz", "enter")

    assert console.commands(c.FindObserved) == [c.FindObserved(WATCH, anything="xyz")]
    assert "No match" in console.screen_text()


async def test_a_service_that_does_not_answer_is_stale_with_its_reason(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    await console.press("tab", "O")
    engine.reply(c.ListObserved, c.Reply(False, "DISCONNECTED", "The connection is lost."))

    console.app.screen._ask()  # type: ignore[attr-defined]  # what its timer does
    await console.settle()

    text = console.screen_text()
    assert "stale" in text
    assert "The connection is lost." in text
    assert "room-9" in text


JOBS = (
    Job("j1", "selfTest", JobState.ACTIVE, 0.4, created_at=NOW),
    Job("j2", "exportCall", JobState.FAILED, error="disk full [/]", created_at=NOW),
)


async def jobs(console: Console, engine: FakeEngine) -> None:
    await watching(console, engine)
    engine.reply(c.ListJobs, c.Reply(value=c.JobsFound(JOBS)))
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
    assert "seen 01:30 ago" in text


async def test_a_job_is_cancelled_only_after_asking(console: Console, engine: FakeEngine) -> None:
    await jobs(console, engine)

    await console.press("D", "n")
    assert not console.commands(c.CancelJob)
    await console.press("D", "y")

    assert console.commands(c.CancelJob) == [c.CancelJob(WATCH, "selfTest", "j1")]


async def test_cleaning_shows_the_count_first(console: Console, engine: FakeEngine) -> None:
    await jobs(console, engine)

    await console.press("w")
    assert "Remove all 1 failed jobs" in console.screen_text()
    await console.press("y")

    assert console.commands(c.CleanJobs) == [c.CleanJobs(WATCH, failed=True)]


async def test_a_job_starts_with_parameters_that_are_an_object(
    console: Console, engine: FakeEngine
) -> None:
    await jobs(console, engine)

    await console.press("a", *"selfTest", "space", *"[1]", "enter")
    assert "must be a JSON object" in console.screen_text()
    await console.press("a", *"selfTest", "space", *'{"seconds":5}', "enter")

    assert console.commands(c.StartJob) == [c.StartJob(WATCH, "selfTest", '{"seconds": 5}')]


async def test_rows_are_fetched_in_pages_and_written_to_a_file(
    console: Console, engine: FakeEngine, tmp_path: Path
) -> None:
    await watching(console, engine)
    frame = Frame(FRAME, WATCH, "callEvents", FrameState.OPEN, received=3)
    pages = {0: ('{"n": 1}', '{"n": null}'), 2: ('{"n": 3}',)}

    def read(asked: c.ReadFrame) -> c.Reply:
        rows = pages.get(asked.after, ())
        return c.Reply(value=c.FrameRows(rows, asked.after + len(rows), frame))

    engine.reply(c.ReadFrame, read)
    console.app.act("rows.open")
    await console.settle()
    await console.press("a", *"callEvents", "enter")
    text = console.screen_text()
    await console.press("w", *str(tmp_path / "x.csv"), "enter")

    assert "callEvents · 3 rows" in text
    assert '{"n": 3}' in text
    assert (tmp_path / "x.csv").read_text().splitlines() == ["n", "1", '""', "3"]
