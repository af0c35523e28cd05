"""Who may be heard, when and how: rules of each account, without a socket."""

from __future__ import annotations

import pytest

from softphone.config import RingConfig
from softphone.engine.ringrules import Moment, RingRules
from softphone.model.call import AccountName, Call, CallId, CallState, Direction, Party

ALONE = Moment(1_000.0)


def offer(name: str = "c1", account: str = "audin", address: str = "+390245871203") -> Call:
    return Call(
        CallId(name),
        AccountName(account),
        Direction.INBOUND,
        CallState.RINGING,
        Party(address),
        created_mono=1_000.0,
    )


def talk() -> Call:
    return Call(CallId("up"), AccountName("audin"), Direction.INBOUND, CallState.ACTIVE)


def test_without_rules_everybody_is_heard() -> None:
    rules = RingRules({})

    assert not rules.silenced(offer(), [offer()], ALONE)
    assert not rules.silenced(offer(), [offer(), talk()], ALONE)


def test_an_account_without_a_table_takes_the_one_for_all() -> None:
    rules = RingRules({"all": RingConfig(tone="low"), "audin": RingConfig(tone="bell")})

    assert rules.of("audin").tone == "bell"
    assert rules.of("ribbon").tone == "low"


def test_do_not_disturb_silences_everybody() -> None:
    assert RingRules({}).silenced(offer(), [offer()], Moment(1_000.0, quiet=True))


def test_an_account_the_operator_is_away_from_is_silent() -> None:
    now = Moment(1_000.0, away=("ribbon",))

    assert RingRules({}).silenced(offer("c2", "ribbon"), [], now)
    assert not RingRules({}).silenced(offer(), [], now)


def test_a_delay_silences_until_it_is_over_and_says_when() -> None:
    rules = RingRules({"audin": RingConfig(delay_s=4.0), "ribbon": RingConfig(delay_s=9.0)})
    calls = [offer(), offer("c2", "ribbon"), talk()]

    assert rules.silenced(offer(), [offer()], Moment(1_003.9))
    assert not rules.silenced(offer(), [offer()], Moment(1_004.0))
    assert rules.next_change(calls, 1_000.0) == 1_004.0
    assert rules.next_change(calls, 1_004.0) == 1_009.0
    assert rules.next_change(calls, 1_009.0) is None


@pytest.mark.parametrize(
    ("during_call", "vip", "heard"),
    [
        (("all",), False, True),
        (("none",), False, False),
        ((), False, False),
        (("audin",), False, True),
        (("ribbon",), False, False),
        (("vip",), False, False),
        (("vip",), True, True),
        (("+39 02 4587-1203",), False, True),
        (("0039 02*",), False, True),
        (("+3906*", "ribbon"), False, False),
        (("*",), False, False),
    ],
)
def test_who_may_be_heard_during_a_call(
    during_call: tuple[str, ...], vip: bool, heard: bool
) -> None:
    rules = RingRules({"audin": RingConfig(during_call=during_call)})
    now = Moment(1_000.0, vips={CallId("c1")} if vip else ())

    assert rules.silenced(offer(), [offer(), talk()], now) is not heard
    assert not rules.silenced(offer(), [offer()], now)
