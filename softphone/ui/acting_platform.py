"""What the console asks before it uses a platform's services: presence, parameters, requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from softphone.model import command as c
from softphone.model.call import Parameters
from softphone.model.capability import Capability
from softphone.model.presence import Activity

from .screens.dialogs import Answer, AskLine, Question
from .screens.pick import Pick
from .situation import accounts_that

if TYPE_CHECKING:
    from softphone.model.call import AccountName

    from .app import SoftphoneApp

_STATUS = {
    Activity.ACTIVE: "Available",
    Activity.BUSY: "Busy",
    Activity.AWAY: "Away",
    Activity.LUNCH: "At lunch",
    Activity.ON_THE_PHONE: "On the phone",
    Activity.IDLE: "Idle",
    Activity.VACATION: "On vacation",
    Activity.OTHER: "Something else",
}
_CLOSED = "closed"


class PlatformActing:
    """One method an action; each asks for what it needs, then sends."""

    def __init__(self, app: SoftphoneApp, send: Callable[[list[c.Command]], None]) -> None:
        self._app = app
        self._send = send
        self.actions: Mapping[str, Callable[[], object]] = {
            "presence.set": self._set_presence,
            "presence.watch": self._watch,
            "call.parameters": self._parameters,
            "call.click": self._click_to_call,
            "history.clear": self._clear_history,
        }

    def _set_presence(self) -> None:
        """Choose an activity, then a few words; all accounts with presence are told."""
        choices = [(activity.value, words, "") for activity, words in _STATUS.items()]
        choices.append((_CLOSED, "Not reachable", "presence closed"))

        def chosen(value: str | None) -> None:
            if value is not None:
                self._ask("MY STATUS", "A few words beside it? A dash for none.", published(value))

        def published(value: str) -> Callable[[str], None]:
            activity = Activity.UNKNOWN if value == _CLOSED else Activity(value)
            return lambda note: self._publish(activity, "" if note == "-" else note, value)

        self._app.push_screen(Pick(self._app.view, "MY STATUS", choices), chosen)

    def _publish(self, activity: Activity, note: str, value: str) -> None:
        able = accounts_that(self._app.view.now, Capability.OWN_PRESENCE)
        reachable = value != _CLOSED
        self._send([c.SetPresence(account.name, activity, note, reachable) for account in able])

    def _watch(self) -> None:
        def done(user: str) -> None:
            self._send([c.WatchPresence(self._able(Capability.WATCH_PRESENCE), user)])

        self._ask("WATCH", "Whose presence? An address such as bob@example.com.", done)

    def _parameters(self) -> None:
        """Set parameters of the call in focus, or of the next one that is dialled."""
        call = self._app.view.now.call

        def done(text: str) -> None:
            pairs = _pairs(text)
            if pairs is None:
                self._app.say("Write NAME=VALUE, several with blanks between; - clears.", "warning")
            elif call is None:
                self._app.view.desk.parameters = pairs
                self._app.say("They go with the next call that is dialled.")
            else:
                self._send([c.SetParameters(call.id, pairs, send=bool(pairs))])

        whose = f"of the call with {call.remote.label}" if call else "of the next call"
        self._ask("PARAMETERS", f"Custom parameters {whose}: NAME=VALUE NAME=VALUE", done)

    def _click_to_call(self) -> None:
        def done(text: str) -> None:
            caller, _, callee = text.partition(" ")
            if not callee.strip():
                self._app.say("Name two devices, with a blank between.", "warning")
                return
            account = self._able(Capability.CLICK_TO_CALL)
            self._send([c.ClickToCall(account, caller, callee.strip())])

        self._ask("CLICK TO CALL", "Which two devices shall the platform connect?", done)

    def _clear_history(self) -> None:
        def done(answer: str | None) -> None:
            if answer == "yes":
                self._send([c.DeleteRecord(None)])

        answers = (Answer("y", "Delete all", "yes"), Answer("n", "Leave it", "no"))
        text = "Delete all records of calls, with notes and reports? This cannot be undone."
        self._app.push_screen(Question(self._app.view, "CLEAR HISTORY", text, answers), done)

    def _able(self, capability: Capability) -> AccountName:
        """Return the account to use; the registry has checked that there is one."""
        return accounts_that(self._app.view.now, capability)[0].name

    def _ask(self, title: str, text: str, then: Callable[[str], None]) -> None:
        def done(answer: str | None) -> None:
            if answer:
                then(answer)

        self._app.push_screen(AskLine(self._app.view, title, text), done)


def _pairs(text: str) -> Parameters | None:
    """Return NAME=VALUE words as pairs, none for a dash, None when a word has no equals sign."""
    if text == "-":
        return ()
    found = [tuple(word.split("=", 1)) for word in text.split()]
    if not all(len(pair) == 2 and pair[0] for pair in found):
        return None
    return tuple((name, value) for name, value in found)
