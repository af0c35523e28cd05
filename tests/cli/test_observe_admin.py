"""Confirming on a terminal what destroys; the flows themselves are in test_observe."""

from __future__ import annotations

import io

import pytest

from softphone.cli.observe_admin import _machine_words, _typed
from softphone.model.error import Refused
from softphone.model.monitor import Machine


class Keyboard(io.StringIO):
    """What somebody types at a terminal."""

    def isatty(self) -> bool:
        return True


def at_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> Keyboard:
    screen = Keyboard()
    monkeypatch.setattr("sys.stdin", Keyboard(typed))
    monkeypatch.setattr("sys.stderr", screen)
    return screen


def test_the_word_that_was_asked_for_confirms(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = at_terminal(monkeypatch, "failed\n")

    _typed("All failed jobs (3) go from the list.", "failed")

    assert screen.getvalue() == "All failed jobs (3) go from the list. Type failed to do it: "


@pytest.mark.parametrize("typed", ["", "y\n", "FAILED\n"])
def test_anything_else_does_nothing(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    at_terminal(monkeypatch, typed)

    with pytest.raises(Refused, match="Nothing was done"):
        _typed("All failed jobs (3) go from the list.", "failed")


def test_what_a_machine_does_not_tell_is_a_dash() -> None:
    words = _machine_words(Machine("w-1", "worker"), 100.0).split()

    assert words == ["worker", "w-1", "-", "-", "-"]


def test_a_machine_that_was_not_heard_of_for_long_is_late() -> None:
    def words(age_s: float) -> str:
        return _machine_words(Machine("w-1", "worker", heartbeat_at=1000.0 - age_s), 1000.0)

    assert "LATE" in words(30.1)
    assert "LATE" not in words(30.0)
