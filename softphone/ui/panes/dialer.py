"""The dialer: a field with type-ahead, the number to call from, and the tone keypad."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

from softphone.model.call import AccountName
from softphone.model.capability import Capability
from softphone.model.command import (
    ContactPage,
    Dial,
    HistoryPage,
    ListHistory,
    SearchContacts,
    SendTones,
)
from softphone.model.record import HistoryFilter
from softphone.model.text import clean
from softphone.ui import phone
from softphone.ui.session import Topic
from softphone.ui.situation import accounts_that, may_act, talking
from softphone.ui.spans import Line, fit, spread
from softphone.ui.view import View
from softphone.ui.widgets.choice import Choice, Option
from softphone.ui.widgets.lines import Lines
from softphone.ui.working import start

from .pane import Pane, Say, Send

_MATCHES = 4
_RECENT = 30
_WAIT_S = 0.12
_ROOMY = 34
_AUTOMATIC: Option[tuple[str, str]] = Option(("", ""), "automatic")


@dataclass(frozen=True, slots=True)
class Match:
    """Somebody the typed text may mean."""

    name: str
    address: str


class DialInput(Input):
    """The dial field. With tones on, digits leave as tones and nothing is typed."""

    class Toned(Message):
        """A digit was pressed while the tone keypad is on."""

        def __init__(self, digit: str) -> None:
            super().__init__()
            self.digit = digit

    class Stepped(Message):
        """Up or down was pressed."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class Left(Message):
        """Esc was pressed with nothing typed: letters shall be keys again."""

    def __init__(self) -> None:
        super().__init__(id="dial", placeholder="number or name", select_on_focus=False)
        self.cursor_blink = False
        self.tones = False

    async def _on_key(self, event: events.Key) -> None:
        """Take what is ours; textual then calls the base class unless that was prevented."""
        if event.key in ("up", "down"):
            event.stop()
            event.prevent_default()
            self.post_message(self.Stepped(1 if event.key == "down" else -1))
        elif event.key == "escape":
            event.stop()
            event.prevent_default()
            if self.value:
                self.value = ""
            else:
                self.post_message(self.Left())
        elif self.tones and event.is_printable:
            event.stop()
            event.prevent_default()
            if event.character in phone.TONES:
                self.post_message(self.Toned(event.character or ""))
            else:
                self.app.bell()

    def _on_paste(self, event: events.Paste) -> None:
        """Paste one harmless line; nothing pasted is ever dialled or sent by itself."""
        event.stop()
        event.prevent_default()
        if not self.tones:
            self.insert_text_at_cursor(clean(event.text.strip()))


class DialerPane(Pane):
    """Compose a number; Enter in this field is the only thing that dials."""

    TITLE = "DIALER · DIAL"
    topics = frozenset(
        {Topic.ACCOUNTS, Topic.CONTROL, Topic.DESK, Topic.CALLS, Topic.HISTORY, Topic.CONTACTS}
    )

    class Wanted(Message):
        """The operator wants to call."""

        def __init__(self, command: Dial) -> None:
            super().__init__()
            self.command = command

    def __init__(self, view: View, *, id: str) -> None:
        super().__init__(view, id=id)
        self.field = DialInput()
        self.sender: Choice[tuple[str, str]] = Choice("from", [_AUTOMATIC], id="sender")
        self.hints = Lines(id="dial-hints")
        self._recent: list[Match] = []
        self._matches: list[Match] = []
        self._marked = -1
        self._timer: Timer | None = None
        self._loaded = False

    def compose(self) -> ComposeResult:
        yield self.field
        yield self.sender
        yield self.hints

    @property
    def main_widget(self) -> Input:
        return self.field

    def show(self) -> None:
        """Bring title and choices up to date."""
        tones = self.view.desk.tones
        if self.field.tones != tones:
            self.field.tones = tones
            self.set_class(tones, "tones")
        self.sender.offer([_AUTOMATIC, *self._senders()])
        self._show_hints()
        if not self._loaded and self.view.session.connected:
            self._loaded = True
            self.load_recent()

    def title_now(self) -> str:
        """Return the title: it says where digits go."""
        return "DIALER · TONES" if self.view.desk.tones else self.TITLE

    def load_recent(self) -> None:
        """Fetch the latest calls for the type-ahead."""
        if not self.view.session.connected:
            return
        start(self, self._load_recent, group="recent", latest=True)

    def type(self, character: str) -> None:
        """Take a digit typed elsewhere on the screen."""
        self.screen.set_focus(self.field)
        if not self.field.tones:
            self.field.insert_text_at_cursor(character)
        elif character in phone.TONES:
            self.field.post_message(DialInput.Toned(character))

    def put(self, address: str) -> None:
        """Show an address in the field, ready to be dialled by Enter."""
        self.field.value = address
        self.field.cursor_position = len(address)
        self.screen.set_focus(self.field)

    def clear(self) -> None:
        """Empty the field after a call was placed."""
        self.field.value = ""

    def on_resize(self) -> None:
        """Draw for the new width."""
        self._show_hints()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look for people once typing pauses."""
        event.stop()
        self._marked = -1
        self._matches = self._recent_like(event.value)
        self._show_hints()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_WAIT_S, self._search) if event.value.strip() else None

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Ask for the call to the marked match, or to what is typed."""
        event.stop()
        to = phone.to_dial(event.value, self._region())
        if 0 <= self._marked < len(self._matches):
            to = self._matches[self._marked].address
        if not to:
            self.app.bell()
            return
        account, sender = self.sender.value or ("", "")
        self.post_message(self.Wanted(Dial(to, AccountName(account), sender)))

    def on_choice_changed(self, event: Choice.Changed) -> None:
        """Another account may be in another country."""
        event.stop()
        self._show_hints()

    def on_dial_input_stepped(self, event: DialInput.Stepped) -> None:
        """Mark another match, or none."""
        event.stop()
        self._marked = max(-1, min(len(self._matches) - 1, self._marked + event.step))
        self._show_hints()

    def on_dial_input_toned(self, event: DialInput.Toned) -> None:
        """Send a tone into the call in focus."""
        event.stop()
        now = self.view.now
        if reason := talking(now) or may_act(now):
            self.post_message(Say(reason, "warning"))
        elif now.call is not None:
            self.post_message(Send(SendTones(now.call.id, event.digit)))

    def _search(self) -> None:
        start(self, self._find_people, group="matches", latest=True)

    async def _find_people(self) -> None:
        text = self.field.value.strip()
        if not text:
            return
        reply = await self.view.request(SearchContacts(text, limit=_MATCHES))
        people = reply.value.contacts if isinstance(reply.value, ContactPage) else ()
        if text == self.field.value.strip():
            found = [Match(p.name, p.main_address) for p in people if p.main_address]
            self._merge(found)

    def _merge(self, found: list[Match]) -> None:
        """Add people below the matches on screen, so that nothing moves under the mark."""
        known = {match.address for match in self._matches}
        fresh = [match for match in found if match.address not in known]
        self._matches = [*self._matches, *fresh][:_MATCHES]
        self._show_hints()

    async def _load_recent(self) -> None:
        reply = await self.view.request(ListHistory(HistoryFilter(limit=_RECENT)))
        records = reply.value.records if isinstance(reply.value, HistoryPage) else ()
        seen: dict[str, Match] = {}
        for record in records:
            party = record.call.remote
            if party.address:
                seen.setdefault(party.address, Match(party.known or party.name, party.address))
        self._recent = list(seen.values())
        if not self.field.value:
            self._matches = self._recent_like("")
        self._show_hints()

    def _recent_like(self, text: str) -> list[Match]:
        wanted = text.strip().casefold()
        digits = "".join(c for c in wanted if c.isdigit())
        fits = [
            m
            for m in self._recent
            if wanted in m.name.casefold() or (digits and digits in m.address) or not wanted
        ]
        return fits[: _MATCHES - 1 if wanted else _MATCHES]

    def _senders(self) -> list[Option[tuple[str, str]]]:
        options: list[Option[tuple[str, str]]] = []
        for account in accounts_that(self.view.now, Capability.DIAL):
            if not account.numbers:
                options.append(Option((account.name, ""), account.name))
            options += [
                Option((account.name, n.id), f"{n.name or self.view.number(n.number)}")
                for n in account.numbers
            ]
        return options

    def _region(self) -> str:
        """Return the country of the account that would dial; without a choice of one, the usual."""
        account, _ = self.sender.value or ("", "")
        able = accounts_that(self.view.now, Capability.DIAL)
        if not account and len(able) == 1:
            account = able[0].name
        return self.view.calls.regions.get(account, self.view.region)

    def _show_hints(self) -> None:
        width, height = self.hints.content_size
        if height < 2 and not self.field.value.strip() and self._marked < 0:
            self.hints.show(self._match_lines(width))
            return
        self.hints.show([self._first_hint(width), *self._match_lines(width)])

    def _first_hint(self, width: int) -> Line:
        if self.view.desk.tones:
            return ((fit("digits go to the far end", width), "warn"),)
        if self.view.now.read_only:
            key = self.view.key("console.take_over")
            return ((fit(f"read-only: Tab, then {key}", width), "warn"),)
        text = self.field.value.strip()
        marked = self._matches[self._marked] if self._marked >= 0 else None
        if not text and marked is None:
            return ((fit("recent calls" if self._matches else "", width), "dim"),)
        if marked is not None:
            return (("= ", "dim"), (fit(self.view.number(marked.address), width - 2), "key"))
        region = self._region()
        sent = phone.to_dial(text, region)
        grouped = phone.shown(sent, "") if sent.startswith("+") else ""
        if not grouped or grouped == sent:
            grouped = phone.as_typed(text, region)
        return spread([("= ", "dim"), (grouped, "key")], [], width)

    def _match_lines(self, width: int) -> list[Line]:
        lines: list[Line] = []
        for index, match in enumerate(self._matches):
            role = "mark" if index == self._marked else "plain"
            sign = "> " if index == self._marked else "  "
            number = self.view.number(match.address)
            if not match.name:
                lines.append(((fit(sign + number, width), role),))
                continue
            if width < _ROOMY:
                lines.append(((fit(sign + match.name, width), role),))
                continue
            room = max(6, width - len(number) - 3)
            text = f"{sign}{fit(match.name, room - 1)} {number}"
            lines.append(((fit(text, width), role),))
        return lines
