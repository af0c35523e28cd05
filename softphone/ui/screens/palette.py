"""The palette: actions, contacts and past calls by what is typed, each with what Enter does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual import events
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input

from softphone.model.command import ContactPage, HistoryPage, ListHistory, SearchContacts
from softphone.model.contact import Contact
from softphone.model.record import CallRecord, HistoryFilter
from softphone.model.text import clean
from softphone.ui.actions import ACTIONS, Action
from softphone.ui.clock import local_time
from softphone.ui.fuzzy import fit, is_weak
from softphone.ui.keymap import shown_key
from softphone.ui.spans import Column, Line, table_line
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import Dialog

_HIDDEN = ("palette.open", "pane.", "list.", "contact.edit", "contact.delete")
_SHORT = 3
_WEAK_SHOWN = 5
_PEOPLE = 6
_CALLS = 6
_LOOKED_AT = 200
_MOST_LETTERS = 6
_WAIT_S = 0.05
_COLUMNS = (Column(18), Column(11), Column(flex=1))
_OTHERS = (Column(22), Column(18), Column(flex=1))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the operator chose: an action's id, or an address for the dialer."""

    action: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: an action, or somebody with a number."""

    key: str
    action: Action | None = None
    name: str = ""
    number: str = ""
    detail: str = ""

    @property
    def chosen(self) -> Chosen:
        """Return what Enter does."""
        return Chosen(self.action.id) if self.action else Chosen(address=self.number)


class PaletteScreen(Dialog[Chosen]):
    """Find an action and do it, or somebody and put the number into the dialer.

    What comes from the engine stands below what is there already, so that nothing moves under
    the mark.
    """

    def __init__(self, view: View) -> None:
        super().__init__(view, name="palette")
        self.field = Input(placeholder="command, name or number", select_on_focus=False)
        self.field.cursor_blink = False
        self.rows: RowList[Entry] = RowList(
            self._draw, lambda entry: entry.key, empty="Nothing has this in its name."
        )
        self.rows.can_focus = False
        self._timer: Timer | None = None

    def compose_dialog(self) -> Iterable[Widget]:
        box = Vertical(self.field, self.rows, classes="dialog palette")
        box.border_title = Content("COMMANDS, CONTACTS, CALLS")
        yield box

    def on_mount(self) -> None:
        """Show all commands."""
        self._fill("")
        self.field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show the actions that fit at once, and look for people and calls."""
        event.stop()
        self._fill(event.value)
        if self._timer is not None:
            self._timer.stop()
        wanted = bool(event.value.strip())
        self._timer = self.set_timer(_WAIT_S, self._search) if wanted else None

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do the marked one."""
        event.stop()
        entry = self.rows.row
        self.dismiss(entry.chosen if entry else None)

    def on_key(self, event: events.Key) -> None:
        """Arrows move in the list while the field keeps the focus."""
        moves = {"down": "list.down", "up": "list.up", "pagedown": "list.page_down",
                 "pageup": "list.page_up"}  # fmt: skip
        if event.key in moves:
            event.stop()
            self.rows.act(moves[event.key])

    def _fill(self, text: str) -> None:
        self.rows.show([Entry(action.id, action) for action in matches(text)])
        self.rows.move_to(0)

    def _search(self) -> None:
        start(self, self._find, group="find", latest=True)

    async def _find(self) -> None:
        text = clean(self.field.value.strip())
        people = await self._people(text)
        reply = await self.view.request(
            ListHistory(HistoryFilter(text=text, limit=_LOOKED_AT // 4))
        )
        records = reply.value.records if isinstance(reply.value, HistoryPage) else ()
        if text == clean(self.field.value.strip()):
            there = [entry for entry in self.rows.rows if entry.action]
            self.rows.show([*there, *people, *_calls(records, {one.number for one in people})])

    async def _people(self, text: str) -> list[Entry]:
        """Return who fits best; when nobody has the text itself, who has its letters in order."""
        found = await self._contacts(text)
        if not found and len(text) >= _SHORT:
            letters = " ".join(text.replace(" ", "")[:_MOST_LETTERS])
            found = [one for one in await self._contacts(letters) if fit(text, one.name)]
        found = [one for one in found if one.main_address]
        best = sorted(found, key=lambda one: (_distance(text, one), one.name))[:_PEOPLE]
        return [
            Entry(f"contact {one.id}", None, one.name, one.main_address, one.company)
            for one in best
        ]

    async def _contacts(self, text: str) -> Sequence[Contact]:
        reply = await self.view.request(SearchContacts(text, _LOOKED_AT))
        return reply.value.contacts if isinstance(reply.value, ContactPage) else ()

    def _draw(self, entry: Entry, width: int) -> Line:
        action = entry.action
        if action is None:
            cells = ((entry.name, "strong"), (self.view.number(entry.number), "plain"),
                     (entry.detail, "dim"))  # fmt: skip
            return table_line(cells, _OTHERS, width)
        why = action.why_not(self.view.now)
        keys = "  ".join(shown_key(key) for key in self.view.keys.get(action.id, ()))
        return table_line(
            (
                (action.title, "off" if why else "strong"),
                (keys, "off" if why else "key"),
                (why or action.help, "off" if why else "dim"),
            ),
            _COLUMNS,
            width,
        )


def matches(text: str) -> list[Action]:
    """Return the actions that fit what is typed, the best first; weak fits only where few fit."""
    strong: list[tuple[int, int, Action]] = []
    weak: list[tuple[int, int, Action]] = []
    for place, action in enumerate(a for a in ACTIONS if not a.id.startswith(_HIDDEN)):
        distance = _distance_of(text, action)
        if distance is None:
            continue
        (weak if is_weak(distance) else strong).append((distance, place, action))
    ranked = [action for _, _, action in sorted(strong, key=lambda entry: entry[:2])]
    if len(ranked) < _WEAK_SHOWN:
        best = sorted(weak, key=lambda entry: entry[:2])[:_WEAK_SHOWN]
        ranked += [action for _, _, action in best]
    return ranked


def _distance_of(text: str, action: Action) -> int | None:
    """Return how well an action fits: by its title, else by what its id and help hold."""
    by_title = fit(text, action.title)
    if by_title is not None and not is_weak(by_title):
        return 0 if by_title <= len(text.split()) else 5
    whole = f"{action.title} {action.id} {action.help}".casefold()
    words = text.casefold().split()
    if all(word in whole for word in words if len(word) >= _SHORT) and all(
        len(word) >= _SHORT for word in words
    ):
        return 10
    return by_title


def _distance(text: str, contact: Contact) -> int:
    found = fit(text, f"{contact.name} {contact.company}")
    return 99 if found is None else found


def _calls(records: Sequence[CallRecord], known: set[str]) -> list[Entry]:
    """Return past calls, each number once and none that is shown as a contact."""
    found: dict[str, Entry] = {}
    for record in records:
        party, at = record.call.remote, local_time(record.call.created_at)
        if party.address and party.address not in known:
            name = party.label if party.label != party.address else ""
            what = "missed" if record.call.missed else "call"
            detail = f"{what} {at:%d %b %H:%M}"
            entry = Entry(f"call {record.call.id}", None, name, party.address, detail)
            found.setdefault(party.address, entry)
    return list(found.values())[:_CALLS]
