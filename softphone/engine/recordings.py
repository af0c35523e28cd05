"""Recordings by key and by rule, the replay of the last half minute, and their real deletion.

Nothing is recorded unless somebody asks or the account's rule says so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from softphone.audio.block import PHONE_RATE_HZ, RATE_HZ
from softphone.audio.replay import Stereo, to_hear
from softphone.audio.wav import WavWriter
from softphone.model import command as c
from softphone.model.call import AccountName, Call, CallId, CallState
from softphone.model.error import AudioError, Refused, SoftphoneError, StoreError
from softphone.model.event import Level
from softphone.model.recording import Recording
from softphone.paths import private_folder

if TYPE_CHECKING:
    from .engine import Engine

REMEMBERED_S = 60.0
"""How long the last half minute can still be saved after the end of a call."""
_BEEP_EVERY_S = 15.0
_DAY_S = 86_400.0
_HEADER_BYTES = 44
_STEREO_BYTES_PER_S = PHONE_RATE_HZ * 4
_REPLAYING = "replaying the last half minute"


class Recordings:
    """Records, replays, lists and deletes on the engine's loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing: dict[CallId, str] = {}
        self._last: CallId | None = None

    async def run(self, command: c.RecordingCommand) -> c.Value | None:
        """Do it and return its value; raises SoftphoneError with the reason why not."""
        match command:
            case c.PauseRecording(call, on):
                self._pause(self._known(call), on)
            case c.Replay(call, on):
                await self._replay(call, on)
            case c.SaveReplay(call):
                return c.Done(await self._save(self._remembered(call)))
            case c.ListRecordings():
                return c.RecordingsFound(await self._listed())
            case c.DeleteRecordings(names):
                return c.Done(await self._delete(names))
        return None

    def rule(self, account: AccountName) -> str:
        """Return whether calls of an account are recorded: never, ask or always."""
        recording = self._engine.config.recording
        return recording.accounts.get(account, recording.rule)

    # ---- recording -----------------------------------------------------------------------------

    def record(self, call: Call, on: bool) -> None:
        """Start or stop by the operator's wish; raises Refused where the rule is against it."""
        rule = self.rule(call.account)
        if on and rule == "never":
            raise Refused(f"Calls of {call.account} are never recorded; the configuration says so.")
        if not on and rule == "always":
            raise Refused(f"Calls of {call.account} are always recorded; it can be paused.")
        if on != call.recording:
            self._switch(call, on)

    def call_changed(self, call: Call) -> None:
        """Begin by rule when a call is up; note what ends with it."""
        if not call.live:
            self._writing.pop(call.id, None)
            return
        due = call.state is CallState.ACTIVE and not call.recording and not call.owner
        if not due or self.rule(call.account) != "always" or not self._has_card(call):
            return
        try:
            self._switch(call, True)
        except SoftphoneError as problem:
            text = f"{call.remote.label} is not recorded: {problem.message}"
            self._engine.note(call.account, Level.ERROR, text, call.id, alert=True)

    def call_over(self, call: CallId) -> None:
        """Let what is remembered of a call go after a while."""
        engine = self._engine
        if engine.sound.remembered(call) is not None:
            self._last = call
            engine.later(REMEMBERED_S, lambda: engine.sound.forget(call))

    def _switch(self, call: Call, on: bool) -> None:
        engine = self._engine
        path = str(self._new_file(call.id)) if on else ""
        engine.sound.record(call.id, path)
        if path:
            self._writing[call.id] = path
            engine.store.add_recording(call.id, path)
        else:
            self._writing.pop(call.id, None)
        engine.change_call(call.id, recording=on)
        if on and engine.config.recording.beep:
            self._beep(call.id)

    def _beep(self, call: CallId) -> None:
        """Tell both ends now and then, as long as the call is recorded."""
        known = self._engine.book.calls.get(call)
        if known is None or not known.live or call not in self._writing:
            return
        if known.state is CallState.ACTIVE and not known.recording_paused:
            self._engine.sound.beep(call)
        self._engine.later(_BEEP_EVERY_S, lambda: self._beep(call))

    def _pause(self, call: Call, on: bool | None) -> None:
        wanted = (not call.recording_paused) if on is None else on
        for one in self._engine.conference_of(call):
            self._engine.sound.set_private(one.id, wanted)
            self._engine.change_call(one.id, recording_paused=wanted)

    def _has_card(self, call: Call) -> bool:
        return self._engine.sound.has(call.id) and not self._engine.owners.files(call.id).any

    def _new_file(self, call: CallId, kind: str = "") -> Path:
        folder = private_folder(self._engine.recordings)
        stamp = datetime.fromtimestamp(self._engine.wall(), UTC).strftime("%Y%m%dT%H%M%SZ")
        path, number = folder / f"{stamp}-{call}{kind}.wav", 1
        while path.exists():  # a second one within the same second
            number += 1
            path = folder / f"{stamp}-{call}{kind}-{number}.wav"
        return path

    # ---- replay --------------------------------------------------------------------------------

    async def _replay(self, wanted: CallId, on: bool | None) -> None:
        engine = self._engine
        call = self._remembered(wanted)
        known = engine.book.calls.get(call)
        playing = known is not None and known.operation == _REPLAYING
        if playing or on is False:
            self._replayed(call)
            engine.sound.replay(None)
            return
        heard = await asyncio.to_thread(to_hear, self._half_minute(call))
        engine.sound.replay(heard)
        engine.change_call(call, operation=_REPLAYING)
        engine.later(len(heard) / RATE_HZ, lambda: self._replayed(call))

    def _replayed(self, call: CallId) -> None:
        known = self._engine.book.calls.get(call)
        if known is not None and known.operation == _REPLAYING:
            self._engine.change_call(call, operation="")

    async def _save(self, call: CallId) -> int:
        engine = self._engine
        account = await self._account_of(call)
        if self.rule(account) == "never":
            raise Refused(f"Calls of {account} are never recorded; the configuration says so.")
        both = self._half_minute(call)
        path = self._new_file(call, "-replay")
        await asyncio.to_thread(_write, path, both)
        engine.store.add_recording(call, str(path))
        engine.note(account, Level.INFO, f"the last half minute is kept: {path.name}", call)
        return len(both) // PHONE_RATE_HZ

    def _half_minute(self, call: CallId) -> Stereo:
        both = self._engine.sound.remembered(call)
        if both is None or not len(both):
            raise Refused("Nothing is remembered of that call.")
        return both

    def _remembered(self, wanted: CallId) -> CallId:
        """Return the call that is meant: the named one, else the last that was up."""
        call = wanted or self._last
        if not call:
            raise Refused("Nothing is remembered of any call.")
        return call

    async def _account_of(self, call: CallId) -> AccountName:
        known = self._engine.book.calls.get(call)
        if known is None:
            record = await self._engine.store.record(call)
            known = record.call if record else None
        if known is None:
            raise Refused("There is no such call.", code="NO_CALL")
        return known.account

    def _known(self, call_id: CallId) -> Call:
        call = self._engine.book.calls.get(call_id)
        if call is None or not call.live:
            raise Refused("That call is over.", code="NO_CALL")
        return call

    # ---- files ---------------------------------------------------------------------------------

    async def delete_of(self, paths: Iterable[str]) -> None:
        """Delete the files of calls whose records are gone."""
        await asyncio.to_thread(_unlink, [Path(path) for path in paths])

    async def keep_retention(self) -> None:
        """Delete what is old, once a day, and forget rows whose files are gone."""
        engine = self._engine
        while True:
            days = engine.config.store.keep_recordings_days
            await asyncio.to_thread(delete_old, engine.recordings, days, time.time())
            try:
                await self._forget_missing()
            except StoreError as problem:
                engine.note("softphone", Level.WARNING, str(problem))
            await asyncio.sleep(_DAY_S)

    async def _forget_missing(self) -> None:
        store = self._engine.store
        known = [Path(path) for path in await store.recordings()]
        gone = await asyncio.to_thread(lambda: [str(p) for p in known if not p.exists()])
        if gone:
            await store.forget_recordings(gone)

    async def _listed(self) -> tuple[Recording, ...]:
        calls = await self._engine.store.recordings()
        files = await asyncio.to_thread(_files, self._engine.recordings)
        return tuple(_recording(path, size, at, calls.get(str(path))) for path, size, at in files)

    async def _delete(self, names: tuple[str, ...]) -> int:
        engine = self._engine
        there = {path.name: path for path, _, _ in _files(engine.recordings)}
        for name in names:
            if name not in there:
                raise Refused(f"There is no recording {name!r}.")
            if str(there[name]) in self._writing.values():
                raise Refused(f"{name} is being recorded; stop that first.")
        paths = [there[name] for name in names]
        await asyncio.to_thread(_unlink, paths)
        await engine.store.forget_recordings([str(path) for path in paths])
        return len(paths)


def delete_old(folder: Path, days: int, now: float) -> int:
    """Delete recordings older than so many days and return how many; 0 days keeps them all."""
    if not days:
        return 0
    old = [path for path, _, at in _files(folder) if at < now - days * _DAY_S]
    _unlink(old)
    return len(old)


def _files(folder: Path) -> list[tuple[Path, int, float]]:
    """Return path, bytes and time of all recordings, the newest first."""
    found = []
    for path in folder.glob("*.wav") if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # deleted meanwhile
            told = path.lstat()
            found.append((path, told.st_size, told.st_mtime))
    return sorted(found, key=lambda one: (one[2], one[0].name), reverse=True)


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _write(path: Path, both: Stereo) -> None:
    writer = WavWriter(path, PHONE_RATE_HZ, 2)
    try:
        writer.write(both.reshape(-1))
    except AudioError:
        path.unlink(missing_ok=True)
        raise
    finally:
        writer.close()


def _recording(path: Path, size: int, at: float, call: Call | None) -> Recording:
    seconds = max(0, size - _HEADER_BYTES) / _STEREO_BYTES_PER_S
    if call is None:
        return Recording(path.name, at=at, seconds=seconds)
    return Recording(path.name, call.id, call.account, call.remote.label, at, seconds)
