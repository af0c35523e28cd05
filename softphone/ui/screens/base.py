"""What all screens share: frame, banner, keys outside text fields, size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, TypeVar

from textual import events
from textual._styles_cache import StylesCache
from textual.app import ComposeResult
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from softphone.ui.actions import ACTIONS, Scope
from softphone.ui.frame.banner import Banner
from softphone.ui.frame.callbar import CallBar
from softphone.ui.frame.cover import Cover
from softphone.ui.frame.footer import FooterLine
from softphone.ui.frame.header import HeaderLine
from softphone.ui.keymap import is_character
from softphone.ui.session import Topic
from softphone.ui.view import View
from softphone.ui.widgets.choice import Choice
from softphone.ui.widgets.filtered import FilteredList
from softphone.ui.widgets.listkeys import ListKeys

T = TypeVar("T")
_LONG_NAMES = {"question_mark": "?", "colon": ":", "slash": "/"}


def action_for(view: View, event: events.Key, focused: Widget | None) -> str | None:
    """Return the action a key means where it was pressed: characters of the lists, of the
    call bar, or of the console outside text fields. Other keys are bound by the app."""
    key = event.character if event.is_printable and event.character else event.key
    key = "space" if key == " " else key
    in_field = isinstance(focused, Input | TextArea)
    for action in ACTIONS:
        if key not in view.keys.get(action.id, ()):
            continue
        if action.scope is Scope.LIST:
            fits = isinstance(focused, ListKeys)
        elif not is_character(key):
            fits = False
        elif action.scope is Scope.CALL:
            fits = isinstance(focused, CallBar)
        else:
            fits = not in_field
        if fits:
            return action.id
    return None


def forget_drawn() -> None:
    """Let go of what was drawn of widgets that are gone: textual remembers a thousand of them,
    with all their lines, as keys of a cache of two colours."""
    StylesCache.get_inner_outer.cache_clear()


class ConsoleScreen(Screen[None]):
    """A full screen: header and footer around a body, banner and call bar over it."""

    CLOSES_ON_ESCAPE: ClassVar[bool] = True

    def __init__(self, view: View, *, name: str) -> None:
        super().__init__(name=name)  # no id: one may be opened while another is still going
        self.view = view
        self.header = HeaderLine(view)
        self.footer = FooterLine(view)
        self.banner = Banner(view)
        self.callbar = CallBar(view)
        self.cover = Cover()
        self._before_bar: Widget | None = None
        self.gone = False

    def on_unmount(self) -> None:
        """Remember that nobody sees this any more, for what is still being asked."""
        self.gone = True
        forget_drawn()

    def compose_body(self) -> Iterable[Widget]:
        """Yield what stands between header and footer."""
        return ()

    def compose(self) -> ComposeResult:
        yield self.header
        yield from self.compose_body()
        yield self.footer
        yield self.banner
        yield self.callbar
        yield self.cover

    def show(self, topics: frozenset[Topic]) -> None:
        """Bring everything up to date that cares about these topics."""
        self.header.update()
        self.footer.update()
        self.banner.update()
        self.callbar.update()

    def open_bar(self) -> None:
        """Open the call bar; Esc goes back to where the focus was."""
        if not self.callbar.has_focus:
            self._before_bar = self.focused
            self.callbar.open()

    def on_key(self, event: events.Key) -> None:
        """Find the action of a key that no text field took."""
        if isinstance(self.focused, Choice) and self.focused.take_key(event.key):
            event.stop()
        elif event.key == "escape" and self.callbar.has_focus:
            event.stop()
            self.set_focus(self._before_bar)
        elif event.key == "escape" and self.CLOSES_ON_ESCAPE and not self._in_list():
            event.stop()
            self.app.pop_screen()
        elif action_id := action_for(self.view, event, self.focused):
            event.stop()
            event.prevent_default()
            self.view.act(action_id)
        elif event.is_printable and event.character:
            self._type_ahead(event.character)

    def _type_ahead(self, character: str) -> None:
        """A field takes its characters itself; one that gets here was pressed before the
        focus had come to the field."""
        if isinstance(self.focused, Input):
            self.focused.insert_text_at_cursor(character)
        elif isinstance(self.focused, TextArea):
            self.focused.insert(character)

    def on_resize(self, event: events.Resize) -> None:
        """Fit to the terminal."""
        self.cover.fit_to(event.size.width, event.size.height)
        self.call_after_refresh(self.show, frozenset(Topic))

    def _in_list(self) -> bool:
        """Tell whether Esc belongs to a list or its filter."""
        node: object = self.focused
        return isinstance(node, ListKeys) or isinstance(getattr(node, "parent", None), FilteredList)


class Dialog(ModalScreen[T]):
    """A dialog over a screen. The banner stays visible; F-keys go on working."""

    def __init__(self, view: View, *, name: str) -> None:
        super().__init__(name=name)  # no id: one may be opened while another is still going
        self.view = view
        self.banner = Banner(view)
        self.cover = Cover()

    def compose_dialog(self) -> Iterable[Widget]:
        """Yield the dialog."""
        return ()

    def compose(self) -> ComposeResult:
        yield from self.compose_dialog()
        yield self.banner
        yield self.cover

    def on_unmount(self) -> None:
        """Leave nothing of this behind."""
        forget_drawn()

    def show(self, topics: frozenset[Topic]) -> None:
        """Bring the banner up to date."""
        self.banner.update()

    def on_key(self, event: events.Key) -> None:
        """Esc leaves without an answer; lists have their keys here too."""
        if isinstance(self.focused, Choice) and self.focused.take_key(event.key):
            event.stop()
            return
        if event.key == "escape":
            event.stop()
            self.dismiss(None)
            return
        action_id = action_for(self.view, event, self.focused)
        if action_id and isinstance(self.focused, ListKeys):
            event.stop()
            event.prevent_default()
            self.focused.act(action_id)

    def on_resize(self, event: events.Resize) -> None:
        """Fit to the terminal."""
        self.cover.fit_to(event.size.width, event.size.height)
        self.call_after_refresh(self.show, frozenset(Topic))
