"""Which rule decides about a caller."""

from __future__ import annotations

import pytest

from softphone.model.screening import ScreeningRule, blocking

RULES = (
    ScreeningRule("+39899*", True, "expensive"),
    ScreeningRule("+398991", False),
    ScreeningRule("+3989922*", False),
    ScreeningRule("+39899223", True, "one of them"),
    ScreeningRule("sip:x@example.test", True),
)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("+398995", "expensive"),
        ("+39899", "expensive"),
        ("+398991", None),
        ("+3989911", "expensive"),
        ("+39899221", None),
        ("+39899223", "one of them"),
        ("sip:x@example.test", ""),
        ("+3906", None),
        ("", None),
    ],
)
def test_the_nearest_rule_decides(address: str, reason: str | None) -> None:
    rule = blocking(RULES, address)

    assert (rule.reason if rule else None) == reason


def test_a_caller_who_withholds_the_number_is_not_blocked_by_an_empty_rule() -> None:
    assert blocking([ScreeningRule("")], "") is None
