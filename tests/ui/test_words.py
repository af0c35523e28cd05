"""Words and numbers as people read them."""

from __future__ import annotations

import pytest

from softphone.ui import phone, words
from softphone.ui.clock import local_time
from softphone.ui.screens.palette import matches
from softphone.ui.widgets.meter import cells_of


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "00:00"), (192.9, "03:12"), (3792, "1:03:12"), (-5, "00:00"), (float("nan"), "00:00")],
)
def test_durations(seconds: float, shown: str) -> None:
    assert words.duration(seconds) == shown


def test_unknown_figures_are_a_dash_and_never_zero() -> None:
    assert words.figure(None, "ms") == "-"
    assert words.figure(float("inf")) == "-"
    assert words.figure(0.0, "ms") == "0 ms"


@pytest.mark.parametrize(
    ("address", "region", "shown"),
    [
        ("+390655501010", "", "+39 06 5550 1010"),
        ("+390655501010", "IT", "06 5550 1010"),
        ("sip:bob@example.com", "", "sip:bob@example.com"),
        ("[/]", "IT", "[/]"),
        ("+000", "", "+000"),
        ("", "", ""),
    ],
)
def test_numbers_are_shown_as_people_read_them(address: str, region: str, shown: str) -> None:
    assert phone.shown(address, region) == shown


@pytest.mark.parametrize(
    ("typed", "region", "sent"),
    [
        ("06 5550 1010", "IT", "+390655501010"),
        ("+39 06-5550.1010", "", "+390655501010"),
        ("*21#", "IT", "*21#"),
        ("1001", "IT", "1001"),
        ("06 5550 1010", "", "0655501010"),
        ("bob@example.com", "IT", "bob@example.com"),
        (" Bob Rossi ", "IT", "Bob Rossi"),
    ],
)
def test_what_is_sent_for_what_is_typed(typed: str, region: str, sent: str) -> None:
    assert phone.to_dial(typed, region) == sent


def test_typing_is_grouped_as_it_goes() -> None:
    assert phone.as_typed("+390655501", "") == "+39 06 55501"
    assert phone.as_typed("bob", "IT") == "bob"


def test_time_that_no_calendar_has_is_shown_as_something() -> None:
    assert local_time(float("inf")).year in (1969, 1970)
    assert local_time(1e30).year in (1969, 1970)


@pytest.mark.parametrize(
    ("level", "cells"), [(0.0, 10), (-60.0, 0), (-30.0, 5), (9.0, 10), (float("nan"), 0)]
)
def test_meter_cells(level: float, cells: int) -> None:
    assert cells_of(level, 10) == cells


def test_palette_shows_titles_that_start_so_first() -> None:
    assert matches("ho")[0].id == "call.hold"
    assert [action.id for action in matches("hang")][:1] == ["call.hang_up"]
    assert matches("no such thing") == []
