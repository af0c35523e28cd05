"""The bench of history and contacts fills what it says and measures all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from softphone.model.record import HistoryFilter
from softphone.store import contacts, history
from softphone.store.database import Database
from tests.bench.desk_bench import fill, measure


def test_the_bench_fills_calls_that_can_be_found(tmp_path: Path) -> None:
    fill(tmp_path / "softphone.db", 60, 20)

    database = Database(tmp_path / "softphone.db")
    page = history.page(database.connection, HistoryFilter())
    noted = history.page(database.connection, HistoryFilter(text="contract asked"))
    found = contacts.search(database.connection, "& co", 5)
    database.close()
    assert len(page.records) == 60
    assert page.records[0].call.remote.name == "Newest Caller"
    assert len(noted.records) == 3
    assert found.total == 20


@pytest.mark.nightly
def test_every_figure_is_measured_on_a_real_engine_and_console(nightly: bool) -> None:
    if not nightly:
        pytest.skip("needs an engine and a console of its own; make nightly runs it")
    figures = {figure.name: figure for figure in measure(200, 50, typed=("ro",), rounds=1)}

    assert figures["H to history drawn, worst"].value > 0
    assert figures["search in calls, a key, p95"].value > 0
