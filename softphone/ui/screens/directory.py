"""The platform's directory: search as one types, dial, watch, write, keep."""

from __future__ import annotations

from collections.abc import Iterable

from textual import events
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from softphone.model import command as c
from softphone.model.call import AccountName
from softphone.model.capability import Capability
from softphone.model.contact import Contact, ContactId
from softphone.model.text import clean
from softphone.ui.panes.pane import OpenFor, Say, Send, ToDialer
from softphone.ui.situation import accounts_that
from softphone.ui.spans import Column, Line, table_line
from softphone.ui.view import View
from softphone.ui.widgets.choice import Choice, Option
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import ConsoleScreen

_PAUSE_S = 0.3
_COLUMNS = (Column(flex=3), Column(flex=3), Column(flex=2))
_WORDS = {
    c.DirectoryField.NAME: "name",
    c.DirectoryField.FIRST_NAME: "first name",
    c.DirectoryField.LAST_NAME: "last name",
    c.DirectoryField.NUMBER: "number",
    c.DirectoryField.USER: "user",
}


class DirectoryScreen(ConsoleScreen):
    """Search the directory of the first account that has one."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="directory")
        self.field = Input(placeholder="search", select_on_focus=False)
        self.field.cursor_blink = False
        options = [Option(field, words) for field, words in _WORDS.items()]
        self.by: Choice[c.DirectoryField] = Choice("by", options)
        self.rows: RowList[Contact] = RowList(
            self._draw, lambda contact: contact.id, empty="Type to search; Enter lists everybody."
        )
        self._timer: Timer | None = None

    def compose_body(self) -> Iterable[Widget]:
        box = Vertical(self.field, self.by, self.rows, classes="pane full")
        key = self.view.key
        box.border_title = Content(
            f"DIRECTORY ── Enter to dialer, {key('list.watch')} watch, "
            f"{key('list.message')} write, {key('contact.add')} keep, Esc closes"
        )
        yield box

    def on_mount(self) -> None:
        """Start in the field."""
        self.field.focus()

    @property
    def account(self) -> AccountName | None:
        """Return the account whose directory is searched."""
        able = accounts_that(self.view.now, Capability.DIRECTORY)
        return able[0].name if able else None

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search after a pause in typing."""
        event.stop()
        self._search_soon()

    def on_choice_changed(self, event: Choice.Changed) -> None:
        """Search by something else."""
        event.stop()
        self._search_soon()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter searches at once and goes to the rows."""
        event.stop()
        start(self, self._search, group="directory", latest=True)
        self.set_focus(self.rows)

    def on_key(self, event: events.Key) -> None:
        """Down goes from the field to the rows."""
        if self.field.has_focus and event.key == "down":
            event.stop()
            event.prevent_default()  # or the base class's handler would see it too
            self.set_focus(self.rows)

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Do what the lists' keys ask on a person."""
        event.stop()
        person, account = self.rows.row, self.account
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif event.action_id == "list.filter":
            self.set_focus(self.field)
        elif person is None or account is None:
            return
        elif event.action_id == "list.open" and person.main_address:
            self.post_message(ToDialer(person.main_address))
        elif event.action_id == "list.message":
            self.post_message(OpenFor("messages.open", person.main_address))
        elif event.action_id == "list.watch":
            self.post_message(Send(c.WatchPresence(account, person.main_address)))
            self.post_message(Say(f"Watching {person.name}."))
        elif event.action_id == "contact.add":
            kept = Contact(ContactId(""), person.name, person.addresses, person.company)
            self.post_message(Send(c.SaveContact(kept)))
            self.post_message(Say(f"{person.name} is in the contacts now."))

    def _search_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(
            _PAUSE_S, lambda: start(self, self._search, group="directory", latest=True)
        )

    async def _search(self) -> None:
        account = self.account
        if account is None:
            self.rows.show((), "No account has a directory.")
            return
        text = clean(self.field.value.strip())
        field = self.by.value or c.DirectoryField.NAME
        reply = await self.view.request(c.SearchDirectory(account, text, field))
        if isinstance(reply.value, c.ContactPage):
            self.rows.show(reply.value.contacts, "Nobody fits.")
        else:
            self.rows.show((), reply.text or "The directory gives no answer.")

    def _draw(self, person: Contact, width: int) -> Line:
        cells = ((person.name, "plain"), (person.main_address, "plain"), (person.company, "dim"))
        return table_line(cells, _COLUMNS, width)
