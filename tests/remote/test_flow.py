"""How much is sent while nothing is heard, and what is wanted of what comes late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from softphone.remote.flow import Flow, Lateness, Step
from softphone.remote.frames import FRAME_S, MASK, since


def test_a_prompt_connection_takes_everything_and_tells_its_round_trip() -> None:
    flow = Flow()
    for number in range(1, 500):
        now_s = number * FRAME_S
        assert flow.takes(number, now_s)
        if number > 5:
            flow.heard(number - 5, now_s)

    assert flow.round_trip_ms is not None
    assert 49 < flow.round_trip_ms < 51


def test_a_stalled_connection_takes_half_a_second_at_most_and_goes_on_when_it_is_heard() -> None:
    flow = Flow()
    for number in range(1, 101):
        flow.takes(number, number * FRAME_S)
        flow.heard(number, number * FRAME_S + 0.005)

    taken = [flow.takes(number, number * FRAME_S) for number in range(101, 301)]
    flow.heard(100 + sum(taken), 3.1)

    assert 30 <= sum(taken) <= 50
    assert taken == sorted(taken, reverse=True)
    assert flow.takes(311, 3.11)


@given(st.integers(0, MASK))
def test_numbers_may_wrap(first: int) -> None:
    flow, step, lateness = Flow(), Step(-1.0), Lateness()
    for count in range(-10, 0):
        step.arrived((first + count) & MASK, count * FRAME_S)
    for count in range(100):
        number, now_s = (first + count) & MASK, count * FRAME_S
        assert flow.takes(number, now_s)
        flow.heard(number, now_s + 0.005)
        assert step.arrived(number, now_s)
        assert lateness.wanted(number, now_s)


@given(st.integers(0, MASK), st.integers(-30_000, 30_000))
def test_the_distance_of_two_numbers_is_what_was_counted(number: int, step: int) -> None:
    assert since((number + step) & MASK, number) == step


def begun() -> Step:
    """Return a step whose microphone has been there for a while, at 0 s."""
    step = Step(-1.0)
    for count in range(20):
        step.arrived((count - 19) & MASK, (count - 19) * FRAME_S)
        step.due((count - 19) * FRAME_S)
    return step


class Line:
    """Frames every 10 ms into a `Step`, and its tick beside them; a stall holds frames back."""

    def __init__(self) -> None:
        self.step = begun()
        self.number = 0
        self.now_s = 0.0
        self.given = 0  # blocks the sound engine got
        self.fresh = 0  # of them, those that came
        self.held: list[int] = []

    def go(self, seconds: float, *, stalled: bool = False) -> None:
        for _ in range(round(seconds / FRAME_S)):
            self.now_s += FRAME_S
            self.number = (self.number + 1) & MASK
            self.held.append(self.number)
            if not stalled:
                self.arrive()
            self.given += self.step.due(self.now_s + 0.001)

    def arrive(self) -> None:
        for number in self.held:
            wanted = self.step.arrived(number, self.now_s)
            self.given += wanted
            self.fresh += wanted
        self.held.clear()


def test_what_comes_in_time_is_used_at_once() -> None:
    line = Line()
    line.go(10.0)

    assert line.fresh == line.given == 1_000
    assert line.step.made_up == line.step.dropped == 0


def test_a_microphone_that_has_not_begun_is_silent_at_the_clocks_pace() -> None:
    step = Step(0.0)

    assert [step.due(0.001 + n * FRAME_S) for n in range(10)] == [0, *[1] * 9]
    assert step.made_up == 0


def test_a_short_stall_is_waited_out_and_loses_nothing() -> None:
    line = Line()
    line.go(5.0)
    line.go(0.02, stalled=True)
    line.go(1.0)

    assert line.step.made_up == line.step.dropped == 0
    assert line.fresh == 602


def test_a_long_stall_is_filled_in_step_and_leaves_no_backlog() -> None:
    line = Line()
    line.go(5.0)
    line.go(2.0, stalled=True)
    during = line.given
    line.go(1.0)

    assert 690 <= during <= 702
    assert 797 <= line.given <= 803
    assert line.step.dropped >= 190


def test_a_microphone_that_begins_with_a_burst_does_not_fill_the_far_ends_buffer() -> None:
    step = Step(0.0)
    given = sum(step.due(n * FRAME_S) for n in range(1, 21))
    given += sum(step.arrived(number, 0.2) for number in range(1, 9))
    for n in range(21, 121):
        given += step.arrived(n - 12, n * FRAME_S) + step.due(n * FRAME_S + 0.001)

    assert 118 <= given <= 121


def test_a_desk_whose_clock_is_a_little_fast_loses_nothing() -> None:
    step = begun()

    assert all(step.arrived(n & MASK, n * FRAME_S * 0.9996) for n in range(1, 50_000))


def test_a_way_that_became_longer_is_used_again_after_a_moment() -> None:
    line = Line()
    line.go(5.0)
    late: list[int] = []
    for _ in range(300):  # from now on all comes 200 ms later
        line.now_s += FRAME_S
        line.number += 1
        late.append(line.number)
        if len(late) > 20:
            line.held = [late.pop(0)]
            line.arrive()
        line.given += line.step.due(line.now_s + 0.001)

    assert line.fresh >= 500 + 280 - 25
    assert line.step.due(line.now_s + 0.001) == 0


def test_another_connection_owes_nothing_of_the_one_before() -> None:
    line = Line()
    line.go(2.0)
    line.go(1.0, stalled=True)
    line.step.restart()
    wanted = [line.step.arrived(40_000 + n, line.now_s + n * FRAME_S) for n in range(100)]

    assert sum(wanted) >= 90
    assert line.step.made_up == 0


def test_what_waited_out_a_stall_is_not_played() -> None:
    lateness = Lateness()
    for number in range(100):
        assert lateness.wanted(number, number * FRAME_S)

    assert not any(lateness.wanted(number, 3.0) for number in range(100, 130))
    assert lateness.wanted(300, 3.0)
    assert lateness.dropped == 30


def test_a_longer_way_is_silent_for_half_a_second_at_most() -> None:
    lateness = Lateness()
    for number in range(100):
        lateness.wanted(number, number * FRAME_S)

    heard = [lateness.wanted(number, number * FRAME_S + 0.2) for number in range(100, 200)]

    assert all(heard[50:])
