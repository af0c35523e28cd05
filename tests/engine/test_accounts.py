"""The book of accounts, and the clients that follow what happens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from softphone.engine.accounts import AccountBook, came_up, went_down
from softphone.engine.clients import Client, Hub, Published
from softphone.engine.link import Role
from softphone.model import codec
from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.presence import Account, Availability, LinkState, OwnNumber

DESK = AccountName("desk")
OTHER = AccountName("other")


def book() -> AccountBook:
    return AccountBook({name: Account(name, "kind") for name in (DESK, OTHER)})


def test_a_change_of_the_line_is_kept_with_its_time_and_cause() -> None:
    changed = book().apply(e.LinkChanged(DESK, LinkState.RECONNECTING, "reset", "C1", 99.0), 50.0)

    assert changed == Account(
        DESK, "kind", LinkState.RECONNECTING, since_mono=50.0, cause="reset", code="C1",
        retry_mono=99.0,
    )  # fmt: skip


def test_the_time_of_a_loss_stays_through_every_further_try() -> None:
    accounts = book()
    accounts.apply(e.LinkChanged(DESK, LinkState.RECONNECTING, retry_mono=51.0), 50.0)

    changed = accounts.apply(e.LinkChanged(DESK, LinkState.RECONNECTING, retry_mono=61.0), 60.0)

    assert changed is not None
    assert (changed.since_mono, changed.retry_mono) == (50.0, 61.0)


def test_numbers_and_availability_are_kept_beside_the_line() -> None:
    accounts, number = book(), OwnNumber("a", "+391")
    accounts.apply(e.LinkChanged(DESK, LinkState.ONLINE), 1.0)
    accounts.apply(e.NumbersListed(DESK, (number,)), 2.0)
    accounts.apply(e.AvailabilityChanged(DESK, Availability(("a",))), 3.0)

    found = accounts.accounts[DESK]
    assert (found.link, found.numbers) == (LinkState.ONLINE, (number,))
    assert found.availability == Availability(("a",))
    assert accounts.accounts[OTHER] == Account(OTHER, "kind")


def test_a_fact_that_changes_nothing_is_no_change() -> None:
    accounts = book()
    accounts.apply(e.NumbersListed(DESK, ()), 1.0)

    assert accounts.apply(e.LinkChanged(DESK, LinkState.OFFLINE), 5.0) is None


def test_a_loss_and_a_return_are_seen_once() -> None:
    up, down = Account(DESK, "k", LinkState.ONLINE), Account(DESK, "k", LinkState.RECONNECTING)

    assert [went_down(*pair) for pair in ((up, down), (down, down), (down, up))] == [
        True,
        False,
        False,
    ]
    assert [came_up(*pair) for pair in ((down, up), (up, up), (up, down))] == [True, False, False]


@dataclass
class Screen:
    """A client that keeps what it is told."""

    told: list[Published] = field(default_factory=list)

    def events(self) -> list[e.Event]:
        return [published.event for published in self.told]


def attach(hub: Hub, role: Role = Role.CONSOLE) -> tuple[Client, Screen]:
    screen = Screen()
    return hub.attach(role, "name", screen.told.append), screen


def test_events_are_numbered_without_a_gap_and_told_to_everybody() -> None:
    hub = Hub()
    (_, one), (_, other) = attach(hub), attach(hub, Role.COMMAND)
    start = hub.state.seq

    for missed in range(3):
        hub.publish(e.HistoryChanged(missed))

    assert [published.seq for published in other.told] == [start + 1, start + 2, start + 3]
    assert one.told[-3:] == other.told
    assert (hub.state.missed, hub.state.seq) == (2, start + 3)


def test_an_event_is_written_once_however_many_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    hub, written = Hub(), list[object]()
    screens = [attach(hub)[1] for _ in range(3)]
    real = codec.encode
    monkeypatch.setattr(codec, "encode", lambda value: written.append(value) or real(value))  # type: ignore[func-returns-value]  # counts, then does it

    hub.publish(e.HistoryChanged(1))
    lines = {screen.told[-1].line for screen in screens}

    assert written == [e.HistoryChanged(1)]
    (line,) = lines
    assert json.loads(line) == {
        "seq": hub.state.seq,
        "event": {"type": "history_changed", "missed": 1},
    }
    assert line.endswith(b"}\n")


def test_every_client_has_a_name_nobody_had_before() -> None:
    hub = Hub()
    first, _ = attach(hub)
    hub.detach(first.id)

    second, _ = attach(hub)
    command, _ = attach(hub, Role.COMMAND)

    assert len({first.id, second.id, command.id}) == 3


def test_the_first_console_may_act_and_the_second_watches() -> None:
    hub = Hub()
    (first, screen), (second, _) = attach(hub), attach(hub)

    assert (hub.may_act(first.id), hub.may_act(second.id)) == (True, False)
    assert screen.events() == [e.ControlChanged(first.id, 1), e.ControlChanged(first.id, 2)]


def test_a_command_may_act_and_never_takes_control() -> None:
    hub = Hub()
    command, screen = attach(hub, Role.COMMAND)

    assert hub.may_act(command.id)
    assert (hub.state.controller, hub.consoles(), screen.told) == ("", [], [])


def test_nobody_unknown_may_act() -> None:
    assert not Hub().may_act("console-9")


def test_a_console_that_takes_over_may_act_and_the_first_is_told() -> None:
    hub = Hub()
    (first, screen), (second, _) = attach(hub), attach(hub)

    hub.take_over(second.id)

    assert (hub.may_act(first.id), hub.may_act(second.id)) == (False, True)
    assert screen.events()[-1] == e.ControlChanged(second.id, 2)


def test_taking_over_by_somebody_who_is_no_console_changes_nothing() -> None:
    hub = Hub()
    first, _ = attach(hub)
    command, _ = attach(hub, Role.COMMAND)

    hub.take_over(command.id)

    assert hub.state.controller == first.id


def test_control_goes_to_the_console_that_has_been_there_longest() -> None:
    hub = Hub()
    consoles = [attach(hub)[0] for _ in range(3)]

    hub.detach(consoles[0].id)

    assert hub.state.controller == consoles[1].id
    assert hub.consoles() == consoles[1:]


def test_a_watcher_that_goes_leaves_control_where_it_is() -> None:
    hub = Hub()
    first, second = attach(hub)[0], attach(hub)[0]

    hub.detach(second.id)

    assert (hub.state.controller, hub.state.consoles) == (first.id, 1)


def test_the_last_console_leaves_nobody_in_control() -> None:
    hub = Hub()
    first, _ = attach(hub)

    hub.detach(first.id)
    hub.detach(first.id)

    assert (hub.state.controller, hub.state.consoles) == ("", 0)


def test_a_client_that_leaves_while_it_is_told_harms_nobody() -> None:
    hub = Hub()
    leaver = hub.attach(Role.COMMAND, "", lambda published: hub.detach(leaver.id))
    _, screen = attach(hub, Role.COMMAND)

    hub.publish(e.HistoryChanged(1))
    hub.publish(e.HistoryChanged(2))

    assert screen.events() == [e.HistoryChanged(1), e.HistoryChanged(2)]
