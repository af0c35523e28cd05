"""Sums of a shift over real rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from softphone.model.call import Call, CallState, Direction, EndReason
from softphone.model.shift import ShiftRow, summed
from softphone.store.store import Store
from tests.store.conftest import a_call

NOON = 1_790_000_000.0  # 2026-09-21 14:13 UTC
DAY = 86_400.0


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def answered(call: Call, wait: float, talk: float) -> Call:
    at = call.created_at + wait
    up = replace(call, state=CallState.ACTIVE, answered_at=at, answered_mono=at)
    return up.ended(EndReason.HANGUP, at + talk, at + talk)


def placed(name: str, at: float) -> Call:
    return replace(a_call(name, at=at), direction=Direction.OUTBOUND, state=CallState.DIALING)


async def test_calls_are_summed_for_each_day_and_account(store: Store) -> None:
    for call in (
        answered(a_call("1", at=NOON), 4.0, 60.0),
        answered(a_call("2", at=NOON + 100), 10.0, 30.0),
        a_call("3", at=NOON + 200).ended(EndReason.CANCELLED, NOON + 220, NOON + 220),
        a_call("4", at=NOON + 300).ended(EndReason.DECLINED, NOON + 301, NOON + 301),
        a_call("5", at=NOON + 400).ended(EndReason.BLOCKED, NOON + 400, NOON + 400),
        a_call("6", at=NOON + 450).ended(EndReason.TAKEN_BY_OTHER, NOON + 460, NOON + 460),
        answered(placed("7", NOON + 500), 20.0, 90.0),
        placed("8", NOON + 600).ended(EndReason.BUSY, NOON + 601, NOON + 601),
        answered(a_call("9", at=NOON + DAY), 1.0, 5.0),
        answered(a_call("10", at=NOON, account="other"), 2.0, 7.0),
        a_call("11", at=NOON - 2 * DAY),
    ):
        store.save_call(call)

    rows = await store.shift(NOON - DAY, NOON + 2 * DAY)

    first = ShiftRow("2026-09-21", "desk", taken=2, missed=1, declined=1, blocked=1, placed=2,
                     reached=1, talk_s=180.0, longest_s=90.0, wait_s=14.0,
                     wait_longest_s=10.0)  # fmt: skip
    other = ShiftRow("2026-09-21", "other", taken=1, talk_s=7.0, longest_s=7.0, wait_s=2.0,
                     wait_longest_s=2.0)  # fmt: skip
    assert rows[:2] == (first, other)
    assert (rows[2].day, rows[2].taken) == ("2026-09-22", 1)
    assert len(rows) == 3
    assert (first.wait_mean_s, first.talk_mean_s) == (7.0, 60.0)


async def test_a_time_without_calls_has_no_rows(store: Store) -> None:
    store.save_call(a_call(at=NOON))

    assert await store.shift(NOON + 1, NOON + 2) == ()
    assert await store.shift(NOON, NOON) == ()


async def test_a_day_is_one_of_the_machines_own_zone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "XXX-11")  # eleven hours ahead
    time.tzset()
    store.save_call(a_call(at=NOON))

    assert [row.day for row in await store.shift(0.0, 2 * NOON)] == ["2026-09-22"]


def test_rows_are_summed_under_a_name() -> None:
    rows = [ShiftRow("a", "x", taken=1, wait_s=2.0, wait_longest_s=2.0, longest_s=3.0),
            ShiftRow("b", "y", taken=2, missed=1, wait_s=4.0, wait_longest_s=4.0)]  # fmt: skip

    whole = summed(rows, "all", "z")

    assert whole == ShiftRow("all", "z", taken=3, missed=1, wait_s=6.0, wait_longest_s=4.0,
                             longest_s=3.0)  # fmt: skip
    assert summed([]).wait_mean_s is None
    assert summed([]).talk_mean_s is None


async def test_what_came_of_the_calls_is_counted_for_each_day_and_account(store: Store) -> None:
    for number, (word, account) in enumerate(
        (("sold", "desk"), ("open", "desk"), ("sold", "desk"), ("", "desk"), ("open", "other"))
    ):
        call = answered(a_call(str(number), at=NOON + number, account=account), 1.0, 5.0)
        store.save_call(replace(call, disposition=word))

    rows = await store.shift(NOON - DAY, NOON + DAY)

    assert [row.dispositions for row in rows] == [(("sold", 2), ("open", 1)), (("open", 1),)]
    assert summed(rows).dispositions == (("open", 2), ("sold", 2))
