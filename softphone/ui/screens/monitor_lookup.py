"""Finds a call of a monitored service by any id: which id, of what time, which of those found."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from softphone.model import command as c
from softphone.model.call import AccountName
from softphone.model.monitor import ObservedCall
from softphone.ui.clock import local_time
from softphone.ui.panes.pane import Say
from softphone.ui.working import start

from .base import ConsoleScreen
from .dialogs import AskLine
from .pick import Pick

_ASK = "Which call, room, client, transport, producer, consumer or track?"
_SEARCHED = "Calls, rooms, clients, transports, producers, consumers and tracks"
_TIMES = {
    "any time": 0.0,
    "last hour": 3600.0,
    "last 24 hours": 24 * 3600.0,
    "last 7 days": 7 * 24 * 3600.0,
}
Chosen = Callable[[ObservedCall], None]


def look_up(screen: ConsoleScreen, account: AccountName, chosen: Chosen) -> None:
    """Ask for an id and a time, look, and hand the call over that the operator takes."""

    def asked(text: str | None) -> None:
        if text:
            choices = [(name, name, "") for name in _TIMES]
            screen.app.push_screen(Pick(screen.view, "WHEN", choices), partial(timed, text))

    def timed(text: str, when: str | None) -> None:
        if when is not None:
            start(screen, partial(_find, screen, account, text, when, chosen), group="find",
                  latest=True)  # fmt: skip

    screen.app.push_screen(AskLine(screen.view, "LOOK UP", _ASK), asked)


async def _find(
    screen: ConsoleScreen, account: AccountName, text: str, when: str, chosen: Chosen
) -> None:
    length = _TIMES[when]
    since = screen.view.clock.wall() - length if length else 0.0
    reply = await screen.view.request(c.FindObserved(account, anything=text, since=since))
    if not isinstance(reply.value, c.ObservedFound):
        screen.post_message(Say(reply.text or "The service gives no answer.", "warning"))
        return
    found = {f"{call.id} {call.started_at}": call for call in reply.value.calls}
    if not found:
        screen.post_message(Say(f"No match. {_SEARCHED} were searched ({when}).", "warning"))
        return
    choices = [(key, _words(call), ", ".join(call.matched_by)) for key, call in found.items()]

    def picked(key: str | None) -> None:
        if key is not None:
            chosen(found[key])

    more = " (there are more)" if reply.value.truncated else ""
    screen.app.push_screen(Pick(screen.view, f"FOUND{more}", choices), picked)


def _words(call: ObservedCall) -> str:
    began = "" if call.started_at is None else f"{local_time(call.started_at):%d %b %H:%M}  "
    return f"{began}{call.room or call.id}"
