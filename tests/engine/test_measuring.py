"""A call's seconds: loss and score of both directions, made of the counts of its leg."""

from __future__ import annotations

from dataclasses import replace

import pytest

from softphone.audio.leg import LegStats
from softphone.engine.measuring import CallMeter, Second
from softphone.model.call import CallId, MediaState
from softphone.model.quality import Warned

CALL = CallId("c")


class Leg:
    """Counts that grow by one second at a time."""

    def __init__(self, **fixed: object) -> None:
        self.meter = CallMeter(CALL, 0.0)
        self.stats = replace(LegStats(depth_ms=40), **fixed)  # type: ignore[arg-type]  # by name
        self.now_s = 0.0

    def second(self, *, received: int = 50, sent: int = 50, **grown: int) -> Second:
        self.now_s += 1.0
        values = {name: (getattr(self.stats, name) or 0) + more for name, more in grown.items()}
        came = self.now_s if received else self.stats.last_received_s
        self.stats = replace(
            self.stats,
            frames_received=self.stats.frames_received + received,
            frames_sent=self.stats.frames_sent + sent,
            last_received_s=came,
            **values,  # type: ignore[arg-type]  # by name
        )
        return self.meter.second(self.stats, -20.0, None, 1_000.0 + self.now_s, self.now_s)


def test_a_clean_call_has_the_best_score_in_both_directions() -> None:
    leg = Leg(codec="opus", round_trip_ms=20.0, remote_lost=0)

    sample = [leg.second() for _ in range(5)][-1].sample

    assert (sample.loss, sample.loss_out) == (0.0, 0.0)
    assert sample.mos == pytest.approx(4.4, abs=0.1)
    assert sample.mos_out == pytest.approx(4.4, abs=0.1)
    assert sample.delay_ms == 40 + 20 + 4 + 10
    assert sample.warnings == ()


def test_ten_percent_of_loss_is_shown_within_three_seconds_and_gone_three_later() -> None:
    leg = Leg(codec="opus", round_trip_ms=20.0, remote_lost=0)
    clean = [leg.second() for _ in range(5)][-1].sample

    bad = [leg.second(received=45, packets_lost=5, concealed_ms=100) for _ in range(3)]
    after = [leg.second() for _ in range(3)]

    assert bad[-1].sample.loss == pytest.approx(0.10)
    assert bad[-1].sample.mos < clean.mos - 0.5  # type: ignore[operator]  # both are known
    assert bad[-1].raised == {Warned.LOSS_IN}
    assert (after[-1].sample.loss, after[-1].sample.mos) == (0.0, clean.mos)


def test_loss_on_the_way_out_is_what_the_far_end_reports() -> None:
    leg = Leg(codec="opus", round_trip_ms=20.0, remote_lost=0)
    for _ in range(6):
        leg.second()

    sample = [leg.second(remote_lost=5) for _ in range(6)][-1].sample

    assert sample.loss_out == pytest.approx(0.10)
    assert sample.mos_out is not None and sample.mos_out < 3.9
    assert sample.loss == 0.0


def test_what_nobody_reports_is_not_known() -> None:
    sample = Leg(codec="opus").second(received=0).sample

    assert (sample.loss_out, sample.mos_out, sample.mos, sample.jitter_ms) == (None,) * 4
    assert sample.jitter_out_ms is None


def test_over_tcp_loss_in_is_what_was_concealed_and_loss_out_what_was_not_taken() -> None:
    leg = Leg()
    for _ in range(3):
        leg.second()

    sample = [leg.second(concealed_ms=60, frames_unsent=10) for _ in range(3)][-1].sample

    assert sample.loss == pytest.approx(0.06)
    assert sample.loss_out == pytest.approx(0.20)
    assert sample.frames_unsent == 30


def test_sound_made_up_while_the_call_was_held_counts_for_nothing() -> None:
    leg = Leg(codec="opus")
    leg.second()
    for _ in range(3):
        leg.meter.rest()
    leg.now_s += 3.0

    after = [leg.second(concealed_ms=1_000), *(leg.second() for _ in range(4))]

    assert all(second.sample.mos and second.sample.mos > 4.0 for second in after)
    assert not any(second.raised for second in after)
    assert after[-1].sample.concealed_ms == 0.0
    assert leg.second(concealed_ms=1_000).sample.concealed_ms == 1_000.0


def test_a_far_end_that_sends_nothing_is_silent_after_five_seconds() -> None:
    leg = Leg()
    leg.second()

    media = [leg.second(received=0).media for _ in range(6)]

    assert media == [MediaState.FLOWING] * 5 + [MediaState.SILENT]


def test_samples_are_given_to_be_written_in_tens_and_all_at_the_end() -> None:
    leg = Leg()
    for _ in range(9):
        leg.second()
    early = leg.meter.take_unsaved()
    leg.second()
    ten = leg.meter.take_unsaved()
    leg.second()

    assert (early, len(ten), len(leg.meter.unsaved)) == ((), 10, 1)
    assert len(leg.meter.take_unsaved(all_=True)) == 1
    assert leg.meter.summary.samples == 11


def test_the_summary_names_each_warning_once_and_the_worst_score() -> None:
    leg = Leg(codec="opus", round_trip_ms=500.0, remote_lost=0)

    seconds = [leg.second() for _ in range(10)]

    assert Warned.DELAY in leg.meter.summary.warned
    assert len(set(leg.meter.summary.warned)) == len(leg.meter.summary.warned)
    assert leg.meter.summary.least_mos == min(s.sample.mos for s in seconds if s.sample.mos)
    assert leg.meter.summary.max_round_trip_ms == 500.0
