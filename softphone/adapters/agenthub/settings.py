"""Settings of an AgentHub account: [accounts.NAME], kind "agenthub". Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from softphone.adapters.request import check_url
from softphone.config import AccountConfig, Source, read_section, refuse_readable_secret

from .wire_names import (
    FRAME_LIMIT,
    HEARTBEAT_S,
    JOIN_LIMIT_S,
    RECONNECT_STEPS_S,
    TOKEN_LIMIT_S,
    Profile,
)

AUTH_MODES = ("param", "subprotocol")
TOKEN_SOURCES = ("token_env", "token_file", "token_command", "token_url")
_PASSWORDS = ("password", "password_env", "password_command")
_RANGES = {
    "token_limit_s": (0.2, 60.0),
    "refresh_margin_s": (0.0, 3600.0),
    "heartbeat_s": (0.1, 50.0),  # the server closes after 60 s of silence
    "join_limit_s": (0.2, 60.0),
    "frame_limit_bytes": (4096, 64 * 1024 * 1024),
}


@dataclass(frozen=True, slots=True)
class CommandSettings:
    """Section [accounts.NAME.commands]: the platform's command API, off by default."""

    enabled: bool = False
    base_url: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    password_env: str = ""
    password_command: tuple[str, ...] = ()
    client_id: str = ""
    client_secret_env: str = ""
    agent_id: str = ""
    campaign: str = ""
    area_code: str = ""


@dataclass(frozen=True, slots=True)
class AgentHubSettings:
    """What an operator or administrator may set; defaults after the protocol reference."""

    base_url: str = "https://agenthub.api.olos.live"
    token_env: str = ""
    token_file: str = ""
    token_command: tuple[str, ...] = ()
    token_url: str = ""
    token_headers_env: Mapping[str, str] = field(default_factory=dict)
    token_method: str = "POST"
    token_limit_s: float = TOKEN_LIMIT_S
    refresh_margin_s: float = 60.0
    online_at_start: bool = True
    heartbeat_s: float = HEARTBEAT_S
    join_limit_s: float = JOIN_LIMIT_S
    reconnect_backoff_ms: tuple[int, ...] = tuple(round(s * 1000) for s in RECONNECT_STEPS_S)
    reconnect_on_normal_close: bool = True
    frame_limit_bytes: int = FRAME_LIMIT
    origin: str = ""
    use_proxy: bool = False
    allow_insecure_host: tuple[str, ...] = ()
    ca_file: str = ""
    profile: Mapping[str, Any] = field(default_factory=dict)
    commands: Mapping[str, Any] = field(default_factory=dict)


def read_settings(
    account: AccountConfig, *, own_tokens: bool = False
) -> tuple[AgentHubSettings, Profile, CommandSettings]:
    """Return the checked settings, the profile and the command API; ConfigError with line and key.

    `own_tokens`: the program brings its tokens itself, so no source of them is configured.
    """
    where, source = f"accounts.{account.name}", account.source
    settings = read_section(AgentHubSettings, account.table, where, source)
    profile = read_section(Profile, settings.profile, f"{where}.profile", source)
    commands = read_section(CommandSettings, settings.commands, f"{where}.commands", source)
    _check_urls(settings, where, source)
    given = [key for key in TOKEN_SOURCES if getattr(settings, key)]
    if len(given) != (0 if own_tokens else 1):
        wanted = "no" if own_tokens else "exactly one"
        raise source.error(where, f"needs {wanted} of {', '.join(TOKEN_SOURCES)}.")
    for key, (low, high) in _RANGES.items():
        if not low <= getattr(settings, key) <= high:
            raise source.error(f"{where}.{key}", f"must be between {low:g} and {high:g}.")
    steps = settings.reconnect_backoff_ms
    if not steps or not all(5 <= step <= 600_000 for step in steps):
        raise source.error(f"{where}.reconnect_backoff_ms", "must be steps of 5 to 600000 ms.")
    _check_choice(settings.token_method, ("GET", "POST"), f"{where}.token_method", source)
    _check_profile(profile, f"{where}.profile", source)
    if commands.enabled:
        _check_commands(commands, settings, f"{where}.commands", source)
    return settings, profile, commands


def _check_urls(settings: AgentHubSettings, where: str, source: Source) -> None:
    for key in ("base_url", "token_url"):
        url = getattr(settings, key)
        problem = check_url(url, settings.allow_insecure_host) if url or key == "base_url" else None
        if problem:
            raise source.error(f"{where}.{key}", problem)


def _check_profile(profile: Profile, where: str, source: Source) -> None:
    _check_choice(profile.auth_mode, AUTH_MODES, f"{where}.auth_mode", source)
    if not profile.socket_path.startswith("/"):
        raise source.error(f"{where}.socket_path", "must begin with a slash.")
    for key in ("agent_topic", "online_topic"):
        if not getattr(profile, key):
            raise source.error(f"{where}.{key}", "must not be empty.")
    if profile.agent_topic == profile.online_topic:
        raise source.error(f"{where}.online_topic", "must differ from agent_topic.")


def _check_commands(
    commands: CommandSettings, settings: AgentHubSettings, where: str, source: Source
) -> None:
    problem = check_url(commands.base_url, settings.allow_insecure_host)
    if problem:
        raise source.error(f"{where}.base_url", problem)
    if not commands.username:
        raise source.error(f"{where}.username", "is missing.")
    if len([key for key in _PASSWORDS if getattr(commands, key)]) != 1:
        raise source.error(where, f"needs exactly one of {', '.join(_PASSWORDS)}.")
    if commands.password:
        refuse_readable_secret(source, f"{where}.password")


def _check_choice(value: str, choices: tuple[str, ...], key: str, source: Source) -> None:
    if value not in choices:
        raise source.error(key, f"{value!r} is not possible; one of {', '.join(choices)}.")
