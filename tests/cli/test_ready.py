"""Which account a command waits for: the first that can call, not the one that is up first."""

from __future__ import annotations

import pytest

from softphone.cli.watch import _ready
from softphone.model.call import AccountName
from softphone.model.error import SoftphoneError
from softphone.model.presence import Account, LinkState, OwnNumber

_NUMBERS = (OwnNumber("pn_1", "+390299999999", "Milano"),)
_UP = LinkState.ONLINE
_COMING = LinkState.CONNECTING


def ready(*accounts: Account, wanted: str = "") -> bool:
    return _ready({account.name: account for account in accounts}, wanted)


def desk(link: LinkState, *, numbers: tuple[OwnNumber, ...] = _NUMBERS) -> Account:
    return Account(AccountName("desk"), "a", link, numbers=numbers, cause="gone")


def user(link: LinkState) -> Account:
    return Account(AccountName("user"), "b", link, refusals=(("availability", "There is none."),))


@pytest.mark.parametrize(
    ("first", "second", "is_ready"),
    [
        (desk(_UP), user(_COMING), True),
        (desk(_COMING), user(_UP), False),
        (desk(_UP, numbers=()), user(_UP), False),
        (desk(LinkState.RECONNECTING), user(_UP), True),
        (desk(LinkState.OFFLINE), user(_UP), True),
        (desk(LinkState.FAILED), user(_UP), True),
        (desk(LinkState.OFFLINE), user(_COMING), False),
    ],
)
def test_the_first_that_is_on_its_way_is_waited_for(
    first: Account, second: Account, is_ready: bool
) -> None:
    assert ready(first, second) is is_ready


def test_the_account_that_is_named_is_the_only_one_that_counts() -> None:
    assert ready(desk(_COMING), user(_UP), wanted="user")
    assert not ready(desk(_COMING), user(_UP), wanted="desk")
    with pytest.raises(SoftphoneError, match="no account"):
        ready(desk(_UP), wanted="nobody")


def test_where_nothing_can_come_the_cause_is_told() -> None:
    with pytest.raises(SoftphoneError, match="desk: gone"):
        ready(desk(LinkState.FAILED), user(LinkState.FAILED))
