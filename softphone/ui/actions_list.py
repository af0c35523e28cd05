"""What can be done with the row of a list, and the keys for it."""

from __future__ import annotations

from .action import Action, Scope

_LIST = Scope.LIST

# fmt: off
LIST_ACTIONS: tuple[Action, ...] = (
    Action("list.down", "Down", "Next row.", ("down", "j"), _LIST),
    Action("list.up", "Up", "Row before.", ("up", "k"), _LIST),
    Action("list.top", "First", "First row.", ("g", "home"), _LIST),
    Action("list.bottom", "Last", "Last row.", ("G", "end"), _LIST),
    Action("list.page_down", "Page down", "One page on.", ("pagedown",), _LIST),
    Action("list.page_up", "Page up", "One page back.", ("pageup",), _LIST),
    Action("list.filter", "Filter", "Type to see only rows that hold a text.", ("/",), _LIST),
    Action("list.next", "Next match", "Next row with the text.", ("n",), _LIST),
    Action("list.previous", "Match before", "Row before with the text.", ("N",), _LIST),
    Action("list.clear", "Clear filter", "Show all rows again.", ("escape",), _LIST),
    Action("list.open", "Main action", "What Enter does on a row; never ends a call.",
           ("enter",), _LIST),
    Action("list.tick", "Tick", "Tick a number to be online on it.", ("space",), _LIST),
    Action("list.copy", "Copy number", "Copy the row's number in E.164.", ("y",), _LIST),
    Action("list.find", "Look up", "Find any id in the monitored service.", ("l",), _LIST),
    Action("list.sort", "Sort", "Another order of the monitored calls.", ("s",), _LIST),
    Action("list.message", "Write to", "Write a message to the row's person; or send one on.",
           ("o",), _LIST),
    Action("list.watch", "Watch", "Watch the row's person, or no longer.", ("w",), _LIST),
    Action("list.report", "Report", "The report of the row's call, in the history.", ("i",),
           _LIST),
    Action("list.quality", "Quality", "The course of the row's call: why it sounded bad.", ("q",),
           _LIST),
    Action("list.reset", "Default", "Give the row's action its default keys, in the keys.", ("x",),
           _LIST),
    Action("list.platform", "Platform's history", "What the platform remembers, in the history.",
           ("p",), _LIST),
    Action("list.missed", "Missed only", "Only missed calls, in the history.", ("m",), _LIST),
    Action("list.result", "By result", "Only calls of which this came, in the history.", ("r",),
           _LIST),
    Action("list.block", "Block", "Decline the row's number from now on, or let it ring again.",
           ("b",), _LIST),
    Action("contact.add", "Add contact", "New contact; in the history, of the row's caller.",
           ("a",), _LIST),
    Action("contact.edit", "Edit contact", "Edit the row, in the contacts list.", ("e",), _LIST),
    Action("contact.delete", "Delete contact", "Delete the row, after asking.", ("D",), _LIST),
)
# fmt: on
