"""Settings of an Audin account: [accounts.NAME] with kind = "audin". Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from softphone.adapters.request import check_url
from softphone.config import AccountConfig, Source, read_section

from .wire import Wire

DTMF_WAYS = ("control", "inband", "both")
SECOND_OFFER = ("queue", "decline")


@dataclass(frozen=True, slots=True)
class AudinSettings:
    """What an operator or administrator may set; defaults after the protocol reference."""

    core_url: str = "https://core.audin.ai"
    token_url: str = ""
    token_headers_env: Mapping[str, str] = field(default_factory=dict)
    api_url: str = ""
    api_key_env: str = ""
    api_key_command: tuple[str, ...] = ()
    operator_ref: str = ""
    display_name: str = ""
    phone_number_ids: tuple[str, ...] = ()
    caller_id: str = ""
    online_at_start: bool = True
    heartbeat_s: float = 25.0
    reconnect_backoff_ms: tuple[int, ...] = (1000, 2000, 5000, 10000, 30000)
    second_offer: str = "queue"
    dtmf: str = "both"
    allow_insecure_host: tuple[str, ...] = ()
    ca_file: str = ""
    wire: Mapping[str, Any] = field(default_factory=dict)


def read_settings(
    account: AccountConfig, *, own_tokens: bool = False
) -> tuple[AudinSettings, Wire]:
    """Return the checked settings and the wire names; raises ConfigError with line and key.

    `own_tokens`: the program brings its tokens itself, so no source of them is configured.
    """
    where = f"accounts.{account.name}"
    source = account.source
    settings = read_section(AudinSettings, account.table, where, source)
    if not own_tokens:
        _check_token_source(settings, where, source)
    elif settings.token_url or settings.api_url:
        raise source.error(where, "give either get_token or token_url or api_url.")
    for key in ("core_url", "token_url", "api_url"):
        url = getattr(settings, key)
        problem = check_url(url, settings.allow_insecure_host) if url else None
        if problem:
            raise source.error(f"{where}.{key}", problem)
    _check_choice(settings.dtmf, DTMF_WAYS, f"{where}.dtmf", source)
    _check_choice(settings.second_offer, SECOND_OFFER, f"{where}.second_offer", source)
    if not 1.0 <= settings.heartbeat_s <= 80.0:
        raise source.error(f"{where}.heartbeat_s", "must be between 1 and 80.")
    steps = settings.reconnect_backoff_ms
    if not steps or not all(50 <= step <= 600_000 for step in steps):
        raise source.error(f"{where}.reconnect_backoff_ms", "must be steps of 50 to 600000 ms.")
    return settings, Wire.from_table(settings.wire, f"{where}.wire", source.error)


def _check_token_source(settings: AudinSettings, where: str, source: Source) -> None:
    if bool(settings.token_url) == bool(settings.api_url):
        raise source.error(where, "give either token_url (your backend) or api_url with a key.")
    if settings.api_url and bool(settings.api_key_env) == bool(settings.api_key_command):
        raise source.error(f"{where}.api_url", "needs api_key_env or api_key_command.")
    if settings.api_url and not settings.operator_ref:
        raise source.error(f"{where}.api_url", "needs operator_ref.")


def _check_choice(value: str, choices: tuple[str, ...], key: str, source: Source) -> None:
    if value not in choices:
        raise source.error(key, f"{value!r} is not possible; one of {', '.join(choices)}.")
