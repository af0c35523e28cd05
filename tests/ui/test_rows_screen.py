"""The database browser, by keys over an engine in memory."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.monitor import Frame, FrameState
from tests.ui.conftest import NOW, Console, FakeEngine
from tests.ui.test_monitor_screens import FRAME, WATCH, watching


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
    await asked_for_rows(console, engine)
    text = console.screen_text()
    await console.press("w", *str(tmp_path / "x.csv"), "enter")
    await console.until(lambda: "rows written" in console.screen_text())

    assert console.commands(c.OpenFrame) == [
        c.OpenFrame(WATCH, c.FrameKind.DATABASE, resource="callEvents", conditions='{"x": 1}')
    ]
    assert "callEvents · 3 rows" in text
    assert '{"n": 3}' in text
    assert (tmp_path / "x.csv").read_text().splitlines() == ["n", "1", '""', "3"]


async def asked_for_rows(console: Console, engine: FakeEngine) -> None:
    """Open the database browser and ask for the first resource with the conditions offered."""
    names = c.ResourcesFound(("callEvents", "callMetas"), '{"x": 1}')
    engine.reply(c.ListResources, c.Reply(value=names))
    console.app.act("rows.open")
    await console.settle()
    await console.press("a", "enter", "enter")


async def test_columns_are_chosen_and_what_is_missing_is_a_dash(
    console: Console, engine: FakeEngine, tmp_path: Path
) -> None:
    await watching(console, engine)
    frame = Frame(FRAME, WATCH, "callEvents", FrameState.OPEN, received=2)
    rows = ('{"n": 1, "at": 7, "more": 9}', '{"n": null, "at": 8}')
    page = c.FrameRows(rows, 2, frame)
    engine.reply(
        c.ReadFrame, lambda asked: c.Reply(value=replace(page, rows=() if asked.after else rows))
    )
    await asked_for_rows(console, engine)

    await console.press("e", *("backspace",) * 20, *"at, n", "enter")
    text = console.screen_text()
    await console.press("w", *str(tmp_path / "x.csv"), "enter")
    await console.until(lambda: "rows written" in console.screen_text())

    assert re.search(r"> 7 +1 ", text)
    assert re.search(r"  8 +- ", text)
    assert (tmp_path / "x.csv").read_text().splitlines() == ["at,n", "7,1", "8,"]


async def test_a_fetch_shows_how_far_it_is_is_stopped_and_goes_stale(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    going = Frame(FRAME, WATCH, "callEvents", FrameState.OPEN, 1500, 1500, True, 0.3)
    engine.reply(c.ReadFrame, c.Reply(value=c.FrameRows((), 0, going, missed=1200)))
    await asked_for_rows(console, engine)
    text = console.screen_text()

    await console.press("D")
    stale = replace(going, updating=False, state=FrameState.STALE, stale_since=NOW)
    engine.reply(c.ReadFrame, c.Reply(value=c.FrameRows((), 0, stale)))
    await console.emit(e.FrameChanged(stale))

    assert "1,500 rows · ███░░░░░░░ 30% · fetching …" in text
    assert "missed" in text
    assert console.commands(c.UpdateFrame) == [c.UpdateFrame(WATCH, FRAME, stop=True)]
    assert re.search(r"stale since \d\d:\d\d:\d\d", console.screen_text())


async def test_more_rows_than_are_shown_all_go_into_the_file(
    console: Console, engine: FakeEngine, tmp_path: Path
) -> None:
    await watching(console, engine)
    total = 6_000
    frame = Frame(FRAME, WATCH, "callEvents", FrameState.OPEN, received=total)

    def read(asked: c.ReadFrame) -> c.Reply:
        last = min(total, asked.after + asked.limit)
        rows = tuple(f'{{"n": {n}}}' for n in range(asked.after, last))
        return c.Reply(value=c.FrameRows(rows, last, frame))

    engine.reply(c.ReadFrame, read)
    await asked_for_rows(console, engine)
    await console.until(lambda: '{"n": 1000}' in console.screen_text())
    await console.press("w", *str(tmp_path / "x.jsonl"), "enter")
    await console.until(lambda: "6000 rows written" in console.screen_text())

    lines = (tmp_path / "x.jsonl").read_text().splitlines()
    assert (lines[0], len(lines), lines[-1]) == ('{"n": 0}', total, '{"n": 5999}')


async def test_a_resource_nobody_knows_may_be_asked_for(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    engine.reply(c.ListResources, c.Reply(value=c.ResourcesFound(("callEvents",), "{}")))
    engine.reply(c.OpenFrame, c.Reply(False, "UNSUPPORTED", "This service cannot do that."))
    console.app.act("rows.open")
    await console.settle()

    await console.press("w")
    assert "There is nothing to write yet." in console.screen_text()
    await console.press("a", "G", "enter", *"other", "enter", "enter")

    asked = console.commands(c.OpenFrame)[-1]
    assert (asked.resource, asked.conditions) == ("other", "{}")
    assert "This service cannot do that." in console.screen_text()


async def test_a_file_that_cannot_be_written_is_told(
    console: Console, engine: FakeEngine, tmp_path: Path
) -> None:
    await watching(console, engine)
    frame = Frame(FRAME, WATCH, "callEvents", FrameState.OPEN, received=1)
    page = c.FrameRows(('{"n": 1}',), 1, frame)
    engine.reply(
        c.ReadFrame,
        lambda asked: c.Reply(value=replace(page, rows=() if asked.after else page.rows)),
    )
    await asked_for_rows(console, engine)

    await console.press("w", *str(tmp_path / "no" / "x.csv"), "enter")

    await console.until(lambda: "No such file" in console.screen_text())
    await console.press("g", "y", "escape")
    assert console.app.clipboard == '{"n": 1}'
    assert console.commands(c.CloseFrame)[-1] == c.CloseFrame(WATCH, FRAME)


async def test_a_fetch_that_begins_after_the_screen_closed_is_freed(
    console: Console, engine: FakeEngine
) -> None:
    await watching(console, engine)
    gate = engine.gates[c.OpenFrame] = asyncio.Event()
    await asked_for_rows(console, engine)
    await console.until(lambda: console.commands(c.OpenFrame))
    await console.press("escape")
    assert console.app.screen is console.app.main
    gate.set()

    await console.until(lambda: console.commands(c.CloseFrame))
    assert console.commands(c.CloseFrame) == [c.CloseFrame(WATCH, FRAME)]
