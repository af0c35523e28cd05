"""The contacts: filter, dial, add, edit, delete."""

from __future__ import annotations

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.message import Message

from softphone.model.capability import Capability
from softphone.model.command import ContactPage, SearchContacts, WatchPresence
from softphone.model.contact import Contact
from softphone.model.presence import Activity
from softphone.ui.session import Topic
from softphone.ui.situation import accounts_that, refusal_of
from softphone.ui.spans import Column, Line, fit, length, spread, table_line
from softphone.ui.view import View
from softphone.ui.widgets.filtered import FilteredList
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .pane import OpenFor, Pane, Say, Send, ToDialer

_PAGE = 200
_TYPED_PAGE = 60  # while a filter is typed: every key waits for them
_MOST_AT_ONCE = 1_000
_WIDE = 56
_LEAST = 8
_COLUMNS_WIDE = (Column(1), Column(flex=4), Column(18), Column(flex=3))


class ContactsPane(Pane):
    """Show contacts in pages; Enter puts the number into the dialer."""

    TITLE = "CONTACTS"
    topics = frozenset({Topic.CONTACTS, Topic.ENGINE})

    class Edit(Message):
        """The operator wants to add (None) or edit a contact."""

        def __init__(self, contact: Contact | None) -> None:
            super().__init__()
            self.contact = contact

    class Delete(Message):
        """The operator wants to delete a contact; to be confirmed."""

        def __init__(self, contact: Contact) -> None:
            super().__init__()
            self.contact = contact

    def __init__(self, view: View, *, id: str) -> None:
        super().__init__(view, id=id)
        self.rows: RowList[Contact] = RowList(
            self._draw, lambda contact: contact.id, empty="No contacts yet. Press a to add one."
        )
        self.list = FilteredList(self.rows)
        self._wanted = _PAGE
        self._total = 0

    def compose(self) -> ComposeResult:
        yield self.list

    @property
    def main_widget(self) -> RowList[Contact]:
        return self.rows

    def show(self) -> None:
        """Ask for the contacts again, since something about them changed."""
        if self.view.session.connected:
            start(self, self._load, group="contacts", latest=True)
        else:
            self.rows.show((), "Waiting for the engine.")

    def on_filtered_list_filtered(self, event: FilteredList.Filtered) -> None:
        """Search for what is typed."""
        event.stop()
        self._wanted = _TYPED_PAGE
        self.show()

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Fetch more when the cursor comes near the end of what is here."""
        event.stop()
        have = len(self.rows.rows)
        if have < self._total and self.rows.cursor > have - _PAGE // 4:
            self._wanted = have + _PAGE
            self.show()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Do what the lists' keys ask on a contact."""
        contact = self.rows.row
        if event.action_id == "contact.add":
            self.post_message(self.Edit(None))
        elif contact is None:
            return
        elif event.action_id == "list.open":
            self._to_dialer(contact)
        elif event.action_id == "list.copy":
            self.app.copy_to_clipboard(contact.main_address)
            self.post_message(Say(f"Copied {contact.main_address}."))
        elif event.action_id == "list.message":
            self.post_message(OpenFor("messages.open", contact.main_address))
        elif event.action_id == "list.watch":
            self._watch(contact)
        elif event.action_id == "list.block":
            self.post_message(OpenFor("list.block", contact.main_address))
        elif event.action_id in ("contact.edit", "contact.delete"):
            self._change(contact, event.action_id)

    def _to_dialer(self, contact: Contact) -> None:
        if contact.main_address:
            self.post_message(ToDialer(contact.main_address))
        else:
            self.post_message(Say(f"{contact.name} has no number.", "warning"))

    def _watch(self, contact: Contact) -> None:
        """Watch the person, or no longer when that is so already."""
        able = accounts_that(self.view.now, Capability.WATCH_PRESENCE)
        address = next((a.address for a in contact.addresses if "@" in a.address), "")
        if not able or not address:
            reason = "There is no address to watch." if able else "No account can watch presence."
            self.post_message(Say(reason, "warning"))
            return
        watched = any(p.user == address for p in self.view.state.presence.values())
        self.post_message(Send(WatchPresence(able[0].name, address, watch=not watched)))

    def _change(self, contact: Contact, action_id: str) -> None:
        account = self.view.state.accounts.get(contact.source) if contact.source else None
        refused = refusal_of(account, Capability.ADDRESS_BOOK) if account else None
        if contact.source and (account is None or refused):
            text = f"{contact.name} comes from {contact.source} and is changed there."
            self.post_message(Say(text, "warning"))
        elif action_id == "contact.edit":
            self.post_message(self.Edit(contact))
        else:
            self.post_message(self.Delete(contact))

    async def _load(self) -> None:
        """Fetch what is wanted in pages: the engine gives so many at once and no more."""
        text = self.list.filter_text
        found: list[Contact] = []
        while len(found) < self._wanted:
            size = min(_MOST_AT_ONCE, self._wanted - len(found))
            reply = await self.view.request(SearchContacts(text, size, len(found)))
            if not isinstance(reply.value, ContactPage) or text != self.list.filter_text:
                return
            self._total = reply.value.total
            found += reply.value.contacts
            if len(reply.value.contacts) < size:
                break
        add = self.view.keys.get("contact.add", ("a",))[:1]
        empty = f"No contacts yet. Press {''.join(add)} to add one."
        self.rows.show(tuple(found), "No contact holds this text." if text else empty)
        shown = len(found)
        self.set_below(f"{shown} of {self._total}" if shown < self._total else f"{self._total}")

    def _draw(self, contact: Contact, width: int) -> Line:
        sign, role, activity = self._presence(contact)
        number = self.view.number(contact.main_address)
        if width < _WIDE:
            left = [(f"{sign} ", role), (contact.name, "plain")]
            beside = activity or number
            room = width - length(left) - 1  # a name that is cut tells less than a number is
            if 0 < room < cell_len(beside):
                beside = fit(beside, max(room, _LEAST))
            return spread(left, [(f" {beside}", "dim")], width)
        wide = ((sign, role), (contact.name, "plain"), (number, "dim"),
                (activity or contact.company, "dim"))  # fmt: skip
        return table_line(wide, _COLUMNS_WIDE, width)

    def _presence(self, contact: Contact) -> tuple[str, str, str]:
        """Return sign, role and words of what is known of the person's presence."""
        addresses = {address.address for address in contact.addresses}
        for presence in self.view.state.presence.values():
            if presence.user in addresses:
                word = presence.note or presence.activity.value.replace("-", " ")
                known = presence.activity is not Activity.UNKNOWN
                return ("●" if presence.reachable else "○", "ok" if presence.reachable else "dim",
                        word if known or presence.note else "")  # fmt: skip
        mark = str(contact.quick) if contact.quick else "*" if contact.favourite else " "
        return (mark, "warn", "")
