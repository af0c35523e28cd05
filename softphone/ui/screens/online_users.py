"""Who is signed in at a platform, one row a connection: for administrators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model.presence import OnlineUser
from softphone.ui import words
from softphone.ui.clock import local_time
from softphone.ui.session import Topic
from softphone.ui.spans import Column, Line, table_line
from softphone.ui.view import View
from softphone.ui.widgets.filtered import FilteredList
from softphone.ui.widgets.heading import Heading
from softphone.ui.widgets.rowlist import RowList

from .base import ConsoleScreen

_COLUMNS = (Column(flex=2), Column(flex=2), Column(16), Column(12), Column(10))


class OnlineUsersScreen(ConsoleScreen):
    """Show all connections, sorted by name and time; the cursor stays on its connection."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="online-users")
        self.rows: RowList[OnlineUser] = RowList(self._draw, lambda user: user.ref)
        self.list = FilteredList(self.rows)
        self._devices: Counter[str] = Counter()
        self._box = Vertical(Heading(_heading), self.list, classes="pane full")

    def compose_body(self) -> Iterable[Widget]:
        self._box.border_title = Content(
            f"ONLINE USERS ── {self.view.key('list.filter')} filter, Esc closes"
        )
        yield self._box

    def on_mount(self) -> None:
        """Show who is there."""
        self.rows.focus()
        self._paint()

    def show(self, topics: frozenset[Topic]) -> None:
        """Show who came and went."""
        super().show(topics)
        if Topic.ACCOUNTS in topics and self.is_mounted:
            self._paint()

    def on_filtered_list_filtered(self, event: FilteredList.Filtered) -> None:
        """Show only rows with what is typed."""
        event.stop()
        self._paint()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Esc closes."""
        event.stop()
        if event.action_id == "list.clear":
            self.app.pop_screen()

    def _paint(self) -> None:
        users = [user for found in self.view.state.online_users.values() for user in found]
        self._devices = Counter(user.user_id for user in users)
        wanted = self.list.filter_text.casefold()
        shown = [u for u in users if wanted in f"{u.username} {u.user_id} {u.address}".casefold()]
        shown.sort(key=lambda user: (user.username.casefold(), user.online_at, user.ref))
        none = "Nobody fits." if wanted else "Nobody is listed; this needs an administrator's role."
        self.rows.show(shown, none)
        count = words.plural(len(users), "connection")
        self._box.border_subtitle = Content(
            f"{count} of {words.plural(len(self._devices), 'user')}"
        )

    def _draw(self, user: OnlineUser, width: int) -> Line:
        devices = self._devices[user.user_id]
        cells = (
            (user.username or user.user_id, "plain"), (user.user_id, "dim"), (user.address, "dim"),
            (_since(user.online_at), "dim"),
            (words.plural(devices, "device") if devices > 1 else "", "warn"),
        )  # fmt: skip
        return table_line(cells, _COLUMNS, width)


def _heading(width: int) -> Line:
    names = ("name", "user", "address", "online since", "")
    return table_line([(name, "dim") for name in names], _COLUMNS, width)


def _since(at: float) -> str:
    """Return local day and time, nothing for a moment no clock has."""
    try:
        datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return f"{local_time(at):%d %b %H:%M}" if at else ""
