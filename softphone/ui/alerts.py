"""What calls for the operator's attention: ringing, supervisors' messages, what is said aloud."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from softphone.model import event as e
from softphone.model.call import Call, CallId, CallState
from softphone.model.message import Channel, Message

from . import notify

if TYPE_CHECKING:
    from .app import SoftphoneApp


class Alerts:
    """Rings the terminal's bell, notifies the desktop where that is set, says messages."""

    def __init__(self, app: SoftphoneApp) -> None:
        self._app = app
        self._rung: set[CallId] = set()

    def heard(self, event: e.Event) -> None:
        """Take an event as it comes."""
        match event:
            case e.CallChanged(call) if call.state is CallState.RINGING:
                self._ring(call)
            case e.MessageChanged(message) if message.channel is Channel.SUPERVISOR:
                self._say(message)
            case e.Noted(source=source, text=text, alert=True):
                self._app.say(f"{source}: {text}", "warning")
            case _:
                pass

    def _ring(self, call: Call) -> None:
        app = self._app
        if call.id in self._rung:
            return
        offers = app.view.state.offers()
        self._rung = {offer.id for offer in offers}
        if app.view.calls.do_not_disturb:
            return
        if app.settings.bell:
            app.bell()
        text = notify.ringing_text(len(offers))
        app.write_out(notify.sequence(app.settings.notification, text, os.environ))

    def _say(self, message: Message) -> None:
        if not message.read:
            self._app.say(f"{message.name or message.peer}: {message.text}")
