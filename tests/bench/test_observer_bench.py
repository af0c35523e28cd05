"""The bench of a monitored service measures what it says; its figures are for people."""

from __future__ import annotations

import pytest

from tests.bench.console_bench import Figure, own_home
from tests.bench.observer_bench import in_console, long_read, shown


def test_a_figure_without_a_limit_is_shown_without_one() -> None:
    assert shown(Figure("rows", 5.0, "/s", float("inf"))).split() == ["rows", "5.0", "/s"]
    assert "MISSED" in shown(Figure("repaints", 11.0, "/s", 10))


async def test_a_long_read_stands_beside_a_plain_loop() -> None:
    figures = {figure.name: figure for figure in await long_read(2_000)}

    assert figures["2,000 rows, plain loop"].value > 0
    assert figures["2,000 rows, adapter"].value > 0
    assert 0 < figures["rows in memory at most"].value <= 2_000


@pytest.mark.nightly
def test_rows_that_stream_and_many_calls_are_measured_in_a_real_console(nightly: bool) -> None:
    if not nightly:
        pytest.skip("in the nightly run")
    with own_home() as home:
        figures = {figure.name: figure for figure in in_console(home, 3.0, 1)}

    assert figures["rows streamed"].value > 0
    assert 0 < figures["repaints meanwhile"].value <= figures["repaints meanwhile"].limit
    assert figures["key to paint, 2,000 calls, worst"].value > 0
