"""Conversations on the left, the marked one on the right, a line to write below."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual import events
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from softphone.model import command as c
from softphone.model.call import AccountName, Direction
from softphone.model.capability import Capability
from softphone.model.message import Channel, Conversation, Delivery, Message
from softphone.model.text import TEXT_LIMIT, clean
from softphone.ui.clock import local_time
from softphone.ui.panes.pane import Say, Send, ToDialer
from softphone.ui.session import Topic
from softphone.ui.situation import accounts_that
from softphone.ui.spans import Line, fit, length, spread, wrap
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList
from softphone.ui.working import start

from .base import ConsoleScreen
from .dialogs import Answer, AskLine, Question

_PAGE = 200
_WAITING = {Delivery.QUEUED: ("waits ", "warn"), Delivery.FAILED: ("NOT SENT ", "bad")}


class MessagesScreen(ConsoleScreen):
    """Read and write messages; a talk counts as read once it is shown."""

    def __init__(self, view: View, peer: str = "") -> None:
        super().__init__(view, name="messages")
        self.talks: RowList[Conversation] = RowList(
            self._draw_talk,
            lambda talk: (talk.account, talk.peer, talk.channel),
            empty="No messages yet. a writes to somebody.",
        )
        self.lines: RowList[tuple[str, Line]] = RowList(
            lambda row, width: row[1], lambda row: row[0], follow=True, empty=""
        )
        self.field = Input(placeholder="write, Enter sends", select_on_focus=False)
        self.field.cursor_blink = False
        self.field.id = "message-field"
        self._wanted = peer
        self._shown: tuple[AccountName, str, Channel] | None = None
        self._messages: tuple[Message, ...] = ()
        self._right = Vertical(self.lines, self.field, classes="pane full")

    def compose_body(self) -> Iterable[Widget]:
        left = Vertical(self.talks, classes="pane talks")
        write, read = self.view.key("contact.add"), self.view.key("contact.delete")
        left.border_title = Content(f"MESSAGES ── {write} write, {read} delete, Esc")
        yield Horizontal(left, self._right, id="message-body")

    def on_mount(self) -> None:
        """Load the talks, and go to the one that was asked for."""
        self.talks.focus()
        start(self, self._load_talks, group="talks", latest=True)

    def show(self, topics: frozenset[Topic]) -> None:
        """Load again when a message came or changed."""
        super().show(topics)
        if Topic.MESSAGES in topics and self.is_mounted:
            start(self, self._load_talks, group="talks", latest=True)

    # ---- what the operator does ----------------------------------------------------------------

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """Show the marked talk."""
        event.stop()
        if event.rows is self.talks:
            self._show_marked()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Enter goes to the field, a writes to somebody new, D deletes, y copies, Esc closes."""
        event.stop()
        if event.action_id == "list.clear":
            self.app.pop_screen()
        elif event.action_id == "contact.add":
            self.write_to_somebody()
        elif event.rows is self.lines:
            self._act_on_message(event.action_id)
        elif event.action_id == "list.open" and self._shown:
            self.field.focus()
        elif event.action_id == "list.copy" and self._shown:
            self.post_message(ToDialer(self._shown[1]))
        elif event.action_id == "contact.delete" and self._shown:
            self._delete()

    def write_to_somebody(self) -> None:
        """Ask for an address and open the talk with it."""

        def done(peer: str | None) -> None:
            if peer:
                self.open_talk(peer)

        text = "Write to which address or number?"
        self.app.push_screen(AskLine(self.view, "NEW MESSAGE", text), done)

    def open_talk(self, peer: str) -> None:
        """Show the talk with somebody, a new one when there is none."""
        for talk in self.talks.rows:
            if talk.peer == peer:
                self.talks.mark((talk.account, talk.peer, talk.channel))
                self._show_marked()
                self.field.focus()
                return
        able = accounts_that(self.view.now, Capability.INSTANT_MESSAGES)
        if not able:
            self.post_message(Say("No account can send messages.", "warning"))
            return
        self._shown, self._messages = (able[0].name, peer, Channel.IM), ()
        self._paint()
        self.field.focus()
        # A short name may stand for somebody there is a talk with; the engine knows.
        start(self, self._load_messages, group="messages", latest=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter sends what was written."""
        event.stop()
        text = event.value.strip()
        if not text or self._shown is None:
            return
        if len(text) > TEXT_LIMIT:
            self.post_message(Say(f"A message has at most {TEXT_LIMIT} characters.", "warning"))
            return
        account, peer, channel = self._shown
        self.post_message(Send(c.SendMessage(account, peer, text, channel.value)))
        self.field.value = ""

    def on_key(self, event: events.Key) -> None:
        """Esc goes from the field to the talks; up from the field to the messages."""
        if self.field.has_focus and event.key in ("escape", "up"):
            event.stop()
            event.prevent_default()  # or the base class's handler would see it too
            self.set_focus(self.talks if event.key == "escape" else self.lines)

    def _act_on_message(self, action_id: str) -> None:
        ident = self.lines.row[0].partition(" ")[0] if self.lines.row else ""
        message = next((known for known in self._messages if known.id == ident), None)
        if message is None:
            return
        if action_id == "list.copy":
            self.app.copy_to_clipboard(message.text)
            self.post_message(Say("Copied the message."))
        elif action_id == "list.open" and message.delivery is Delivery.FAILED:
            self.post_message(Send(c.RetryMessage(message.id)))
        elif action_id == "list.message":
            self._forward(message)

    def _forward(self, message: Message) -> None:
        def done(peer: str | None) -> None:
            if peer:
                self.post_message(Send(c.ForwardMessage(message.id, peer)))

        self.app.push_screen(AskLine(self.view, "FORWARD", "Send this message on to whom?"), done)

    def _delete(self) -> None:
        if self._shown is None:
            return
        account, peer, channel = self._shown

        def done(answer: str | None) -> None:
            if answer == "yes":
                self._shown, self._messages = None, ()
                self.post_message(Send(c.ClearConversation(account, peer, channel)))

        text = f"Delete the conversation with {peer} here? The other side keeps its own."
        answers = (Answer("y", "Delete", "yes"), Answer("n", "Leave it", "no"))
        self.app.push_screen(Question(self.view, "DELETE CONVERSATION", text, answers), done)

    # ---- loading -------------------------------------------------------------------------------

    async def _load_talks(self) -> None:
        reply = await self.view.request(c.ListConversations())
        if not isinstance(reply.value, c.ConversationPage):
            self.talks.show((), reply.text or "The engine is being asked.")
            return
        self.talks.show(reply.value.conversations, "No messages yet. a writes to somebody.")
        if self._wanted:
            wanted, self._wanted = self._wanted, ""
            self.open_talk(wanted)
        elif self._shown is None or self.talks.row is None:
            self._show_marked()
        else:
            await self._load_messages()

    def _show_marked(self) -> None:
        talk = self.talks.row
        if talk is None:
            self._paint()
            return
        self._shown = (talk.account, talk.peer, talk.channel)
        start(self, self._load_messages, group="messages", latest=True)

    async def _load_messages(self) -> None:
        shown = self._shown
        if shown is None:
            return
        reply = await self.view.request(c.ListMessages(*shown, limit=_PAGE))
        if not isinstance(reply.value, c.MessagePage) or shown != self._shown:
            return
        self._messages = tuple(reversed(reply.value.messages))
        self._paint()
        if any(not message.read for message in self._messages) and self.view.now.connected:
            start(self, partial(self._mark_read, c.MarkRead(*shown)), group="read")

    async def _mark_read(self, command: c.MarkRead) -> None:
        await self.view.request(command)

    # ---- painting ------------------------------------------------------------------------------

    def _paint(self) -> None:
        peer = self._shown[1] if self._shown else ""
        via = f" · {self._shown[0]}" if self._shown else ""
        self._right.border_title = Content(f"{peer}{via}" if peer else "")
        width = max(10, self.lines.content_size.width - 2)
        rows = [row for message in self._messages for row in _message_rows(message, width)]
        nothing = "Nothing said yet." if peer else ""
        self.lines.show(rows, nothing)

    def _draw_talk(self, talk: Conversation, width: int) -> Line:
        at = f"{local_time(talk.last.at):%H:%M}"
        new = f" {talk.unread} new" if talk.unread else ""
        role = "strong" if talk.unread else "plain"
        who = talk.last.name or talk.peer
        text = clean(talk.last.text.replace("\n", " "))
        right = [(new, "warn"), (f" {at}", "dim")]
        room = width - length(right)
        name = fit(who, min(len(who), max(8, room)))
        return spread([(name, role), (f"  {text}", "dim")], right, width)


def _message_rows(message: Message, width: int) -> Iterable[tuple[str, Line]]:
    """Yield the rows of one message: who and when, then its lines."""
    mine = message.direction is Direction.OUTBOUND
    who = "me" if mine else message.name or message.peer
    state, state_role = _WAITING.get(message.delivery, ("", "dim"))
    head: Line = (
        (f"{local_time(message.at):%d %b %H:%M}  ", "dim"),
        (f"{who}  ", "active" if mine else "strong"),
        (state, state_role),
        (message.problem, "bad"),
    )
    yield f"{message.id} head", head
    number = 0
    for text in message.text.split("\n"):
        for line in wrap(text, width - 2, "plain", 50) or [(("", "plain"),)]:
            number += 1
            yield f"{message.id} {number}", (("  ", "plain"), *line)
