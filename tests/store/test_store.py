"""The store while the disk fails: nothing is lost, nothing is stuck, everything is told."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from softphone.model.call import CallId
from softphone.model.contact import ContactId
from softphone.model.error import StoreError
from softphone.model.quality import QualitySummary
from softphone.model.record import HistoryFilter, TimelineEntry
from softphone.store import thread as thread_module
from softphone.store.store import Store
from tests.store.conftest import Trouble, a_call

HERE = Path(__file__).parent


class Disk:
    """A place for a database that is a folder, so no database, until it is mended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def mend(self) -> None:
        self.path.rmdir()


async def test_rows_wait_while_the_file_cannot_be_opened_and_are_written_later(
    path: Path, trouble: Trouble
) -> None:
    disk = Disk(path)
    store = Store(path, trouble, retry_s=0.05)
    store.save_call(a_call("a"))
    problem, waiting = await trouble.next()

    store.save_call(a_call("b"))
    disk.mend()
    while (await trouble.next())[0]:
        pass

    assert "History cannot be kept" in problem
    assert waiting == 1
    assert trouble.told[-1] == ("", 0)
    assert len((await store.history(HistoryFilter())).records) == 2
    await store.close()


async def test_a_store_that_cannot_open_says_so_and_can_be_read_later(
    path: Path, trouble: Trouble
) -> None:
    disk = Disk(path)
    store = Store(path, trouble)
    with pytest.raises(StoreError):
        await store.open(1000.0, 30)
    with pytest.raises(StoreError):
        await store.missed()

    disk.mend()

    assert await store.missed() == 0
    await store.close()


async def test_a_note_waits_while_the_disk_fails(path: Path, trouble: Trouble) -> None:
    disk = Disk(path)
    store = Store(path, trouble, retry_s=3600.0)
    store.save_call(a_call())
    await trouble.next()

    assert await store.save_note(CallId("c1"), "first words")
    disk.mend()
    assert await store.save_note(CallId("c2"), "no such call") is False

    found = await store.record(CallId("c1"))
    assert found is not None
    assert found.note == "first words"
    await store.close()


async def test_a_contact_is_refused_while_the_disk_fails(path: Path, trouble: Trouble) -> None:
    Disk(path)
    store = Store(path, trouble, retry_s=3600.0)
    store.save_call(a_call())
    await trouble.next()

    with pytest.raises(StoreError):
        await store.delete_contact(ContactId("k1"))

    await store.close()


async def test_closing_does_not_wait_for_a_disk_that_hangs(
    path: Path, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread_module, "CLOSE_LIMIT_S", 0.05)
    store = Store(path, trouble)
    await store.open(1000.0, 30)
    hangs = threading.Event()
    hanging = asyncio.create_task(store._thread._run(lambda: hangs.wait(10.0)))
    began = time.monotonic()

    await store.close()

    took = time.monotonic() - began
    hangs.set()
    await hanging
    assert took < 1.0


async def test_waiting_rows_are_written_before_the_store_closes(
    path: Path, trouble: Trouble
) -> None:
    disk = Disk(path)
    store = Store(path, trouble, retry_s=3600.0)
    store.save_call(a_call())
    await trouble.next()
    disk.mend()

    await store.close()

    again = Store(path, trouble)
    assert len(await again.open(1000.0, 30)) == 1
    await again.close()


async def test_rows_given_just_before_closing_are_written(path: Path, trouble: Trouble) -> None:
    store = Store(path, trouble)
    await store.open(1000.0, 30)
    store.save_call(a_call())
    await store.close()

    again = Store(path, trouble)
    assert len(await again.open(1000.0, 30)) == 1
    await again.close()


async def test_a_row_that_comes_while_the_store_closes_is_told_and_harms_nothing(
    path: Path, trouble: Trouble, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(path, trouble)
    await store.open(1000.0, 30)
    closing = asyncio.create_task(store.close())
    await asyncio.sleep(0)

    while not closing.done():
        store.save_call(a_call())
        await asyncio.sleep(0)
    await closing
    with pytest.raises(StoreError, match="closed"):
        await store.missed()

    assert "came after the history was closed" in caplog.text
    assert "never retrieved" not in caplog.text


async def test_closing_while_the_disk_fails_says_what_was_lost_and_tries_no_more(
    path: Path, trouble: Trouble, caplog: pytest.LogCaptureFixture
) -> None:
    Disk(path)
    store = Store(path, trouble, retry_s=0.01)
    store.save_call(a_call())
    await trouble.next()

    await store.close()

    told = len(trouble.told)
    pending = [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]  # the loop's own list
    assert pending == []
    assert "1 rows could not be written" in caplog.text
    assert len(trouble.told) == told


async def test_a_row_that_can_never_be_written_holds_up_no_other(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.save_call(a_call("before"))
    store.add_timeline(CallId("nobody"), TimelineEntry(1.0, "lost"))
    store.save_call(a_call("odd", caller="\ud800"))
    store.save_quality(CallId("before"), QualitySummary(mos=float("nan")))
    store.save_call(a_call("after"))

    page = await store.history(HistoryFilter())

    assert {record.call.id for record in page.records} >= {"before", "after"}
    assert caplog.text.count("cannot be stored") == 3


async def test_a_search_that_no_row_can_match_is_told_not_raised(store: Store) -> None:
    with pytest.raises(StoreError):
        await store.history(HistoryFilter(account="\ud800"))
    with pytest.raises(StoreError):
        await store.contact_by_name("\ud800")


async def test_a_stuck_store_keeps_the_newest_rows(
    path: Path, trouble: Trouble, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(thread_module, "QUEUE_LIMIT", 3)
    disk = Disk(path)
    store = Store(path, trouble, retry_s=3600.0)
    store.save_call(a_call("c0"))
    await trouble.next()

    for number in range(1, 5):
        store.save_call(a_call(f"c{number}"))
    disk.mend()
    await store.save_note(CallId("c4"), "x")

    page = await store.history(HistoryFilter())
    assert {record.call.id for record in page.records} == {"c2", "c3", "c4"}
    assert caplog.messages.count("the store is stuck; its oldest waiting row was dropped") == 2
    await store.close()


async def test_reading_waits_for_what_was_written_before(store: Store) -> None:
    for number in range(50):
        store.save_call(a_call(f"c{number}"))

    assert len((await store.history(HistoryFilter(limit=100))).records) == 50


async def test_a_healthy_store_has_no_trouble_to_tell(store: Store, trouble: Trouble) -> None:
    store.save_call(a_call())

    await store.missed()

    assert trouble.told == []


def test_a_store_that_was_never_used_makes_no_file(path: Path, trouble: Trouble) -> None:
    asyncio.run(Store(path, trouble).close())

    assert not path.exists()


def run_child(name: str, *arguments: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, str(HERE / name), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_full_disk_loses_no_row_and_is_told_until_there_is_room(tmp_path: Path) -> None:
    (told,) = run_child("child_full_disk.py", str(tmp_path / "softphone.db"))

    assert told["problem"]
    assert "cannot rollback" not in str(told["problem"])
    assert told["waiting"] == told["saved_while_full"]
    assert told["healed"] == ["", 0]
    assert told["rows"] == told["saved"]


def test_no_acknowledged_row_is_lost_when_the_writer_is_killed(
    tmp_path: Path, nightly: bool
) -> None:
    kills = 200 if nightly else 20

    results = run_child("child_killed.py", str(tmp_path / "softphone.db"), str(kills))

    assert len(results) == kills
    assert [result for result in results if result["lost"] or result["integrity"] != "ok"] == []
    assert sum(int(str(result["acknowledged"])) for result in results) > kills
