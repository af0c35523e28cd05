"""The main screen: six panes, placed for the size of the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from textual import events
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, TextArea

from softphone.ui.layout import EVERY_PANE, shape_of, tabs_of
from softphone.ui.panes.call import CallPane
from softphone.ui.panes.calls import CallsPane
from softphone.ui.panes.contacts import ContactsPane
from softphone.ui.panes.dialer import DialerPane
from softphone.ui.panes.events import EventsPane
from softphone.ui.panes.pane import Pane
from softphone.ui.panes.presence import PresencePane
from softphone.ui.phone import DIALABLE
from softphone.ui.session import Topic
from softphone.ui.tour import next_step
from softphone.ui.view import View
from softphone.ui.widgets.lines import Lines

from .base import ConsoleScreen
from .body import Body

_TAB_KEYS = {
    "call": "note.focus",
    "presence": "presence.focus",
    "contacts": "contacts.focus",
    "events": "events.focus",
}


class MainScreen(ConsoleScreen):
    """Where the operator works."""

    CLOSES_ON_ESCAPE = False

    def __init__(self, view: View) -> None:
        super().__init__(view, name="main")
        self.presence = PresencePane(view, id="presence")
        self.dialer = DialerPane(view, id="dialer")
        self.calls = CallsPane(view, id="calls")
        self.call = CallPane(view, id="call")
        self.contacts = ContactsPane(view, id="contacts")
        self.events = EventsPane(view, id="events")
        self.panes: dict[str, Pane] = {
            pane.id or "": pane
            for pane in (
                self.presence,
                self.dialer,
                self.calls,
                self.call,
                self.contacts,
                self.events,
            )
        }
        self.body = Body(*self.panes.values())
        self.tour = Lines(id="tour")
        self._began = False

    def compose_body(self) -> Iterable[Widget]:
        yield self.body
        yield self.tour

    def on_mount(self) -> None:
        """Start where typing does no harm."""
        self.dialer.field.focus()

    def show(self, topics: frozenset[Topic]) -> None:
        """Bring the panes up to date that care about these topics."""
        if topics == {Topic.LEVELS}:
            self.call.show_levels()
            return
        super().show(topics)
        for pane in self.panes.values():
            if topics & pane.topics and pane.display:
                pane.show()
        if Topic.HISTORY in topics:
            self.dialer.load_recent()
        self._show_tabs()
        self._begin()
        step = next_step(self.view)
        self.tour.display = bool(step)
        self.tour.show([((f" {step}", "key"),)] if step else [])

    def _begin(self) -> None:
        """Start a console that may only watch in a list: its one key would be typed text in
        the dialer."""
        if self._began or not self.view.session.connected:
            return
        self._began = True
        if self.view.now.read_only and self.focused is self.dialer.field:
            self.go_to("calls")

    def go_to(self, pane_id: str) -> None:
        """Bring a pane to the front and give it the focus."""
        self.show_tab(pane_id)
        self.set_focus(self.panes[pane_id].main_widget)

    def show_tab(self, pane_id: str) -> None:
        """Bring a pane to the front; one that the layout leaves out is shown for now."""
        if pane_id in EVERY_PANE - self.body.shown:
            self.body.shown |= {pane_id}
            self._arrange()
        if pane_id in self._tabs and self.body.tab != pane_id:
            self.body.tab = pane_id
            self._arrange()

    def show_panes(self, panes: Iterable[str]) -> None:
        """Show these panes of those that a layout may leave out."""
        self.body.shown = EVERY_PANE & frozenset(panes)
        if self._tabs and self.body.tab not in self._tabs:
            self.body.tab = self._tabs[0]
        inside = next((pane for pane in self.panes.values() if pane.has_focus_within), None)
        self._arrange()
        if inside is not None and not inside.display:
            self.set_focus(self.dialer.field)

    @property
    def _tabs(self) -> tuple[str, ...]:
        return tabs_of(self.body.shape, self.body.shown)

    def on_key(self, event: events.Key) -> None:
        """Digits outside a text field go to the dialer; they are never hotkeys."""
        elsewhere = isinstance(self.focused, Input | TextArea)
        elsewhere = elsewhere and self.focused is not self.dialer.field
        if event.character and event.character in DIALABLE and not elsewhere:
            event.stop()
            event.prevent_default()
            self.dialer.type(event.character)

    def on_dial_input_left(self) -> None:
        """Go where letters are keys."""
        self.go_to("calls")

    def on_resize(self, event: events.Resize) -> None:
        """Choose the layout for the new size."""
        self.body.shape = shape_of(event.size.width, event.size.height)
        tabs = self._tabs
        focused = next((p.id for p in self.panes.values() if p.has_focus_within), None)
        if focused in tabs:
            self.body.tab = focused or "call"
        elif tabs and self.body.tab not in tabs:
            self.body.tab = tabs[0]
        self._arrange()

    def _arrange(self) -> None:
        tabs = self._tabs
        for name, pane in self.panes.items():
            hidden = name in EVERY_PANE - self.body.shown
            pane.display = not hidden and (name not in tabs or name == self.body.tab)
        self.body.refresh(layout=True)
        self.call_after_refresh(self.show, frozenset(Topic))

    def _show_tabs(self) -> None:
        """Show in the frame of the seen tab which others there are, and their keys."""
        tabs = self._tabs
        for name, pane in self.panes.items():
            if name not in tabs:
                pane.set_title(pane.title_now())
                continue
            parts: list[tuple[str, str]] = []
            for tab in tabs:
                seen = tab == name
                label = self.panes[tab].title_now() if seen else self.panes[tab].TITLE.lower()
                key = "" if seen else f" {self.view.key(_TAB_KEYS[tab])}"
                between = " ── " if tab != tabs[-1] else ""
                parts += [(label, "bold" if seen else ""), (key, "$key"), (between, "$frame")]
            pane.set_title(Content.assemble(*parts))
