"""The history in files: out and in, with a bar that can be stopped; and what came of calls."""

from __future__ import annotations

import asyncio
import csv
import os
from dataclasses import replace
from pathlib import Path

from softphone.model import codec
from softphone.model import command as c
from softphone.model.call import EndReason
from softphone.model.record import CallRecord, TimelineEntry
from softphone.ui.historyfile import records_in
from tests.ui.conftest import NOW, START, Console, FakeEngine
from tests.ui.test_book import answer

COUNT = 210


def world(console: Console) -> list[CallRecord]:
    found = []
    for number in range(COUNT):
        call = console.make.call(f"c{number}", created_at=NOW - number)
        over = call.ended(EndReason.HANGUP, NOW - number + 60, START + 60)
        result = "Sold" if number % 3 == 0 else ""
        found.append(CallRecord(replace(over, disposition=result), note="=1+1"))
    return found


def serve(engine: FakeEngine, records: list[CallRecord]) -> None:
    def listed(asked: c.ListHistory) -> c.Reply:
        wanted = asked.filter
        fits = [r for r in records if wanted.disposition in ("", r.call.disposition)]
        first = int(wanted.before or 0)
        page = tuple(fits[first : first + wanted.limit])
        more = str(first + wanted.limit) if first + wanted.limit < len(fits) else ""
        return c.Reply(value=c.HistoryPage(page, more))

    def shown(asked: c.ShowRecord) -> c.Reply:
        found = next(r for r in records if r.call.id == asked.call)
        return c.Reply(value=c.RecordFound(replace(found, timeline=(TimelineEntry(NOW, "x"),))))

    engine.reply(c.ListHistory, listed)
    engine.reply(c.ShowRecord, shown)


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


async def test_all_calls_are_written_with_their_timelines_and_read_again(
    console: Console, engine: FakeEngine, tmp_path: Path
) -> None:
    records = world(console)
    serve(engine, records)
    path = tmp_path / "calls.jsonl"
    console.app.act("history.export")
    await console.settle()
    await answer(console, str(path))
    await console.until(path.exists)
    await console.until(lambda: f"{COUNT} calls written" in console.screen_text())

    found = [record for _, record in records_in(path) if record is not None]
    assert [record.call.id for record in found] == [record.call.id for record in records]
    assert found[0].timeline == (TimelineEntry(NOW, "x"),)
    assert path.stat().st_mode & 0o077 == 0

    engine.reply(c.ImportRecords, lambda asked: c.Reply(value=c.Done(len(asked.records) - 1)))
    console.app.act("history.import")
    await console.settle()
    await answer(console, str(path))
    await console.until(lambda: "added" in console.screen_text())
    taken = console.commands(c.ImportRecords)
    assert sum(len(one.records) for one in taken) == COUNT


async def test_a_table_has_no_formulas_and_only_what_the_history_shows(
    console: Console, engine: FakeEngine, tmp_path: Path
) -> None:
    serve(engine, world(console))
    engine.reply(c.ListCodes, c.Reply(value=c.CodedNames((c.CodedName("Sold", "Sold"),))))
    path = tmp_path / "calls.csv"
    await console.press("tab", "H", "r")
    await console.until(lambda: console.app.screen.name == "pick")
    await console.press("down", "enter")
    await console.until(lambda: "HISTORY · Sold" in console.screen_text())
    console.app.act("history.export")
    await console.settle()
    await answer(console, str(path))
    await console.until(path.exists)

    rows = await asyncio.to_thread(rows_of, path)
    assert len(rows) == COUNT // 3
    assert {row["disposition"] for row in rows} == {"Sold"}
    assert rows[0]["note"] == "'=1+1"


async def test_closing_the_bar_stops_and_leaves_no_file(
    console: Console, engine: FakeEngine, tmp_path: Path
) -> None:
    endless = world(console)[:1]
    engine.reply(c.ListHistory, c.Reply(value=c.HistoryPage(tuple(endless), "more")))
    console.app.act("history.export")
    await console.settle()
    await answer(console, str(tmp_path / "calls.jsonl"))
    await console.until(lambda: "written" in console.screen_text())
    await console.press("escape")

    await console.until(lambda: "Stopped." in console.screen_text())
    assert console.app.screen is console.app.main
    assert not any(await asyncio.to_thread(os.listdir, tmp_path))


async def test_a_file_that_is_not_there_and_lines_that_are_no_records_are_told(
    console: Console, engine: FakeEngine, tmp_path: Path
) -> None:
    console.app.act("history.import")
    await console.settle()
    await answer(console, str(tmp_path / "none"))
    await console.until(lambda: "No such file" in console.screen_text())

    path = tmp_path / "mixed.jsonl"
    good = codec.dumps(codec.encode_plain(world(console)[0]))
    await asyncio.to_thread(path.write_bytes, good.encode() + b'\n{"x": 1}\n\xff\xfe\n')
    engine.reply(c.ImportRecords, c.Reply(value=c.Done(1)))
    console.app.act("history.import")
    await console.settle()
    await answer(console, str(path))

    await console.until(lambda: "2 lines" in console.screen_text())


async def test_the_result_of_a_call_is_in_its_row_and_its_detail(
    console: Console, engine: FakeEngine
) -> None:
    serve(engine, world(console))
    await console.press("tab", "H")
    await console.until(lambda: "Result: Sold" in console.screen_text())

    assert console.screen_text().count("Sold") > 3
