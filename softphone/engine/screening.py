"""Calls that are declined at once, because the operator blocked who calls."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import Call, EndReason
from softphone.model.capability import Capability
from softphone.model.error import Refused, SoftphoneError
from softphone.model.event import Level
from softphone.model.screening import ANY, ScreeningRule, blocking
from softphone.model.text import NAME_LIMIT, clean

from .calls import CallBook
from .dialing import normalise, plain_number

if TYPE_CHECKING:
    from .engine import Engine

_LEAST_BEGINNING = 3  # "+3*" would block half a continent by a slip


class Screening:
    """Keeps the rules in memory, so that a call is known as blocked before it can ring."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rules: tuple[ScreeningRule, ...] = ()

    async def load(self) -> None:
        """Read the rules; raises StoreError."""
        self._rules = await self._engine.store.screening()

    async def run(
        self, command: c.BlockNumber | c.AllowNumber | c.ListBlocked
    ) -> c.BlockedFound | None:
        """Change or list the rules; raises SoftphoneError with the reason why not."""
        match command:
            case c.ListBlocked():
                return c.BlockedFound(self._rules)
            case c.BlockNumber(address, reason):
                rule = ScreeningRule(
                    self._pattern(address), True, clean(reason, NAME_LIMIT), self._engine.wall()
                )
                self._rules = await self._engine.store.put_screening(rule)
            case c.AllowNumber(address):
                await self._allow(self._pattern(address))
        return None

    def turned_away(self, fact: e.CallOffered | e.CallAutoDeclined) -> Call | None:
        """Return the call, over already, when who calls is blocked."""
        rule = blocking(self._rules, self._comparable(fact))
        if rule is None:
            return None
        at, mono = self._engine.wall(), self._engine.monotonic()
        call = CallBook().apply(fact, at, mono)
        if call is None:
            return None
        why = rule.reason or "the number is blocked"
        over = call.ended(EndReason.BLOCKED, at, mono)
        return replace(
            over, end_reason=EndReason.BLOCKED, end_code="", end_detail=why, missed=False
        )

    async def decline(self, call: Call) -> None:
        """Tell the platform; one that cannot decline goes on ringing elsewhere."""
        adapter = self._engine.adapters[call.account]
        for capability, command in (
            (Capability.DECLINE, c.Decline(call.id)),
            (Capability.IGNORE, c.Ignore(call.id)),
        ):
            if adapter.capabilities().allows(capability):
                try:
                    await adapter.submit(command)
                    return
                except SoftphoneError as problem:
                    reason = problem.message
                    text = f"{call.remote.label} is blocked, but still rings there: {reason}"
                    self._engine.note(call.account, Level.WARNING, text, call.id)

    async def _allow(self, address: str) -> None:
        store = self._engine.store
        if blocking(self._rules, address) is None:
            raise Refused(f"{clean(address, 40)} is not blocked.")
        self._rules = await store.drop_screening(address)
        if blocking(self._rules, address) is not None:  # by a beginning, which stays for others
            rule = ScreeningRule(address, False, "", self._engine.wall())
            self._rules = await store.put_screening(rule)

    def _pattern(self, address: str) -> str:
        text = address.strip()
        if not text.endswith(ANY):
            return normalise(text, self._engine.config.calls.region)
        beginning = plain_number(text[:-1])
        if len(beginning.lstrip("+")) < _LEAST_BEGINNING:
            raise Refused(f"{clean(text, 40)!r} would block too many: give at least three digits.")
        return beginning + ANY

    def _comparable(self, fact: e.CallOffered | e.CallAutoDeclined) -> str:
        """Return who calls as rules are written: with the country."""
        address = fact.remote.address
        try:
            return normalise(address, self._engine.config.calls.region_of(fact.account))
        except Refused:
            return address
