"""Reading the configuration file again: what can change at once does, the rest is named.

Nothing changes when anything in the file is wrong.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from softphone.adapters.base import Reloading as ReloadingAdapter
from softphone.adapters.registry import check_account
from softphone.config import AccountConfig, AudioConfig, Config, load
from softphone.model.command import ConfigReloaded
from softphone.model.error import Refused
from softphone.model.event import Level

if TYPE_CHECKING:
    from .engine import Engine

_PROCESSING = ("echo_cancellation", "noise_suppression", "automatic_gain")

# What is read where it is used, so that a change counts from the next use, or is told below.
_LIVE = {
    "calls": frozenset(
        {
            "do_not_disturb",
            "emergency",
            "confirm_prefixes",
            "region",
            "regions",
            "wrap_up_s",
            "dispositions",
            "disposition_required",
            "undo_s",
            "presence_on_call",
        }
    ),
    "audio": frozenset({"hold_music", *_PROCESSING}),
    "log": frozenset({"level"}),
    "store": frozenset[str](),
    "ui": frozenset[str](),
    "recording": frozenset({"rule", "accounts", "beep"}),
}


class Reloading:
    """Takes a changed file while calls go on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def run(self) -> ConfigReloaded:
        """Read the file and return which keys changed at once, and which wait for a new start.

        Raises ConfigError with file, line and key, or Refused when there is no file.
        """
        before = self._engine.config
        if before.path is None:
            raise Refused("This engine was started without a configuration file.")
        after = await asyncio.to_thread(_checked, before)
        changed, waiting = list(self._sections(after)), list(_waiting(before, after))
        if after.accounts:  # none: the lab's are used, whatever the file says
            for account in after.accounts:
                live, late = await self._account(account)
                changed += live
                waiting += late
        done = ConfigReloaded(tuple(changed), tuple(waiting))
        text = f"configuration read again: {done.words}"
        self._engine.note("softphone", Level.INFO, text, alert=True)
        return done

    def _sections(self, after: Config) -> Iterator[str]:
        """Take what can change at once; yield its keys."""
        engine, before = self._engine, self._engine.config
        sections: dict[str, Any] = {}
        for name, live in _LIVE.items():
            old, new = getattr(before, name), getattr(after, name)
            found = {key: getattr(new, key) for key in _different(old, new) if key in live}
            sections[name] = replace(old, **found)
            yield from (f"{name}.{key}" for key in found)
        names = after.names if after.accounts else {**before.names, **after.names}
        if names != before.names:
            yield "names"
        if after.hooks != before.hooks:
            engine.hooks.use(after.hooks)
            yield "hooks"
        if after.ring != before.ring:
            engine.ringing.use(after.ring)
            yield "ring"
        self._process(before.audio, sections["audio"])
        logging.getLogger().setLevel(sections["log"].level.upper())
        engine.config = replace(before, names=names, hooks=after.hooks, ring=after.ring, **sections)
        if before.calls.do_not_disturb != engine.config.calls.do_not_disturb:
            engine.preferences.set_quiet(engine.config.calls.do_not_disturb)

    def _process(self, before: AudioConfig, after: AudioConfig) -> None:
        """Switch what is done to the microphone's sound, where the file says otherwise now."""
        if any(getattr(before, key) != getattr(after, key) for key in _PROCESSING):
            engine = self._engine
            engine.sound.process(*(getattr(after, key) for key in _PROCESSING))
            engine.sound_desk.publish(engine.hub.state.audio.problem, hint="")

    async def _account(self, account: AccountConfig) -> tuple[list[str], list[str]]:
        """Give an account its settings; return the keys that changed and those that wait."""
        engine, where = self._engine, f"accounts.{account.name}"
        before = next((one for one in engine.config.accounts if one.name == account.name), None)
        if before is None or before.kind != account.kind:
            return [], [where]
        old, new = before.table, account.table
        keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        adapter = engine.adapters[account.name]
        if not keys:
            return [], []
        if not isinstance(adapter, ReloadingAdapter):
            return [], [f"{where}.{key}" for key in keys]
        late = await adapter.reload(account)
        kept = {key: old[key] for key in late if key in old}
        table = {key: value for key, value in new.items() if key not in late} | kept
        accounts = tuple(
            replace(one, table=table) if one is before else one for one in engine.config.accounts
        )
        engine.config = replace(engine.config, accounts=accounts)
        return (
            [f"{where}.{key}" for key in keys if key not in late],
            [f"{where}.{key}" for key in keys if key in late],
        )


def _checked(before: Config) -> Config:
    """Return what the file says now; ConfigError when anything in it is wrong."""
    after = load(before.path, need_file=True)
    for account in after.accounts:
        check_account(account)
    return after


def _waiting(before: Config, after: Config) -> Iterator[str]:
    """Yield the keys whose change needs a new start of engine or console."""
    for name, live in _LIVE.items():
        changed = _different(getattr(before, name), getattr(after, name))
        yield from (f"{name}.{key}" for key in changed if key not in live)
    if before.keys != after.keys:
        yield "keys"
    names = {account.name for account in after.accounts}
    if after.accounts:
        yield from (f"accounts.{one.name}" for one in before.accounts if one.name not in names)


def _different(before: Any, after: Any) -> list[str]:
    """Return the names of the fields in which two settings of one section differ."""
    names = (entry.name for entry in fields(before))
    return [name for name in names if getattr(before, name) != getattr(after, name)]
