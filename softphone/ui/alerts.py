"""What calls for the operator's attention: bell, desktop notification, sentences, the title."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from softphone.model import event as e
from softphone.model.call import Call, CallId, CallState, Direction
from softphone.model.message import Channel, Message
from softphone.model.text import TEXT_LIMIT, clean

from . import notify

if TYPE_CHECKING:
    from .app import SoftphoneApp

_SAY_S = 5.0
_REPEATED_S = 2.0
_REMINDER = "reminder"


class Alerts:
    """Says sentences; rings the bell and notifies the desktop on the occasions that are set."""

    def __init__(self, app: SoftphoneApp) -> None:
        self._app = app
        self._rung: set[CallId] = set()
        self._missed: set[CallId] = set()
        self._said = ("", float("-inf"))
        self._title = ""
        self._sound_told = False

    # ---- sentences -------------------------------------------------------------------------------

    def say(self, text: str, severity: str = "information") -> None:
        """Show one sentence for a few seconds; the same one told twice is shown once.

        A refusal may come as the answer to a command and as an event of the platform.
        """
        app, now = self._app, self._app.clock.mono()
        before, at = self._said
        if now - at < _REPEATED_S and notify.is_same(before, text) and app.is_saying:
            return
        self._said = (text, now)
        app.notify(
            clean(text, TEXT_LIMIT),
            severity="warning" if severity == "warning" else "information",
            timeout=_SAY_S,
            markup=False,
        )

    def tell_sound(self) -> None:
        """Say once what is wrong with the sound; the header keeps the badge."""
        audio = self._app.view.state.audio
        if audio.problem and not self._sound_told:
            self._sound_told = True
            self.say(f"{audio.problem} {audio.hint}".strip(), "warning")

    # ---- events ----------------------------------------------------------------------------------

    def heard(self, event: e.Event) -> None:
        """Take an event as it comes."""
        match event:
            case e.CallChanged(call) if call.state is CallState.RINGING:
                self._ring(call)
            case e.CallChanged(call) if call.missed:
                self._miss(call)
            case e.MessageChanged(message) if message.direction is Direction.INBOUND:
                self._tell(message)
            case e.Noted(source=source, text=text, alert=True):
                self.say(f"{source}: {text}", "warning")
                self._call_for("reminder" if source == _REMINDER else "warning")
            case _:
                pass

    def _ring(self, call: Call) -> None:
        if call.id in self._rung or call.silenced:
            return
        offers = [offer for offer in self._app.view.state.offers() if not offer.silenced]
        self._rung = {offer.id for offer in offers}
        self._call_for("ringing", len(offers))

    def _miss(self, call: Call) -> None:
        """Tell of a missed call once; one with a disposition was missed earlier."""
        if call.id in self._missed or call.disposition:
            return
        self._missed = {*self._missed, call.id} & self._app.view.state.calls.keys()
        self._call_for("missed")

    def _tell(self, message: Message) -> None:
        if message.read:
            return
        if message.channel is Channel.SUPERVISOR:
            self.say(f"{message.name or message.peer}: {message.text}")
        self._call_for("message")

    def _call_for(self, occasion: str, count: int = 1) -> None:
        """Ring and notify as it is set for the occasion, unless nobody is to be disturbed."""
        app = self._app
        if app.view.state.desk.quiet:  # the configuration only says how the engine begins
            return
        settings = app.settings
        if settings.bell and occasion in settings.bell_on:
            app.bell()
        if occasion in settings.notify_on:
            text = notify.text_of(occasion, count)
            app.write_out(notify.sequence(settings.notification, text, os.environ))

    # ---- the terminal's title --------------------------------------------------------------------

    def show_title(self) -> None:
        """Bring the terminal's title up to date; nothing is written when it stays the same."""
        if self._app.settings.title == "off":
            return
        view = self._app.view
        title = notify.title_of(view.state, names=self._app.settings.title == "caller")
        if title != self._title:
            first = not self._title
            self._title = title
            self._app.write_out(notify.title_sequence(title, os.environ, first=first))

    def leave_title(self) -> None:
        """Give the terminal the title back that it had."""
        if self._title:
            self._app.write_out(notify.title_back(os.environ))
