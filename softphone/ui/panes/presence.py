"""My status, the lines of the accounts, and the numbers to be online on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from textual.app import ComposeResult

from softphone.model.agent import AgentGroup, AgentStatus
from softphone.model.call import AccountName
from softphone.model.capability import Capability
from softphone.model.command import Command, GoOnline, RetryNow, SetAvailable, WatchPresence
from softphone.model.desk import DeskState
from softphone.model.presence import Account, Activity, LinkState, OwnNumber
from softphone.ui import words
from softphone.ui.actions import available
from softphone.ui.session import Topic
from softphone.ui.situation import refusal_of
from softphone.ui.spans import Column, Line, cut, dimmed, spread, table_line, wrap
from softphone.ui.view import View
from softphone.ui.widgets.rowlist import RowList

from .pane import Act, OpenFor, Pane, Say, Send, ToDialer

_PEOPLE_SHOWN = 5
_AGENT_ROLES = {
    AgentGroup.AVAILABLE: "ok",
    AgentGroup.BUSY: "active",
    AgentGroup.HELD: "held",
    AgentGroup.AFTER_CALL: "warn",
    AgentGroup.PREVIEW: "warn",
    AgentGroup.PAUSED: "bad",
    AgentGroup.LEAVING: "bad",
}
_CAUSE_LINES = 5  # a sentence with cause and cure, in the narrowest pane


@dataclass(frozen=True, slots=True)
class PresenceRow:
    """One line of the pane; what it stands for, and how it looks when there is room."""

    key: tuple[str, ...]
    line: Line
    account: Account | None = None
    number: OwnNumber | None = None


class PresencePane(Pane):
    """Show whether calls can come in, and where; Space ticks a number."""

    TITLE = "PRESENCE"
    topics = frozenset({Topic.ACCOUNTS, Topic.CONTACTS, Topic.ENGINE, Topic.CLOCK})

    def __init__(self, view: View, *, id: str) -> None:
        super().__init__(view, id=id)
        self._wanted: dict[AccountName, tuple[str, ...]] = {}
        self.rows: RowList[PresenceRow] = RowList(
            lambda row, width: row.line,
            lambda row: row.key,
            empty="No account yet. The engine is being asked.",
        )

    def compose(self) -> ComposeResult:
        yield self.rows

    @property
    def main_widget(self) -> RowList[PresenceRow]:
        return self.rows

    def show(self) -> None:
        """Bring the pane up to date."""
        for name, wanted in list(self._wanted.items()):
            account = self.view.state.accounts.get(name)
            if account is None or set(account.availability.wanted) == set(wanted):
                del self._wanted[name]
        if not self.view.state.accounts:
            self.rows.show((), "Waiting for the engine.")
            return
        width = max(8, self.rows.content_size.width - 2)
        rows = list(presence_rows(self.view, width))
        if not self.view.session.connected:
            rows = [replace(row, line=dimmed(row.line)) for row in rows]
        self.rows.show(rows)

    def on_resize(self) -> None:
        """Draw for the new width."""
        self.show()

    def on_row_list_wanted(self, event: RowList.Wanted) -> None:
        """Space and Enter tick a number, or bring an account up."""
        event.stop()
        row = self.rows.row
        if row is None or row.account is None:
            return
        if len(row.key) == 3 and row.key[1] == "person":
            self._on_person(row.account, row.key[2], event.action_id)
            return
        if event.action_id not in ("list.tick", "list.open"):
            return
        if reason := self._why_not(row.account, row.number):
            self.post_message(Say(reason, "warning"))
        elif row.number is not None:
            self.post_message(Send(self._tick(row.account, row.number)))
        elif command := _bring_up(row.account):
            self.post_message(Send(command))

    def _on_person(self, account: Account, user: str, action_id: str) -> None:
        """Enter puts the person into the dialer, o writes, w watches no longer."""
        if user == account.identity:
            self.post_message(Act("presence.set"))
        elif action_id == "list.open":
            self.post_message(ToDialer(user))
        elif action_id == "list.message":
            self.post_message(OpenFor("messages.open", user))
        elif action_id in ("list.watch", "contact.delete"):
            self.post_message(Send(WatchPresence(account.name, user, watch=False)))

    def _why_not(self, account: Account, number: OwnNumber | None) -> str | None:
        if self.view.now.read_only:
            return "This console is read-only, another one has control. Take over first."
        return refusal_of(account, Capability.AVAILABILITY) if number else None

    def _tick(self, account: Account, number: OwnNumber) -> Command:
        """Return the command for the set with this number turned on or off."""
        have = set(self._wanted.get(account.name, account.availability.wanted))
        wanted = tuple(n.id for n in account.numbers if (n.id in have) != (n.id == number.id))
        self._wanted[account.name] = wanted
        return GoOnline(account.name, wanted) if wanted else SetAvailable(account.name, False)


def presence_rows(view: View, width: int) -> Iterator[PresenceRow]:
    """Yield the rows of the pane."""
    state = view.state
    yield PresenceRow(("status",), _status_line(view, width))
    yield from _desk_rows(view, width)
    for account in state.accounts.values():
        yield from _account_rows(account, view, width)
        if agent := state.agents.get(account.name):
            yield from _agent_rows(account, agent, view, width)
        if (mail := state.voicemail.get(account.name)) and mail.waiting:
            count = f"{mail.unheard} new" if mail.unheard is not None else "waiting"
            yield PresenceRow(
                (account.name, "mail"), (("  voicemail ", "dim"), (count, "warn")), account
            )
        yield from _people_rows(account, view, width)
        yield from _watched_rows(account, view, width)


def _status_line(view: View, width: int) -> Line:
    on = available(view.now)
    numbers = sum(
        len(a.availability.accepted)
        for a in view.state.accounts.values()
        if a.link is LinkState.ONLINE
    )
    what = f"Available · {words.plural(numbers, 'number')}" if on else "Not available"
    always = [a.name for a in view.state.accounts.values() if _is_always_reachable(a)]
    if always and not on:
        what, on = f"Reachable on {', '.join(always)}", True
    key = view.key("status.toggle")
    return spread([(what, "ok" if on else "warn")], [(f" {key}" if key else "", "key")], width)


def _desk_rows(view: View, width: int) -> Iterator[PresenceRow]:
    """Yield the operator's own state with its time, what comes next, and what is missing."""
    desk, mono = view.state.desk, view.mono()
    if desk.since_mono:
        working = desk.state is DeskState.AFTER_CALL
        shown = words.duration if working else words.whole_minutes
        time = shown(mono - desk.since_mono)
        if working and desk.until_mono is not None:
            time = f"{words.duration(math.ceil(desk.until_mono - mono))} left"
        role = "ok" if desk.state is DeskState.ROUTABLE else "warn"
        state = "after-call" if working else words.desk_words(desk)
        left = [("  ", "plain"), (state, role)]
        yield PresenceRow(("desk",), spread(left, [(f" {time}", "dim")], width))
    if coming := words.next_words(desk):
        yield PresenceRow(("desk", "next"), (("  next    ", "dim"), (coming, "plain")))
    for call_id in desk.undisposed:
        call = view.state.calls.get(call_id)
        who = call.remote.label if call else "the last call"
        hint = [(f"  {view.keys_to('call.dispose')}", "key"), (f" result of {who}", "warn")]
        yield PresenceRow(("desk", "dispose", call_id), cut(hint, width))


def _is_always_reachable(account: Account) -> bool:
    """Tell whether being online is all it takes to be called on this account."""
    lacks = refusal_of(account, Capability.AVAILABILITY) is not None
    answers = refusal_of(account, Capability.ANSWER) is None
    return lacks and answers and account.link is LinkState.ONLINE


def _account_rows(account: Account, view: View, width: int) -> Iterator[PresenceRow]:
    sign, word, role = words.link_words(account, view.mono())
    left = [(f"{sign} ", role), (account.name, "strong")]
    yield PresenceRow((account.name,), spread(left, [(word, role)], width), account)
    stale = account.link is not LinkState.ONLINE
    if account.cause and stale:
        lines = wrap(account.cause, width - 2, "dim", _CAUSE_LINES)
        if account.link in (LinkState.RECONNECTING, LinkState.FAILED):
            lines.append(((f"{view.key('account.retry')} ", "key"), ("tries again now", "dim")))
        for index, line in enumerate(lines):
            yield PresenceRow(
                (account.name, "cause", str(index)), (("  ", "plain"), *line), account
            )
    for number in account.numbers:
        yield PresenceRow(
            (account.name, "number", number.id),
            _number_line(account, number, view, width, stale),
            account,
            number,
        )


def _number_line(account: Account, number: OwnNumber, view: View, width: int, stale: bool) -> Line:
    box, word, role = words.NUMBER_WORDS[account.availability.of(number.id)]
    label = number.name or view.number(number.number)
    roles = ("stale", "stale", "stale") if stale else (role, "plain", role)
    columns = (Column(3), Column(flex=1), Column(len(word)))
    cells = ((box, roles[0]), (label, roles[1]), (word, roles[2]))
    return (("  ", "plain"), *table_line(cells, columns, width - 2))


def _people_rows(account: Account, view: View, width: int) -> Iterator[PresenceRow]:
    """Yield who is signed in, the first few of many: the rest has a screen of its own."""
    users: dict[str, int] = {}
    for user in view.state.online_users.get(account.name, ()):
        name = user.username or user.user_id
        users[name] = users.get(name, 0) + 1
    stale = account.link is not LinkState.ONLINE
    shown = len(users) if len(users) <= _PEOPLE_SHOWN + 1 else _PEOPLE_SHOWN
    for name, devices in islice(users.items(), shown):
        extra = words.plural(devices, "device") if devices > 1 else ""
        line = spread([("  ○ ", "dim"), (name, "plain")], [(extra, "dim")], width)
        line = dimmed(line) if stale else line
        yield PresenceRow((account.name, "user", name), line, account)
    if more := len(users) - shown:
        line = (("    ", "plain"), (f"{more} more", "dim"), (f" {view.key('users.open')}", "key"))
        yield PresenceRow((account.name, "users"), line, account)


def _agent_rows(
    account: Account, agent: AgentStatus, view: View, width: int
) -> Iterator[PresenceRow]:
    """Yield status, reason, what comes next and what is asked for after a call."""
    stale = account.link is not LinkState.ONLINE
    line = _agent_line(agent, view, width)
    yield PresenceRow((account.name, "agent"), dimmed(line) if stale else line, account)
    if agent.reason:
        reason = (("    ", "plain"), (agent.reason, "dim"))
        yield PresenceRow((account.name, "reason"), reason, account)
    if agent.may_dispose and not stale:
        key = view.key("agent.dispose")
        hint = f"  {key} result of the call" if key else "  result of the call?"
        yield PresenceRow((account.name, "dispose"), ((hint, "warn"),), account)
    if agent.queued:
        coming = (("  next    ", "dim"), (agent.queued, "plain"))
        yield PresenceRow((account.name, "next"), coming, account)


def _agent_line(agent: AgentStatus, view: View, width: int) -> Line:
    """Return status and time in state: to the second after a call, when time is short."""
    shown = words.duration if agent.group is AgentGroup.AFTER_CALL else words.whole_minutes
    since = shown(view.mono() - agent.since_mono) if agent.since_mono else ""
    left = [("  status ", "dim"), (agent.title, _AGENT_ROLES.get(agent.group, "plain"))]
    return spread(left, [(f" {since}", "dim")], width)


def _watched_rows(account: Account, view: View, width: int) -> Iterator[PresenceRow]:
    """Yield everybody whose presence is known, the operator's own first."""
    stale = account.link is not LinkState.ONLINE
    known = [p for p in view.state.presence.values() if p.account == account.name]
    for presence in sorted(known, key=lambda p: (p.user != account.identity, p.user)):
        sign, role = ("●", "ok") if presence.reachable else ("○", "dim")
        doing = presence.activity.value.replace("-", " ")
        doing = "" if presence.activity is Activity.UNKNOWN else doing
        who = "me" if presence.user == account.identity else presence.user.partition("@")[0]
        state = f" {presence.note or doing}" if presence.reachable else " not reachable"
        left = [(f"  {sign} ", "stale" if stale else role), (who, "stale" if stale else "plain")]
        line = spread(left, [(state, "stale" if stale else "dim")], width)
        yield PresenceRow((account.name, "person", presence.user), line, account)


def _bring_up(account: Account) -> Command | None:
    if account.link in (LinkState.OFFLINE, LinkState.FAILED):
        return GoOnline(account.name)
    return RetryNow(account.name) if account.link is LinkState.RECONNECTING else None
