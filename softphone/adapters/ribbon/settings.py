"""Settings of a Ribbon account: [accounts.NAME] with kind = "ribbon". Imports nothing heavy."""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from softphone.adapters.request import check_url
from softphone.config import AccountConfig, Source, read_section, refuse_readable_secret

from . import wire

OAUTH_MODES = ("none", "query")
INCOMING_MODES = ("any", "push")
RINGING_MODES = ("auto", "manual")
CODECS = ("opus", "PCMU", "PCMA")
_SECRETS = (
    *("password", "password_env", "password_command"),
    *("hmac_env", "hmac_command", "token_env", "token_command"),
)
_CORRELATOR = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ICE_KEYS = {"urls", "username", "credential_env"}
_RANGES = {
    "expires_s": (wire.EXPIRES_LEAST_S, 604_800),
    "ping_s": (0.05, 600.0),
    "reconnect_limit": (0, 1000),
    "reconnect_delay_s": (0.05, wire.RECONNECT_LONGEST_S),
    "reconnect_multiplier": (1.0, 10.0),
    "reconnect_longest_s": (1.0, 3600.0),
    "id_cache": (0, 100_000),
    "rest_limit_s": (0.2, 300.0),
    "unavailable_retries": (0, 20),
    "ice_ideal_s": (0.0, 30.0),
    "ice_limit_s": (0.1, 60.0),
    "audit_s": (0.2, 600.0),
    "media_retry_s": (0.0, 60.0),
    "missing_answer_s": (0.2, 300.0),
    "audio_kbps": (0, wire.AUDIO_KBPS_LIMIT),
    "dscp": (-1, wire.DSCP_LIMIT),
}


_IDENTITY = ("url", "websocket_url", "user", "correlator", "ca_file", "allow_insecure_host")
FIXED = frozenset((*_IDENTITY, "online_at_start"))
"""Keys that cannot change while the account runs: who it is, and where its gateway is."""


@dataclass(frozen=True, slots=True)
class RibbonSettings:
    """What an operator or administrator may set; defaults after the protocol reference."""

    url: str = ""
    websocket_url: str = ""
    user: str = ""
    authname: str = ""
    password: str = field(default="", repr=False)
    password_env: str = ""
    password_command: tuple[str, ...] = ()
    hmac_env: str = ""
    hmac_command: tuple[str, ...] = ()
    token_env: str = ""
    token_command: tuple[str, ...] = ()
    display_name: str = ""
    online_at_start: bool = True
    services: tuple[str, ...] = ("call", "IM", "Presence", "MWI")
    correlator: str = ""
    presence: str = ""
    presence_note: str = ""
    watch: tuple[str, ...] = ()
    expires_s: int = wire.EXPIRES_S
    ping_s: float = wire.PING_S
    check_connectivity: bool = True
    reconnect_limit: int = wire.RECONNECT_LIMIT
    reconnect_delay_s: float = wire.RECONNECT_DELAY_S
    reconnect_multiplier: float = 1.0
    reconnect_longest_s: float = wire.RECONNECT_LONGEST_S
    auto_reconnect: bool = True
    oauth_mode: str = "none"
    id_cache: int = wire.ID_CACHE_LENGTH
    incoming_mode: str = "any"
    rest_limit_s: float = wire.REST_LIMIT_S
    unavailable_retries: int = wire.UNAVAILABLE_RETRIES
    ice_servers: tuple[Mapping[str, Any], ...] = ()
    ice_ideal_s: float = 1.0
    ice_limit_s: float = 3.0
    server_turn: bool = True
    early_media: bool = True
    resync_on_connect: bool = True
    keep_peer_in_slow_start: bool = False
    ringing_feedback: str = "auto"
    audit_s: float = wire.AUDIT_S
    media_retry_s: float = wire.MEDIA_RETRY_S
    missing_answer_s: float = wire.REST_LIMIT_S + wire.MISSING_ANSWER_S
    normalise: bool = True
    codecs: tuple[str, ...] = CODECS
    remove_codecs: tuple[str, ...] = ()
    audio_kbps: int = 0
    dscp: int = -1
    allow_insecure_host: tuple[str, ...] = ()
    ca_file: str = ""
    trace: bool = False

    @property
    def base(self) -> str:
        """Return the REST base without a final slash."""
        return self.url.rstrip("/")

    @property
    def socket_base(self) -> str:
        """Return where notification channels are: the given URL, or the REST base's place."""
        if self.websocket_url:
            return self.websocket_url.rstrip("/")
        parts = urlsplit(self.base)
        return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"


def read_settings(account: AccountConfig) -> RibbonSettings:
    """Return the checked settings; raises ConfigError with line and key."""
    where, source = f"accounts.{account.name}", account.source
    settings = read_section(RibbonSettings, account.table, where, source)
    _check_urls(settings, where, source)
    _check_sign_in(settings, where, source)
    _check_choice(settings.oauth_mode, OAUTH_MODES, f"{where}.oauth_mode", source)
    _check_choice(settings.incoming_mode, INCOMING_MODES, f"{where}.incoming_mode", source)
    _check_choice(settings.ringing_feedback, RINGING_MODES, f"{where}.ringing_feedback", source)
    _check_choice(settings.presence, ("", *wire.ACTIVITIES), f"{where}.presence", source)
    for key, (low, high) in _RANGES.items():
        if not low <= getattr(settings, key) <= high:
            raise source.error(f"{where}.{key}", f"must be between {low:g} and {high:g}.")
    if not settings.services:
        raise source.error(f"{where}.services", "needs at least one service.")
    if not settings.codecs or set(settings.codecs) - set(CODECS):
        raise source.error(f"{where}.codecs", f"must be some of {', '.join(CODECS)}.")
    for server in settings.ice_servers:
        _check_ice(server, f"{where}.ice_servers", source)
    return settings


def correlator_of(account: AccountConfig, settings: RibbonSettings) -> str:
    """Return what tells this client from the user's others (2.6): the same after a restart.

    A program without a config file gets a new one each time, for there may be several of it.
    """
    if settings.correlator:
        return settings.correlator
    path = account.source.path
    place = f"{socket.gethostname()} {path.resolve()}" if path else secrets.token_hex(8)
    return f"softphone-{hashlib.sha256(f'{place} {account.name}'.encode()).hexdigest()[:16]}"


def _check_urls(settings: RibbonSettings, where: str, source: Source) -> None:
    problem = check_url(settings.url, settings.allow_insecure_host)
    if problem:
        raise source.error(f"{where}.url", problem)
    if settings.websocket_url:
        scheme, _, rest = settings.websocket_url.partition("://")
        if scheme not in ("ws", "wss"):
            raise source.error(f"{where}.websocket_url", "must be a ws(s) URL with a host.")
        as_http = f"{'https' if scheme == 'wss' else 'http'}://{rest}"
        problem = check_url(as_http, settings.allow_insecure_host)
        if problem:
            raise source.error(f"{where}.websocket_url", problem)


def _check_sign_in(settings: RibbonSettings, where: str, source: Source) -> None:
    name, _, domain = settings.user.rpartition("@")
    if not name or not domain or "/" in settings.user or not settings.user.isprintable():
        raise source.error(f"{where}.user", "must be a user id as alice@example.com.")
    given = [key for key in _SECRETS if getattr(settings, key)]
    if len(given) != 1:
        raise source.error(where, f"needs exactly one of {', '.join(_SECRETS)}.")
    if settings.password:
        refuse_readable_secret(source, f"{where}.password")
    if settings.authname and not given[0].startswith("password"):
        raise source.error(f"{where}.authname", "goes with a password only.")
    if settings.correlator and not _CORRELATOR.fullmatch(settings.correlator):
        raise source.error(
            f"{where}.correlator", "may have letters, digits, dot, - and _; 64 at most."
        )


def _check_ice(server: Mapping[str, Any], where: str, source: Source) -> None:
    unknown = set(server) - _ICE_KEYS
    if unknown:
        raise source.error(where, f"{sorted(unknown)[0]} is not one of {sorted(_ICE_KEYS)}.")
    urls = server.get("urls")
    listed = [urls] if isinstance(urls, str) else urls
    if not isinstance(listed, list) or not listed:
        raise source.error(where, "urls must be a text or a list of texts.")
    if not all(isinstance(u, str) and re.match(r"(stuns?|turns?):\S+$", u) for u in listed):
        raise source.error(where, "urls must be stun:, stuns:, turn: or turns: addresses.")
    if not all(isinstance(server.get(key, ""), str) for key in ("username", "credential_env")):
        raise source.error(where, "username and credential_env must be texts.")


def _check_choice(value: str, choices: tuple[str, ...], key: str, source: Source) -> None:
    if value not in choices:
        shown = ", ".join(choice or '""' for choice in choices)
        raise source.error(key, f"{value!r} is not possible; one of {shown}.")
