"""The bench of an agent's desk measures what it says; its figures are for people."""

from __future__ import annotations

import pytest

from tests.bench.agenthub_bench import Phase, measure, table
from tests.bench.console_bench import own_home


def test_a_table_has_a_column_for_each_phase() -> None:
    lines = table([Phase("quiet", gap_ms=24.0), Phase("busy", gap_ms=31.0, lost=2)])

    assert lines[0].split() == ["quiet", "busy", "aim"]
    assert lines[1].split()[-3:] == ["24.0", "31.0", "60"]
    assert lines[3].split() == ["events", "lost", "0.0", "2.0", "0"]


@pytest.mark.nightly
def test_each_phase_has_a_call_and_keys_and_loses_no_event(nightly: bool) -> None:
    if not nightly:
        pytest.skip("twenty seconds long: in the long form only")
    with own_home() as home:
        quiet, busy, crowded = measure(home, 1.0, users=200, rate=200)

    assert busy.lost == 0
    assert all(phase.gap_ms >= 20 and phase.keys for phase in (quiet, busy, crowded))
