"""The figures can be taken, and those that hardly depend on the machine keep their bars."""

from __future__ import annotations

import importlib
import math

import pytest

from softphone.audio import bench
from softphone.audio.figure import at_least, at_most, not_taken, ratio_at_least, ratio_at_most

EXACT = (
    "mu-law codes as the textbook coder's",
    "mu-law codes, worst step from the ITU's",
    "mu-law decoding as audioop",
    "mu-law codes, worst step from audioop",
    "48 to 8 kHz: alias of 5 kHz",
    "48 to 8 kHz: gain at 3.4 kHz",
    "48 to 8 kHz: delay",
    "8 to 48 kHz: delay",
    "delay back within 30 ms after a 0.5 s stall",
)


def test_all_figures_are_taken_and_the_exact_ones_keep_their_bars(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bench, "_REPEATS", 1)
    monkeypatch.setattr(bench, "_FRESH", 2)

    figures = {figure.name: figure for figure in bench.all_figures()}

    assert [name for name in EXACT if figures[name].taken and not figures[name].ok] == []
    assert all(figure.ratio for figure in figures.values() if figure.taken)


def test_without_audioop_the_rows_that_need_it_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    monkeypatch.setattr(bench, "_REPEATS", 1)

    figures = [*bench.codec_tables(), *bench.codec_ratio()]

    assert len([figure for figure in figures if "no audioop" in figure.reference]) == 2


def test_a_bar_is_kept_or_not_in_both_directions() -> None:
    assert at_most("delay", 90.0, "ms", 100.0).ok
    assert not at_most("delay", 110.0, "ms", 100.0).ok
    assert not at_least("score", 3.0, "MOS", 3.5).ok
    assert ratio_at_most("cost", 30.0, "us", "linear", 10.0, 4.0).ratio == 3.0
    assert not ratio_at_least("score", 3.0, "MOS", "silence", 2.5, 1.25).ok
    assert ratio_at_most("cost", 30.0, "us", "nothing", 0.0, 4.0).ratio == math.inf


def test_a_figure_that_was_not_taken_says_why_and_keeps_no_bar() -> None:
    figure = not_taken("delay", "no sound server", "<= 100")

    assert (figure.taken, figure.ok, figure.reference) == (
        False,
        None,
        "not measured: no sound server",
    )
