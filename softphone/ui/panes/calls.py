"""The list of calls: state, timer, who, number, direction, account."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult

from softphone.model.agent import AgentCall
from softphone.model.call import AccountName, Call, CallState
from softphone.model.presence import LinkState
from softphone.ui import words
from softphone.ui.session import Topic
from softphone.ui.spans import Column, Line, Span, dimmed, table_line
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList

from .pane import Act, OpenFor, Pane, Say, ToDialer

_WIDE = 64
_SCREENS = {"list.report": "report.open", "list.quality": "quality.open"}
_COLUMNS_WIDE = (Column(11), Column(flex=3), Column(flex=2), Column(3), Column(9))
_COLUMNS = (Column(11), Column(flex=1), Column(17))


@dataclass(frozen=True, slots=True)
class RemoteCall:
    """A call a contact centre holds for the agent: a row to read, with no audio here."""

    account: AccountName
    call: AgentCall
    stale: bool
    ours: bool
    """A call here came with the same customer data, so this is probably the same one."""


CallRow = Call | RemoteCall


class CallsPane(Pane):
    """Show all calls in the order they came; the marked one is what the F-keys act on.

    Below them stand the calls a contact centre holds; no key acts on those but Enter and y.
    """

    TITLE = "CALLS"
    topics = frozenset({Topic.CALLS, Topic.CLOCK, Topic.DESK, Topic.ACCOUNTS, Topic.HISTORY})

    def __init__(self, view: View, *, id: str) -> None:
        super().__init__(view, id=id)
        self.rows: RowList[CallRow] = RowList(
            self._draw, _key, empty="No call. Type a number to dial."
        )

    def compose(self) -> ComposeResult:
        yield self.rows

    @property
    def main_widget(self) -> RowList[CallRow]:
        return self.rows

    def show(self) -> None:
        """Bring the list up to date; the cursor follows the call in focus."""
        calls = sorted(self.view.state.calls.values(), key=lambda c: (c.created_mono, c.id))
        self.rows.show([*calls, *self._remote()], self._hint())
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
        if isinstance(call, Call) and call.live and call.state is not CallState.RINGING:
            self.view.desk.mark_call(call.id)
            self.post_message(Act("desk.changed"))

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Enter goes to the note, of a remote call its number to the dialer; y copies it, i and q
        show report and quality of a call."""
        event.stop()
        row = self.rows.row
        number = _number(row) if row else ""
        if event.action_id == "list.open" and isinstance(row, RemoteCall):
            self.post_message(ToDialer(number))
        elif event.action_id == "list.open":
            self.post_message(Act("note.focus"))
        elif event.action_id in _SCREENS and isinstance(row, Call):
            self.post_message(OpenFor(_SCREENS[event.action_id], row.id))
        elif event.action_id == "list.block" and row is not None:
            self.post_message(OpenFor("list.block", number))
        elif event.action_id == "list.copy" and number:
            self.app.copy_to_clipboard(number)
            self.post_message(Say(f"Copied {number}."))

    def _hint(self) -> str:
        if not self.view.session.connected:
            return "Waiting for the engine."
        return "No call. Type a number to dial; incoming calls appear at the top."

    def _remote(self) -> list[RemoteCall]:
        """Return the calls contact centres hold; old ones while their account is away."""
        state = self.view.state
        online = {a.name for a in state.accounts.values() if a.link is LinkState.ONLINE}
        ours = {(pop.account, pop.native_id) for pop in state.pops if pop.call in state.calls}
        return [
            RemoteCall(name, call, name not in online, (name, call.id) in ours)
            for name, agent in state.agents.items()
            for call in agent.calls
        ]

    def _draw(self, row: CallRow, width: int) -> Line:
        """Return a row; columns that have no room go."""
        wide = width >= _WIDE
        cells = self._cells(row, wide) if isinstance(row, Call) else self._remote_cells(row, wide)
        if not self.view.session.connected:
            cells = list(dimmed(cells))
        return table_line(cells, _COLUMNS_WIDE if wide else _COLUMNS, width)

    def _remote_cells(self, row: RemoteCall, wide: bool) -> list[Span]:
        step = row.call.step or "held there"
        sound = "same call" if row.ours else "no sound"
        what = f"{step} · {sound if wide else row.account}"
        number = self.view.number(row.call.number) or "number not told"
        role = "stale" if row.stale else "plain"
        cells = [("REMOTE", "stale" if row.stale else "dim"), (what, role), (number, role)]
        return [*cells, ("", "dim"), (row.account, "dim")] if wide else cells

    def _cells(self, call: Call, wide: bool) -> list[Span]:
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
        if not name and not wide:
            name, name_role = f"{words.direction_word(call)} · {call.account}", "dim"
        marks = _marks(call)
        cells = [(word, _list_role(role)), (name + marks, name_role), (number, rest)]
        if wide:
            cells += [(words.direction_word(call), "dim"), (call.account, "dim")]
        return cells


def _key(row: CallRow) -> str | tuple[str, str]:
    return row.id if isinstance(row, Call) else (row.account, row.call.id)


def _marks(call: Call) -> str:
    marks = {
        " CONF": bool(call.joined) and call.state is CallState.HELD,
        " muted": call.muted,
        " REC": call.recording and not call.recording_paused,
        " REC paused": call.recording_paused,
        " LINK": call.link_lost,
    }
    return "".join(mark for mark, shown in marks.items() if shown)


def _number(row: CallRow) -> str:
    return row.remote.address if isinstance(row, Call) else row.call.number


def _list_role(role: str) -> str:
    """A ringing call is a bar in the banner and only a coloured word in a list."""
    return "warn" if role == "ringing" else role
