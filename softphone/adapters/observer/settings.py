"""Settings of an Observer account: [accounts.NAME] with kind = "observer". Nothing heavy here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from softphone.adapters.request import check_url
from softphone.config import AccountConfig, Source, read_section, refuse_readable_secret

from . import wire

_TOKENS = ("token", "token_env", "token_command")
_RANGES = {
    "row_limit": (1, 1_000_000),
    "ring_rows": (10, 100_000),
    "page_rows": (1, wire.PAGE_ROWS_MOST),
    "request_limit_s": (0.05, 300.0),
    "update_limit_s": (0.05, 3600.0),
}


@dataclass(frozen=True, slots=True)
class ObserverSettings:
    """What an operator or administrator may set; defaults after the protocol reference."""

    url: str = ""
    display_name: str = ""
    online_at_start: bool = True
    token: str = field(default="", repr=False)
    token_env: str = ""
    token_command: tuple[str, ...] = ()
    token_mode: str = "query"
    dialect: str = "0.11"
    row_limit: int = wire.ROW_LIMIT
    ring_rows: int = wire.RING_ROWS
    page_rows: int = wire.PAGE_ROWS
    packed_rows: bool = True
    request_limit_s: float = wire.REQUEST_LIMIT_S
    update_limit_s: float = wire.UPDATE_LIMIT_S
    reconnect_backoff_s: tuple[float, ...] = wire.RECONNECT_STEPS_S
    allow_insecure_host: tuple[str, ...] = ()
    ca_file: str = ""
    wire: Mapping[str, Any] = field(default_factory=dict)


def read_settings(
    account: AccountConfig, *, own_tokens: bool = False
) -> tuple[ObserverSettings, wire.Wire]:
    """Return the checked settings and the wire names; raises ConfigError with line and key.

    `own_tokens`: the program brings its tokens itself, so no source of them is needed.
    """
    where, source = f"accounts.{account.name}", account.source
    settings = read_section(ObserverSettings, account.table, where, source)
    problem = check_url(_as_http(settings.url), settings.allow_insecure_host)
    if problem:
        raise source.error(f"{where}.url", problem)
    _check_token(settings, where, source, own_tokens)
    _check_choice(settings.token_mode, wire.TOKEN_MODES, f"{where}.token_mode", source)
    _check_choice(settings.dialect, wire.DIALECTS, f"{where}.dialect", source)
    for key, (low, high) in _RANGES.items():
        if not low <= getattr(settings, key) <= high:
            raise source.error(f"{where}.{key}", f"must be between {low:g} and {high:g}.")
    steps = settings.reconnect_backoff_s
    if not steps or not all(0.05 <= step <= 600.0 for step in steps):
        raise source.error(f"{where}.reconnect_backoff_s", "must be steps of 0.05 to 600 s.")
    names = wire.Wire.from_table(settings.wire, f"{where}.wire", source.error)
    return settings, names.for_dialect(settings.dialect)


def _check_token(settings: ObserverSettings, where: str, source: Source, own: bool) -> None:
    given = [key for key in _TOKENS if getattr(settings, key)]
    if len(given) > 1 or (own and given):
        raise source.error(where, f"give one of {', '.join(_TOKENS)}, or none with own tokens.")
    if not given and not own:
        raise source.error(where, f"needs exactly one of {', '.join(_TOKENS)}.")
    if settings.token:
        refuse_readable_secret(source, f"{where}.token")


def _as_http(url: str) -> str:
    """Return a URL in the form that is checked: the service is often given as ws(s)."""
    for scheme, as_http in (("ws://", "http://"), ("wss://", "https://")):
        if url.startswith(scheme):
            return as_http + url.removeprefix(scheme)
    return url


def _check_choice(value: str, choices: tuple[str, ...], key: str, source: Source) -> None:
    if value not in choices:
        raise source.error(key, f"{value!r} is not possible; one of {', '.join(choices)}.")
