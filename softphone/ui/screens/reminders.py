"""Calls to be made later: the next first; call now, put off, forget."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model.call import CallId
from softphone.model.command import (
    Command,
    DropReminder,
    ListReminders,
    Remind,
    RemindersFound,
)
from softphone.model.reminder import Reminder
from softphone.ui import words
from softphone.ui.clock import local_time
from softphone.ui.panes.pane import OpenFor, Say, ToDialer
from softphone.ui.session import Topic
from softphone.ui.spans import Column, Line, table_line
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import ConsoleScreen
from .dialogs import AskLine

SNOOZE = "10m"
_COLUMNS = (Column(16), Column(15), Column(flex=1), Column(20))


class RemindersScreen(ConsoleScreen):
    """Show all reminders; Enter puts the number into the dialer."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="reminders")
        self.rows: RowList[Reminder] = RowList(
            self._draw,
            lambda reminder: reminder.id,
            empty=f"No call is to be made later. {view.keys_to('call.remind')} sets one.",
        )

    def compose_body(self) -> Iterable[Widget]:
        box = Vertical(self.rows, classes="pane full")
        key = self.view.key
        box.border_title = Content(
            f"REMINDERS ── Enter to dialer, {key('list.tick')} in {SNOOZE}, "
            f"{key('contact.edit')} time, {key('contact.delete')} done, Esc closes"
        )
        yield box

    def on_mount(self) -> None:
        """Ask for all."""
        self.rows.focus()
        self._reload()

    def show(self, topics: frozenset[Topic]) -> None:
        """Ask again when something was told of, as a reminder is; times move with the clock."""
        super().show(topics)
        if self.is_mounted and Topic.NOTES in topics:
            self._reload()
        elif self.is_mounted:
            self.rows.repaint_changed()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Enter to the dialer, Space puts off, e sets another time, D forgets, Esc closes."""
        event.stop()
        one = self.rows.row
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif one is None:
            return
        elif event.action_id == "list.open" and one.address:
            self.post_message(ToDialer(one.address))
        elif event.action_id == "list.tick":
            self._put_off(one, SNOOZE)
        elif event.action_id == "contact.edit":
            self._ask_when(one)
        elif event.action_id == "contact.delete":
            self._do([DropReminder(one.id)])
        elif event.action_id == "list.report" and one.call:
            self.post_message(OpenFor("report.open", one.call))
        elif event.action_id == "list.copy":
            self.app.copy_to_clipboard(one.address)
            self.post_message(Say(f"Copied {one.address}."))

    def _ask_when(self, one: Reminder) -> None:
        def done(text: str | None) -> None:
            if text:
                self._put_off(one, text)

        text = "When then? 20m, 2h, 15:30, tomorrow 9:00."
        self.app.push_screen(AskLine(self.view, "CALL BACK LATER", text), done)

    def _put_off(self, one: Reminder, when: str) -> None:
        """Set it anew first, so that a time that cannot be read loses nothing."""
        fresh = Remind(when, CallId("") if one.address else one.call, one.address, one.text)
        self._do([fresh, DropReminder(one.id)])

    def _do(self, commands: list[Command]) -> None:
        start(self, partial(self._send, commands), group="reminder")

    async def _send(self, commands: list[Command]) -> None:
        for command in commands:
            reply = await self.view.request(command)
            if not reply.ok:
                self.post_message(Say(reply.text or reply.code, "warning"))
                break
        await self._load()

    def _reload(self) -> None:
        start(self, self._load, group="load", latest=True)

    async def _load(self) -> None:
        reply = await self.view.request(ListReminders())
        found = reply.value.reminders if isinstance(reply.value, RemindersFound) else ()
        self.rows.show(found, None if reply.ok else reply.text)

    def _draw(self, one: Reminder, width: int) -> Line:
        left = one.at - self.view.clock.wall()
        due = left <= 0
        when = "due" if due else f"in {words.whole_minutes(left + 59)}"
        number = self.view.number(one.address) or "number withheld"
        name = one.text if one.text != one.address else ""
        cells = (
            (f"{local_time(one.at):%a %d %b %H:%M}", "plain"), (when, "warn" if due else "dim"),
            (name or number, "strong"), (number if name else "", "plain"),
        )  # fmt: skip
        return table_line(cells, _COLUMNS, width)
