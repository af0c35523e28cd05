"""Calls to be made later: times as people write them, told at their time, kept on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from softphone.engine.moments import moment_of
from softphone.lab.farends import FAR_ENDS
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.error import Refused
from softphone.model.reminder import Reminder
from tests.engine.office import Office, Seat, an_office, until

NOW = datetime(2026, 1, 30, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("20m", "2026-01-30 14:50"),
        ("90", "2026-01-30 16:00"),
        ("in 2 hours", "2026-01-30 16:30"),
        ("1d", "2026-01-31 14:30"),
        ("15:30", "2026-01-30 15:30"),
        ("9.05", "2026-01-31 09:05"),
        ("Tomorrow 16:00", "2026-01-31 16:00"),
        ("2026-02-02 8:15", "2026-02-02 08:15"),
    ],
)
def test_times_are_read_as_people_write_them(text: str, meant: str) -> None:
    assert moment_of(text, NOW).strftime("%Y-%m-%d %H:%M") == meant


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no time"),
        ("soon", "no time"),
        ("25:00", "no time"),
        ("2026-02-31 10:00", "no time"),
        ("0m", "over"),
        ("2026-01-30 14:00", "over"),
        ("999d", "a year away"),
    ],
)
def test_what_is_no_time_to_come_is_refused(text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        moment_of(text, NOW)


async def reminders(desk: Seat) -> tuple[Reminder, ...]:
    found = await desk.do(c.ListReminders())
    assert isinstance(found, c.RemindersFound)
    return found.reminders


def alerts(desk: Seat) -> list[str]:
    return [x.text for x in desk.events if isinstance(x, e.Noted) and x.alert]


async def test_the_last_call_is_called_back_at_its_time(office: Office) -> None:
    desk = await office.at_work()
    call = await desk.dial(FAR_ENDS["tone"])
    await desk.do(c.HangUp(call.id))
    await desk.over(call.id)
    await desk.do(c.Remind("20m"))
    (kept,) = await reminders(desk)
    wall = office.engine.wall

    office.engine.wall = lambda: wall() + 1_201
    office.engine.reminders.check()
    await until(lambda: alerts(desk))

    assert (kept.call, kept.address) == (call.id, FAR_ENDS["tone"])
    assert FAR_ENDS["tone"] in alerts(desk)[-1]
    office.engine.reminders.check()
    await desk.do(c.DropReminder(kept.id))
    assert await reminders(desk) == ()
    assert len([text for text in alerts(desk) if "call back" in text]) == 1


async def test_a_reminder_survives_a_restart_and_waits_for_somebody_to_hear_it(
    folder: Path,
) -> None:
    async with an_office(folder) as office:
        desk = await office.at_work()
        await desk.do(c.Remind("2h", address="+390245871203", text="the offer"))
    async with an_office(folder) as office:
        wall = office.engine.wall
        office.engine.wall = lambda: wall() + 7_300
        office.engine.reminders.check()

        desk = await office.sit()

        await until(lambda: [text for text in alerts(desk) if "the offer" in text])
        assert len(await reminders(desk)) == 1


async def test_without_any_call_there_is_nobody_to_call_back(office: Office) -> None:
    desk = await office.at_work()

    nobody = await desk.ask(c.Remind("20m"))
    gone = await desk.ask(c.DropReminder(7))

    assert "no last one" in nobody.text
    assert "no such reminder" in gone.text
