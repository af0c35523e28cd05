"""The bench of the console's day measures what it says; its figures are for `make bench`."""

from __future__ import annotations

import pytest

from tests.bench.day_bench import measure


@pytest.mark.nightly
async def test_the_memory_of_a_day_is_measured_and_grows_little() -> None:
    figures = {figure.name: figure.value for figure in await measure(calls=80, events=6_000)}

    assert 20 < figures["memory after a quarter of the day"] < 400
    assert (
        figures["memory at the end of the day"] < 1.5 * figures["memory after a quarter of the day"]
    )
