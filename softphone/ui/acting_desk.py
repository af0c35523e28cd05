"""The operator's own state, number and reminders, and what is asked when a call has ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from textual.widgets import TextArea

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId
from softphone.model.capability import Capability
from softphone.model.desk import DeskState
from softphone.model.presence import LinkState

from .screens.dialogs import AskLine
from .screens.pick import Pick
from .screens.reminders import RemindersScreen
from .situation import accounts_that
from .working import start

if TYPE_CHECKING:
    from .app import SoftphoneApp

_REASONS = ("break", "lunch", "meeting", "training")
_OTHER = "…"
_OWN_END_S = 5.0
_PROCESSING = (
    ("sound.echo", "echo_cancellation", "Echo cancelling"),
    ("sound.noise", "noise_suppression", "Noise suppression"),
    ("sound.gain", "automatic_gain", "Automatic gain"),
)


class DeskActing:
    """One method an action; what can be chosen is shown first."""

    def __init__(self, app: SoftphoneApp, send: Callable[[Sequence[c.Command]], None]) -> None:
        self._app = app
        self._send = send
        self._hung_up = float("-inf")
        self._undisposed: tuple[CallId, ...] = ()
        app.session.listeners.append(self._heard)
        self.actions: Mapping[str, Callable[[], object]] = {
            "desk.break": partial(self._break, when_free=False),
            "desk.next_break": partial(self._break, when_free=True),
            "caller_id.choose": self._caller_id,
            "reminders.open": lambda: app.acting.open(RemindersScreen(app.view)),
            "sound.test_echo": self._test_echo,
            **{name: partial(self._process, field, words) for name, field, words in _PROCESSING},
        }

    def hung_up(self) -> None:
        """Take note that the operator has just ended a call."""
        self._hung_up = self._app.view.mono()

    # ---- state -----------------------------------------------------------------------------------

    def _break(self, *, when_free: bool) -> None:
        start(self._app, partial(self._ask_reason, when_free), group="list")

    async def _ask_reason(self, when_free: bool) -> None:
        """Offer the platform's own reasons where it has some, else the usual ones."""
        app = self._app
        words = await self._reasons() or list(_REASONS)
        choices = [(word, word, "") for word in dict.fromkeys(words)]
        choices.append((_OTHER, _OTHER, "another reason"))

        def chosen(word: str | None) -> None:
            if word == _OTHER:
                app.push_screen(AskLine(app.view, title, "For which reason?"), chosen)
            elif word:
                self._send([c.SetDesk(DeskState.NOT_ROUTABLE, word, when_free)])

        title = "BREAK AFTER THIS CALL" if when_free else "BREAK"
        app.push_screen(Pick(app.view, title, choices), chosen)

    async def _reasons(self) -> list[str]:
        found: list[str] = []
        for account in accounts_that(self._app.view.now, Capability.AGENT_COMMANDS):
            if account.link is LinkState.ONLINE:
                reply = await self._app.view.request(c.ListReasons(account.name))
                names = reply.value.names if isinstance(reply.value, c.CodedNames) else ()
                found += [one.name for one in names]
        return found

    # ---- what came of a call ---------------------------------------------------------------------

    def _heard(self, event: e.Event) -> None:
        """Ask what came of a call that must say so, when the operator has just ended it himself.

        A call that ends by itself asks nothing: the next key would be taken from under the hand.
        """
        if not isinstance(event, e.DeskChanged):
            return
        fresh = set(event.desk.undisposed) - set(self._undisposed)
        self._undisposed = event.desk.undisposed
        own = self._app.view.mono() - self._hung_up < _OWN_END_S
        if fresh and own and not self._is_busy():
            self._app.act("call.dispose")

    def _is_busy(self) -> bool:
        """Tell whether the operator writes something, or is elsewhere."""
        app = self._app
        writing = isinstance(app.focused, TextArea) or bool(app.main.dialer.field.value)
        return writing or app.screen is not app.main

    # ---- numbers and sound -----------------------------------------------------------------------

    def _caller_id(self) -> None:
        """Choose the number that those I call see, of any account that can dial."""
        app = self._app
        numbers = {
            f"{account.name} {number.id}": (account, number)
            for account in accounts_that(app.view.now, Capability.DIAL)
            for number in account.numbers
        }
        if not numbers:
            app.say("No account has a number of yours to show.", "warning")
            return
        choices = [
            (key, app.view.number(number.number), f"{number.name} · {account.name}".strip(" ·"))
            for key, (account, number) in numbers.items()
        ]

        def chosen(key: str | None) -> None:
            if key:
                account, number = numbers[key]
                self._send([c.ChooseCallerId(account.name, number.id)])
                app.say(f"Calls on {account.name} show {app.view.number(number.number)}.")

        app.push_screen(Pick(app.view, "CALLER ID", choices), chosen)

    def _process(self, field: str, words: str) -> None:
        on = not getattr(self._app.view.state.audio, field)
        start(self._app, partial(self._set_processing, field, words, on), group="sound")

    async def _set_processing(self, field: str, words: str, on: bool) -> None:
        reply = await self._app.view.request(replace(c.SelectDevices(), **{field: on}))  # type: ignore[arg-type]  # all three are bool
        if reply.ok:
            self._app.say(f"{words} {'on' if on else 'off'}.")
        else:
            self._app.say(reply.text or reply.code, "warning")

    def _test_echo(self) -> None:
        start(self._app, self._run_echo_test, group="sound")

    async def _run_echo_test(self) -> None:
        self._app.say("A noise plays for some seconds; say nothing meanwhile.")
        reply = await self._app.view.request(c.TestEcho())
        if not reply.ok:
            self._app.say(reply.text or reply.code, "warning")
