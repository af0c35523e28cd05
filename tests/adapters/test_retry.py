"""When a lost connection is tried again, and how sleep is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.adapters.retry import Backoff, Schedule, clock_jump, watch_clock

STEPS = (1.0, 2.0, 5.0, 10.0, 30.0)
FIXED = Schedule(STEPS, jitter=0.0)


def failures(backoff: Backoff, count: int) -> list[float]:
    return [backoff.closed(float(number)) for number in range(count)]


def test_waits_follow_the_schedule_and_the_last_step_repeats() -> None:
    assert failures(Backoff(FIXED), 7) == [1.0, 2.0, 5.0, 10.0, 30.0, 30.0, 30.0]


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 9.0), (0.5, 10.0), (1.0, 11.0)])
def test_a_share_of_jitter_varies_a_wait_either_way(chance: float, wait: float) -> None:
    backoff = Backoff(Schedule((10.0,), jitter=0.1), lambda: chance)

    assert backoff.closed(0.0) == pytest.approx(wait)


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 0.5), (0.01, 0.595), (0.5, 5.25), (1.0, 10.0)])
def test_full_jitter_waits_anything_from_half_a_second(chance: float, wait: float) -> None:
    assert Backoff(Schedule((10.0,)), lambda: chance).closed(0.0) == pytest.approx(wait)


def test_full_jitter_never_waits_longer_than_its_step() -> None:
    assert Backoff(Schedule((0.1,)), lambda: 0.0).closed(0.0) == pytest.approx(0.1)


@given(
    st.lists(st.floats(0.0, 600.0), min_size=1, max_size=5),
    st.none() | st.floats(0.0, 1.0),
    st.integers(1, 8),
)
def test_a_wait_stays_within_its_jitter(
    steps: list[float], jitter: float | None, tries: int
) -> None:
    backoff = Backoff(Schedule(tuple(steps), jitter))

    for number in range(tries):
        step = steps[min(number, len(steps) - 1)]
        share = 1.0 if jitter is None else 1.0 + jitter
        assert 0.0 <= backoff.closed(0.0) <= step * share + 1e-9


def test_a_connection_that_lasted_starts_the_schedule_anew() -> None:
    backoff = Backoff(FIXED)
    failures(backoff, 3)

    backoff.opened(100.0)

    assert backoff.closed(110.0) == 1.0
    assert backoff.attempt == 1


def test_a_connection_that_died_young_does_not() -> None:
    backoff = Backoff(FIXED)
    failures(backoff, 3)

    backoff.opened(100.0)

    assert backoff.closed(109.9) == 10.0
    assert backoff.attempt == 4


def test_a_server_that_asks_for_patience_gets_the_longest_wait() -> None:
    assert Backoff(FIXED).closed(0.0, longest=True) == 30.0


def test_a_loss_that_may_be_tried_at_once_gets_the_first_step() -> None:
    backoff = Backoff(FIXED)
    failures(backoff, 4)

    assert backoff.closed(10.0, at_once=True) == 1.0
    assert backoff.closed(11.0) == 2.0


def closings(backoff: Backoff, start: float, count: int, every_s: float) -> list[float]:
    waits = []
    for number in range(count):
        backoff.opened(start + number * every_s)
        waits.append(backoff.closed(start + number * every_s + 0.1, at_once=True))
    return waits


def test_five_connections_that_died_young_break_the_circuit() -> None:
    assert closings(Backoff(FIXED), 0.0, 6, 1.0) == [1.0, 1.0, 1.0, 1.0, 30.0, 30.0]


def test_young_deaths_far_apart_break_nothing() -> None:
    assert closings(Backoff(FIXED), 0.0, 8, 16.0) == [1.0] * 8


def test_failures_to_connect_at_all_break_nothing() -> None:
    backoff = Backoff(Schedule((1.0,), jitter=0.0))

    assert failures(backoff, 20) == [1.0] * 20


def test_a_connection_that_lasted_mends_the_circuit() -> None:
    backoff = Backoff(FIXED)
    closings(backoff, 0.0, 5, 1.0)
    backoff.opened(10.0)
    backoff.closed(30.0)

    assert closings(backoff, 31.0, 4, 1.0) == [1.0] * 4


def test_a_longer_wait_than_the_break_stays() -> None:
    backoff = Backoff(Schedule((600.0,), jitter=0.0))

    assert closings(backoff, 0.0, 5, 1.0)[-1] == 600.0


@pytest.mark.parametrize(
    ("after", "jump"),
    [((11.0, 1001.0), 0.0), ((11.0, 1601.0), 600.0), ((11.0, 1.0), -1000.0)],
)
def test_a_jump_is_what_wall_and_monotonic_clock_disagree_by(
    after: tuple[float, float], jump: float
) -> None:
    assert clock_jump((10.0, 1000.0), after) == jump


def hands(times: Iterator[float], done: asyncio.Event) -> Callable[[], float]:
    """Return a clock that shows the given times, and tells when they are used up."""
    last = 0.0

    def read() -> float:
        nonlocal last
        try:
            last = next(times)
        except StopIteration:
            done.set()
        return last

    return read


@pytest.mark.parametrize(
    ("monotonic", "wall", "seen"),
    [
        ([0.0, 1.0, 2.0], [0.0, 1.0, 2.0], []),
        ([0.0, 1.0, 2.0], [0.0, 601.0, 602.0], [600.0]),
        ([0.0, 1.0, 2.0], [5000.0, 5001.0, 1402.0], [3600.0]),
        ([0.0, 21.0, 22.0], [0.0, 21.0, 22.0], [20.0]),
        ([0.0, 10.9, 11.9], [0.0, 10.9, 11.9], []),
    ],
    ids=["steady", "suspended", "set back", "stopped", "late"],
)
async def test_sleep_stops_and_clock_changes_are_noticed_once(
    monkeypatch: pytest.MonkeyPatch, monotonic: list[float], wall: list[float], seen: list[float]
) -> None:
    real_sleep = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda _: real_sleep(0))
    done, noticed = asyncio.Event(), list[float]()
    clock = hands(iter(monotonic), done)

    watch = asyncio.create_task(watch_clock(clock, hands(iter(wall), done), noticed.append))
    await asyncio.wait_for(done.wait(), 5.0)
    watch.cancel()
    await asyncio.wait([watch])

    assert noticed == seen
