"""What adapters report, taken apart: each fact goes to the part of the engine it is for.

Accounts, address books, customer data and errors are dealt with here, calls in `callfacts`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.command import WatchPresence
from softphone.model.contact import Contact
from softphone.model.error import StoreError
from softphone.model.event import AdapterEvent, Level
from softphone.model.message import ScreenPop
from softphone.model.presence import Account

from .accounts import AccountBook, AccountFact, came_up
from .narrator import account_line, pop_line
from .pops import matched

if TYPE_CHECKING:
    from .engine import Engine

_ERRORS_KEPT = 200


class Facts:
    """Takes every fact of every adapter, and keeps the book of accounts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._accounts = AccountBook()
        self._last_errors: dict[tuple[AccountName, str, str], float] = {}

    def take(self, event: AdapterEvent) -> None:
        """Fold one fact in, or pass it to whom it is for."""
        engine = self._engine
        match event:
            case (
                e.LinkChanged()
                | e.NumbersListed()
                | e.AvailabilityChanged()
                | e.ServicesChanged()
                | e.SignedIn()
            ):
                self._account_fact(event)
            case e.MessageChanged(message):
                engine.mail.received(message)
            case e.CallReported(report):
                engine.store.save_report(report)
            case e.ContactsListed(account, contacts):
                engine.job(self._keep_contacts(account, contacts))
            case e.ErrorRaised():
                self._error(event)
            case e.Remarked(account, level, text, call, alert):
                engine.note(account, level, text, call, alert=alert)
            case (
                e.PresenceChanged()
                | e.OnlineUsersChanged()
                | e.VoicemailChanged()
                | e.PlatformEvent()
                | e.FrameChanged()
                | e.CallObserved()
                | e.ClientObserved()
            ):
                engine.hub.publish(event)
            case e.AgentStatusChanged():
                engine.hub.publish(event)
                engine.operator.agent_changed()
            case e.ScreenPopped(pop):
                self._popped(matched(pop, engine.book.calls.values()))
            case _:
                engine.call_facts.take(event)

    def add_account(self, account: Account) -> None:
        """Begin to keep an account, and tell of it."""
        self._accounts.accounts[account.name] = account
        self._engine.hub.publish(e.AccountChanged(account))

    def change_account(self, account: AccountName, **values: object) -> None:
        """Set fields of an account that the engine owns, and tell."""
        changed = self._accounts.change(account, **values)
        self._engine.hub.publish(e.AccountChanged(changed))

    def _account_fact(self, fact: AccountFact) -> None:
        engine = self._engine
        before = self._accounts.accounts[fact.account]
        after = self._accounts.apply(fact, engine.monotonic())
        if after is None:
            return
        engine.hub.publish(e.AccountChanged(after))
        engine.operator.changed()
        line = account_line(before, after)
        if line:
            engine.note(after.name, *line)
        if came_up(before, after):
            engine.following.check()  # a call may have ended while the line was lost
            engine.job(self._back_online(after.name))

    async def _back_online(self, account: AccountName) -> None:
        """Do what waited for the line: messages of the outbox, and whose presence is watched."""
        engine = self._engine
        await engine.mail.deliver_waiting(account)
        with suppress(StoreError):
            for user in await engine.store.watched(account):
                await engine.quietly(WatchPresence(account, user))

    async def _keep_contacts(self, account: AccountName, contacts: tuple[Contact, ...]) -> None:
        with suppress(StoreError):
            count = await self._engine.store.replace_contacts(account, contacts)
            self._engine.hub.publish(e.ContactsChanged(count))

    def _popped(self, pop: ScreenPop) -> None:
        """Show customer data; a change of what is known already makes no second line."""
        engine = self._engine
        if all(known.id != pop.id for known in engine.hub.state.pops):
            engine.note(pop.account, Level.INFO, pop_line(pop), pop.call)
        engine.hub.publish(e.ScreenPopped(pop))

    def _error(self, error: e.ErrorRaised) -> None:
        """Show an error, the same one at most every 10 seconds."""
        now, told = self._engine.monotonic(), self._last_errors
        same = (error.account, error.code, error.text if error.alert else "")
        if now - told.get(same, -10.0) >= 10.0:
            told.pop(same, None)
            told[same] = now
            if len(told) > _ERRORS_KEPT:
                del told[next(iter(told))]
            text = f"{error.text} [{error.code}]"
            self._engine.note(error.account, Level.ERROR, text, alert=error.alert)
