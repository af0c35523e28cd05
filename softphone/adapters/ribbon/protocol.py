"""Subscription and calls of one user, joined: notices, commands and time in; steps out. Pure."""

from __future__ import annotations

from collections.abc import Callable

from softphone.model.call import AccountName, CallId

from . import wire
from .call import Surroundings
from .calls import RibbonCalls
from .session import Session
from .settings import RibbonSettings
from .steps import Steps


class RibbonProtocol:
    """One user's line and calls. This is the one place where the two meet."""

    def __init__(
        self,
        account: AccountName,
        settings: RibbonSettings,
        correlator: str,
        new_call_id: Callable[[], CallId],
        epoch: Callable[[float], float],
    ) -> None:
        self.settings = settings
        self.session = Session(account, settings, correlator)
        self.calls = RibbonCalls(Surroundings(account, settings, epoch), new_call_id)

    def line_came(self, now: float) -> Steps:
        """The line is up: calls may have changed while it was not."""
        steps = self.calls.line_changed(True, now)
        if self.settings.resync_on_connect:
            steps = [*steps, *self.calls.resync(now)]
        return steps

    def line_went(self, now: float) -> Steps:
        """The line is down; calls go on as long as their sound does."""
        return self.calls.line_changed(False, now)

    def notified(self, notice: wire.CallNotice | wire.LossNotice, now: float) -> Steps:
        """Take a notification about line or calls."""
        if isinstance(notice, wire.LossNotice):
            return self.session.notified(notice, now)
        return self.calls.heard(notice, now)

    def next_wake(self) -> float | None:
        """Return when `wake` is due (monotonic), or None."""
        due = (self.session.next_wake(), self.calls.next_wake())
        return min((at for at in due if at is not None), default=None)

    def wake(self, now: float) -> Steps:
        """Do what time has brought."""
        return [*self.session.wake(now), *self.calls.wake(now)]
