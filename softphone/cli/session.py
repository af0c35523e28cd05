"""A command's conversation with the engine: attach, choose an account or a call, ask, leave."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from softphone.engine.connect import SocketLink
from softphone.engine.link import Role
from softphone.engine.start import find, find_or_start
from softphone.model.call import AccountName, Call
from softphone.model.capability import Capability
from softphone.model.command import Command, Value
from softphone.model.error import Refused, Unsupported
from softphone.model.event import AccountChanged
from softphone.model.presence import Account, LinkState
from softphone.model.state import ConsoleState

from .options import done, invocation

_ONLINE_LIMIT_S = 10.0


class Session:
    """One attached command."""

    def __init__(self, link: SocketLink) -> None:
        self.link = link

    @property
    def state(self) -> ConsoleState:
        """Return what the engine knew when the command came."""
        return self.link.snapshot

    async def ask(self, command: Command) -> Value | None:
        """Do a command and return its value; raises the reason when it is refused."""
        return done(await self.link.request(command)).value

    def account(self, wanted: str, capability: Capability) -> AccountName:
        """Return the named account, or the first that has the capability, one online before.

        Raises Refused when there is none, with the account's own reason when that is why.
        """
        accounts = self.state.accounts
        if wanted:
            if wanted not in accounts:
                names = ", ".join(accounts) or "none"
                raise Refused(f"There is no account {wanted!r}; configured: {names}.")
            reason = _why_not(accounts[AccountName(wanted)], capability)
            if reason:
                raise Unsupported(reason)
            return AccountName(wanted)
        able = [a for a in accounts.values() if _why_not(a, capability) is None]
        if not able:
            reasons = [reason for a in accounts.values() if (reason := _why_not(a, capability))]
            raise Unsupported(reasons[0] if reasons else "No account is configured.")
        return min(able, key=lambda account: account.link is not LinkState.ONLINE).name

    async def online(self, wanted: str) -> None:
        """Wait a moment for accounts that are on their way up (the named one, or all)."""
        waiting = {
            account.name
            for account in self.state.accounts.values()
            if account.link is LinkState.CONNECTING and wanted in ("", account.name)
        }
        if not waiting:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_ONLINE_LIMIT_S):
                async for event in self.link.events():
                    self.state.apply(event)
                    if isinstance(event, AccountChanged):
                        if event.account.link is not LinkState.CONNECTING:
                            waiting.discard(event.account.name)
                        if not waiting:
                            return

    def call(self, wanted: str, fitting: Iterable[Call], what: str) -> Call:
        """Return the call whose id starts with `wanted`, else the first that fits."""
        if wanted:
            live = [call for call in self.state.calls.values() if call.live]
            found = [call for call in live if call.id.startswith(wanted)]
            if len(found) > 1:
                raise Refused(f"{wanted} is the beginning of several calls.", code="NO_CALL")
        else:
            found = list(fitting)
        if not found:
            raise Refused(f"There is no call to {what}.", code="NO_CALL")
        return found[0]


@asynccontextmanager
async def attached(
    options: argparse.Namespace, name: str, *, start: bool = False
) -> AsyncIterator[Session]:
    """Attach to the running engine (or start one) for the length of a block."""
    attach = find_or_start if start else find
    link = await attach(invocation(options), Role.COMMAND, name)
    try:
        yield Session(link)
    finally:
        await link.close()


def _why_not(account: Account, capability: Capability) -> str | None:
    return dict(account.refusals).get(capability.value)
