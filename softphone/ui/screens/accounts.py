"""The accounts: how each stands, what it can do and what not, and where it is set up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model.capability import Capability
from softphone.model.command import Command, GoOffline, GoOnline
from softphone.model.presence import Account, LinkState
from softphone.ui import words
from softphone.ui.custom import Custom
from softphone.ui.panes.pane import Send
from softphone.ui.session import Topic
from softphone.ui.spans import Column, Line, fit, table_line, wrap
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.widgets.scrolling import ScrollLines

from .base import ConsoleScreen
from .dialogs import Answer, Question

_COLUMNS = (Column(1), Column(12), Column(10), Column(16), Column(flex=1))
_TITLE = 12


class AccountsScreen(ConsoleScreen):
    """Show all accounts, the marked one in full; Enter connects or disconnects it."""

    def __init__(self, view: View, custom: Custom) -> None:
        super().__init__(view, name="accounts")
        self._custom = custom
        self.rows: RowList[Account] = RowList(
            self._draw, lambda account: account.name, empty="No account yet; the lab is starting."
        )
        self.detail = ScrollLines(self.rows, id="account-detail")

    def compose_body(self) -> Iterable[Widget]:
        box = Vertical(self.rows, classes="pane accounts")
        retry = self.view.key("account.retry")
        box.border_title = Content(
            f"ACCOUNTS ── Enter online or offline, {retry} try again, Esc closes"
        )
        yield box
        below = Vertical(self.detail, classes="pane full")
        below.border_title = Content("ACCOUNT")
        yield below

    def on_mount(self) -> None:
        """Show what there is."""
        self.rows.focus()
        self._paint()

    def show(self, topics: frozenset[Topic]) -> None:
        """Bring all up to date; a try that comes closer counts down."""
        super().show(topics)
        if self.is_mounted and topics & {Topic.ACCOUNTS, Topic.CLOCK, Topic.ENGINE}:
            self._paint()

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Show the marked account."""
        event.stop()
        self._paint_detail()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Enter connects, or disconnects after asking; Esc closes."""
        event.stop()
        account = self.rows.row
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif account is not None and event.action_id == "list.open":
            self._switch(account)

    def _switch(self, account: Account) -> None:
        if account.link in (LinkState.OFFLINE, LinkState.FAILED):
            self._send(GoOnline(account.name))
            return

        def done(answer: str | None) -> None:
            if answer == "yes":
                self._send(GoOffline(account.name))

        text = f"Disconnect {account.name}? Its calls end, and nobody reaches you there."
        answers = (Answer("y", "Disconnect", "yes"), Answer("n", "Stay online", "no"))
        self.app.push_screen(Question(self.view, "GO OFFLINE", text, answers), done)

    def _send(self, command: Command) -> None:
        self.post_message(Send(command))

    def _paint(self) -> None:
        self.rows.show(list(self.view.state.accounts.values()))
        self._paint_detail()

    def _paint_detail(self) -> None:
        account = self.rows.row
        width = max(30, self.detail.content_size.width)
        lines = list(self._detail_lines(account, width)) if account else []
        self.detail.show_of(account.name if account else None, lines)

    def _draw(self, account: Account, width: int) -> Line:
        sign, word, role = words.link_words(account, self.view.mono())
        cells = ((sign, role), (account.name, "strong"), (account.kind, "dim"), (word, role),
                 (account.identity or account.cause, "plain"))  # fmt: skip
        return table_line(cells, _COLUMNS, width)

    def _detail_lines(self, account: Account, width: int) -> Iterator[Line]:
        _, word, role = words.link_words(account, self.view.mono())
        since = words.whole_minutes(self.view.mono() - account.since_mono)
        yield from _titled("connection", f"{word}, for {since}", width, role)
        yield from _titled("because", account.cause, width, "warn")
        yield from _titled("signed in as", account.identity, width)
        if account.insecure:
            yield from _titled("security", "without TLS, as the configuration allows", width, "bad")
        for number in account.numbers:
            state = account.availability.of(number.id).value
            shown = " · ".join(
                part for part in (number.name, self.view.number(number.number), state) if part
            )
            yield from _titled("number", shown, width)
        yield from _titled("services", ", ".join(account.services), width)
        refused = dict(account.refusals)
        able = [str(one).replace("_", " ") for one in Capability if one not in refused]
        yield from _titled("can", ", ".join(able), width)
        for sentence in dict.fromkeys(refused.values()):
            yield from _titled("cannot", sentence, width, "off")
        place = str(self._custom.file.path) if self._custom.file else "the lab needs none"
        yield from _titled("set up in", place, width)
        text = (
            f"docs/{account.kind}.md; softphone check-config checks it, softphone doctor tries it"
        )
        yield from _titled("see", text, width)


def _titled(title: str, text: str, width: int, role: str = "plain") -> Iterator[Line]:
    for index, line in enumerate(wrap(text, width - _TITLE - 1, role, 12)):
        yield ((fit(title if index == 0 else "", _TITLE) + " ", "dim"), *line)
