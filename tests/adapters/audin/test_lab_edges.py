"""Every edge case of section 11, made by the lab's fault switches."""

from __future__ import annotations

import asyncio
import json
import logging
import resource
from dataclasses import dataclass, field
from typing import Any

import pytest

from softphone.adapters.audin import wire
from softphone.lab.farends import FAR_ENDS
from softphone.lab.faults import FAULTS
from softphone.lab.hostile import HOSTILE_CALLERS
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.error import SoftphoneError
from softphone.model.presence import LinkState
from softphone.model.text import clean
from tests.adapters.audin.desk import NAME, Room, until
from tests.adapters.audin.test_against_lab import answered


@dataclass(frozen=True)
class Rubbish:
    """What the lab sends on a line that is up; afterwards a call must still come through."""

    fault: str
    args: dict[str, Any] = field(default_factory=dict)
    too_much: bool = False


RUBBISH = {
    "malformed JSON": Rubbish("malformed_json", {"count": 12}),
    "a nesting bomb": Rubbish("deep_json", {"count": 2}),
    "wrong types in every field": Rubbish("wrong_types", too_much=True),
    "an unknown type": Rubbish("unknown_type", {"count": 5}),
    "binary": Rubbish("binary_on_presence", {"count": 3}),
    "call ids unfit for a path": Rubbish("bad_call_sid"),
    "an assignment nobody asked for": Rubbish("ghost_assigned"),
    "an outbound call nobody asked for": Rubbish("ghost_outbound"),
    "no type": Rubbish("raw", {"text": '{"callSid": "CA1"}'}),
    "a null list": Rubbish(
        "raw", {"text": '{"type":"available_set","accepted":["pn_1"],"rejected":null}'}
    ),
}


@pytest.mark.parametrize("what", RUBBISH)
async def test_rubbish_on_the_line_leaves_it_open_and_usable(room: Room, what: str) -> None:
    desk = await room.at_work()

    await room.fault(RUBBISH[what].fault, **RUBBISH[what].args)
    offer = await desk.offered(await room.ring(ring_limit_s=20))
    await desk.do(c.Answer(offer.call))
    await desk.active(offer.call)

    again = ["reconnecting", "online"] if RUBBISH[what].too_much else []
    assert desk.links == ["offline", "connecting", "online", *again]
    assert len(desk.pumps) == 1


async def test_a_flood_is_thinned_out_and_the_line_stays(room: Room) -> None:
    desk = await room.at_work()

    await room.fault("flood", count=1000)
    # What comes above the rate is dropped, an offer too; a later one gets through.
    async with asyncio.timeout(5.0):
        while not desk.of(e.CallOffered):
            await room.ring(ring_limit_s=1)

    assert desk.links == ["offline", "connecting", "online"]


async def test_twenty_bad_messages_are_too_many_and_are_forgiven_afterwards(room: Room) -> None:
    desk = await room.at_work()

    await room.fault("malformed_json", count=40)
    await until(lambda: desk.links.count("online") == 2)
    await room.fault("malformed_json", count=5)
    offer = await desk.offered(await room.ring())

    assert offer.native_id
    assert desk.links[-2:] == ["reconnecting", "online"]


async def test_rubbish_is_logged_once_and_escaped(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "softphone.adapters.audin")
    desk = await room.at_work()

    for _ in range(3):
        await room.fault("raw", text="\x1b]0;owned\x07" + "x" * 500)
    await desk.offered(await room.ring())

    lines = [r.getMessage() for r in caplog.records if "ignored" in r.getMessage()]
    assert len(lines) == 1
    assert "\x1b" not in lines[0]
    assert len(lines[0]) < 200


async def test_oversize_messages_end_their_socket_and_take_no_memory(room: Room) -> None:
    desk = await room.at_work()
    _, call = await answered(room, desk)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    await room.fault("oversize", socket="audio")
    await room.fault("oversize", socket="presence")

    assert (await desk.over(call)).reason.value == "failed"
    await until(lambda: desk.links.count("online") == 2)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 5 * 1024


AUDIO_RUBBISH = {
    "text that is no JSON": Rubbish("text_garbage_on_audio", {"count": 30}),
    "empty frames": Rubbish("empty_frames", {"count": 30}),
    "a flood": Rubbish("flood", {"socket": "audio", "count": 800}),
    "an unknown control": Rubbish("raw", {"socket": "audio", "text": '{"type":"x"}'}),
    "odd sizes": Rubbish("odd_frames"),
    "a freeze": Rubbish("freeze_audio", {"ms": 200}),
}


@pytest.mark.parametrize("what", AUDIO_RUBBISH)
async def test_rubbish_on_audio_leaves_the_call_up_and_audible(room: Room, what: str) -> None:
    desk = await room.at_work()
    sid, call = await answered(room, desk)

    await room.fault(AUDIO_RUBBISH[what].fault, **AUDIO_RUBBISH[what].args)
    frames = desk.pumps[call].leg.stats().frames_received
    await until(lambda: desk.pumps[call].leg.stats().frames_received > frames + 20)

    assert desk.end_of(call) is None
    assert room.call(sid)["phase"] == "up"
    assert desk.pumps[call].leg.stats().depth_ms <= 1000


async def test_audio_that_stops_does_not_end_the_call(room: Room) -> None:
    desk = await room.at_work()
    sid, call = await answered(room, desk)
    await room.fault("silence")

    heard = desk.pumps[call].leg.stats().frames_received
    received = room.call(sid)["received"]["frames"]
    await until(lambda: room.call(sid)["received"]["frames"] > received + 25)

    assert desk.pumps[call].leg.stats().frames_received <= heard + 2
    assert desk.end_of(call) is None


async def test_messages_that_come_twice_count_once(room: Room) -> None:
    await room.fault("duplicate")
    desk, other = await room.at_work("op-1"), await room.at_work("op-2")
    sid, call = await answered(room, desk)

    theirs = (await other.offered(sid)).call
    await other.over(theirs)

    assert len({offer.call for offer in desk.of(e.CallOffered)}) == 1
    assert len(desk.pumps) == 1
    assert room.call(sid)["phase"] == "up"
    await desk.do(c.HangUp(call))
    await room.fault("raw", text=json.dumps({"type": "incoming_call", "callSid": sid}))
    await desk.offered(await room.ring())
    assert [offer.native_id for offer in desk.of(e.CallOffered)].count(sid) == 2


async def test_the_order_of_assigned_and_taken_does_not_matter(room: Room) -> None:
    await room.fault("swap_assigned_taken")
    desk, other = await room.at_work("op-1"), await room.at_work("op-2")

    sid, call = await answered(room, desk)

    lost = await other.over((await other.offered(sid)).call)
    assert lost.reason.value == "taken_by_other"
    assert desk.end_of(call) is None


async def test_taken_after_assigned_is_ignored(room: Room) -> None:
    await room.fault("taken_after_assigned")
    desk = await room.at_work()

    _, call = await answered(room, desk)

    assert desk.end_of(call) is None


async def test_the_call_that_is_up_is_not_offered_again(room: Room) -> None:
    desk = await room.at_work()
    sid, call = await answered(room, desk)

    await room.fault("raw", text=json.dumps({"type": "incoming_call", "callSid": sid}))
    await until(lambda: room.available() == ["pn_1"])
    await desk.do(c.HangUp(call))
    await desk.over(call)

    assert len(desk.of(e.CallOffered)) == 1
    assert desk.of(e.CallAutoDeclined) == []


async def test_an_offer_that_ended_by_a_lost_line_rings_again(room: Room) -> None:
    desk = await room.at_work()
    sid = await room.ring()
    first = (await desk.offered(sid)).call

    await room.ask(room.control.drop, "audin", "op-1", 1011)

    assert (await desk.over(first)).reason.value == "offline"
    again = await until(lambda: [o for o in desk.of(e.CallOffered) if o.call != first])
    assert again[0].native_id == sid


async def test_an_accept_whose_answer_is_late_still_counts(room: Room) -> None:
    await room.fault("delay_assigned", seconds=0.3)
    desk = await room.at_work()

    sid, _ = await answered(room, desk)

    assert room.call(sid)["phase"] == "up"


async def test_an_accept_without_an_answer_fails_and_leaves_no_ghost(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "ACCEPT_LIMIT_S", 0.2)  # ten seconds are long
    await room.fault("delay_assigned", seconds=0.5)
    desk = await room.at_work()
    sid = await room.ring()
    call = (await desk.offered()).call

    await desk.do(c.Answer(call))

    over = await desk.over(call)
    assert (over.reason.value, over.code) == ("failed", "ACCEPT_TIMEOUT")
    assert await until(lambda: room.call(sid)["reason"]) == "hangup"


async def test_a_dial_without_an_answer_fails_and_a_late_start_is_ended(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "DIAL_LIMIT_S", 0.2)  # half a minute is long
    await room.fault("late_outbound_started", seconds=0.5)
    desk = await room.at_work()

    with pytest.raises(SoftphoneError) as late:
        await desk.dial(FAR_ENDS["tone"])

    assert late.value.code == "DIAL_TIMEOUT"
    assert await until(lambda: room.calls()[0]["reason"]) == "hangup"


async def test_a_line_lost_between_accept_and_assigned_may_come_back(room: Room) -> None:
    await room.fault("delay_assigned", seconds=0.5)
    desk = await room.at_work()
    sid = await room.ring()
    call = (await desk.offered()).call

    await desk.do(c.Answer(call))
    await until(lambda: f"op-1 answered {sid}" in room.journal())
    await room.ask(room.control.drop, "audin", "op-1", 1011)
    await desk.active(call)

    assert desk.links.count("online") == 2


async def test_without_a_greeting_the_line_is_up_after_its_limit(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "CONNECTED_LIMIT_S", 0.2)
    await room.fault("no_connected")

    desk = await room.at_work()

    assert desk.link is LinkState.ONLINE


async def test_a_missing_confirmation_is_told_and_asked_for_once_more(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "AVAILABLE_SET_LIMIT_S", 0.2)
    await room.fault("no_available_set")
    desk = await room.desk()

    await desk.do(c.GoOnline(NAME, ("pn_1",)))
    await desk.do(c.SetAvailable(NAME, True))
    await until(lambda: room.journal().count("op-1 available on pn_1") == 2)

    assert "not confirmed" in desk.remarks()


async def test_a_server_that_never_answers_a_close_is_left_all_the_same(room: Room) -> None:
    await room.fault("never_answer_close")
    desk = await room.at_work()
    _, call = await answered(room, desk)

    await desk.do(c.GoOffline(NAME))

    assert desk.end_of(call) is not None
    await until(lambda: desk.link is LinkState.OFFLINE, 3.0)


async def test_a_server_gone_silent_is_left(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "SILENT_LIMIT_S", 1.5)
    await room.fault("no_pong")

    desk = await room.at_work(heartbeat_s=1.0)
    change = await until(
        lambda: [x for x in desk.of(e.LinkChanged) if x.link is LinkState.RECONNECTING]
    )

    assert change[0].cause == "connection lost"
    await desk.linked()


async def test_without_a_microphone_the_call_fails_at_both_ends(room: Room) -> None:
    desk = await room.at_work()
    desk.microphone = False
    sid = await room.ring()
    call = (await desk.offered()).call

    await desk.do(c.Answer(call))

    over = await desk.over(call)
    assert (over.reason.value, over.code) == ("failed", "MIC_FAILED")
    assert await until(lambda: room.call(sid)["reason"]) == "hangup"


async def test_hostile_names_are_harmless_text(room: Room) -> None:
    desk = await room.at_work()
    callers = HOSTILE_CALLERS[:14]

    for number, name in callers:
        await room.ring(caller=number, name=name)
    await until(lambda: len(desk.of(e.CallOffered)) == len(callers))
    await room.fault("raw", text=json.dumps({"type": "error", "message": "\x1b[2J[/]\u202eboo"}))
    await until(desk.codes)

    shown = [offer.remote.address + offer.remote.name for offer in desk.of(e.CallOffered)]
    shown += [error.text for error in desk.of(e.ErrorRaised)]
    assert all(text == clean(text, 1000) for text in shown)
    assert not any(chr(code) in text for text in shown for code in (*range(32), 127, 0x202E))


async def test_an_anonymous_caller_has_no_address(room: Room) -> None:
    desk = await room.at_work()

    await room.ring(caller=None, name=None)

    assert (await desk.offered()).remote.label == "unknown caller"


async def test_numbers_never_asked_for_are_shown_and_not_wanted(room: Room) -> None:
    desk = await room.at_work()

    text = {"type": "available_set", "accepted": ["pn_1", "pn_9"], "rejected": []}
    await room.fault("raw", text=json.dumps(text))
    await until(lambda: desk.accepted == ("pn_1", "pn_9"))
    await room.ask(room.control.drop, "audin", "op-1", 1011)
    await until(lambda: desk.links.count("online") == 2)

    assert await until(room.available) == ["pn_1"]


async def test_a_set_the_server_refuses_whole_is_told(room: Room) -> None:
    desk = await room.desk()

    await desk.do(c.GoOnline(NAME, ("pn_9",)))
    await desk.do(c.SetAvailable(NAME, True))

    await until(lambda: "none of the numbers" in desk.remarks())
    assert desk.of(e.AvailabilityChanged)[-1].availability.rejected == ("pn_9",)


async def test_unusable_numbers_are_left_out(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "softphone.adapters.audin")
    await room.fault("numbers_bad")

    desk = await room.at_work()

    assert [n.id for n in desk.of(e.NumbersListed)[-1].numbers] == ["pn_1", "pn_2", "pn_3"]
    assert "4 phone numbers" in caplog.text


def test_every_switch_that_acts_at_once_is_in_a_table_or_a_test_of_its_own() -> None:
    tabled = {"flood"} | {one.fault for one in (*RUBBISH.values(), *AUDIO_RUBBISH.values())}
    apart = {"oversize", "hostile_text", "drop_audio"}

    assert {
        name for name, kind in FAULTS.items() if kind.now and "audin" in kind.services
    } <= tabled | apart
