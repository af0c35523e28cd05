"""`softphone online`, `offline`, `available`, `unavailable`."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from .options import done, invocation, parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.engine.connect import SocketLink
    from softphone.model.presence import Account

_TEXTS = {
    "online": "Go online and stay reachable without a console, until `softphone offline`.",
    "offline": "End calls, go offline, and let the engine end when nobody needs it.",
    "available": "Take offers again.",
    "unavailable": "Take no offers; the connection stays up.",
}
_CONFIRM_LIMIT_S = 15.0


def run(name: str, arguments: Sequence[str]) -> int:
    """Do it for one account, or for all that can."""
    example = "softphone online pn_1 pn_2" if name == "online" else f"softphone {name}"
    made = with_json(parser(name, _TEXTS[name], example))
    if name == "online":
        made.add_argument("numbers", nargs="*", metavar="NUMBER_ID", help="default: as before")
    made.add_argument("--account", default="", help="only this account")
    return asyncio.run(_switch(name, parse(made, arguments)))


async def _switch(name: str, options: Namespace) -> int:
    from softphone.engine.link import Role
    from softphone.engine.start import find, find_or_start
    from softphone.model import command as c
    from softphone.model.error import Refused

    from .watch import has_numbers

    attach = find_or_start if name == "online" else find
    link = await attach(invocation(options), Role.COMMAND, name)
    try:
        accounts = [
            account
            for account in link.snapshot.accounts
            if not options.account or account == options.account
        ]
        if not accounts:
            raise Refused(f"There is no account {options.account!r}.")
        if name in ("online", "offline"):
            done(await link.request(c.StayUp(name == "online")))
        for account in accounts:
            command: c.Command
            if name == "online":
                command = c.GoOnline(account, tuple(options.numbers) or None)
            elif name == "offline":
                command = c.GoOffline(account)
            elif not options.account and not has_numbers(link.snapshot.accounts[account]):
                continue  # being online is all it takes there
            else:
                command = c.SetAvailable(account, name == "available")
            done(await link.request(command))
        shown = await _confirmed(link, set(accounts)) if name == "online" else []
    finally:
        await link.close()
    _print(name, shown, as_json=options.json)
    return 0


async def _confirmed(link: SocketLink, wanted: set[str]) -> list[Account]:
    """Wait until every account is reachable or has failed; what is not ready is shown so."""
    from softphone.model.event import AccountChanged
    from softphone.model.presence import LinkState

    from .watch import has_numbers, next_event

    accounts = {name: account for name, account in link.snapshot.accounts.items()}

    def settled(account: Account) -> bool:
        if account.link is LinkState.ONLINE and not has_numbers(account):
            return True
        return account.availability.confirmed or account.link is LinkState.FAILED

    events = link.events()
    with suppress(TimeoutError):
        async with asyncio.timeout(_CONFIRM_LIMIT_S):
            while not all(settled(accounts[name]) for name in accounts if name in wanted):
                event = await next_event(events)
                if isinstance(event, AccountChanged):
                    accounts[event.account.name] = event.account
    return [account for name, account in accounts.items() if name in wanted]


def _print(name: str, accounts: list[Account], *, as_json: bool) -> None:
    from .show import account_data

    if as_json:
        listed = [account_data(account) for account in accounts]
        print_json({"type": "done", "command": name, "accounts": listed})
        return
    for account in accounts:
        states = [
            f"{number.label} {account.availability.of(number.id).value}"
            for number in account.numbers
            if number.id in account.availability.wanted
        ]
        print(f"{account.name}: {account.link.value}; {', '.join(states) or 'no number'}")
