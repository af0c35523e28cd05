"""What an unattended engine does, second by second, on a clock the tests turn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from softphone.engine.detach import (
    EXIT_AFTER_S,
    RESTORE_WITHIN_S,
    WITHDRAW_AFTER_S,
    DetachRules,
    Duty,
    Watch,
)

NOBODY = Watch(consoles=0, clients=0, desk_calls=0, calls=0, stay_up=False, waiting=False)
CONSOLE = replace(NOBODY, consoles=1, clients=1)
CONSOLE_IN_CALL = replace(CONSOLE, desk_calls=1, calls=1)
CALL_ALONE = replace(NOBODY, desk_calls=1, calls=1)
RINGING_ALONE = replace(NOBODY, calls=1)


@dataclass
class Desk:
    """Rules on a clock that jumps from wake to wake, as the engine obeys them."""

    rules: DetachRules
    now: float = 1000.0
    watch: Watch = NOBODY
    done: list[tuple[float, Duty]] = field(default_factory=list)
    wakes: int = 0

    def becomes(self, watch: Watch) -> list[Duty]:
        """Change who is there and return what follows within the same step."""
        self.watch = watch
        duties = self.rules.step(watch, self.now)
        self.done += [(self.now, duty) for duty in duties]
        return duties

    def passes(self, seconds: float) -> list[tuple[float, Duty]]:
        """Let time pass; return what was done, and after how many seconds."""
        start, end, before = self.now, self.now + seconds, len(self.done)
        while (due := self.rules.next_wake(self.watch)) is not None and due <= end:
            assert due >= self.now, "asked to be woken in the past"
            self.now, self.wakes = due, self.wakes + 1
            if Duty.EXIT in self.becomes(self.watch):
                break
            assert self.wakes < 100, "wakes without end"
        self.now = end
        return [(at - start, duty) for at, duty in self.done[before:]]


def desk(on_detach: str = "mute", limit_s: float = 60.0) -> Desk:
    """Return a desk with a console that has just come."""
    made = Desk(DetachRules(on_detach, limit_s))
    made.becomes(CONSOLE)
    return made


def test_a_console_makes_the_desk_available() -> None:
    made = Desk(DetachRules("mute", 60.0))

    assert made.becomes(CONSOLE) == [Duty.OFFER_AGAIN]
    assert made.becomes(CONSOLE) == []


def test_nothing_is_due_while_a_console_is_there() -> None:
    made = desk()

    made.becomes(CONSOLE_IN_CALL)

    assert made.rules.next_wake(made.watch) is None


@pytest.mark.parametrize(
    ("on_detach", "duties"),
    [
        ("mute", [Duty.MUTE]),
        ("hold", [Duty.HOLD]),
        ("hangup", [Duty.HANG_UP]),
        ("keep", []),
    ],
)
def test_the_call_is_taken_care_of_in_the_very_step_the_console_goes(
    on_detach: str, duties: list[Duty]
) -> None:
    made = desk(on_detach)
    made.becomes(CONSOLE_IN_CALL)

    assert made.becomes(CALL_ALONE) == duties


@pytest.mark.parametrize("on_detach", ["mute", "hold", "keep"])
def test_an_abandoned_call_withdraws_the_desk_at_10_and_is_given_up_at_the_limit(
    on_detach: str,
) -> None:
    made = desk(on_detach, limit_s=60.0)
    made.becomes(CONSOLE_IN_CALL)
    made.becomes(CALL_ALONE)

    assert made.passes(300.0) == [(WITHDRAW_AFTER_S, Duty.WITHDRAW), (60.0, Duty.GIVE_UP)]


def test_a_call_without_patience_is_given_up_at_once() -> None:
    made = desk(limit_s=0.0)
    made.becomes(CONSOLE_IN_CALL)
    made.becomes(CALL_ALONE)

    assert made.passes(1.0) == [(0.0, Duty.GIVE_UP)]


@pytest.mark.parametrize(
    ("away_s", "duty"),
    [
        (0.5, Duty.RESTORE),
        (RESTORE_WITHIN_S, Duty.RESTORE),
        (RESTORE_WITHIN_S + 0.1, Duty.STAY_MUTED),
        (50.0, Duty.STAY_MUTED),
    ],
)
def test_the_microphone_comes_back_within_10_seconds_and_stays_shut_later(
    away_s: float, duty: Duty
) -> None:
    made = desk()
    made.becomes(CONSOLE_IN_CALL)
    made.becomes(CALL_ALONE)
    made.passes(away_s)

    assert made.becomes(CONSOLE_IN_CALL)[0] is duty
    assert made.becomes(CONSOLE_IN_CALL) == []


def test_a_desk_that_was_withdrawn_is_offered_again_with_the_console() -> None:
    made = desk()
    made.becomes(NOBODY)
    made.passes(11.0)

    assert made.becomes(CONSOLE) == [Duty.OFFER_AGAIN]


def test_a_console_back_in_time_was_never_away_for_the_callers() -> None:
    made = desk()
    made.becomes(NOBODY)
    made.passes(9.9)

    assert made.becomes(CONSOLE) == []


def test_every_absence_has_its_own_clock() -> None:
    made = desk()
    made.becomes(CONSOLE_IN_CALL)
    for _ in range(3):
        made.becomes(CALL_ALONE)
        assert made.passes(9.0) == []
        assert made.becomes(CONSOLE_IN_CALL) == [Duty.RESTORE]

    made.becomes(CALL_ALONE)

    assert made.passes(60.0) == [(10.0, Duty.WITHDRAW), (60.0, Duty.GIVE_UP)]


def test_a_call_given_up_once_is_not_given_up_again() -> None:
    made = desk()
    made.becomes(CONSOLE_IN_CALL)
    made.becomes(CALL_ALONE)
    made.passes(60.0)

    assert made.passes(600.0) == []


def test_ringing_offers_are_left_to_the_server() -> None:
    made = desk()

    assert made.becomes(RINGING_ALONE) == []
    assert made.passes(600.0) == [(10.0, Duty.WITHDRAW)]


def test_the_second_of_two_consoles_may_go_without_a_word() -> None:
    made = desk()
    made.becomes(replace(CONSOLE_IN_CALL, consoles=2, clients=2))

    assert made.becomes(CONSOLE_IN_CALL) == []
    assert made.rules.next_wake(made.watch) is None


def test_calls_of_a_command_are_not_touched_when_a_console_goes() -> None:
    made = desk()
    made.becomes(replace(CONSOLE, clients=2, calls=1))

    assert made.becomes(replace(NOBODY, clients=1, calls=1)) == []


def test_an_engine_nobody_uses_exits_after_a_minute() -> None:
    made = desk()
    made.becomes(NOBODY)

    assert made.passes(100.0) == [(10.0, Duty.WITHDRAW), (EXIT_AFTER_S, Duty.EXIT)]


def test_an_engine_that_never_had_a_client_exits_after_a_minute() -> None:
    made = Desk(DetachRules("mute", 60.0))
    made.becomes(NOBODY)

    assert made.passes(100.0) == [(EXIT_AFTER_S, Duty.EXIT)]


@pytest.mark.parametrize("busy", [replace(NOBODY, clients=1), RINGING_ALONE])
def test_the_minute_starts_when_the_last_client_or_call_is_gone(busy: Watch) -> None:
    made = desk()
    made.becomes(NOBODY)
    made.passes(30.0)
    made.becomes(busy)
    made.passes(500.0)

    made.becomes(NOBODY)

    assert made.passes(100.0) == [(EXIT_AFTER_S, Duty.EXIT)]


def test_an_engine_told_to_stay_is_available_and_up_without_anybody() -> None:
    made = desk()
    made.becomes(replace(NOBODY, stay_up=True))

    assert made.passes(100_000.0) == []
    assert made.wakes == 0


def test_an_engine_let_go_again_withdraws_and_exits() -> None:
    made = desk()
    made.becomes(replace(NOBODY, stay_up=True))
    made.passes(1000.0)

    assert made.becomes(NOBODY) == [Duty.WITHDRAW]
    assert made.passes(100.0) == [(EXIT_AFTER_S, Duty.EXIT)]


def test_a_command_that_waits_for_a_call_makes_the_desk_available_while_it_waits() -> None:
    made = Desk(DetachRules("mute", 60.0))
    waiting = replace(NOBODY, clients=1, waiting=True)

    assert made.becomes(waiting) == [Duty.OFFER_AGAIN]
    assert made.passes(5000.0) == []
    assert made.wakes == 0
    assert made.becomes(replace(NOBODY, clients=1)) == [Duty.WITHDRAW]


def test_a_muted_call_stays_muted_when_a_command_waits_meanwhile() -> None:
    made = desk()
    made.becomes(CONSOLE_IN_CALL)
    made.becomes(CALL_ALONE)

    made.becomes(replace(CALL_ALONE, clients=1, waiting=True))

    assert made.passes(300.0) == [(60.0, Duty.GIVE_UP)]
