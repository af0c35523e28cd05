"""Settings of an AgentHub account: what is possible, and one sentence for what is not."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from softphone.adapters.agenthub.settings import (
    AgentHubSettings,
    CommandSettings,
    read_settings,
)
from softphone.adapters.agenthub.wire import Profile
from softphone.config import AccountConfig, Source
from softphone.model.call import AccountName
from softphone.model.error import ConfigError
from tests.adapters.agenthub.agent import NAME, Floor

EXAMPLE = Path(__file__).parents[3] / "config.example.toml"


def read(**table: Any) -> tuple[AgentHubSettings, Profile, CommandSettings]:
    return read_settings(AccountConfig(AccountName("a"), "agenthub", table, Source(None)))


def test_a_token_source_is_all_it_takes() -> None:
    settings, profile, commands = read(token_env="TOKEN")

    assert settings.base_url == "https://agenthub.api.olos.live"
    assert (profile.agent_topic, profile.online_topic) == ("agent:{tid}:{sub}", "online:{tid}")
    assert not commands.enabled


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "exactly one of token_env"),
        ({"token_env": "A", "token_file": "b"}, "exactly one"),
        ({"token_env": "A", "base_url": "ftp://x"}, "base_url"),
        ({"token_env": "A", "base_url": "http://other.test"}, "allow_insecure_host"),
        ({"token_url": "http://other.test/t"}, "token_url"),
        ({"token_env": "A", "heartbeat_s": 90.0}, "between 0.1 and 50"),
        ({"token_env": "A", "reconnect_backoff_ms": []}, "steps"),
        ({"token_env": "A", "token_method": "PUT"}, "GET, POST"),
        ({"token_env": "A", "nonsense": 1}, "unknown key"),
        ({"token_env": "A", "profile": {"auth_mode": "x"}}, "profile.auth_mode"),
        ({"token_env": "A", "profile": {"socket_path": "x"}}, "slash"),
        ({"token_env": "A", "profile": {"agent_topic": ""}}, "must not be empty"),
        ({"token_env": "A", "profile": {"online_topic": "agent:{tid}:{sub}"}}, "must differ"),
        ({"token_env": "A", "profile": {"tokn": "x"}}, "unknown key"),
        ({"token_env": "A", "commands": {"enabled": True}}, "commands.base_url"),
        (
            {"token_env": "A", "commands": {"enabled": True, "base_url": "https://x.test"}},
            "username",
        ),
        (
            {
                "token_env": "A",
                "commands": {"enabled": True, "base_url": "https://x.test", "username": "u"},
            },
            "exactly one of password, password_env",
        ),
    ],
)
def test_what_is_wrong_is_named(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read(**table)


def test_the_example_shows_every_key_with_its_default() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    found = re.search(r"(?m)^# \[accounts\.agenthub\]\n((?:# \S.*\n)+)", text)
    assert found
    table = tomllib.loads(re.sub(r"(?m)^# ", "", found.group(0)))["accounts"]["agenthub"]

    assert table.pop("kind") == "agenthub"
    profile, commands = table.pop("profile"), table.pop("commands")
    assert profile == plain(Profile())
    assert commands == plain(CommandSettings())
    kept = plain(AgentHubSettings())
    del kept["profile"], kept["commands"]
    assert table == kept


def plain(settings: Any) -> dict[str, Any]:
    table = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings)}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in table.items()}


async def test_tokens_come_from_environment_file_command_and_http(
    floor: Floor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "token"
    place.write_text(floor.token() + "\n", encoding="utf-8")
    monkeypatch.setenv("LAB_AGENT_TOKEN", floor.token())
    url = floor.user("adams")["token_url"]

    for source in (
        {"token_env": "LAB_AGENT_TOKEN"},
        {"token_file": str(place)},
        {"token_command": ["cat", str(place)]},
        {"token_url": url, "token_method": "GET"},
    ):
        seat = await floor.seat(**{"token_url": "", **source})
        await seat.ready()
        await seat.stop()
        floor.seats.remove(seat)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"token_env": "NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE is not set"),
        ({"token_file": "/nowhere/token"}, "FileNotFoundError"),
        ({"token_command": ["false"]}, "exited with 1"),
        ({"token_url": "http://127.0.0.1:9/"}, "127.0.0.1"),
    ],
)
async def test_a_source_without_a_token_is_named(
    floor: Floor, source: dict[str, Any], words: str
) -> None:
    from softphone.model import command as c
    from softphone.model.presence import LinkState

    seat = await floor.seat(**{"token_url": "", **source})
    await seat.do(c.GoOnline(NAME))

    loss = await seat.linked(LinkState.RECONNECTING)

    assert words in loss.cause
    assert loss.code == "TOKEN_FAILED"


@pytest.mark.parametrize(("fault", "words"), [("token_500", "500"), ("token_401", "401")])
async def test_a_token_source_that_fails_is_named(floor: Floor, fault: str, words: str) -> None:
    from softphone.model import command as c
    from softphone.model.presence import LinkState

    await floor.fault(fault)
    seat = await floor.seat()
    await seat.do(c.GoOnline(NAME))

    assert words in (await seat.linked(LinkState.RECONNECTING)).cause
