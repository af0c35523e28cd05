"""What is going on when a key is pressed, and the sentences why something cannot be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from softphone.model.call import AccountName, Call, CallId, CallState
from softphone.model.capability import Capability
from softphone.model.presence import Account, LinkState
from softphone.model.state import ConsoleState

WhyNot = Callable[["Situation"], str | None]
_TALKING = (CallState.ACTIVE, CallState.HELD)


@dataclass(frozen=True, slots=True)
class Situation:
    """The engine's state, who asks, and which offer and call the operator has marked."""

    state: ConsoleState
    me: str = ""
    offer_id: CallId | None = None
    call_id: CallId | None = None
    connected: bool = True

    @property
    def offer(self) -> Call | None:
        """Return the ringing call that answer and decline act on: the marked or the oldest."""
        found = self.state.calls.get(self.offer_id) if self.offer_id else None
        if found is not None and found.state is CallState.RINGING:
            return found
        offers = self.state.offers()
        return offers[0] if offers else None

    @property
    def call(self) -> Call | None:
        """Return the live call that hold, mute, transfer and hang up act on."""
        found = self.state.calls.get(self.call_id) if self.call_id else None
        if found is not None and found.live and found.state is not CallState.RINGING:
            return found
        live = self.state.live_calls()
        talking = [call for call in live if call.state is CallState.ACTIVE]
        return next(iter([*talking, *live]), None)

    @property
    def other(self) -> Call | None:
        """Return the latest other call that is answered, for swap, join and hand-over."""
        call = self.call
        others = [c for c in self.state.live_calls() if call and c.id != call.id]
        return next((c for c in reversed(others) if c.state in _TALKING), None)

    @property
    def read_only(self) -> bool:
        """Tell whether another console has control."""
        return bool(self.state.controller) and self.state.controller != self.me

    def account(self, name: AccountName) -> Account | None:
        """Return an account by name."""
        return self.state.accounts.get(name)


def all_of(*checks: WhyNot) -> WhyNot:
    """Return a check that gives the first reason of several."""

    def check(now: Situation) -> str | None:
        return next((reason for test in checks if (reason := test(now))), None)

    return check


def always(now: Situation) -> str | None:
    """Nothing stands in the way."""
    return None


def may_act(now: Situation) -> str | None:
    """The engine must be there, and this console must have control."""
    if not now.connected:
        return "The engine is not connected; it is being restarted."
    if now.read_only:
        return "This console is read-only, another one has control. Take over first."
    return None


def ringing(now: Situation) -> str | None:
    """There must be an offer."""
    return None if now.offer else "No call is ringing."


def in_call(now: Situation) -> str | None:
    """There must be a call that is more than an offer."""
    if now.call:
        return None
    return "The call is only ringing; answer or decline it." if now.offer else "No call is up."


def some_call(now: Situation) -> str | None:
    """There must be a call, also one that has just ended."""
    return None if now.state.calls else "No call to write about."


def talking(now: Situation) -> str | None:
    """The call must be answered."""
    if reason := in_call(now):
        return reason
    call = now.call
    return None if call and call.state in _TALKING else "The call is not answered yet."


def two_calls(now: Situation) -> str | None:
    """There must be two answered calls."""
    return talking(now) or (None if now.other else "This needs two answered calls.")


def call_can(capability: Capability) -> WhyNot:
    """The account of the call must have the capability."""

    def check(now: Situation) -> str | None:
        return _refusal(now, now.call, capability)

    return check


def offer_can(capability: Capability) -> WhyNot:
    """The account of the offer must have the capability."""

    def check(now: Situation) -> str | None:
        return _refusal(now, now.offer, capability)

    return check


def is_read_only(now: Situation) -> str | None:
    """Another console must have control."""
    return None if now.read_only else "This console already has control."


def some_account_can(*capabilities: Capability) -> WhyNot:
    """One account at least must have one of them; else the first one's reason is given."""

    def check(now: Situation) -> str | None:
        if not now.state.accounts:
            return "No account is configured."
        reasons = [
            refusal_of(account, capability)
            for capability in capabilities
            for account in now.state.accounts.values()
        ]
        return None if None in reasons else reasons[0]

    return check


def waiting_for_retry(now: Situation) -> str | None:
    """Some account must be waiting for its next try."""
    waiting = any(a.link in (LinkState.RECONNECTING, LinkState.FAILED) for a in accounts(now))
    return None if waiting else "No account is waiting to reconnect."


def accounts(now: Situation) -> list[Account]:
    """Return all accounts in their configured order."""
    return list(now.state.accounts.values())


def accounts_that(now: Situation, capability: Capability) -> list[Account]:
    """Return the accounts that have a capability."""
    return [a for a in accounts(now) if refusal_of(a, capability) is None]


def refusal_of(account: Account, capability: Capability) -> str | None:
    """Return the account's sentence why it lacks a capability, or None when it has it."""
    return dict(account.refusals).get(capability.value)


def _refusal(now: Situation, call: Call | None, capability: Capability) -> str | None:
    account = now.account(call.account) if call else None
    return refusal_of(account, capability) if account else None
