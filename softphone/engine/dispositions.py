"""What came of a call, in words the configuration gives each account; kept with its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softphone.config import nearest
from softphone.model import command as c
from softphone.model.call import AccountName, Call, CallId
from softphone.model.error import Refused
from softphone.model.event import Level
from softphone.model.record import HistoryFilter, TimelineEntry

if TYPE_CHECKING:
    from .engine import Engine

_EVERYBODY = "all"


async def meant_call(engine: Engine, wanted: CallId) -> Call:
    """Return the call that is meant: the named one, else the last; raises Refused for none."""
    known = engine.book.calls
    if wanted in known:
        return known[wanted]
    if not wanted and known:
        return max(known.values(), key=lambda call: call.created_mono)
    if wanted:
        record = await engine.store.record(wanted)
    else:
        records = (await engine.store.history(HistoryFilter(limit=1))).records
        record = next(iter(records), None)
    if record is None:
        raise Refused("There is no such call, and no last one.", code="NO_CALL")
    return record.call


class Dispositions:
    """Lists the words, and writes the chosen one down."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def run(self, command: c.DispositionCommand) -> c.Value | None:
        """Do it and return its value; raises SoftphoneError with the reason why not."""
        call = await meant_call(self._engine, command.call)
        words = self._words(call.account)
        if not words:
            raise Refused(f"No words for {call.account} in calls.dispositions of the config.")
        match command:
            case c.ListCodes():
                return c.CodedNames(tuple(c.CodedName(word, word) for word in words))
            case c.Dispose(code):
                self._write(call, code, words)
        return None

    def _words(self, account: AccountName) -> tuple[str, ...]:
        given = self._engine.config.calls.dispositions
        return given.get(account) or given.get(_EVERYBODY, ())

    def _write(self, call: Call, code: str, words: tuple[str, ...]) -> None:
        word = next((one for one in words if one.casefold() == code.strip().casefold()), None)
        if word is None:
            raise Refused(f"{code[:40]!r} is not possible, {nearest(code, words)}")
        engine = self._engine
        engine.store.add_timeline(call.id, TimelineEntry(engine.wall(), "disposition", word))
        engine.note(call.account, Level.INFO, f"{call.remote.label}: {word}", call.id)
