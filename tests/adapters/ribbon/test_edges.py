"""Corners: tones without events, TURN servers, events renewed, clocks that jump, half reports."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from softphone.adapters.ribbon import wire
from softphone.adapters.ribbon.conversions import contact_of, entry_of, local_record, merged
from softphone.adapters.ribbon.inbox import Inbox
from softphone.adapters.ribbon.media import peer_settings
from softphone.adapters.ribbon.report import Report
from softphone.adapters.ribbon.rest import masked
from softphone.adapters.ribbon.settings import RibbonSettings
from softphone.adapters.ribbon.steps import CallAsk, Made
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId, EndReason, MediaState
from softphone.model.contact import Contact, ContactId
from softphone.secret import Secret
from tests.adapters.ribbon.plain_gateway import PASSWORD, USER, PlainGateway
from tests.adapters.ribbon.rig import Rig, sdp
from tests.adapters.ribbon.seat import NAME, Floor, Seat, until


async def test_without_events_digits_are_played_into_the_sound() -> None:
    gateway = PlainGateway()
    alice = Seat(url=await gateway.start(), user=USER, password=PASSWORD, ice_limit_s=0.5)
    try:
        await alice.start()
        await alice.linked()
        call = await alice.talk("echo")

        await alice.do(c.SendTones(call, "1,5", 60, 50))
        await alice.do(c.SendTones(call, "9", 60, 50))

        await alice.heard(call)  # aiortc knows no telephone-event; the tones come back as sound
    finally:
        await alice.stop()
        await gateway.close()


async def test_an_event_subscription_is_renewed_at_its_half_time(floor: Floor) -> None:
    alice = await floor.at_work(services=["call", "event:conference"])
    await alice.do(c.SubscribeEvent(NAME, "event:conference", ("bob",)))
    user = alice.adapter._running
    assert user is not None
    known = user.services.events["event:conference"]
    before, known.due = known.due, 0.0

    user.do([])

    await until(lambda: user.services.events["event:conference"].due >= before)
    await floor.fault("rest", resource="eventSubscription", status=404, code=42)
    user.services.events["event:conference"].due = 0.0
    user.do([])
    await until(lambda: not user.services.events)
    assert "could not be renewed" in alice.of(e.ErrorRaised)[-1].text


async def test_after_a_sleep_the_line_is_opened_anew(floor: Floor) -> None:
    alice = await floor.at_work()
    user = alice.adapter._running
    assert user is not None

    user._woke(30.0)

    await until(lambda: alice.links[-2:] == ["reconnecting", "online"])
    assert "woke after 30 s" in alice.remarks()


async def test_a_restart_after_the_far_end_was_lost_brings_the_sound_back(floor: Floor) -> None:
    alice = await floor.at_work()
    call = await alice.talk("echo@lab.test")
    user = alice.adapter._running
    assert user is not None
    alice.pumps[call].hums = True
    user.protocol.calls.live[call].media = MediaState.LOST

    await alice.do(c.RestartMedia(call))

    await alice.heard(call)


def test_turn_credentials_of_the_gateway_go_to_every_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TURN_SECRET", "own")
    servers: tuple[Any, ...] = (
        {"urls": "turn:a.test", "username": "u", "credential_env": "TURN_SECRET"},
        {"urls": ["stun:b.test", "turn:b.test"]},
    )
    turn = wire.TurnCredentials("170:alice", Secret("theirs"))

    given = peer_settings(RibbonSettings(ice_servers=servers, dscp=46, audio_kbps=24), turn)
    kept = peer_settings(RibbonSettings(ice_servers=servers, server_turn=False), turn)

    assert {server.username for server in given.ice_servers} == {"170:alice"}
    assert (given.dscp, given.audio_kbps) == (46, 24)
    assert kept.ice_servers[0].credential == Secret("own")
    assert kept.ice_servers[1].urls == ("stun:b.test", "turn:b.test")
    assert (kept.dscp, kept.audio_kbps) == (None, None)


def test_codecs_to_remove_may_have_parameters() -> None:
    chosen = peer_settings(RibbonSettings(remove_codecs=("opus; useinbandfec=1", "PCMA")), None)

    assert [(x.name, x.parameters) for x in chosen.removed] == [
        ("opus", ("useinbandfec=1",)),
        ("PCMA", ()),
    ]


def test_without_resync_a_new_line_asks_nothing_about_calls() -> None:
    rig = Rig(resync_on_connect=False).online()
    rig.talking()
    count = len(rig.of(CallAsk))
    rig.do(rig.protocol.line_went(rig.now))

    rig.do(rig.protocol.line_came(rig.now))

    assert len(rig.of(CallAsk)) == count


def test_a_report_has_each_relay_and_no_figure_of_a_failed_step() -> None:
    report = Report(CallId("c1"))
    make = report.begin("MAKE", 10.0)
    made = Made(sdp(), (10.1, 10.4), (("192.0.2.1:4000", 10.2),))
    report.made(made, "MAKE", make, 10.0, 10.5)
    hold = report.begin("HOLD_LOCAL", 11.0)
    report.end(hold, 11.2, "refused")
    report.close(12.0)

    native = json.loads(report.snapshot().native)

    figures = {metric["type"]: metric["data"] for metric in native["metrics"]}
    relay = {"duration": 100, "address": "192.0.2.1", "port": "4000"}
    assert figures["TIME_TO_RELAY_CANDIDATES"] == {"operation": "MAKE", "candidates": [relay]}
    assert figures["TIME_TO_COLLECT_ICE_CANDIDATES"] == {"operation": "MAKE", "duration": 300}
    assert figures["TIME_TO_MAKE"] == 2000
    assert "TIME_TO_HOLD_LOCAL" not in figures
    (top, _) = native["timeline"]
    assert top["timeline"][0]["timeline"][0]["parentId"] == top["timeline"][0]["id"]


@pytest.mark.parametrize("field", ["incoming", "outgoing"])
def test_own_records_go_where_the_gateway_has_one_of_the_same_call(field: str) -> None:
    rig = Rig().online()
    call = rig.talking() if field == "outgoing" else rig.offered()
    rig.now += 12.0
    rig.hear(wire.EventType.CALL_END, call.session)

    own = local_record(call)
    assert own is not None
    assert own.missed is (field == "incoming")
    near = [record_like(own, 9.0, 4.0)]
    far = [record_like(own, 11.0, 0.0)]
    assert merged(near, [own]) == tuple(near)
    assert len(merged(far, [own])) == 2


def record_like(own: Any, later_s: float, longer_s: float) -> Any:
    start, duration = own.start + later_s, own.duration_s + longer_s
    return replace(own, native_id="rec-9", start=start, duration_s=duration)


def test_calls_that_were_ignored_or_taken_elsewhere_leave_no_own_record() -> None:
    rig = Rig().online()
    ignored, taken = rig.offered("B1"), rig.offered("B2")
    rig.do(ignored.over(EndReason.IGNORED, rig.now))
    rig.hear(wire.EventType.CALL_CANCEL, "B2")

    assert local_record(ignored) is None
    assert local_record(taken) is None


def test_contacts_without_anything_to_call_are_left_out_and_names_are_found() -> None:
    assert contact_of(wire.Entry(), NAME) is None
    mail = contact_of(wire.Entry(id="c1", email="x@y.test"), NAME)
    assert mail is not None
    assert (mail.name, mail.main_address) == ("c1", "x@y.test")
    entry = entry_of(Contact(ContactId("x"), "Solo"))
    assert (entry.first_name, entry.last_name, entry.primary_contact) == ("Solo", "", "")
    kept = entry_of(Contact(ContactId("x"), "Solo"), wire.Entry(id="c1", fax="+3902"))
    assert (kept.first_name, kept.fax) == ("Solo", "+3902")


def test_ids_are_remembered_as_long_as_asked_and_those_without_are_new() -> None:
    def text(ident: str) -> str:
        return json.dumps({"notificationMessage": {"eventType": "mwi", "eventId": ident}})

    inbox = Inbox(2)
    assert [inbox.take(text(x), 0.0) is not None for x in ("a", "a", "b", "c", "a")] == [
        *(True, False, True, True, True)
    ]
    assert [inbox.take(text(""), 0.0) is not None for _ in range(2)] == [True, True]
    never = Inbox(0)
    assert all(never.take(text("a"), 0.0) for _ in range(3))
    assert inbox.take(b"\x00", 0.0) is None
    assert inbox.bad == 1


def test_a_flood_is_dropped_and_the_next_second_is_heard_again() -> None:
    inbox = Inbox(0)
    text = '{"notificationMessage":{"eventType":"mwi","eventId":"a"}}'

    taken = sum(inbox.take(text, 5.0) is not None for _ in range(1000))

    assert taken == wire.NOTIFICATION_RATE_LIMIT
    assert inbox.flooded == 1000 - taken
    assert inbox.take(text, 6.0) is not None


def test_what_is_logged_has_neither_channel_nor_session() -> None:
    text = json.dumps({"notificationChannel": "/rest/x/9a41", "sessionId": "s-77d0"})

    assert "9a41" not in masked(text)
    assert "s-77d0" not in masked(text)
