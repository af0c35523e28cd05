"""The subscription and its notification socket: answers, losses and time in; steps out (2, 3).

Pure. Rounds number every try, so that what an earlier one brings late means nothing.
"""

from __future__ import annotations

import math
import random as _random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from softphone.adapters.retry import Backoff, Schedule
from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.error import Refused, SoftphoneError
from softphone.model.event import Level
from softphone.model.presence import LinkState

from . import wire
from .answers import code_of
from .settings import RibbonSettings
from .steps import AskSubscription, CloseSocket, Emit, Lost, OpenSocket, Ping, Ready, Steps

_PAUSE_S = (0.1, 0.4)  # before the "immediate" reconnect of 3.3: never a tight loop
_STABLE_S = 10.0
_SUBSCRIBE_AGAIN = Schedule((1.0, 2.0, 5.0, 10.0, 30.0, 60.0), 0.2)
_LONGEST_WAIT_S = 3600.0
_GONE_S = 5.0
_FINAL = frozenset(
    {
        *(wire.TOO_MANY_SESSIONS, wire.NOT_ENABLED, wire.INVALID_PARAMETER, wire.BAD_CORRELATOR),
        *(wire.INVALID_BODY, wire.BAD_REQUEST),
    }
)


class Phase(Enum):
    """Where the line stands."""

    OFF = auto()
    SUBSCRIBING = auto()
    WAITING = auto()
    OPENING = auto()
    UP = auto()
    REOPENING = auto()
    FAILED = auto()


class Loss(Enum):
    """Why a subscription was lost, in the platform's words (2.6)."""

    GONE = "GONE"
    LOST_CONNECTION = "LOST_CONNECTION"
    WS_OVERRIDDEN = "WS_OVERRIDDEN"


@dataclass(slots=True)
class Session:
    """One user's subscription. `wanted` is the complete list of services asked for."""

    account: AccountName
    settings: RibbonSettings
    correlator: str
    random: Callable[[], float] = _random.random
    wanted: tuple[str, ...] = ()
    phase: Phase = Phase.OFF
    subscription: wire.Subscription | None = None
    keep_alive: bool = True
    round: int = 0
    socket_round: int = 0
    reconnects: int = 0
    attempt: int = 0
    refused_refreshes: int = 0
    since: float | None = None
    _unavailable: int = 0
    _again_at: float | None = None
    _refresh_at: float | None = None
    _ping_at: float | None = None
    _told: str = ""
    _asking: bool = False
    _backoff: Backoff = field(default_factory=lambda: Backoff(_SUBSCRIBE_AGAIN))

    def __post_init__(self) -> None:
        self.wanted = self.wanted or self.settings.services
        self.keep_alive = self.settings.check_connectivity
        self._backoff.random = self.random

    @property
    def up(self) -> bool:
        """Tell whether notifications can come."""
        return self.phase is Phase.UP

    @property
    def granted(self) -> tuple[str, ...]:
        """Return the services the gateway gave."""
        return self.subscription.service if self.subscription else ()

    def has(self, service: str) -> bool:
        """Tell whether a service was granted; names have no case (2.1)."""
        return service.lower() in (name.lower() for name in self.granted)

    # ---- the operator --------------------------------------------------------------------------

    def open(self, now: float) -> Steps:
        """Be online, or skip the wait before the next try."""
        if self.phase in (Phase.UP, Phase.SUBSCRIBING, Phase.OPENING):
            return []
        if self.phase is Phase.REOPENING:
            self.attempt = 0
            return self._reopen() if self._again_at is not None else []
        first = self.phase is not Phase.WAITING
        told = [self._link(LinkState.CONNECTING)] if first else []
        self._unavailable = 0
        return [*told, *self._subscribe()]

    def leave(self) -> Steps:
        """Go offline on purpose: subscription deleted, socket closed, nothing reconnects."""
        if self.phase is Phase.OFF:
            return []
        steps: Steps = []
        if self.subscription is not None:
            steps.append(AskSubscription("DELETE", self.subscription.url, self.round))
        steps += [CloseSocket(), self._link(LinkState.OFFLINE)]
        self._forget(Phase.OFF)
        return steps

    def reset(self, now: float) -> Steps:
        """Close the socket and open it again on the same channel."""
        if self.phase is not Phase.UP:
            return self.open(now)
        self.phase = Phase.REOPENING
        self._ping_at, self.attempt = None, 0
        told = self._link(LinkState.RECONNECTING, "the connection is opened anew", "", now)
        return [told, CloseSocket(), *self._reopen()]

    def change(self, add: tuple[str, ...], drop: tuple[str, ...]) -> Steps:
        """Ask for more services or fewer; Refused while offline or when none would be left."""
        if self.subscription is None or self._asking:
            code = "NOT_ONLINE" if self.subscription is None else "BUSY"
            raise Refused("The services cannot be changed just now.", code=code)
        dropped = {name.lower() for name in drop}
        kept = [name for name in self.wanted if name.lower() not in dropped]
        wanted = tuple(dict.fromkeys([*kept, *add]))
        if not wanted:
            raise Refused("No service would be left; go offline instead.")
        self.wanted = wanted
        return self._put()

    # ---- answers -------------------------------------------------------------------------------

    def answered(self, ask: AskSubscription, answer: wire.Answer, now: float) -> Steps:
        """Take the answer to a subscription request."""
        if ask.round != self.round or ask.method == "DELETE":
            return []
        if ask.method == "PUT":
            return self._refreshed(answer, now)
        return self._subscribed(answer, now)

    def failed(self, ask: AskSubscription, problem: SoftphoneError, now: float) -> Steps:
        """Take it that a subscription request got no answer, or was never sent."""
        if ask.round != self.round or ask.method == "DELETE":
            return []
        if problem.code == "UNAUTHORIZED":
            return self._give_up(problem.code, problem.message)
        if ask.method == "PUT":
            return self._refresh_failed(problem.message, now)
        return self._again(problem.code, problem.message, now)

    def _subscribed(self, answer: wire.Answer, now: float) -> Steps:
        if not answer.ok:
            return self._refused(answer, now)
        try:
            granted = wire.Subscription.read(answer.body)
        except wire.BadMessage as problem:
            return self._again(problem.code, problem.message, now)
        self._unavailable = 0
        steps = self._take(granted, now)
        self.phase, self.attempt = Phase.OPENING, 0
        return [*steps, self._open_socket()]

    def _refused(self, answer: wire.Answer, now: float) -> Steps:
        if answer.hopeless or answer.code in _FINAL or answer.status == 404:
            return self._give_up(code_of(answer), answer.words)
        if answer.retry_after_s is not None:
            self._unavailable += 1
            if self._unavailable <= self.settings.unavailable_retries:
                wait = min(answer.retry_after_s, _LONGEST_WAIT_S)
                return self._wait("UNAVAILABLE", answer.words, now, max(wait, _PAUSE_S[0]))
            self._unavailable = 0
            return self._again("UNAVAILABLE", answer.words, now, longest=True)
        return self._again(code_of(answer), answer.words, now)

    def _take(self, granted: wire.Subscription, now: float) -> Steps:
        before, self.subscription = self.granted, granted
        self.refused_refreshes = 0
        self._refresh_at = now + self._refresh_wait()
        names = {name.lower() for name in granted.service}
        lacking = [name for name in self.wanted if name.lower() not in names]
        steps: Steps = []
        if granted.service != before:
            steps.append(Emit(e.ServicesChanged(self.account, granted.service)))
        if lacking:
            text = f"the gateway did not grant {', '.join(lacking)}"
            steps.append(Emit(e.Remarked(self.account, Level.WARNING, text)))
        return steps

    # ---- refresh -------------------------------------------------------------------------------

    def _refresh_wait(self) -> float:
        """Return when to refresh (2.4): half the time, a half of that after each failure."""
        assert self.subscription is not None
        wait = self.subscription.expires_s / math.pow(2, self.refused_refreshes + 1)
        return max(wait, wire.REFRESH_LEAST_S) * (0.8 + 0.4 * self.random())

    def _put(self) -> Steps:
        known = self.subscription
        assert known is not None
        self._refresh_at, self._asking = None, True
        path = known.url
        if known.correlator:
            path = wire.correlator_path(self.settings.user, known.correlator)
        return [AskSubscription("PUT", path, self.round, self._request().body(first=False))]

    def _refreshed(self, answer: wire.Answer, now: float) -> Steps:
        self._asking = False
        known = self.subscription
        if known is None:
            return []
        if answer.code == wire.NO_SUBSCRIPTION or answer.status == 404:
            return self.lost(Loss.GONE, now)
        if answer.hopeless:
            return self._give_up(code_of(answer), answer.words)
        if not answer.ok or answer.code not in (None, wire.OK, wire.OK_UPDATED):
            return self._refresh_failed(answer.words, now)
        try:
            return self._take(wire.Subscription.read(answer.body), now)
        except wire.BadMessage as problem:
            return self._refresh_failed(problem.message, now)

    def _refresh_failed(self, why: str, now: float) -> Steps:
        self._asking = False
        if self.subscription is None:
            return []
        self.refused_refreshes += 1
        self._refresh_at = now + self._refresh_wait()
        text = f"The subscription could not be renewed. {why}"
        return [Emit(e.ErrorRaised(self.account, "REFRESH_FAILED", text))]

    # ---- the socket ----------------------------------------------------------------------------

    def socket_opened(self, round_: int, now: float) -> Steps:
        """The notification socket is open: the line is up."""
        if round_ != self.socket_round or self.phase not in (Phase.OPENING, Phase.REOPENING):
            return []
        fresh = self.phase is Phase.OPENING
        self.phase, self.since, self._again_at, self._told = Phase.UP, now, None, ""
        self.reconnects += 0 if fresh else 1
        self._backoff.opened(now)
        self._ping_at = now + self.settings.ping_s
        return [self._link(LinkState.ONLINE), Ready(fresh)]

    def socket_failed(self, round_: int, cause: str, now: float, *, unknown: bool = False) -> Steps:
        """A try to open the socket failed; no try helps with a channel the gateway has forgotten.

        The platform's own client cannot see the answer to the handshake and tries on (3.3).
        """
        if round_ != self.socket_round or self.phase not in (Phase.OPENING, Phase.REOPENING):
            return []
        if unknown and self.phase is Phase.REOPENING:
            return self.lost(Loss.LOST_CONNECTION, now, cause)
        limit = self.settings.reconnect_limit
        if limit and self.attempt >= limit:
            if self.phase is Phase.OPENING:
                return self._unreachable(cause, now)
            return self.lost(Loss.LOST_CONNECTION, now, cause)
        return self._later(cause, now)

    def socket_closed(self, round_: int, code: int, cause: str, now: float) -> Steps:
        """The open socket is gone. Code 1000 from the server ends the subscription (2.6)."""
        if round_ != self.socket_round or self.phase is not Phase.UP:
            return []
        self._ping_at = None
        if code == 1000 or not self.settings.auto_reconnect:
            return self.lost(Loss.LOST_CONNECTION, now, cause)
        if self.since is not None and now - self.since >= _STABLE_S:
            self.attempt = 0
        self.phase = Phase.REOPENING
        limit = self.settings.reconnect_limit
        if limit and self.attempt >= limit:  # it opens, and is closed again and again
            return self.lost(Loss.LOST_CONNECTION, now, cause)
        return self._later(cause, now)

    def _later(self, cause: str, now: float) -> Steps:
        wait = self._socket_wait()
        self.attempt += 1
        self._again_at = now + wait
        code = "CONNECT_FAILED" if self.phase is Phase.OPENING else ""
        return [self._link(LinkState.RECONNECTING, cause, code, self._again_at)]

    def _socket_wait(self) -> float:
        if self.attempt == 0:
            return _PAUSE_S[0] + (_PAUSE_S[1] - _PAUSE_S[0]) * self.random()
        settings = self.settings
        longest = settings.reconnect_longest_s
        try:
            grown = math.pow(settings.reconnect_multiplier, self.attempt - 1)
        except OverflowError:
            return longest
        return min(settings.reconnect_delay_s * grown, longest)

    def _reopen(self) -> Steps:
        self._again_at = None
        return [self._open_socket()]

    def _open_socket(self) -> OpenSocket:
        assert self.subscription is not None
        self.socket_round += 1
        limit = max(self.settings.reconnect_delay_s, wire.RECONNECT_DELAY_LEAST_S)
        return OpenSocket(self.subscription.channel, self.socket_round, limit)

    def _unreachable(self, cause: str, now: float) -> Steps:
        """The first socket could not be opened: give the subscription back and begin anew."""
        assert self.subscription is not None
        url = self.subscription.url
        steps = self._again("CONNECT_FAILED", cause, now)
        return [AskSubscription("DELETE", url, self.round), *steps]

    # ---- losses --------------------------------------------------------------------------------

    def notified(self, notice: wire.LossNotice, now: float) -> Steps:
        """The gateway says that the subscription is over (2.6)."""
        if notice.event is wire.EventType.OVERRIDDEN:
            return self.lost(Loss.WS_OVERRIDDEN, now)
        wait = notice.retry_after if notice.retry_after and notice.retry_after > 0 else 0.0
        return self.lost(Loss.GONE, now, wait_s=min(wait, _LONGEST_WAIT_S))

    def lost(self, loss: Loss, now: float, cause: str = "", wait_s: float = 0.0) -> Steps:
        """The subscription is gone; subscribe again, unless another client took the place."""
        if self.phase in (Phase.OFF, Phase.FAILED) or self.subscription is None:
            return []
        text = _WORDS[loss] + (f" ({cause})" if cause else "")
        if loss is Loss.WS_OVERRIDDEN:
            return self._give_up("REPLACED", text)
        if not self.settings.auto_reconnect:
            return self._give_up(loss.value, text)
        self._backoff.closed(now)
        wait = wait_s or _GONE_S * (0.2 + 0.8 * self.random())
        return [CloseSocket(), *self._wait(loss.value, text, now, wait)]

    def _again(self, code: str, text: str, now: float, *, longest: bool = False) -> Steps:
        wait = self._backoff.closed(now, longest=longest)
        told: Steps = []
        if text != self._told:  # once a loss, not once a try
            self._told = text
            told = [Emit(e.ErrorRaised(self.account, code, text))]
        return [*told, *self._wait(code, text, now, wait)]

    def _wait(self, code: str, text: str, now: float, wait_s: float) -> Steps:
        self._forget(Phase.WAITING)
        self._again_at = now + wait_s
        return [self._link(LinkState.RECONNECTING, text, code, self._again_at)]

    def _give_up(self, code: str, text: str) -> Steps:
        self._forget(Phase.FAILED)
        error = Emit(e.ErrorRaised(self.account, code, text))
        return [CloseSocket(), error, self._link(LinkState.FAILED, text, code), Lost()]

    def _forget(self, phase: Phase) -> None:
        self.phase = phase
        self.subscription = None
        self.round += 1
        self.socket_round += 1
        self.attempt = self.refused_refreshes = 0
        self.since = self._again_at = self._refresh_at = self._ping_at = None
        self._asking = False

    # ---- time ----------------------------------------------------------------------------------

    def next_wake(self) -> float | None:
        """Return when `wake` is due (monotonic), None when nothing waits."""
        ping = self._ping_at if self.keep_alive else None
        due = [at for at in (self._again_at, self._refresh_at, ping) if at is not None]
        return min(due, default=None)

    def wake(self, now: float) -> Steps:
        """Do what time has brought."""
        steps: Steps = []
        if self._again_at is not None and now >= self._again_at:
            again = self._subscribe if self.phase is Phase.WAITING else self._reopen
            steps += again()
        if self._refresh_at is not None and now >= self._refresh_at and not self._asking:
            steps += self._put()
        if self._ping_at is not None and now >= self._ping_at:
            self._ping_at = now + self.settings.ping_s
            steps += [Ping()] if self.keep_alive else []
        return steps

    def _subscribe(self) -> Steps:
        self._again_at = None
        self.phase = Phase.SUBSCRIBING
        self.round += 1
        path = wire.resource_path(self.settings.user, wire.Resource.SUBSCRIPTION)
        return [AskSubscription("POST", path, self.round, self._request().body(first=True))]

    def _request(self) -> wire.SubscribeRequest:
        return wire.SubscribeRequest(self.wanted, self.settings.expires_s, self.correlator)

    def _link(
        self, link: LinkState, cause: str = "", code: str = "", retry_mono: float | None = None
    ) -> Emit:
        return Emit(e.LinkChanged(self.account, link, cause, code, retry_mono))


_WORDS = {
    Loss.GONE: "The gateway ended the subscription.",
    Loss.LOST_CONNECTION: "The notification socket could not be had again.",
    Loss.WS_OVERRIDDEN: "This user has signed in elsewhere with the same correlator.",
}
