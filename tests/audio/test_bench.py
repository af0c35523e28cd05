"""The figures can be taken, and the ones that hardly depend on the machine hold."""

from __future__ import annotations

import importlib

import pytest

from softphone.audio import bench


def test_all_figures_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_REPEATS", 1)

    figures = bench.all_figures()

    assert {figure.reference for figure in figures} >= {"a no-op call", "memcpy"}
    assert all(figure.value > 0 and figure.ratio > 0 for figure in figures)


def test_without_audioop_the_codec_is_compared_with_less(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    monkeypatch.setattr(bench, "_REPEATS", 1)

    assert len(bench.codec_ratio()) == 2
