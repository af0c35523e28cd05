"""What can be asked about calls to be made later."""

from __future__ import annotations

from dataclasses import dataclass

from .call import CallId


@dataclass(frozen=True, slots=True)
class Remind:
    """Ring at a time to call somebody back: a number, or whoever a call was with.

    `when` is as people write it: 20m, 2h, 15:30, tomorrow 9:00, 2026-01-31 14:00. Without number
    and call it is the last call.
    """

    when: str
    call: CallId = CallId("")
    address: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class ListReminders:
    """Ask for all reminders, the next one first."""


@dataclass(frozen=True, slots=True)
class DropReminder:
    """Forget a reminder."""

    id: int


ReminderCommand = Remind | ListReminders | DropReminder
