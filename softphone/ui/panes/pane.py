"""What every pane of the main screen shares: a titled frame, and when to look again."""

from __future__ import annotations

from typing import ClassVar

from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from softphone.model.command import Command
from softphone.ui.session import Topic
from softphone.ui.view import View


class Send(Message):
    """Ask the console to send commands; a refusal is shown to the operator."""

    def __init__(self, *commands: Command) -> None:
        super().__init__()
        self.commands = commands


class Act(Message):
    """Ask the console for an action of the registry."""

    def __init__(self, action_id: str) -> None:
        super().__init__()
        self.action_id = action_id


class Say(Message):
    """Ask the console to show one sentence."""

    def __init__(self, text: str, severity: str = "information") -> None:
        super().__init__()
        self.text = text
        self.severity = severity


class ToDialer(Message):
    """Ask the console to put an address into the dialer; it is never dialled by itself."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address


class OpenFor(Message):
    """Ask the console to open the screen of an action for somebody or something.

    `messages.open` and `list.block` take an address, `report.open` and `quality.open` a call's id.
    """

    def __init__(self, action_id: str, value: str) -> None:
        super().__init__()
        self.action_id = action_id
        self.value = value


class Pane(Vertical):
    """A framed part of the screen; `show()` is called when one of `topics` changed."""

    TITLE: ClassVar[str] = ""
    topics: ClassVar[frozenset[Topic]] = frozenset()

    def __init__(self, view: View, *, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self.view = view
        self._title: Content | None = None
        self._below = ""
        self.set_title(self.TITLE)

    @property
    def main_widget(self) -> Widget:
        """Return the widget that gets the focus when the operator goes to this pane."""
        raise NotImplementedError

    def title_now(self) -> str:
        """Return the title as it should be now."""
        return self.TITLE

    def set_title(self, title: str | Content) -> None:
        """Show a title in the frame."""
        wanted = title if isinstance(title, Content) else Content(title)
        if self._title is None or not self._title.is_same(wanted):
            self._title = self.border_title = wanted

    def set_below(self, subtitle: str) -> None:
        """Show something short at the lower edge of the frame."""
        if self._below != subtitle:
            self._below = subtitle
            below = Content(subtitle)
            self.border_subtitle = below

    def show(self) -> None:
        """Bring the pane up to date."""
