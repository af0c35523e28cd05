"""Settings of a Ribbon account, and what the example file says about them."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from softphone.adapters.registry import check_account
from softphone.adapters.ribbon.settings import RibbonSettings, correlator_of, read_settings
from softphone.config import AccountConfig, Source, load
from softphone.model.call import AccountName
from softphone.model.error import ConfigError

EXAMPLE = Path(__file__).parents[3] / "config.example.toml"
GOOD = {"url": "https://gw.test", "user": "alice@gw.test", "password_env": "P"}


def account(name: str = "ribbon", source: Source | None = None, **table: Any) -> AccountConfig:
    return AccountConfig(AccountName(name), "ribbon", GOOD | table, source or Source(None))


def settings(**table: Any) -> RibbonSettings:
    return read_settings(account(**table))


def test_the_example_shows_an_account_with_every_key_and_default() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    commented = re.search(r"(?m)^# \[accounts\.ribbon\]\n((?:# \S.*\n)+)", text)
    assert commented
    table = tomllib.loads(re.sub(r"(?m)^# ", "", commented.group(1)))

    assert table.pop("kind") == "ribbon"
    shown = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    defaults = {
        x.name: getattr(RibbonSettings(), x.name) for x in dataclasses.fields(RibbonSettings)
    }
    assert shown == defaults


def test_the_socket_is_at_the_gateways_own_place_unless_told() -> None:
    assert settings().socket_base == "wss://gw.test"
    assert settings(url="http://127.0.0.1:81").socket_base == "ws://127.0.0.1:81"
    assert settings(websocket_url="wss://ws.test:444/").socket_base == "wss://ws.test:444"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"url": "ftp://x"}, "http(s) URL"),
        ({"url": "http://gw.test"}, "unencrypted to gw.test"),
        ({"websocket_url": "ws://gw.test"}, "unencrypted to gw.test"),
        ({"websocket_url": "https://gw.test"}, "must be a ws(s) URL"),
        ({"user": "alice"}, "as alice@example.com"),
        ({"user": "a/b@c"}, "as alice@example.com"),
        ({"token_env": "T"}, "needs exactly one of"),
        ({"password_env": ""}, "needs exactly one of"),
        ({"password_env": "", "token_env": "T", "authname": "a"}, "with a password only"),
        ({"correlator": "a b"}, "letters, digits"),
        ({"oauth_mode": "cookie"}, "one of none, query"),
        ({"ringing_feedback": "loud"}, "one of auto, manual"),
        ({"presence": "sleepy"}, "is not possible"),
        ({"expires_s": 59}, "between 60"),
        ({"services": []}, "at least one service"),
        ({"codecs": ["G722"]}, "must be some of opus"),
        ({"ice_servers": [{"urls": "http://x"}]}, "must be stun:"),
        ({"ice_servers": [{"urls": [], "x": 1}]}, "x is not one of"),
        ({"ice_servers": [{"urls": []}]}, "a text or a list"),
        ({"ice_servers": [{"urls": "stun:a", "username": 3}]}, "must be texts"),
        ({"pingg_s": 1.0}, "did you mean ping_s?"),
    ],
)
def test_a_wrong_setting_is_named(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        settings(**table)

    assert words in str(raised.value)
    assert "accounts.ribbon" in str(raised.value)


def test_a_password_in_a_file_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[accounts.r]\nkind = "ribbon"\nurl = "https://gw.test"\nuser = "a@b"\npassword = "p"\n'
    )
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        check_account(load(path).accounts[0])

    path.chmod(0o600)
    check_account(load(path).accounts[0])


def test_settings_never_show_the_password() -> None:
    assert "geheim" not in repr(settings(password_env="", password="geheim"))


def test_a_client_keeps_its_correlator_over_restarts_and_no_other_has_it(tmp_path: Path) -> None:
    source = Source(tmp_path / "config.toml")
    one, two = account(source=source), account("other", source=source)

    first, again = (correlator_of(one, read_settings(one)) for _ in range(2))

    assert first == again != correlator_of(two, read_settings(two))
    assert correlator_of(account(), settings()) != correlator_of(account(), settings())
    assert correlator_of(account(correlator="desk-7"), settings(correlator="desk-7")) == "desk-7"
