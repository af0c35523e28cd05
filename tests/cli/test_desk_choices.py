"""What `softphone caller-id` means where several accounts have numbers."""

from __future__ import annotations

from argparse import Namespace

from softphone.cli import desk
from softphone.model import command as c
from softphone.model.call import AccountName
from softphone.model.presence import Account, OwnNumber
from softphone.model.state import ConsoleState

MINE = (OwnNumber("pn_1", "+390210000001"), OwnNumber("pn_2", "+390210000002"))


def test_the_default_number_comes_back_where_another_one_is_shown() -> None:
    audin = Account(AccountName("audin"), "audin", numbers=MINE)
    ribbon = Account(AccountName("ribbon"), "ribbon", numbers=MINE, caller_id="pn_2")
    state = ConsoleState(accounts={one.name: one for one in (audin, ribbon)})

    command = desk._caller_id(Namespace(number="default", account=""), state)

    assert command == c.ChooseCallerId(AccountName("ribbon"), "")
