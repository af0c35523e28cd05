"""Audin presence: greeting, availability, heartbeat (section 6), without a socket."""

from __future__ import annotations

from softphone.adapters.audin import wire
from softphone.adapters.audin.steps import Reconnect
from softphone.model import event as e
from tests.adapters.audin.operator_rig import NUMBERS, Rig


def test_nothing_is_announced_before_the_greeting() -> None:
    rig = Rig()
    rig.do(rig.protocol.set_available(True, rig.now))
    rig.do(rig.protocol.opened(rig.now))
    assert rig.sent(wire.SetAvailable) == []

    rig.hear(wire.Connected())

    assert rig.sent(wire.SetAvailable) == [wire.SetAvailable(("pn_1",))]


def test_a_greeting_that_never_comes_is_taken_as_given_after_five_seconds() -> None:
    rig = Rig()
    rig.do(rig.protocol.set_available(True, rig.now))
    rig.do(rig.protocol.opened(rig.now))

    rig.later(5.0)

    assert rig.protocol.presence.online
    assert rig.sent(wire.SetAvailable) == [wire.SetAvailable(("pn_1",))]


def test_availability_is_told_with_what_was_accepted_and_rejected() -> None:
    rig = Rig(phone_number_ids=("pn_1", "pn_2")).online()

    rig.hear(wire.AvailableSet(("pn_1",), ("pn_2",)))

    told = rig.events(e.AvailabilityChanged)[-1].availability
    assert (told.accepted, told.rejected, told.confirmed) == (("pn_1",), ("pn_2",), True)


def test_numbers_never_asked_for_do_not_join_the_wish() -> None:
    rig = Rig().online()

    rig.hear(wire.AvailableSet(("pn_1", "pn_9"), ()))

    assert rig.protocol.presence.wanted == ("pn_1",)


def test_a_missing_confirmation_is_asked_for_once_more() -> None:
    rig = Rig()
    rig.do(rig.protocol.set_available(True, rig.now))
    rig.do(rig.protocol.opened(rig.now))
    rig.hear(wire.Connected())

    rig.later(10.0)
    rig.later(10.0)
    rig.later(10.0)

    assert len(rig.sent(wire.SetAvailable)) == 2
    assert len(rig.events(e.Remarked)) == 2


def test_the_wish_is_sent_again_after_a_reconnect() -> None:
    rig = Rig().online()

    rig.do(rig.protocol.closed(rig.now))
    rig.do(rig.protocol.opened(rig.now))
    rig.hear(wire.Connected())

    assert rig.sent(wire.SetAvailable) == [wire.SetAvailable(("pn_1",))] * 2
    assert rig.events(e.AvailabilityChanged)[-1].availability.accepted == ()


def test_a_new_set_replaces_the_old_one() -> None:
    rig = Rig().online()

    rig.do(rig.protocol.go_online(("pn_2", "pn_2"), rig.now))
    assert rig.protocol.go_online(None, rig.now) == []

    assert rig.sent(wire.SetAvailable)[-1] == wire.SetAvailable(("pn_2",))


def test_pausing_withdraws_and_coming_back_announces_again() -> None:
    rig = Rig().online()

    rig.do(rig.protocol.set_available(False, rig.now))
    assert rig.protocol.set_available(False, rig.now) == []
    rig.do(rig.protocol.set_available(True, rig.now))

    assert len(rig.sent(wire.SetUnavailable)) == 1
    assert len(rig.sent(wire.SetAvailable)) == 2


def test_choosing_numbers_while_paused_sends_nothing() -> None:
    rig = Rig()

    rig.do(rig.protocol.go_online(("pn_2",), rig.now))

    assert rig.sent(wire.SetAvailable) == []
    assert rig.protocol.presence.wanted == ("pn_2",)


def test_without_a_choice_every_number_is_wanted_once_they_are_known() -> None:
    rig = Rig(phone_number_ids=())
    rig.do(rig.protocol.set_available(True, rig.now))
    rig.do(rig.protocol.opened(rig.now))
    rig.hear(wire.Connected())

    rig.do(rig.protocol.listed(NUMBERS, rig.now))

    assert rig.sent(wire.SetAvailable) == [wire.SetAvailable(("pn_1", "pn_2"))]


def test_becoming_available_later_takes_every_number_too() -> None:
    rig = Rig(phone_number_ids=())
    rig.do(rig.protocol.opened(rig.now))
    rig.hear(wire.Connected())
    rig.do(rig.protocol.listed(NUMBERS, rig.now))

    rig.do(rig.protocol.set_available(True, rig.now))

    assert rig.sent(wire.SetAvailable) == [wire.SetAvailable(("pn_1", "pn_2"))]


def test_the_first_ping_goes_out_after_one_interval() -> None:
    rig = Rig().online()

    rig.later(24.9)
    assert rig.sent(wire.Ping) == []
    rig.later(0.2)
    rig.hear(wire.Pong())
    rig.later(25.0)

    assert len(rig.sent(wire.Ping)) == 2


def test_a_server_gone_silent_is_left_after_a_minute() -> None:
    rig = Rig().online()

    rig.later(60.0)

    assert [step.why for step in rig.of(Reconnect)] == ["the server fell silent"]


def test_another_protocol_version_is_warned_of_once() -> None:
    rig = Rig().online()

    rig.hear(wire.Connected(protocol="v2"))
    rig.hear(wire.Connected(protocol="v2"))

    assert len(rig.events(e.Remarked)) == 1


def test_a_closed_line_needs_no_waking() -> None:
    rig = Rig()

    assert rig.protocol.next_wake() is None
    assert rig.protocol.wake(rig.now) == []


def test_wanting_no_number_any_more_withdraws() -> None:
    rig = Rig().online()

    rig.do(rig.protocol.go_online((), rig.now))

    assert rig.sent(wire.SetUnavailable) == [wire.SetUnavailable()]
    assert rig.events(e.AvailabilityChanged)[-1].availability.wanted == ()
