"""Where a call is sent: another call of mine, a contact, or what is typed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from textual import events
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from softphone.model import command as c
from softphone.model.call import Call, CallState
from softphone.model.capability import Capability
from softphone.model.contact import Contact
from softphone.model.text import clean
from softphone.ui import words
from softphone.ui.phone import to_dial
from softphone.ui.session import Topic
from softphone.ui.situation import refusal_of
from softphone.ui.spans import Line, spread
from softphone.ui.view import View
from softphone.ui.widgets.lines import Lines
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import Dialog

_LISTED = 6
_BLANK = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Target:
    """One place to go. `commands` are what Enter sends."""

    key: str
    title: str
    detail: str
    commands: tuple[c.Command, ...]


class TransferScreen(Dialog[tuple[c.Command, ...]]):
    """Choose with the arrows while typing; Enter does what the marked line says."""

    def __init__(self, view: View, call: Call) -> None:
        super().__init__(view, name="transfer")
        self._call = call
        self.field = Input(placeholder="name, number or address", select_on_focus=False)
        self.field.cursor_blink = False
        self.rows: RowList[Target] = RowList(
            _draw, lambda target: target.key, empty="Type a name, a number or an address."
        )
        self.rows.styles.height = 2 * _LISTED
        self._who = Lines(classes="dialog-text")
        self._searched = ""

    def show(self, topics: frozenset[Topic]) -> None:
        """Let the call's time run on."""
        super().show(topics)
        if topics & {Topic.CALLS, Topic.CLOCK}:
            self._show_who()

    def _show_who(self) -> None:
        call = self.view.state.calls.get(self._call.id, self._call)
        state = words.state_word(call, self.view.mono())
        self._who.show([((f"{state}  ", "dim"), (call.remote.label, "strong"))])

    def compose_dialog(self) -> Iterable[Widget]:
        self._show_who()
        keys = Lines(classes="dialog-keys")
        keys.show([(("↑↓", "key"), (" choose   ", "dim"), ("Enter", "key"), (" go   ", "dim"),
                    ("Esc", "key"), (" leave", "dim"))])  # fmt: skip
        box = Vertical(self._who, self.field, self.rows, keys, classes="dialog transfer")
        box.border_title = Content("TRANSFER")
        yield box

    def on_mount(self) -> None:
        """Show the other calls at once."""
        self.field.focus()
        self.rows.show(self._calls())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search the contacts for what is typed."""
        event.stop()
        start(self, partial(self._search, clean(event.value.strip())), group="find", latest=True)

    def on_key(self, event: events.Key) -> None:
        """The arrows move through the targets while the field keeps the focus.

        Textual calls the base class's handler by itself, unless the default is prevented.
        """
        step = {"down": 1, "up": -1}.get(event.key)
        if step is not None:
            event.stop()
            event.prevent_default()
            self.rows.move_to(self.rows.cursor + step)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter does what the marked line says."""
        event.stop()
        text = clean(event.value.strip())
        start(self, partial(self._go, text), group="find", latest=True)

    async def _go(self, text: str) -> None:
        """Go where the marked line says, once the lines are those of the text."""
        if text != self._searched:
            await self._search(text)
        if target := self.rows.row:
            self.dismiss(target.commands)

    async def _search(self, text: str) -> None:
        found: tuple[Contact, ...] = ()
        if text:
            reply = await self.view.request(c.SearchContacts(text, _LISTED))
            found = reply.value.contacts if isinstance(reply.value, c.ContactPage) else ()
        known = [
            target
            for contact in found
            for entry in contact.addresses[:2]
            for target in self._towards(contact.name, entry.address)
        ]
        typed = self._typed(text)
        looks_dialled = "@" in text or any(char.isdigit() for char in text)
        targets = [*typed, *known] if looks_dialled else [*known, *typed]
        self._searched = text
        self.rows.show([*targets, *self._calls()])
        if self.rows.rows:
            self.rows.mark(self.rows.rows[0].key)  # what is typed decides, not what was marked

    def _typed(self, text: str) -> list[Target]:
        address = to_dial(text, self.view.region)
        return self._towards(text, address) if address and not _BLANK.search(address) else []

    def _towards(self, name: str, address: str) -> list[Target]:
        """Return both ways to send the call to an address."""
        call = self._call
        shown = self.view.number(address) or address
        detail = shown if name != address else ""
        ask = (c.Dial(address, call.account),)  # a call that is up is held for it
        blind = Target(
            f"blind {address}", f"Send to {name}", detail, (c.Transfer(call.id, address),)
        )
        return [blind, Target(f"ask {address}", f"Ask {name} first", detail, ask)]

    def _calls(self) -> list[Target]:
        """Return the other answered calls of the account: their far ends can be connected."""
        account = self.view.state.accounts.get(self._call.account)
        if account and refusal_of(account, Capability.ATTENDED_TRANSFER):
            return []
        return [
            Target(
                f"call {other.id}",
                f"Connect with {other.remote.label}",
                words.state_word(other, self.view.mono()),
                (c.TransferTo(self._call.id, other.id),),
            )
            for other in self.view.state.live_calls()
            if other.id != self._call.id
            and other.account == self._call.account
            and other.state in (CallState.ACTIVE, CallState.HELD)
        ]


def _draw(target: Target, width: int) -> Line:
    return spread([(target.title, "plain")], [(f" {target.detail}", "dim")], width)
