"""An account's services, its event subscriptions and its notification line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model import command as c
from softphone.model.call import AccountName
from softphone.model.capability import Capability
from softphone.ui.panes.pane import Say, Send
from softphone.ui.session import Topic
from softphone.ui.situation import accounts_that
from softphone.ui.spans import Line
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import ConsoleScreen
from .dialogs import AskLine


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """One line of the screen, and what Space and D do on it."""

    key: tuple[str, ...]
    line: Line
    account: AccountName
    service: str = ""
    event: str = ""
    granted: bool = False


class ServicesScreen(ConsoleScreen):
    """Tick services; add and drop event subscriptions; see how the line stands."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="services")
        self.rows: RowList[ServiceRow] = RowList(
            lambda row, width: row.line, lambda row: row.key, empty="The accounts are being asked."
        )

    def compose_body(self) -> Iterable[Widget]:
        box = Vertical(self.rows, classes="pane full")
        key = self.view.key
        box.border_title = Content(
            f"SUBSCRIPTIONS ── {key('list.tick')} service on/off, {key('contact.add')} event, "
            f"{key('contact.delete')} drop event, Esc closes"
        )
        yield box

    def on_mount(self) -> None:
        """Ask the accounts."""
        self.rows.focus()
        self._ask()

    def show(self, topics: frozenset[Topic]) -> None:
        """Ask again when an account changed."""
        super().show(topics)
        if Topic.ACCOUNTS in topics and self.is_mounted:
            self._ask()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Space ticks a service, a adds an event, D drops one, Esc closes."""
        event.stop()
        row = self.rows.row
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif row is None:
            return
        elif event.action_id in ("list.tick", "list.open") and row.service:
            changed = (row.service,)
            add, drop = ((), changed) if row.granted else (changed, ())
            self.post_message(Send(c.ChangeServices(row.account, add, drop)))
        elif event.action_id == "contact.add":
            self._add_event(row.account)
        elif event.action_id == "contact.delete" and row.event:
            self.post_message(Send(c.UnsubscribeEvent(row.account, row.event)))
            self.set_timer(0.3, self._ask)

    def _add_event(self, account: AccountName) -> None:
        def done(text: str | None) -> None:
            event, *users = (text or "").split()
            if not users:
                self.post_message(Say("Name the event and at least one user.", "warning"))
                return
            self.post_message(Send(c.SubscribeEvent(account, event, tuple(users))))
            self.set_timer(0.3, self._ask)

        text = "Which event, and of whom? For example: event:conference bob@example.com"
        self.app.push_screen(AskLine(self.view, "EVENT", text), done)

    def _ask(self) -> None:
        start(self, self._load, group="services", latest=True)

    async def _load(self) -> None:
        able = accounts_that(self.view.now, Capability.SERVICES)
        rows: list[ServiceRow] = []
        for account in able:
            reply = await self.view.request(c.ShowSubscriptions(account.name))
            if isinstance(reply.value, c.SubscriptionsFound):
                rows += _rows(account.name, reply.value)
        self.rows.show(rows, "No account has services to subscribe.")


def _rows(account: AccountName, found: c.SubscriptionsFound) -> Iterator[ServiceRow]:
    yield ServiceRow((account,), ((account, "strong"),), account)
    granted = {name.lower() for name in found.granted}
    asked = {name.lower() for name in found.asked}
    for name in dict.fromkeys((*found.known, *found.asked, *found.granted)):
        on = name.lower() in granted
        wanted = name.lower() in asked and not on
        box, role = ("[x]", "ok") if on else ("[ ]", "dim")
        more = "  asked for, not granted" if wanted else ""
        line: Line = ((f"  {box} ", role), (name, "plain"), (more, "warn"))
        yield ServiceRow((account, "service", name), line, account, service=name, granted=on)
    for event in found.events:
        users = ", ".join(event.users) or "nobody"
        shown: Line = (("  event ", "dim"), (f"{event.event}  ", "plain"), (users, "dim"))
        yield ServiceRow((account, "event", event.event), shown, account, event=event.event)
    for name, value in found.line:
        yield ServiceRow(
            (account, "line", name), ((f"  {name:<26} ", "dim"), (value, "plain")), account
        )
