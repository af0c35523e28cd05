"""The key map: every action with its keys; a new key is pressed, not spelt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from textual import events
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model.error import ConfigError
from softphone.ui.actions import ACTIONS, Action, find
from softphone.ui.custom import Custom
from softphone.ui.keymap import KeyMap, holder_of, key_problem, shown_key
from softphone.ui.panes.pane import Say
from softphone.ui.session import Topic
from softphone.ui.settingsfile import Setting
from softphone.ui.spans import Column, Line, table_line, wrap
from softphone.ui.view import View
from softphone.ui.widgets.filtered import FilteredList
from softphone.ui.widgets.lines import Lines
from softphone.ui.widgets.rowlist import RowList

from .base import ConsoleScreen, Dialog
from .dialogs import Answer, Question

if TYPE_CHECKING:
    from softphone.ui.app import SoftphoneApp

Keep = Callable[[str, dict[str, Setting], str], None]
_COLUMNS = (Column(1), Column(18), Column(18), Column(13), Column(flex=1))
_WIDTH = 52


class KeysScreen(ConsoleScreen):
    """Show all actions; Enter gives the marked one another key, and the file keeps it."""

    def __init__(self, view: View, custom: Custom, keep: Keep) -> None:
        super().__init__(view, name="keys")
        self._custom = custom
        self._keep = keep
        self.rows: RowList[Action] = RowList(
            self._draw, lambda action: action.id, empty="No action has this in its name."
        )
        self.list = FilteredList(self.rows)

    def compose_body(self) -> Iterable[Widget]:
        box = Vertical(self.list, classes="pane full")
        key = self.view.key
        box.border_title = Content(
            f"KEYS ── Enter new key, {key('contact.add')} one more, {key('contact.delete')} "
            f"none, {key('list.reset')} default, {key('list.filter')} find, Esc closes"
        )
        box.border_subtitle = Content("* not the default")
        yield box

    def on_mount(self) -> None:
        """Show all."""
        self.rows.focus()
        self._fill("")

    def show(self, topics: frozenset[Topic]) -> None:
        """Paint again when keys changed."""
        super().show(topics)
        if self.is_mounted:
            self.rows.repaint_changed()

    def on_filtered_list_filtered(self, event: FilteredList.Filtered) -> None:
        """Show only actions with the text in title, id or keys."""
        event.stop()
        self._fill(event.text.casefold())

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Change the keys of the marked action."""
        action = self.rows.row
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif action is None:
            return
        elif event.action_id == "list.open":
            self._capture(action, ())
        elif event.action_id == "contact.add":
            self._capture(action, self._custom.keys[action.id])
        elif event.action_id == "contact.delete":
            self._take({action.id: ()}, f"{action.title} has no key")
        elif event.action_id == "list.reset":
            self._reset(action)

    def _capture(self, action: Action, others: tuple[str, ...]) -> None:
        def pressed(key: str | None) -> None:
            if key is None:
                return
            if problem := key_problem(key):
                self.post_message(Say(f"{shown_key(key)} {problem}", "warning"))
                return
            wanted = tuple(dict.fromkeys((*others, key)))
            if holder := holder_of(self._custom.keys, action, key):
                self._ask(action, wanted, key, holder)
            else:
                self._take({action.id: wanted}, f"{shown_key(key)}: {action.title}")

        self.app.push_screen(CaptureKey(self.view, action), pressed)

    def _ask(self, action: Action, wanted: tuple[str, ...], key: str, holder: Action) -> None:
        """Tell whose key it is; give it away only when that is wanted."""
        left = tuple(k for k in self._custom.keys[holder.id] if k != key)
        rest = ", ".join(map(shown_key, left)) or "no key"
        text = (
            f"{shown_key(key)} belongs to {holder.title} ({holder.id}). Give it to {action.title}? "
            f"{holder.title} then has {rest}."
        )

        def done(answer: str | None) -> None:
            if answer == "yes":
                changed = {action.id: wanted, holder.id: left}
                self._take(changed, f"{shown_key(key)}: {action.title}")

        answers = (Answer("y", f"Give it to {action.title}", "yes"), Answer("n", "Leave it", "no"))
        self.app.push_screen(Question(self.view, "KEY IN USE", text, answers), done)

    def _reset(self, action: Action) -> None:
        for key in action.keys:
            holder = holder_of(self._custom.keys, action, key)
            if holder is not None:
                text = f"{shown_key(key)} belongs to {holder.title} now; reset that one too."
                self.post_message(Say(text, "warning"))
                return
        self._take({action.id: action.keys}, f"{action.title} has its default keys")

    def _take(self, changed: KeyMap, said: str) -> None:
        """Let keys hold from now on, and keep what differs from the defaults."""
        own = self._custom.own_keys | dict(changed)
        own = {name: keys for name, keys in own.items() if keys != _defaults(name)}
        try:
            self._custom.take_keys(own)
        except ConfigError as problem:
            self.post_message(Say(problem.message, "warning"))
            return
        self.rows.repaint_changed()
        self._keep("keys", {name: own.get(name) for name in changed}, said)

    def _fill(self, wanted: str) -> None:
        def fits(action: Action) -> bool:
            keys = " ".join(map(shown_key, self._custom.keys[action.id]))
            return wanted in f"{action.title} {action.id} {keys} {action.help}".casefold()

        self.rows.show([action for action in ACTIONS if fits(action)])

    def _draw(self, action: Action, width: int) -> Line:
        own = action.id in self._custom.own_keys
        keys = "  ".join(map(shown_key, self._custom.keys[action.id]))
        cells = (
            ("*" if own else "", "warn"), (keys or "palette", "key" if keys else "dim"),
            (action.title, "strong"), (action.scope.value, "dim"), (action.help, "dim"),
        )  # fmt: skip
        return table_line(cells, _COLUMNS, width)


class CaptureKey(Dialog[str]):
    """Wait for one key press; no key does anything else meanwhile, Esc leaves."""

    app: SoftphoneApp

    def __init__(self, view: View, action: Action) -> None:
        super().__init__(view, name="capture")
        self._action = action

    def compose_dialog(self) -> Iterable[Widget]:
        text = Lines(classes="dialog-text")
        wanted = f"Press the key for {self._action.title}. {self._action.help}"
        text.show([*wrap(wanted, _WIDTH), (), (("Esc", "key"), (" leaves it as it is", "dim"))])
        box = Vertical(text, classes="dialog")
        box.border_title = Content("PRESS A KEY")
        yield box

    def on_mount(self) -> None:
        """Take the keys that work anywhere away, so that this one is only named."""
        self.app.unbind_keys()

    def on_unmount(self) -> None:
        """Give the keys back."""
        self.app.bind_keys()

    def on_key(self, event: events.Key) -> None:
        """Take the key."""
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.dismiss(None)
            return
        plain = event.is_printable and event.character and event.character != " "
        self.dismiss(str(event.character) if plain else event.key)


def _defaults(action_id: str) -> tuple[str, ...]:
    action = find(action_id)
    return action.keys if action else ()
