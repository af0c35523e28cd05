"""Presence that follows calls: who watches the operator sees "on the phone", and what was before.

Only a presence that was published already is changed, and only what this module set is taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from softphone.model.call import AccountName
from softphone.model.capability import Capability
from softphone.model.command import SetPresence
from softphone.model.presence import Activity, LinkState, Presence

if TYPE_CHECKING:
    from .engine import Engine


class Following:
    """Publishes on each account that knows presence."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._before: dict[AccountName, Presence] = {}

    def check(self) -> None:
        """Bring presence in step with the calls."""
        engine = self._engine
        if not engine.config.calls.presence_on_call:
            return
        busy = any(call.answered for call in engine.book.live())
        for name, adapter in engine.adapters.items():
            account = engine.hub.state.accounts.get(name)
            can = adapter.capabilities().allows(Capability.OWN_PRESENCE)
            if not can or account is None or account.link is not LinkState.ONLINE:
                continue
            own = engine.hub.state.presence.get(f"{name} {account.identity}")
            if own is not None:
                self._follow(own, busy=busy)

    def _follow(self, own: Presence, *, busy: bool) -> None:
        name = own.account
        if busy and name not in self._before:
            self._before[name] = own
            if own.activity is not Activity.ON_THE_PHONE:
                self._publish(own, Activity.ON_THE_PHONE)
        elif not busy and name in self._before:
            before = self._before.pop(name)
            # Another one: the operator has chosen it meanwhile, and it stays.
            if own.activity is Activity.ON_THE_PHONE:
                self._publish(before, before.activity)

    def _publish(self, like: Presence, activity: Activity) -> None:
        engine = self._engine
        command = SetPresence(like.account, activity, like.note, like.reachable)
        engine.job(engine.quietly(command))
