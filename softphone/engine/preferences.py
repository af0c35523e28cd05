"""What the operator chose and keeps until choosing otherwise: do not disturb, the number shown.

Unlike the state of the desk it outlives every engine, also one that ended as it should: who
silenced the desk, or shows another number, does not expect a new start to take that back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from softphone.model import codec
from softphone.model.call import AccountName
from softphone.model.error import ProtocolError, Refused
from softphone.model.event import Level
from softphone.model.text import clean

if TYPE_CHECKING:
    from .engine import Engine

_SETTING = "preferences"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the next engine takes up. `quiet` None: as the configuration says.

    So a configuration that is changed counts again, where the operator chose nothing else.
    """

    quiet: bool | None = None
    caller_ids: dict[str, str] = field(default_factory=dict)


class Preferences:
    """Knows them, changes them, and keeps them in the store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._quiet = engine.config.calls.do_not_disturb
        self._caller_ids: dict[str, str] = {}
        self._kept = Kept()

    @property
    def quiet(self) -> bool:
        """Tell whether nothing may ring aloud."""
        return self._quiet

    def caller_id(self, account: AccountName) -> str:
        """Return the number of one's own that is shown, empty for the account's default."""
        return self._caller_ids.get(account, "")

    def set_quiet(self, on: bool | None) -> None:
        """Let nothing ring aloud, or ring again; None: the other of the two."""
        wanted = not self._quiet if on is None else on
        if wanted != self._quiet:
            self._quiet = wanted
            text = "do not disturb: nothing rings aloud" if wanted else "calls ring aloud again"
            self._engine.note("softphone", Level.INFO, text)
        self._keep()
        self._engine.sound_desk.route()
        self._engine.operator.changed()

    def choose_caller_id(self, name: AccountName, number: str) -> None:
        """Show this number of an account (id or E.164) from now on; raises Refused."""
        account = self._engine.hub.state.accounts.get(name)
        if account is None:
            names = ", ".join(self._engine.adapters) or "none"
            raise Refused(f"There is no account {clean(name, 32)!r}; configured: {names}.")
        found = next((n.id for n in account.numbers if number in (n.id, n.number)), "")
        if number and not found:
            own = ", ".join(one.id for one in account.numbers) or "none is known yet"
            raise Refused(f"{clean(number, 40)!r} is no number of {name}: {own}.")
        self._caller_ids[name] = found
        self._keep()
        self._engine.facts.change_account(name, caller_id=found)

    async def load(self) -> None:
        """Take up what an earlier engine left; raises StoreError."""
        text = await self._engine.store.setting(_SETTING)
        if not text:
            return
        try:
            self._kept = codec.decode(codec.loads(text), Kept)
        except ProtocolError:
            return  # written by another version: as the configuration says
        if self._kept.quiet is not None:
            self._quiet = self._kept.quiet
        self._caller_ids = dict(self._kept.caller_ids)
        self._keep()  # the configuration may say meanwhile what was chosen

    def _keep(self) -> None:
        """Write what differs from the configuration, if it is not written already."""
        configured = self._engine.config.calls.do_not_disturb
        kept = Kept(
            None if self._quiet == configured else self._quiet,
            {name: number for name, number in self._caller_ids.items() if number},
        )
        if kept != self._kept:
            self._kept = kept
            text = codec.dumps(codec.encode_plain(kept))
            self._engine.store.save_setting(_SETTING, text)
