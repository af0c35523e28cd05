"""The book of accounts: facts from adapters folded into `Account` values. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.presence import Account, LinkState

AccountFact = (
    e.LinkChanged | e.NumbersListed | e.AvailabilityChanged | e.ServicesChanged | e.SignedIn
)


@dataclass(slots=True)
class AccountBook:
    """Every configured account and how it stands."""

    accounts: dict[AccountName, Account] = field(default_factory=dict)

    def apply(self, fact: AccountFact, mono: float) -> Account | None:
        """Fold one fact in; return the account when it changed."""
        known = self.accounts[fact.account]
        changed = _step(known, fact, mono)
        if changed == known:
            return None
        self.accounts[changed.name] = changed
        return changed

    def change(self, account: AccountName, **values: object) -> Account:
        """Set fields the engine owns; return the account."""
        known = self.accounts[account]
        self.accounts[account] = replace(known, **values)  # type: ignore[arg-type]  # own fields
        return self.accounts[account]


def _step(known: Account, fact: AccountFact, mono: float) -> Account:
    match fact:
        case e.LinkChanged(_, link, cause, code, retry_mono):
            since = known.since_mono if link is known.link else mono
            return replace(
                known, link=link, cause=cause, code=code, retry_mono=retry_mono, since_mono=since
            )
        case e.NumbersListed(_, numbers):
            return replace(known, numbers=numbers)
        case e.AvailabilityChanged(_, availability):
            return replace(known, availability=availability)
        case e.ServicesChanged(_, services):
            return replace(known, services=services)
        case e.SignedIn(_, identity):
            return replace(known, identity=identity)


def went_down(before: Account, after: Account) -> bool:
    """Tell whether a working line was just lost: said once a loss, not once a try."""
    return before.link is LinkState.ONLINE and after.link is not LinkState.ONLINE


def came_up(before: Account, after: Account) -> bool:
    """Tell whether the line just came up."""
    return before.link is not LinkState.ONLINE and after.link is LinkState.ONLINE
