"""What can be asked about the operator's own state, and about acts that may still be undone."""

from __future__ import annotations

from dataclasses import dataclass

from .call import AccountName, CallId
from .desk import DeskState


@dataclass(frozen=True, slots=True)
class Undo:
    """Take back what waits to be done with a call (`Call.pending`); empty: the newest such act."""

    call: CallId = CallId("")


@dataclass(frozen=True, slots=True)
class SetDesk:
    """Change the operator's state on every platform; `reason` as "break".

    With `when_free` it waits until the last call has ended; without calls it is at once.
    """

    state: DeskState
    reason: str = ""
    when_free: bool = False


@dataclass(frozen=True, slots=True)
class DropQueued:
    """Forget the state that waits for the last call to end."""


@dataclass(frozen=True, slots=True)
class ExtendWrapUp:
    """Let after-call work last so many seconds longer."""

    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class FinishWrapUp:
    """End after-call work now, and be available again."""


@dataclass(frozen=True, slots=True)
class SetQuiet:
    """Do not disturb: let nothing ring aloud, or ring again; None toggles."""

    on: bool | None = None


@dataclass(frozen=True, slots=True)
class ChooseCallerId:
    """Show this own number (its id or E.164) to those an account calls; empty: its default."""

    account: AccountName
    number: str = ""


OperatorCommand = (
    Undo | SetDesk | DropQueued | ExtendWrapUp | FinishWrapUp | SetQuiet | ChooseCallerId
)
