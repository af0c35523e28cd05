"""What the actions for the operator's own state send, and when they can be done."""

from __future__ import annotations

from collections.abc import Mapping

from softphone.model import command as c
from softphone.model.desk import DeskState
from softphone.model.error import Refused

from .situation import Situation

Values = Mapping[str, str]
_LONGER_S = 60.0


def something_pending(now: Situation) -> str | None:
    """Something must wait to be done that can still be taken back."""
    waits = any(call.pending for call in now.state.calls.values())
    return None if waits else "There is nothing to undo just now."


def after_call(now: Situation) -> str | None:
    """There must be after-call work."""
    working = now.state.desk.state is DeskState.AFTER_CALL
    return None if working else "There is no after-call work."


def something_queued(now: Situation) -> str | None:
    """A state must wait for the last call to end."""
    return None if now.state.desk.queued else "No state waits for the end of a call."


def undo(_now: Situation, _values: Values) -> list[c.Command]:
    """Take back what was asked last; the engine knows which."""
    return [c.Undo()]


def available(_now: Situation, _values: Values) -> list[c.Command]:
    """Be available on every platform."""
    return [c.SetDesk(DeskState.ROUTABLE)]


def pause(_now: Situation, values: Values) -> list[c.Command]:
    """Be away from now on, also in a call."""
    return [c.SetDesk(DeskState.NOT_ROUTABLE, values["reason"])]


def pause_next(_now: Situation, values: Values) -> list[c.Command]:
    """Be away as soon as the last call has ended."""
    return [c.SetDesk(DeskState.NOT_ROUTABLE, values["reason"], when_free=True)]


def wrap_up(_now: Situation, _values: Values) -> list[c.Command]:
    """Begin after-call work by hand."""
    return [c.SetDesk(DeskState.AFTER_CALL)]


def extend(_now: Situation, _values: Values) -> list[c.Command]:
    """Let after-call work last a minute longer."""
    return [c.ExtendWrapUp(_LONGER_S)]


def choose_caller_id(now: Situation, values: Values) -> list[c.Command]:
    """Show another own number from now on: of the account whose it is."""
    wanted = values["number"]
    for account in now.state.accounts.values():
        if any(wanted in (number.id, number.number) for number in account.numbers):
            return [c.ChooseCallerId(account.name, wanted)]
    raise Refused(f"{wanted[:40]!r} is none of your numbers.")
