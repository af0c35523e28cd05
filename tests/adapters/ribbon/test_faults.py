"""A gateway that refuses, loses, repeats, spoils and disappears: a sentence each, nothing left."""

from __future__ import annotations

import asyncio

import pytest

from softphone.adapters.ribbon import wire
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import EndReason
from softphone.model.error import SoftphoneError
from tests.adapters.ribbon.seat import Floor, Seat, until
from tests.adapters.ribbon.test_calls import two_talking


async def rung(floor: Floor, seat: Seat, place: int = 0) -> e.CallOffered:
    """Let a far end ring alice and return the offer."""
    await floor.ask(floor.control.ring, number="+390255501001")
    return await seat.offered(place)


def live(floor: Floor) -> list[dict[str, object]]:
    return [call for call in floor.calls() if call["phase"] != "over"]


@pytest.mark.parametrize("code", [*wire.known_statuses(), 999])
async def test_a_refused_dial_is_a_sentence_and_the_call_is_over(floor: Floor, code: int) -> None:
    alice = await floor.at_work()
    await floor.fault("rest", resource="callStart", status=403, code=code)

    with pytest.raises(SoftphoneError) as refused:
        await alice.dial("echo@lab.test")

    assert refused.value.message.endswith((".", "moment."))
    (over,) = alice.of(e.CallOver)
    assert over.reason is EndReason.FAILED
    assert over.detail == refused.value.message
    bad_sign_in = code in (4, 27, 61, 65)
    assert ("UNAUTHORIZED" in alice.codes()) is bad_sign_in


@pytest.mark.parametrize("form", ["malformed", "empty", "html", "list", "deep", "wrong_types"])
async def test_an_answer_that_cannot_be_read_ends_the_dial(floor: Floor, form: str) -> None:
    alice = await floor.at_work()
    await floor.fault("rest_garbage", resource="callStart", form=form)

    with pytest.raises(SoftphoneError) as refused:
        await alice.dial("echo@lab.test")

    assert refused.value.message.endswith(".")
    assert alice.of(e.CallOver)[0].reason is EndReason.FAILED


async def test_a_gateway_that_does_not_answer_ends_the_dial_in_time(floor: Floor) -> None:
    alice = await floor.at_work(rest_limit_s=0.3)
    await floor.fault("rest_slow", resource="callStart", seconds=2.0)

    with pytest.raises(SoftphoneError, match="did not answer within"):
        await alice.dial("echo@lab.test")


async def test_a_call_given_up_while_the_gateway_makes_it_is_ended_there(floor: Floor) -> None:
    alice = await floor.at_work()
    await floor.fault("rest_slow", resource="callStart", seconds=0.4)
    dialling = asyncio.create_task(alice.dial("music@lab.test"))
    (dialed,) = await until(lambda: alice.of(e.CallDialed))
    await asyncio.sleep(0.1)  # the request is on its way

    await alice.do(c.HangUp(dialed.call))

    with pytest.raises(SoftphoneError):
        await dialling
    await until(lambda: floor.lab.hub.journal and not live(floor))
    assert alice.end_of(dialed.call) is not None


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("malformed", "description"),
        ("empty", "description"),
        ("no_audio", "media lines"),
        ("unsupported", "codec"),
        ("cut", ""),
    ],
)
async def test_an_answer_with_a_bad_description_ends_the_call_with_its_reason(
    floor: Floor, form: str, words: str
) -> None:
    alice = await floor.at_work()
    await floor.fault("sdp", event="respondCallUpdate", form=form)

    call = await alice.dial("echo@lab.test")

    over = await alice.over(call)
    assert over.reason is EndReason.FAILED
    assert words in over.detail
    await until(lambda: not live(floor))


@pytest.mark.parametrize("form", ["malformed", "no_audio", "unsupported", "cut"])
async def test_an_offer_nobody_could_answer_is_refused_and_said(floor: Floor, form: str) -> None:
    alice = await floor.at_work()
    await floor.fault("sdp", event="call", form=form)

    offer = await rung(floor, alice)
    if alice.end_of(offer.call) is None:
        with pytest.raises(SoftphoneError):
            await alice.do(c.Answer(offer.call))

    assert (await alice.over(offer.call)).reason is EndReason.FAILED
    await until(lambda: not live(floor))


@pytest.mark.parametrize("form", ["malformed", "no_audio", "unsupported"])
async def test_a_bad_change_by_the_far_end_leaves_the_call_as_it_was(
    floor: Floor, form: str
) -> None:
    alice, call, bob, offered = await two_talking(floor)
    await floor.fault("sdp", event="startCallUpdate", form=form)

    with pytest.raises(SoftphoneError):
        await alice.do(c.Hold(call))

    await until(lambda: "refused" in bob.remarks() or "failed" in bob.remarks())
    await asyncio.gather(alice.heard(call), bob.heard(offered))
    await floor.ask(floor.control.clear_faults)
    await alice.do(c.Hold(call))


async def test_a_change_refused_for_glare_leaves_the_call_as_it_was(floor: Floor) -> None:
    alice, call, bob, offered = await two_talking(floor)
    await floor.fault("glare")

    with pytest.raises(SoftphoneError) as refused:
        await alice.do(c.Hold(call))

    assert refused.value.code == "GLARE"
    await asyncio.gather(alice.heard(call), bob.heard(offered))


async def test_a_change_nobody_answers_is_undone(floor: Floor) -> None:
    alice = await floor.at_work(missing_answer_s=0.4)
    call = await alice.talk("echo@lab.test")
    await floor.fault("notice_drop", event="respondCallUpdate")

    with pytest.raises(SoftphoneError, match="no answer in time"):
        await alice.do(c.Hold(call))

    assert "hold" not in alice.progress(call)
    await floor.ask(floor.control.clear_faults)
    await alice.do(c.Hold(call))  # the far end had taken it; this brings both together again
    await alice.do(c.Resume(call))
    alice.pumps[call].hums = True
    await alice.heard(call)


async def test_a_late_answer_to_a_change_is_nothing(floor: Floor) -> None:
    alice = await floor.at_work(missing_answer_s=0.3)
    call = await alice.talk("echo@lab.test")
    await floor.fault("notice_delay", event="respondCallUpdate", seconds=0.6)
    with pytest.raises(SoftphoneError):
        await alice.do(c.Hold(call))
    await floor.ask(floor.control.clear_faults)

    taken = alice.adapter._running.inbox.taken  # type: ignore[union-attr]  # it runs
    await until(lambda: alice.adapter._running.inbox.taken > taken)  # type: ignore[union-attr]

    assert alice.progress(call)[-1:] == ["connect"]
    await alice.do(c.Hold(call))


async def test_repeated_swapped_and_nameless_notifications_change_nothing(floor: Floor) -> None:
    alice = await floor.at_work()
    for name in ("notice_duplicate", "notice_bare"):
        await floor.fault(name)

    call = await alice.talk("echo@lab.test")
    await alice.do(c.Hold(call))
    await alice.do(c.Resume(call))

    assert alice.progress(call) == ["dial_accepted", "alert", "connect", "hold", "resume"]


async def test_an_audit_the_gateway_does_not_know_ends_the_call(floor: Floor) -> None:
    alice = await floor.at_work(audit_s=0.3)
    call = await alice.talk("echo@lab.test")
    await floor.fault("rest", resource="audit", status=404, code=42)

    over = await alice.over(call)

    assert (over.reason, over.code) == (EndReason.LOST_BY_SERVER, "9909")


async def test_a_resync_finds_out_that_a_call_is_gone(floor: Floor) -> None:
    alice = await floor.at_work()
    call = await alice.talk("echo@lab.test")
    await alice.do(c.Resync(call))
    assert alice.end_of(call) is None
    await floor.fault("rest", resource="GET callControl", status=404, code=47)

    await alice.do(c.Resync(call))

    assert (await alice.over(call)).reason is EndReason.LOST_BY_SERVER


async def test_an_answer_that_comes_second_is_taken_by_another(floor: Floor) -> None:
    alice, bob = await floor.at_work("alice"), await floor.at_work("bob")
    await alice.dial("bob")
    offer = await bob.offered()
    await floor.fault("rest", resource="callAnswer", status=403, code=55)

    with pytest.raises(SoftphoneError, match="elsewhere"):
        await bob.do(c.Answer(offer.call))

    assert (await bob.over(offer.call)).reason is EndReason.TAKEN_BY_OTHER


async def test_calls_live_on_while_the_line_comes_back(floor: Floor) -> None:
    alice, call, bob, offered = await two_talking(floor)

    await floor.ask(floor.control.drop, "ribbon", "alice@lab.test", 1006)
    await until(lambda: alice.links[-2:] == ["reconnecting", "online"])

    await asyncio.gather(alice.heard(call), bob.heard(offered))
    await bob.do(c.HangUp(offered))
    await alice.over(call)


async def test_no_microphone_ends_the_call_here_and_there(floor: Floor) -> None:
    alice = await floor.at_work()
    alice.microphone = False

    call = await alice.dial("echo@lab.test")

    over = await alice.over(call)
    assert (over.reason, over.detail) == (EndReason.FAILED, "No microphone.")
    steps = {event.type: event for event in alice.of(e.CallReported)[-1].report.events}
    assert steps["GET_USER_MEDIA"].error == "No microphone."
    await until(lambda: not live(floor))


async def test_leaving_ends_calls_and_gives_the_subscription_back(floor: Floor) -> None:
    alice = await floor.at_work()
    call = await alice.talk("echo@lab.test")

    await alice.stop()

    assert alice.end_of(call) is not None
    assert not floor.subscriptions()
    await until(lambda: not live(floor))


async def test_nothing_is_left_of_a_call_after_a_cancel(floor: Floor) -> None:
    before = asyncio.all_tasks()
    alice = await floor.seat()
    await alice.ready()
    await alice.talk("echo@lab.test")

    await alice.stop()

    own = {t for t in asyncio.all_tasks() - before if "ribbon/" in str(t.get_coro())}
    await until(lambda: all(task.done() for task in own))
    assert not alice.pumps
