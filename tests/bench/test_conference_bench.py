"""The bench of conferences measures every path it names, and fifty callers."""

from __future__ import annotations

import math

import pytest

from tests.bench.conference_bench import measure


@pytest.mark.nightly
def test_every_path_of_a_conference_is_scored_and_timed(nightly: bool) -> None:
    if not nightly:
        pytest.skip("needs engines and minutes; make nightly runs it")

    figures = {figure.name: figure for figure in measure(3.0)}

    scores = [name for name in figures if name.startswith("MOS: ") and " to " in name]
    assert len(scores) == 1 + 4 + 3 + 3
    assert all(math.isfinite(figures[name].value) for name in scores)
    assert figures["engine CPU, conference of four"].value > 0
    assert all(0 < f.value < 1_000 for name, f in figures.items() if "there and back" in name)
    assert figures["50 callers at once, drawn in the console, worst of 3"].value > 0
