"""The subscription machine without network: refresh, retries, reconnects, losses."""

from __future__ import annotations

from typing import Any

import pytest

from softphone.adapters.ribbon import wire
from softphone.adapters.ribbon.session import Loss, Phase, Session
from softphone.adapters.ribbon.settings import RibbonSettings
from softphone.adapters.ribbon.steps import (
    AskSubscription,
    CloseSocket,
    Emit,
    OpenSocket,
    Ping,
    Steps,
)
from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.error import Refused, RequestError


class Turn:
    """A session with a clock to turn; the middle of every random range."""

    def __init__(self, **settings: Any) -> None:
        given = {"url": "https://gw.test", "user": "alice@example.com", **settings}
        self.session = Session(
            AccountName("ribbon"), RibbonSettings(**given), "desk-7", random=lambda: 0.5
        )
        self.now = 0.0
        self.steps: Steps = []

    def do(self, steps: Steps) -> Steps:
        self.steps += steps
        return steps

    def of(self, kind: type[Any]) -> list[Any]:
        return [step for step in self.steps if isinstance(step, kind)]

    def later(self, seconds: float) -> Steps:
        self.now += seconds
        return self.do(self.session.wake(self.now))

    def reply(self, status: int = 200, body: Any = None, **headers: str) -> Steps:
        ask = self.of(AskSubscription)[-1]
        given = granted() if body is None else body
        found = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = wire.read_answer(status, found, given, 0.0)
        return self.do(self.session.answered(ask, answer, self.now))

    def up(self) -> Turn:
        self.do(self.session.open(self.now))
        self.reply()
        self.opened()
        return self

    def opened(self) -> None:
        self.do(self.session.socket_opened(self.session.socket_round, self.now))

    def closed(self, code: int = 1006) -> None:
        self.do(self.session.socket_closed(self.session.socket_round, code, "cut", self.now))

    def failed(self) -> None:
        self.do(self.session.socket_failed(self.session.socket_round, "refused", self.now))

    def links(self) -> list[str]:
        told = [step.event for step in self.of(Emit)]
        return [x.link.value for x in told if isinstance(x, e.LinkChanged)]


def granted(expires: int = 3600, services: tuple[str, ...] = ("call", "IM")) -> dict[str, Any]:
    return wire.Subscription(
        "/rest/version/1/user/alice@example.com/subscription/5f2c",
        "/rest/version/1/websocket/9a41",
        services,
        expires,
        "desk-7",
    ).body()


def test_the_first_refresh_comes_at_half_the_time_and_failures_halve_it_again() -> None:
    turn = Turn().up()

    turn.later(1799.0)
    assert [ask.method for ask in turn.of(AskSubscription)] == ["POST"]
    turn.later(1.5)
    assert turn.of(AskSubscription)[-1].method == "PUT"
    assert turn.of(AskSubscription)[-1].path.endswith("/clientCorrelator/desk-7")
    turn.reply(500, {"subscribeResponse": {"statusCode": 26}})
    turn.later(899.0)
    assert len(turn.of(AskSubscription)) == 2
    turn.later(1.5)
    assert len(turn.of(AskSubscription)) == 3
    turn.reply(200, granted())
    turn.later(1799.0)
    assert len(turn.of(AskSubscription)) == 3


def test_a_refresh_is_never_sooner_than_thirty_seconds() -> None:
    turn = Turn()
    turn.do(turn.session.open(0.0))
    turn.reply(200, granted(expires=20))
    turn.opened()

    turn.later(29.0)
    assert len(turn.of(AskSubscription)) == 1
    turn.later(1.5)
    assert len(turn.of(AskSubscription)) == 2


def test_a_refresh_of_a_subscription_that_is_gone_subscribes_anew() -> None:
    turn = Turn().up()
    turn.later(1801.0)
    turn.reply(404, {"subscribeResponse": {"statusCode": 39}})
    assert turn.session.phase is Phase.WAITING

    turn.later(10.0)

    assert turn.of(AskSubscription)[-1].method == "POST"


def test_503_is_retried_three_times_with_the_time_it_says_then_with_patience() -> None:
    turn = Turn()
    turn.do(turn.session.open(0.0))
    waits = []
    for _ in range(5):
        turn.reply(503, {}, Retry_After="2")
        waits.append(turn.session.next_wake() or 0.0)
        waits[-1] -= turn.now
        turn.later(waits[-1])

    assert waits[:3] == [2.0, 2.0, 2.0]
    assert waits[3] > 30.0
    assert waits[4] == 2.0


def test_a_channel_the_gateway_has_forgotten_is_a_new_subscription_at_once() -> None:
    turn = Turn().up()
    turn.later(100.0)
    turn.closed()
    turn.later(1.0)
    turn.do(turn.session.socket_failed(turn.session.socket_round, "404", turn.now, unknown=True))

    waits_s = (turn.session.next_wake() or 0.0) - turn.now
    assert turn.session.phase is Phase.WAITING
    assert 0.0 < waits_s <= 5.0
    turn.later(waits_s)
    assert turn.of(AskSubscription)[-1].method == "POST"


def test_a_first_socket_that_is_not_found_keeps_to_the_rules() -> None:
    turn = Turn()
    turn.do(turn.session.open(turn.now))
    turn.reply()
    turn.do(turn.session.socket_failed(turn.session.socket_round, "404", turn.now, unknown=True))

    assert turn.session.phase is Phase.OPENING


def test_reconnects_follow_the_rules_and_end_in_a_new_subscription() -> None:
    turn = Turn(reconnect_multiplier=2.0).up()
    turn.later(100.0)
    turn.closed()
    waits = []
    while turn.session.phase is Phase.REOPENING:
        waits.append((turn.session.next_wake() or 0.0) - turn.now)
        turn.later(waits[-1])
        turn.failed()

    assert 0.0 < waits[0] <= 0.4  # at once, but never without a pause
    assert waits[1:] == pytest.approx([5.0, 10.0, 20.0, 40.0])
    assert turn.session.phase is Phase.WAITING


def test_a_socket_that_dies_young_again_and_again_is_no_tight_loop() -> None:
    turn = Turn().up()
    for _ in range(20):
        turn.closed()
        turn.later(max(0.0, (turn.session.next_wake() or turn.now) - turn.now))
        if turn.session.phase is not Phase.REOPENING:
            break
        turn.opened()

    assert turn.now > 15.0
    assert turn.session.phase is not Phase.UP


def test_a_close_with_1000_ends_the_subscription_without_a_delete() -> None:
    turn = Turn().up()

    turn.closed(1000)

    assert turn.session.phase is Phase.WAITING
    assert [ask.method for ask in turn.of(AskSubscription)] == ["POST"]


@pytest.mark.parametrize(
    ("event", "phase"),
    [
        (wire.EventType.GONE, Phase.WAITING),
        (wire.EventType.OVERRIDDEN, Phase.FAILED),
    ],
)
def test_a_loss_the_gateway_tells_closes_the_socket(event: wire.EventType, phase: Phase) -> None:
    turn = Turn().up()

    turn.do(turn.session.notified(wire.LossNotice(event, "e1", 7.0), turn.now))

    assert turn.session.phase is phase
    assert turn.of(CloseSocket)
    if phase is Phase.WAITING:
        assert turn.session.next_wake() == 7.0


def test_without_reconnecting_a_loss_is_the_end() -> None:
    turn = Turn(auto_reconnect=False).up()

    turn.closed()

    assert turn.session.phase is Phase.FAILED
    assert turn.links()[-1] == "failed"


def test_pings_come_in_their_interval_unless_switched_off() -> None:
    turn = Turn(ping_s=30.0).up()
    for _ in range(3):
        turn.later(30.0)
    assert len(turn.of(Ping)) == 3

    turn.session.keep_alive = False
    turn.later(30.0)
    assert len(turn.of(Ping)) == 3


def test_late_answers_of_an_earlier_try_mean_nothing() -> None:
    turn = Turn()
    turn.do(turn.session.open(0.0))
    old = turn.of(AskSubscription)[-1]
    turn.do(turn.session.leave())
    turn.do(turn.session.open(0.0))

    steps = turn.session.answered(old, wire.read_answer(200, {}, granted(), 0.0), 0.0)

    assert steps == []
    assert not turn.of(OpenSocket)


def test_a_subscription_whose_socket_never_opens_is_given_back() -> None:
    turn = Turn(reconnect_limit=2)
    turn.do(turn.session.open(0.0))
    turn.reply()
    for _ in range(3):
        turn.failed()
        turn.later(5.0)

    methods = [ask.method for ask in turn.of(AskSubscription)]
    assert methods[:2] == ["POST", "DELETE"]


def test_services_change_by_name_without_case_and_never_to_none() -> None:
    turn = Turn(services=("call", "IM")).up()
    turn.do(turn.session.change(("MWI",), ("im",)))
    body = turn.of(AskSubscription)[-1].body
    assert body["subscribeRequest"]["service"] == ["call", "MWI"]
    with pytest.raises(Refused):
        turn.session.change(("x",), ())  # the one before is still on its way
    turn.do(turn.session.failed(turn.of(AskSubscription)[-1], RequestError("x"), turn.now))

    with pytest.raises(Refused):
        turn.session.change((), ("CALL", "mwi"))
    with pytest.raises(Refused):
        Turn().session.change(("x",), ())


def test_every_loss_has_words() -> None:
    for loss in Loss:
        turn = Turn().up()
        turn.do(turn.session.lost(loss, turn.now))
        told = [step.event for step in turn.of(Emit)]
        assert [x for x in told if isinstance(x, e.LinkChanged)][-1].cause.endswith(".")
