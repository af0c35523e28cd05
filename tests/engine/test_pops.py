"""Which call a screen pop is shown with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from softphone.engine.pops import alike, matched, waiting
from softphone.model.call import AccountName, EndReason
from softphone.model.message import ScreenPop
from tests.store.conftest import a_call

POP = ScreenPop("p1", AccountName("agenthub"), 1000.0, "voice", "0212345678")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+390212345678", "0212345678", True),
        ("+39 02 1234-5678", "sip:+390212345678@lab.test", True),
        ("5678", "+390212345678", False),
        ("45678", "+390212345678", True),
        ("+390212345679", "+390212345678", False),
        ("", "+390212345678", False),
        ("", "", False),
        ("bob@x1234567", "alice@y1234567", False),
    ],
)
def test_numbers_are_alike_when_they_end_alike(one: str, other: str, same: bool) -> None:
    assert alike(one, other) is same
    assert alike(other, one) is same


def test_a_pop_goes_to_the_newest_live_call_of_its_number() -> None:
    old, new = a_call("old"), replace(a_call("new"), created_mono=99_999.0)
    over = replace(a_call("over"), created_mono=999_999.0).ended(EndReason.HANGUP, 1.0, 1.0)

    assert matched(POP, [old, new, over, a_call("other", address="+391")]).call == "new"
    assert matched(POP, []) == POP


def test_a_pop_that_came_first_waits_a_minute_for_its_call() -> None:
    call = a_call("c1")

    assert [pop.call for pop in waiting(call, [POP], 1030.0)] == ["c1"]
    assert waiting(call, [POP], 1061.0) == []
    assert waiting(call, [replace(POP, call=a_call("x").id)], 1001.0) == []
