"""The day the lab's agents have: believable, calm, and silent where it is quiet."""

from __future__ import annotations

from itertools import groupby

from softphone.lab.settings import LabSettings
from softphone.model import event as e
from tests.adapters.agenthub.agent import Seat, a_floor, until

DAY_S = 2.0


def course(seat: Seat) -> list[str]:
    """Return what the platform told, in order, a run of the same once."""
    named = (raw.name for raw in seat.of(e.PlatformEvent))
    return [name for name, _ in groupby(named)]


async def test_a_day_goes_from_sign_in_over_words_and_a_conversation_to_a_pause() -> None:
    async with a_floor(scenario="default", first_call_s=60.0, agent_day_s=DAY_S) as floor:
        seat = await floor.at_work()
        await seat.seen("DialogTerminated")
        await until(lambda: len(seat.of(e.AgentStatusChanged)) >= 3)

    happened = course(seat)
    expected = [
        *("LoginCCM", "LoginCampaignVoice", "LoginCampaignText", "ListPauseReasonsResponse"),
        *("ListDispositionsResponse", "ChangeStatusVoice", "NewMsgFromSupervisor"),
        *("ScreenPopText", "MessageReceived", "DialogTerminated", "ChangeStatusVoice"),
    ]
    assert happened[: len(expected)] == expected
    titles = [title for title, _ in groupby(c.status.title for c in seat.of(e.AgentStatusChanged))]
    assert titles[:3] == ["Idle", "Pause", "Idle"]


async def test_a_lab_call_goes_through_pop_talk_and_wrap_up() -> None:
    async with a_floor(agent_wrap_s=0.2) as floor:
        seat = await floor.at_work()
        for what in ("rings", "answered", "over"):
            floor.lab.hub.tell_call("lab-1", what, "+390245871203", "Anna Rossi")
        await seat.seen("ChangeStatusVoice", 4)
        await until(lambda: seat.status.title == "Idle")

    told = [raw.name for raw in seat.of(e.PlatformEvent)]
    titles = [title for title, _ in groupby(c.status.title for c in seat.of(e.AgentStatusChanged))]
    assert told[-5:] == ["ScreenPopVoice", "ActiveCall", *["ChangeStatusVoice"] * 3]
    assert titles == ["Idle", "Talking", "Wrap", "Idle"]


async def test_a_reconnect_begins_no_second_day() -> None:
    async with a_floor(scenario="default", first_call_s=60.0, agent_day_s=8.0) as floor:
        seat = await floor.at_work()
        for count in range(2, 5):
            await floor.drop(1012)
            await until(lambda wanted=count: seat.links.count("online") == wanted)  # type: ignore[misc]
        await seat.seen("ScreenPopText")

    assert len(seat.raw("NewMsgFromSupervisor")) == 1


async def test_a_quiet_lab_is_silent_and_becomes_so_when_told() -> None:
    async with a_floor(scenario="default", first_call_s=60.0, agent_day_s=DAY_S) as floor:
        await floor.ask(floor.control.scenario, "quiet")
        seat = await floor.at_work()
        await floor.emit("Tick", count=20, rate=20 / DAY_S)  # a day's length by the lab's clock
        await seat.seen("Tick", 20)

    assert not seat.raw("NewMsgFromSupervisor")
    assert not seat.raw("ScreenPopText")


async def test_only_what_is_new_is_unread() -> None:
    async with a_floor() as floor:
        seat = await floor.at_work()
        await floor.act("dialog")
        own = {"dialogId": "d1", "messageId": "x1", "message": "I see.", "sender": "52"}
        await floor.emit("MessageReceived", own)
        await until(lambda: len(seat.of(e.MessageChanged)) == 4)

    unread = [
        change.message.text for change in seat.of(e.MessageChanged) if not change.message.read
    ]
    assert unread == ["Can I change my plan?"]


def test_a_default_lab_brings_at_most_a_message_every_five_minutes() -> None:
    messages_a_day = 2

    assert LabSettings().agent_day_s / messages_a_day >= 300.0
