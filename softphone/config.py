"""The configuration file: TOML into frozen settings, every mistake with file, line and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Adapters read their own tables with these, and know only this module.
from .config_table import Source as Source
from .config_table import nearest as nearest
from .config_table import read_section as read_section
from .config_table import refuse_readable_secret as refuse_readable_secret
from .model.call import AccountName
from .model.error import ConfigError

_SIZE_LIMIT = 256 * 1024
_ACCOUNT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_REGION = re.compile(r"[A-Z]{2}")
EVERY_ACCOUNT = "all"
"""Stands for every account that has no entry of its own."""
KINDS = ("audin", "ribbon", "agenthub", "observer")


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """Section [audio]."""

    input: str = "auto"
    output: str = "auto"
    ringer: str = "auto"
    ring: bool = True
    ring_volume: float = 0.5
    hold_music: str = ""
    echo_cancellation: bool = False
    noise_suppression: bool = False
    automatic_gain: bool = False


@dataclass(frozen=True, slots=True)
class UiConfig:
    """Section [ui]."""

    theme: str = "night"
    bell: bool = True
    notification: str = "off"
    flash: bool = False
    tour: bool = True
    bell_on: tuple[str, ...] = ("ringing",)
    notify_on: tuple[str, ...] = ("ringing",)
    title: str = "state"
    mouse: bool = True
    layout: str = "all"
    screenshots: str = ""


@dataclass(frozen=True, slots=True)
class CallsConfig:
    """Section [calls]."""

    region: str = ""
    regions: Mapping[str, str] = field(default_factory=dict)
    on_detach: str = "mute"
    detach_limit_s: float = 60.0
    emergency: str = "refuse"
    confirm_prefixes: tuple[str, ...] = ()
    do_not_disturb: bool = False
    wrap_up_s: float = 0.0
    dispositions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    disposition_required: tuple[str, ...] = ()
    undo_s: float = 2.0
    presence_on_call: bool = True

    def dispositions_of(self, account: str) -> tuple[str, ...]:
        """Return the words for what may come of an account's calls."""
        return self.dispositions.get(account) or self.dispositions.get(EVERY_ACCOUNT, ())

    def needs_disposition(self, account: str) -> bool:
        """Tell whether what came of an account's calls must be said."""
        required = self.disposition_required
        return account in required or EVERY_ACCOUNT in required

    def region_of(self, account: str) -> str:
        """Return the country of numbers that are typed for an account without one."""
        return self.regions.get(account, self.region)


@dataclass(frozen=True, slots=True)
class RingConfig:
    """One [ring.ACCOUNT] table: how an account's calls ring. `volume` -1: that of [audio]."""

    device: str = ""
    tone: str = "classic"
    volume: float = -1.0
    delay_s: float = 0.0
    during_call: tuple[str, ...] = (EVERY_ACCOUNT,)


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """Section [store]."""

    folder: str = ""
    journal_days: int = 30
    keep_recordings_days: int = 90


@dataclass(frozen=True, slots=True)
class RecordingConfig:
    """Section [recording]."""

    rule: str = "ask"
    accounts: Mapping[str, str] = field(default_factory=dict)
    beep: bool = False


@dataclass(frozen=True, slots=True)
class LogConfig:
    """Section [log]."""

    level: str = "info"
    file: str = ""


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """One [accounts.NAME] table: its kind, and the rest as the platform's adapter reads it."""

    name: AccountName
    kind: str
    table: Mapping[str, Any]
    source: Source


@dataclass(frozen=True, slots=True)
class Config:
    """Everything from one file. No account at all means the embedded lab."""

    path: Path | None = None
    accounts: tuple[AccountConfig, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    audio: AudioConfig = AudioConfig()
    ui: UiConfig = UiConfig()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    layouts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ring: Mapping[str, RingConfig] = field(default_factory=dict)
    calls: CallsConfig = CallsConfig()
    store: StoreConfig = StoreConfig()
    recording: RecordingConfig = RecordingConfig()
    log: LogConfig = LogConfig()


HOOK_OCCASIONS = (
    "call.ringing",
    "call.active",
    "call.ended",
    "call.missed",
    "message.received",
    "voicemail.waiting",
    "screen.popped",
    "agent.status",
    "account.changed",
    "call.disposed",
    "desk.changed",
)
"""What a hook can be for, besides `event:NAME` for an event of a platform and `event:*`."""
HOOK_EVENT_PREFIX = "event:"

RING_TONES = ("classic", "bell", "chime", "low", "short")
_LONGEST_RING_DELAY_S = 60.0
RECORDING_RULES = ("never", "ask", "always")
"""Refused; only by key; from the answer on."""

UI_OCCASIONS = ("ringing", "missed", "message", "reminder", "warning")
"""When the console may ring the bell, or notify the desktop."""

LAYOUT_PANES = ("presence", "call", "contacts", "events")
"""Panes a layout may leave out; the list of calls and the dialer are always there."""
BUILT_IN_LAYOUTS = {"all": LAYOUT_PANES, "calls": ("call",)}

_CHOICES = {
    "ui.notification": ("off", "osc9", "osc777", "osc99"),
    "ui.bell_on": UI_OCCASIONS,
    "ui.notify_on": UI_OCCASIONS,
    "ui.title": ("off", "state", "caller"),
    "calls.on_detach": ("mute", "hold", "keep", "hangup"),
    "calls.emergency": ("refuse", "allow"),
    "recording.rule": RECORDING_RULES,
    "log.level": ("debug", "info", "warning", "error"),
}
_RANGES = {
    "audio.ring_volume": (0.0, 1.0),
    "calls.detach_limit_s": (0.0, 600.0),
    "calls.wrap_up_s": (0.0, 3600.0),
    "calls.undo_s": (0.0, 30.0),
    "store.journal_days": (1, 3650),
    "store.keep_recordings_days": (0, 3650),
}
_SECTIONS = {
    "audio": AudioConfig,
    "ui": UiConfig,
    "calls": CallsConfig,
    "store": StoreConfig,
    "recording": RecordingConfig,
    "log": LogConfig,
}


def load(path: Path | None, *, need_file: bool = False) -> Config:
    """Return the config in `path`; an absent file is an empty config unless it is needed.

    Raises ConfigError with one sentence that names what to change.
    """
    if path is None or (not path.exists() and not need_file):
        return Config()
    text = _read(path)
    source = Source(path, text)
    try:
        table = tomllib.loads(text)
    except ValueError as problem:  # TOMLDecodeError, and a number with thousands of digits
        raise ConfigError(f"{path}: {problem}") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deep.") from None
    return _config(path, table, source)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _SIZE_LIMIT:
            raise ConfigError(f"{path}: larger than {_SIZE_LIMIT // 1024} KiB; not a config.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text.") from None
    except OSError as problem:
        raise ConfigError(f"{path}: {problem.strerror}.") from None


def _config(path: Path, table: Mapping[str, Any], source: Source) -> Config:
    known = {*_SECTIONS, "accounts", "names", "keys", "layouts", "hooks", "ring"}
    for key, value in table.items():
        if key not in known:
            raise source.error(key, f"unknown section, {nearest(key, known)}")
        if not isinstance(value, dict):
            raise source.error(key, "must be a table.")
    sections: dict[str, Any] = {
        name: _section(kind, name, table.get(name, {}), source) for name, kind in _SECTIONS.items()
    }
    _check_recording(sections["recording"], source)
    _check_regions(sections["calls"], source)
    _check_dispositions(sections["calls"], source)
    layouts = _layouts(table.get("layouts", {}), source)
    _check_layout(sections["ui"], layouts, source)
    return Config(
        path=path,
        accounts=tuple(_accounts(table.get("accounts", {}), source)),
        names=_names(table.get("names", {}), source),
        keys=_keys(table.get("keys", {}), source),
        layouts=layouts,
        hooks=_hooks(table.get("hooks", {}), source),
        ring=_rings(table.get("ring", {}), source),
        **sections,
    )


def _section(kind: type[Any], name: str, table: Mapping[str, Any], source: Source) -> Any:
    """Return a section whose values are all among their choices and within their range."""
    section = read_section(kind, table, name, source)
    for key in table:
        value = getattr(section, key)
        for one in value if isinstance(value, tuple) else (value,):
            _check_value(f"{name}.{key}", one, source)
    return section


def _check_value(key: str, value: Any, source: Source) -> None:
    choices = _CHOICES.get(key)
    if choices and value not in choices:
        raise source.error(key, f"{value!r} is not possible, {nearest(str(value), choices)}")
    low_high = _RANGES.get(key)
    if low_high and not low_high[0] <= value <= low_high[1]:
        raise source.error(key, f"must be between {low_high[0]} and {low_high[1]}.")


def _check_regions(calls: CallsConfig, source: Source) -> None:
    for account, region in calls.regions.items():
        if not _REGION.fullmatch(region):
            raise source.error(
                f"calls.regions.{account}", 'must be a country in two letters, as "IT".'
            )


def _check_dispositions(calls: CallsConfig, source: Source) -> None:
    for account in calls.disposition_required:
        # Without words nobody could ever say what came of a call.
        if not calls.dispositions_of("" if account == EVERY_ACCOUNT else account):
            raise source.error(
                "calls.disposition_required", f"{account!r} has no words in calls.dispositions."
            )


def _check_recording(recording: RecordingConfig, source: Source) -> None:
    for account, rule in recording.accounts.items():
        if rule not in RECORDING_RULES:
            key = f"recording.accounts.{account}"
            raise source.error(key, f"{rule!r} is not possible, {nearest(rule, RECORDING_RULES)}")


def _accounts(table: Mapping[str, Any], source: Source) -> Iterable[AccountConfig]:
    for name, settings in table.items():
        where = f"accounts.{name}"
        if not _ACCOUNT_NAME.fullmatch(name):
            raise source.error(where, "account names are a-z, 0-9, - and _, at most 32.")
        if not isinstance(settings, dict):
            raise source.error(where, "must be a table.")
        kind = settings.get("kind")
        if not isinstance(kind, str) or not kind:
            raise source.error(where, f"kind is missing; one of {', '.join(KINDS)}.")
        rest = {key: value for key, value in settings.items() if key != "kind"}
        yield AccountConfig(AccountName(name), kind, rest, source)


def _names(table: Mapping[str, Any], source: Source) -> Mapping[str, str]:
    for name, number in table.items():
        if not isinstance(number, str):
            raise source.error(f"names.{name}", "must be a string.")
    return dict(table)


def _keys(table: Mapping[str, Any], source: Source) -> Mapping[str, tuple[str, ...]]:
    keys = {}
    for action, value in table.items():
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(key, str) for key in listed):
            raise source.error(f"keys.{action}", "must be a key name or a list of them.")
        keys[action] = tuple(listed)
    return keys


def _layouts(table: Mapping[str, Any], source: Source) -> Mapping[str, tuple[str, ...]]:
    layouts = {}
    for name, panes in table.items():
        key = f"layouts.{name}"
        if not _ACCOUNT_NAME.fullmatch(name):
            raise source.error(key, "layout names are a-z, 0-9, - and _, at most 32.")
        if not isinstance(panes, list):
            raise source.error(key, 'must be a list of panes, as ["call", "contacts"].')
        for pane in panes:
            if pane not in LAYOUT_PANES:
                raise source.error(key, f"{pane!r} is no pane, {nearest(str(pane), LAYOUT_PANES)}")
        layouts[name] = tuple(panes)
    return layouts


def _check_layout(ui: UiConfig, layouts: Mapping[str, Any], source: Source) -> None:
    known = {**BUILT_IN_LAYOUTS, **layouts}
    if ui.layout not in known:
        raise source.error("ui.layout", f"{ui.layout!r} is unknown, {nearest(ui.layout, known)}")


def _hooks(table: Mapping[str, Any], source: Source) -> Mapping[str, tuple[str, ...]]:
    hooks = {}
    for occasion, argv in table.items():
        key = f"hooks.{occasion}"
        if occasion not in HOOK_OCCASIONS and not occasion.startswith(HOOK_EVENT_PREFIX):
            problem = f"unknown occasion, {nearest(occasion, HOOK_OCCASIONS)}"
            raise source.error(key, f"{problem} Events of a platform: event:NAME or event:*")
        if not isinstance(argv, list) or not argv or not all(isinstance(x, str) for x in argv):
            raise source.error(key, 'must be a list: a program and its arguments, ["notify", "-x"]')
        hooks[occasion] = tuple(argv)
    return hooks


def _rings(table: Mapping[str, Any], source: Source) -> Mapping[str, RingConfig]:
    rings = {}
    for account, settings in table.items():
        where = f"ring.{account}"
        if not isinstance(settings, dict):
            raise source.error(where, "must be a table.")
        rule = read_section(RingConfig, settings, where, source)
        if rule.tone not in RING_TONES:
            problem = f"{rule.tone!r} is not possible, {nearest(rule.tone, RING_TONES)}"
            raise source.error(f"{where}.tone", problem)
        if not -1.0 <= rule.volume <= 1.0:
            raise source.error(f"{where}.volume", "must be between 0 and 1, or -1.")
        if not 0.0 <= rule.delay_s <= _LONGEST_RING_DELAY_S:
            raise source.error(
                f"{where}.delay_s", f"must be between 0 and {_LONGEST_RING_DELAY_S}."
            )
        rings[account] = rule
    return rings
