"""Calls as the platforms remember them: dial, delete one there."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model import command as c
from softphone.model.call import Direction
from softphone.model.capability import Capability
from softphone.model.record import PlatformRecord
from softphone.ui import words
from softphone.ui.clock import local_time
from softphone.ui.panes.pane import Say, Send, ToDialer
from softphone.ui.situation import accounts_that
from softphone.ui.spans import Column, Line, table_line
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import ConsoleScreen
from .dialogs import Answer, Question

_PAGE = 50
_NEAR_END = 10
_SOON_S = 0.3
_COLUMNS = (Column(12), Column(6), Column(flex=1), Column(6, right=True), Column(10))


class PlatformHistoryScreen(ConsoleScreen):
    """Show what all accounts with a history of their own remember, fetched in pages."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="platform-history")
        self.rows: RowList[PlatformRecord] = RowList(
            self._draw,
            lambda record: (record.account, record.native_id),
            empty="The platforms are being asked.",
        )
        self._offset = 0
        self._more = True

    def compose_body(self) -> Iterable[Widget]:
        box = Vertical(self.rows, classes="pane full")
        delete = self.view.key("contact.delete")
        box.border_title = Content(
            f"PLATFORM'S HISTORY ── Enter to dialer, {delete} delete there, Esc closes"
        )
        yield box

    def on_mount(self) -> None:
        """Fetch the first page."""
        self.rows.focus()
        self._fetch()

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Fetch older calls near the end."""
        event.stop()
        if self._more and self.rows.cursor > len(self.rows.rows) - _NEAR_END:
            self._fetch()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Enter calls back, D deletes there, y copies, Esc closes."""
        event.stop()
        record = self.rows.row
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif record is None:
            return
        elif event.action_id == "list.open" and record.remote.address:
            self.post_message(ToDialer(record.remote.address))
        elif event.action_id == "list.copy":
            self.app.copy_to_clipboard(record.remote.address)
            self.post_message(Say(f"Copied {record.remote.address}."))
        elif event.action_id == "contact.delete":
            self._delete(record)

    def _delete(self, record: PlatformRecord) -> None:
        def done(answer: str | None) -> None:
            if answer == "yes":
                self.post_message(Send(c.DeleteFromHistory(record.account, record.native_id)))
                self.set_timer(_SOON_S, self._again)

        text = f"Delete the call with {record.remote.label} on {record.account}?"
        answers = (Answer("y", "Delete there", "yes"), Answer("n", "Leave it", "no"))
        self.app.push_screen(Question(self.view, "DELETE CALL", text, answers), done)

    def _again(self) -> None:
        self._offset, self._more = 0, True
        self._fetch()

    def _fetch(self) -> None:
        start(self, self._load, group="platform", latest=True)

    async def _load(self) -> None:
        able = accounts_that(self.view.now, Capability.PLATFORM_HISTORY)
        before = list(self.rows.rows) if self._offset else []
        found: list[PlatformRecord] = []
        problem = "The platforms remember no call." if able else "No platform keeps a history."
        for account in able:
            asked = c.FetchHistory(account.name, _PAGE, self._offset)
            reply = await self.view.request(asked)
            if isinstance(reply.value, c.PlatformHistory):
                found += reply.value.records
            elif reply.text:
                problem = reply.text
        self._offset += _PAGE
        self._more = len(found) >= _PAGE
        known = {(record.account, record.native_id) for record in before}
        fresh = [one for one in found if (one.account, one.native_id) not in known]
        merged = sorted([*before, *fresh], key=lambda record: -record.start)
        self.rows.show(merged, problem)

    def _draw(self, record: PlatformRecord, width: int) -> Line:
        at = local_time(record.start)
        kind = "in" if record.direction is Direction.INBOUND else "out"
        role = "warn" if record.missed else "plain"
        talked = "" if record.missed else words.duration(record.duration_s)
        cells = (
            (f"{at:%d %b %H:%M}", "dim"), ("missed" if record.missed else kind, role),
            (record.remote.label, role), (talked, "plain"), (record.account, "dim"),
        )  # fmt: skip
        return table_line(cells, _COLUMNS, width)
