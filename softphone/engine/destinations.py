"""Where a dial goes: what was typed becomes an address, and an account is chosen for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softphone.adapters.base import Adapter, Addressing
from softphone.config import nearest
from softphone.model.call import AccountName
from softphone.model.capability import Capability
from softphone.model.error import Refused, Unsupported
from softphone.model.presence import LinkState
from softphone.model.text import clean

from .dialing import is_user_name, normalise, resolve

if TYPE_CHECKING:
    from .engine import Engine


class Destinations:
    """Knows names, contacts and accounts; the last word about a number is `dialing`'s."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def find(self, text: str, account: AccountName) -> tuple[str, str]:
        """Return the address to dial and the name known for it, "" when there is none.

        A bare name that is neither configured nor a contact's is a user of `account`, or of the
        one that dials by itself, where that platform has users. Raises Refused with the reason.
        """
        engine = self._engine
        region = engine.config.calls.region_of(account or self._only())
        address = resolve(text, engine.config.names)
        if address == text.strip() and any(char.isalpha() for char in text) and "@" not in text:
            contact = await engine.store.contact_by_name(address)
            if contact is None or not contact.main_address:
                return self._user(address, account), ""
            return normalise(contact.main_address, region), contact.name
        number = normalise(address, region)
        named = text.strip() if address != text.strip() else ""
        known = await engine.contact_of(number)
        return number, known.name if known and known.name else named

    def dialler(self, account: AccountName, to: str) -> Adapter:
        """Return the account meant; by itself the first that can dial, one that is online and
        has addresses like `to` (user@domain) before others. Raises Refused or Unsupported."""
        if account:
            return self._named(account)
        able = self._able()
        if not able:
            raise Unsupported("No account can place calls.")
        links = self._engine.hub.state.accounts
        return min(
            able,
            key=lambda adapter: (
                links[adapter.name].link is not LinkState.ONLINE,
                "@" in to and "@" not in adapter.identity,
            ),
        )

    # ---- private -------------------------------------------------------------------------------

    def _able(self) -> list[Adapter]:
        adapters = self._engine.adapters.values()
        return [one for one in adapters if one.capabilities().allows(Capability.DIAL)]

    def _only(self) -> str:
        """Return the account that dials when it is the only one that can."""
        able = self._able()
        return able[0].name if len(able) == 1 else ""

    def _named(self, account: AccountName) -> Adapter:
        adapter = self._engine.adapters.get(account)
        if adapter is None:
            names = ", ".join(self._engine.adapters) or "none"
            raise Refused(f"There is no account {clean(account, 32)!r}; configured: {names}.")
        reason = adapter.capabilities().why_not(Capability.DIAL)
        if reason is not None:
            raise Unsupported(reason)
        return adapter

    def _user(self, name: str, account: AccountName) -> str:
        """Return the whole address of a platform's user; Refused where there are none."""
        if is_user_name(name):
            adapter = self.dialler(account, name)
            if isinstance(adapter, Addressing):
                return adapter.address_of(name)
        raise Refused(self._unknown(name), code="BAD_NUMBER")

    def _unknown(self, name: str) -> str:
        names = self._engine.config.names
        shown = clean(name, 40)
        known = nearest(name, names) if names else "dial a number or user@domain."
        users = [one for one in self._able() if isinstance(one, Addressing)]
        if is_user_name(name) and users:
            close = f" {known}" if known.startswith("did") else ""
            place = f"for the user {shown} choose the account {users[0].name}."
            return f"There is no contact or name {shown!r};{close} {place}"
        return f"There is no contact or name {shown!r}; {known}"
