"""The list of calls: state, timer, who, number, direction, account."""

from __future__ import annotations

from textual.app import ComposeResult

from softphone.model.call import Call, CallState
from softphone.ui import words
from softphone.ui.session import Topic
from softphone.ui.spans import Column, Line, dimmed, table_line
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList

from .pane import Act, Pane, Say

_WIDE = 64
_COLUMNS_WIDE = (Column(11), Column(flex=3), Column(flex=2), Column(3), Column(9))
_COLUMNS = (Column(11), Column(flex=1), Column(17))


class CallsPane(Pane):
    """Show all calls in the order they came; the marked one is what the F-keys act on."""

    TITLE = "CALLS"
    topics = frozenset({Topic.CALLS, Topic.CLOCK, Topic.DESK, Topic.ACCOUNTS, Topic.HISTORY})

    def __init__(self, view: View, *, id: str) -> None:
        super().__init__(view, id=id)
        self.rows: RowList[Call] = RowList(
            self._draw, lambda call: call.id, empty="No call. Type a number to dial."
        )

    def compose(self) -> ComposeResult:
        yield self.rows

    @property
    def main_widget(self) -> RowList[Call]:
        return self.rows

    def show(self) -> None:
        """Bring the list up to date; the cursor follows the call in focus."""
        calls = sorted(self.view.state.calls.values(), key=lambda c: (c.created_mono, c.id))
        self.rows.show(calls, self._hint())
        if (focus := self.view.desk.call_id) and not self.rows.has_focus:
            self.rows.mark(focus)
        missed = self.view.state.missed
        self.set_below(f"{missed} missed · {self.view.key('history.open')}" if missed else "")

    def title_now(self) -> str:
        """Return the title; a lost line says for how long the rows have been stale."""
        mono = self.view.mono()
        lost = {call.account for call in self.view.state.calls.values() if call.live}
        stale = [
            words.stale_for(account, mono)
            for account in self.view.state.accounts.values()
            if account.name in lost
        ]
        return " · ".join([self.TITLE, *[text for text in stale if text][:1]])

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        """The marked call becomes the one keys act on."""
        event.stop()
        call = self.rows.row
        if call and call.live and call.state is not CallState.RINGING:
            self.view.desk.mark_call(call.id)
            self.post_message(Act("desk.changed"))

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Enter goes to the note; y copies the number."""
        event.stop()
        call = self.rows.row
        if event.action_id == "list.open":
            self.post_message(Act("note.focus"))
        elif event.action_id == "list.copy" and call:
            self.app.copy_to_clipboard(call.remote.address)
            self.post_message(Say(f"Copied {call.remote.address}."))

    def _hint(self) -> str:
        if not self.view.session.connected:
            return "Waiting for the engine."
        return "No call. Type a number to dial; incoming calls appear at the top."

    def _draw(self, call: Call, width: int) -> Line:
        account = self.view.state.accounts.get(call.account)
        stale = words.stale_for(account, self.view.mono()) if account else ""
        role = words.state_role(call)
        name_role = "dim" if not call.live else "stale" if stale else "strong"
        rest = "dim" if not call.live else "plain"
        word = words.state_word(call, self.view.mono())
        if call.state is CallState.ENDED:
            word = "ENDED"
        name = call.remote.label
        if call.remote.address and name == call.remote.address:
            name = ""
        number = self.view.number(call.remote.address) or "number withheld"
        if call.state is CallState.ENDED:
            bare = "" if name == number else name
            name = " · ".join(part for part in (words.end_words(call), bare) if part)
        if not name and width < _WIDE:
            name, name_role = f"{words.direction_word(call)} · {call.account}", "dim"
        marks = "".join(
            [" muted" if call.muted else "", " REC" if call.recording else "",
             " LINK" if call.link_lost else ""]
        )  # fmt: skip
        cells = [(word, _list_role(role)), (name + marks, name_role), (number, rest)]
        if not self.view.session.connected:
            cells = list(dimmed(cells))
        if width < _WIDE:
            return table_line(cells, _COLUMNS, width)
        cells += [(words.direction_word(call), "dim"), (call.account, "dim")]
        return table_line(cells, _COLUMNS_WIDE, width)


def _list_role(role: str) -> str:
    """A ringing call is a bar in the banner and only a coloured word in a list."""
    return "warn" if role == "ringing" else role
