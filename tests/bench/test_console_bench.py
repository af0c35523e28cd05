"""The bench of the console measures what it says; its figures are for `make bench`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.bench import console_bench
from tests.bench.console_bench import Figure, line_of, main, measure, own_home, percentile
from tests.e2e.conftest import Home


@pytest.fixture
def home() -> Iterator[Home]:
    with own_home() as made:
        yield made


def test_a_figure_over_its_limit_is_marked() -> None:
    assert "MISSED" in line_of(Figure("memory", 71.0, "MB", 70.0))
    assert "MISSED" not in line_of(Figure("memory", 70.0, "MB", 70.0))


def test_percentile_is_one_of_the_values() -> None:
    values = [float(n) for n in range(100, 0, -1)]

    assert percentile(values, 0.95) == 96.0
    assert percentile([3.0], 0.95) == 3.0


def test_every_figure_is_measured_on_a_real_console(home: Home) -> None:
    figures = {figure.name: figure for figure in measure(home, presses=5, idle_s=1.0, call_s=1.0)}

    assert figures["written while idle"].value == 0
    assert 0 < figures["key to first byte, median"].value < 1000
    assert 10 < figures["memory in a call"].value < 200
    assert figures["start, written"].fits


def test_json_is_one_object_a_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [Figure("memory", 71.0, "MB", 70.0)]
    monkeypatch.setattr(console_bench, "measure", lambda home: found)

    code = main(["--json"])

    assert code == 1
    assert json.loads(capsys.readouterr().out)["name"] == "memory"
