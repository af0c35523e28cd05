"""Calls to be made later: kept on disk, told at their time, told again after a restart."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from softphone.model import command as c
from softphone.model.call import CallId
from softphone.model.error import Refused
from softphone.model.event import Level
from softphone.model.reminder import Reminder
from softphone.model.text import TEXT_LIMIT, clean

from .dialing import normalise
from .dispositions import meant_call
from .moments import moment_of

if TYPE_CHECKING:
    from .engine import Engine

_RING_S = 2.0
_LONGEST_WAIT_S = 3_600.0  # the clock may be set anew meanwhile
_MOST = 500


class Reminders:
    """Keeps the list in memory as it is on disk, and one timer for the next."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._all: tuple[Reminder, ...] = ()
        self._told: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def load(self) -> None:
        """Read all; what became due meanwhile is told at once. Raises StoreError."""
        self._all = await self._engine.store.reminders()
        self.check()

    async def run(self, command: c.ReminderCommand) -> c.Value | None:
        """Do it and return its value; raises SoftphoneError with the reason why not."""
        match command:
            case c.Remind():
                return c.RemindersFound((await self._add(command),))
            case c.ListReminders():
                return c.RemindersFound(self._all)
            case c.DropReminder(ident):
                if not await self._engine.store.drop_reminder(ident):
                    raise Refused("There is no such reminder.")
                self._all = await self._engine.store.reminders()
                self.check()
        return None

    def check(self) -> None:
        """Tell what is due once somebody is there to hear it, and wait for the next."""
        now = self._engine.wall()
        for one in self._all if self._engine.hub.consoles() else ():
            if one.at <= now and one.id not in self._told:
                self._told.add(one.id)
                self._tell(one)
        if self._timer:
            self._timer.cancel()
        ahead = [one.at - now for one in self._all if one.at > now]
        if ahead:
            wait_s = min(*ahead, _LONGEST_WAIT_S)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self.check)

    def stop(self) -> None:
        """Wait for nothing any more."""
        if self._timer:
            self._timer.cancel()

    async def _add(self, command: c.Remind) -> Reminder:
        engine = self._engine
        if len(self._all) >= _MOST:
            raise Refused(f"There are {_MOST} reminders already; drop some.")
        at = moment_of(command.when, datetime.fromtimestamp(engine.wall(), UTC).astimezone())
        call = None if command.address else await meant_call(engine, command.call)
        address = call.remote.address if call else normalise(
            command.address, engine.config.calls.region
        )  # fmt: skip
        text = clean(command.text, TEXT_LIMIT) or (call.remote.label if call else "")
        made = Reminder(0, at.timestamp(), address, text, call.id if call else CallId(""))
        made = replace(made, id=await engine.store.add_reminder(made))
        self._all = await engine.store.reminders()
        engine.note("softphone", Level.INFO, f"call back {_who(made)} at {_clock(made.at)}")
        self.check()
        return made

    def _tell(self, one: Reminder) -> None:
        engine = self._engine
        text = f"call back {_who(one)} (was set for {_clock(one.at)})"
        engine.note("reminder", Level.WARNING, text, one.call or None, alert=True)
        if not (engine.book.live() or engine.preferences.quiet):
            engine.sound.test_ring(True)
            engine.later(_RING_S, lambda: engine.sound.test_ring(False))


def _who(one: Reminder) -> str:
    return " · ".join(dict.fromkeys(x for x in (one.text, one.address) if x)) or "a caller"


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
