"""The contact editor."""

from __future__ import annotations

from collections.abc import Iterable

from textual import events
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from softphone.model.contact import Contact, ContactAddress, ContactId
from softphone.model.text import TEXT_LIMIT, clean
from softphone.ui import phone
from softphone.ui.keymap import main_key
from softphone.ui.view import View
from softphone.ui.widgets.choice import Choice, Option
from softphone.ui.widgets.lines import Lines

from .base import Dialog

_ADDRESSES = 3


class ContactScreen(Dialog[Contact]):
    """Edit one contact; Enter saves, Esc leaves it as it was."""

    def __init__(self, view: View, contact: Contact | None) -> None:
        super().__init__(view, name="contact")
        self._contact = contact or Contact(ContactId(""), "")
        known = [address.address for address in self._contact.addresses]
        known += [""] * (_ADDRESSES - len(known))
        self.name_field = _field(self._contact.name)
        self.company = _field(self._contact.company)
        self.addresses = [_field(address) for address in known]
        self.note = _field(self._contact.note)
        options = [Option(False, "no"), Option(True, "yes")]
        self.favourite: Choice[bool] = Choice("", options)
        self.favourite.choose(self._contact.favourite)
        keys = [Option(0, "none"), *(Option(n, _key(view, n)) for n in range(1, 10))]
        self.quick: Choice[int] = Choice("", keys)
        self.quick.choose(self._contact.quick)
        self.problem = Lines(classes="problem")

    def compose_dialog(self) -> Iterable[Widget]:
        keys = Lines(classes="dialog-keys")
        keys.show([(("Enter", "key"), (" save   ", "dim"), ("Esc", "key"), (" leave", "dim"))])
        rows: list[Widget] = [_row("Name", self.name_field), _row("Company", self.company)]
        rows += [
            _row("Number" if i == 0 else f"Number {i + 1}", f) for i, f in enumerate(self.addresses)
        ]
        rows += [_row("Note", self.note), _row("Favourite", self.favourite)]
        if not self._contact.source:
            rows.append(_row("Quick key", self.quick))
        box = Vertical(*rows, self.problem, keys, classes="dialog")
        title = "EDIT CONTACT" if self._contact.id else "NEW CONTACT"
        box.border_title = Content(title)
        yield box

    def on_mount(self) -> None:
        """Start with the name."""
        self.name_field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter saves from any field."""
        event.stop()
        self._save()

    def on_key(self, event: events.Key) -> None:
        """Enter saves from the choice too; up and down go between fields."""
        if event.key == "enter":
            event.stop()
            self._save()
        elif event.key in ("up", "down"):
            event.stop()
            (self.focus_next if event.key == "down" else self.focus_previous)()

    def _save(self) -> None:
        name = clean(self.name_field.value.strip())
        if not name:
            self.problem.show([(("A contact needs a name.", "bad"),)])
            self.name_field.focus()
            return
        self.dismiss(
            Contact(
                id=self._contact.id,
                name=name,
                addresses=tuple(self._addresses()),
                company=clean(self.company.value.strip()),
                note=clean(self.note.value.strip(), TEXT_LIMIT),
                favourite=bool(self.favourite.value),
                source=self._contact.source,
                native_id=self._contact.native_id,
                quick=self.quick.value or 0,
            )
        )

    def _addresses(self) -> Iterable[ContactAddress]:
        labels = {address.address: address.label for address in self._contact.addresses}
        for field in self.addresses:
            address = clean(phone.to_dial(field.value, self.view.region))
            if address:
                yield ContactAddress(address, labels.get(address, ""))


def _field(value: str) -> Input:
    field = Input(value, select_on_focus=False)
    field.cursor_blink = False
    return field


def _row(title: str, widget: Widget) -> Horizontal:
    label = Lines(classes="form-label")
    label.show([((title, "dim"),)])
    return Horizontal(label, widget, classes="form-row")


def _key(view: View, digit: int) -> str:
    return main_key(view.keys, f"quick.dial_{digit}") or f"{digit}, by the palette"
