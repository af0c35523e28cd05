"""Voicemail: what waits on each account, as far as the platform tells."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model.message import Voicemail
from softphone.ui import words
from softphone.ui.clock import local_time
from softphone.ui.panes.pane import Act
from softphone.ui.session import Topic
from softphone.ui.spans import Column, Line, table_line
from softphone.ui.view import View
from softphone.ui.widgets.heading import Heading
from softphone.ui.widgets.rowlist import RowList

from .base import ConsoleScreen

_COLUMNS = (Column(12), Column(12), Column(8, right=True), Column(8, right=True), Column(flex=1),
            Column(9))  # fmt: skip


class VoicemailScreen(ConsoleScreen):
    """Show the lamps; Enter asks the platforms again."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="voicemail")
        self.rows: RowList[Voicemail] = RowList(
            self._draw,
            lambda mail: mail.account,
            empty="No platform has told of voicemail yet. Enter asks.",
        )

    def compose_body(self) -> Iterable[Widget]:
        box = Vertical(Heading(_heading), self.rows, classes="pane full")
        box.border_title = Content("VOICEMAIL ── Enter asks again, Esc closes")
        yield box

    def on_mount(self) -> None:
        """Show what is known."""
        self.rows.focus()
        self._paint()

    def show(self, topics: frozenset[Topic]) -> None:
        """Show what was told."""
        super().show(topics)
        if self.is_mounted and Topic.ACCOUNTS in topics:
            self._paint()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Enter asks again, Esc closes."""
        event.stop()
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif event.action_id == "list.open":
            self.post_message(Act("voicemail.fetch"))

    def _paint(self) -> None:
        self.rows.show(list(self.view.state.voicemail.values()))

    def _draw(self, mail: Voicemail, width: int) -> Line:
        state = ("waiting", "warn") if mail.waiting else ("nothing new", "dim")
        rest = "  ".join(f"{name} {value}" for name, value in mail.counts)
        at = f"{local_time(mail.at):%H:%M:%S}" if mail.at else ""
        cells = (
            (mail.account, "strong"), state, (_count(mail.unheard), "plain"),
            (_count(mail.total), "plain"), (rest, "dim"), (at, "dim"),
        )  # fmt: skip
        return table_line(cells, _COLUMNS, width)


def _heading(width: int) -> Line:
    names = ("account", "state", "new", "all", "", "told at")
    return table_line([(name, "dim") for name in names], _COLUMNS, width)


def _count(value: int | None) -> str:
    return words.DASH if value is None else str(value)
