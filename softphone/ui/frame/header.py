"""The header: accounts with the state of their lines, and the time in whole minutes."""

from __future__ import annotations

import math

from softphone.model.desk import Desk, DeskState
from softphone.model.presence import Account, LinkState
from softphone.ui import words
from softphone.ui.clock import local_time
from softphone.ui.spans import Span, length, spread
from softphone.ui.view import View
from softphone.ui.widgets.lines import Lines

_ROOMY = 100
_NAME = ((" softphone ", "title"),)


class HeaderLine(Lines):
    """Show one line at the top of every screen."""

    def __init__(self, view: View) -> None:
        super().__init__(id="header")
        self.view = view

    def update(self) -> None:
        """Bring the line up to date."""
        width = max(1, self.size.width)
        right: list[Span] = [*self._badges(), (f" {self._clock()} ", "strong")]
        room = width - length(_NAME) - length(right)
        left = next(
            (line for detail in (3, 2, 1, 0) if length(line := self._accounts(detail)) <= room),
            self._accounts(0),
        )
        self.show([spread([*_NAME, *left], right, width)])

    def _clock(self) -> str:
        return f"{local_time(self.view.clock.wall()):%H:%M}"

    def _accounts(self, detail: int) -> list[Span]:
        """Return all accounts; with less detail where the line is short."""
        spans: list[Span] = []
        if not self.view.session.connected:
            return [(f" {self._engine_words()}", "bad")]
        for account in self.view.state.accounts.values():
            sign, word, role = words.link_words(account, self.view.mono())
            spans.append(("  ", "plain"))
            spans.append((f"{sign} ", role))
            spans.append((account.name, "plain"))
            agent = self.view.state.agents.get(account.name)
            if agent and account.identity and detail > 2:
                spans.append((f" {account.identity}", "plain"))
            if detail >= 2 or (detail == 1 and account.link is not LinkState.ONLINE):
                spans.append((f" {_details(account, word, detail)}", role))
            if agent and detail >= 2:
                stale = account.link is not LinkState.ONLINE
                spans.append((f" {agent.title}", "stale" if stale else "strong"))
        return spans

    def _engine_words(self) -> str:
        if not self.view.session.was_connected:
            return self.view.session.problem or "engine is starting"
        if self.view.session.problem == "engine lost":
            return "engine lost, restarting; a call may still be up at the server"
        return self.view.session.problem

    def _badges(self) -> list[Span]:
        state = self.view.state
        spans: list[Span] = []
        if any(account.insecure for account in state.accounts.values()):
            spans.append((" INSECURE ", "badge"))
        if self.view.now.read_only:
            key = self.view.key("console.take_over")
            spans.append((f" READ-ONLY · {key} takes over ", "badge"))
        spans += self._desk_badges()
        unheard = sum(mail.unheard or 1 for mail in state.voicemail.values() if mail.waiting)
        if unheard:
            spans.append((f" voicemail {unheard} ", "badge"))
        if state.unread:
            key = self.view.key("messages.open")
            spans.append((f" {words.plural(state.unread, 'message')} {key} ", "badge"))
        if state.audio.problem:
            spans.append((" NO AUDIO " if not state.audio.silent else " silent device ", "badge"))
        if state.store_problem:
            spans.append((f" history not saved, {state.store_waiting} waiting ", "badge"))
        if state.stopping:
            spans.append((" engine stops ", "badge"))
        return spans

    def _desk_badges(self) -> list[Span]:
        """Return the operator's own state where it is not the usual one."""
        desk = self.view.state.desk
        spans: list[Span] = []
        if desk.state is DeskState.AFTER_CALL:
            left = "" if desk.until_mono is None else f" {words.duration(self._left(desk))}"
            spans.append((f" after-call{left} ", "badge"))
        elif desk.reason and desk.state is DeskState.NOT_ROUTABLE:
            spans.append((f" {desk.reason} ", "badge"))
        brief = self.size.width < _ROOMY  # the presence pane has it all
        if (coming := words.next_words(desk)) and not brief:
            spans.append((f" next: {coming} ", "badge"))
        if desk.undisposed:
            key = "" if brief else self.view.keys_to("call.dispose")
            spans.append(
                (f" {words.plural(len(desk.undisposed), 'result')} missing {key} ", "badge")
            )
        if desk.quiet:
            spans.append((" quiet ", "badge"))
        return spans

    def _left(self, desk: Desk) -> float:
        return math.ceil((desk.until_mono or 0.0) - self.view.mono())


def _details(account: Account, word: str, detail: int) -> str:
    count = len(account.availability.accepted)
    if account.link is LinkState.ONLINE and account.numbers and detail >= 2:
        return f"{word} {words.plural(count, 'number')}"
    return word
