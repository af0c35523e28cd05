"""The configuration file: what it holds, and every mistake told with file, line and key."""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import softphone
from softphone.adapters.audin.settings import AudinSettings
from softphone.config import (
    AudioConfig,
    CallsConfig,
    Config,
    LogConfig,
    RecordingConfig,
    Source,
    StoreConfig,
    UiConfig,
    load,
    nearest,
    read_section,
    refuse_readable_secret,
)
from softphone.model.error import ConfigError

EXAMPLE = Path(softphone.__file__).parent.parent / "config.example.toml"
SECTIONS: dict[str, type] = {
    "audio": AudioConfig,
    "ui": UiConfig,
    "calls": CallsConfig,
    "store": StoreConfig,
    "recording": RecordingConfig,
    "log": LogConfig,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def refusal(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert "\n" not in refused.value.message
    return refused.value.message


def defaults(kind: type) -> dict[str, Any]:
    made = kind()
    return {entry.name: getattr(made, entry.name) for entry in dataclasses.fields(made)}


def as_settings(table: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}


def test_the_example_is_a_valid_config_that_changes_nothing() -> None:
    assert load(EXAMPLE) == Config(path=EXAMPLE)


@pytest.mark.parametrize("name", SECTIONS)
def test_the_example_lists_every_key_with_its_default(name: str) -> None:
    written = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))[name]

    assert as_settings(written) == defaults(SECTIONS[name])


def test_the_example_has_every_section_the_code_reads() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    sections = {entry.name for entry in dataclasses.fields(Config)} - {"path"}

    headers = {name.split(".")[0] for name in re.findall(r"(?m)^#? ?\[([a-z.]+)\]", text)}

    assert headers == sections


def test_the_example_shows_an_account_with_every_key_and_default() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    commented = re.search(r"(?m)^# \[accounts\.audin\]\n((?:# \S.*\n)+)", text)
    assert commented
    table = tomllib.loads(re.sub(r"(?m)^# ", "", commented.group(1)))

    assert table.pop("kind") == "audin"
    assert as_settings(table) == defaults(AudinSettings)


def test_every_line_of_the_example_that_sets_something_may_be_taken() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")

    uncommented = re.sub(r"(?m)^# ((?:\[|[a-z_\"]+[a-z.\"]* = ).*)$", r"\1", text)

    found = tomllib.loads(uncommented)
    assert set(found) == {"accounts", "names", "keys", "layouts", "hooks", "ring", *SECTIONS}


def test_no_file_is_an_empty_config(path: Path) -> None:
    assert load(None) == load(path) == Config()


def test_a_file_that_was_asked_for_must_exist(path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(path, need_file=True)


def test_a_whole_config_is_read(path: Path) -> None:
    path.write_text(
        """
        [accounts.one]
        kind = "audin"
        token_url = "https://backend.test"
        [accounts.two]
        kind = "ribbon"
        [names]
        desk = "+39"
        [keys]
        "call.answer" = "f2"
        "call.hold" = ["f5", "h"]
        [calls]
        detach_limit_s = 5
        confirm_prefixes = ["+390899"]
        """
    )

    config = load(path)

    assert [(account.name, account.kind) for account in config.accounts] == [
        ("one", "audin"),
        ("two", "ribbon"),
    ]
    assert config.accounts[0].table == {"token_url": "https://backend.test"}
    assert config.names == {"desk": "+39"}
    assert config.keys == {"call.answer": ("f2",), "call.hold": ("f5", "h")}
    assert config.calls == CallsConfig(detach_limit_s=5.0, confirm_prefixes=("+390899",))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("\n[audoi]\n", 2, "audoi: unknown section, did you mean audio?"),
        ("\nzzzzzz = 1\n", 2, "zzzzzz: unknown section, known: accounts, audio,"),
        ("audio = 1\n", 1, "audio: must be a table."),
        ("[ui]\nbell = true\nthemee = 'x'\n", 3, "ui.themee: unknown key, did you mean theme?"),
        ("[log]\nqqq = 1\n", 2, "log.qqq: unknown key, known: file, level."),
        ("[ui]\n[audio]\ninput = 5\n", 3, "audio.input: must be a string."),
        ("[ui]\nbell = 1\n", 2, "ui.bell: must be true or false."),
        ("[store]\njournal_days = 1.5\n", 2, "store.journal_days: must be a whole number."),
        ("[store]\njournal_days = true\n", 2, "store.journal_days: must be a whole number."),
        ("[audio]\nring_volume = 'x'\n", 2, "audio.ring_volume: must be a number."),
        ("[audio]\nring_volume = 1.01\n", 2, "audio.ring_volume: must be between 0.0 and 1.0."),
        (
            "[audio]\necho_cancellation = 'yes'\n",
            2,
            "audio.echo_cancellation: must be true or false.",
        ),
        ("[audio]\nnoise_supression = true\n", 2, "did you mean noise_suppression?"),
        ("[audio]\n\nautomatic_gain = 1\n", 3, "audio.automatic_gain: must be true or false."),
        ("[audio]\nring_volume = nan\n", 2, "audio.ring_volume: must be between"),
        ("[store]\njournal_days = 0\n", 2, "store.journal_days: must be between 1 and 3650."),
        ("[calls]\ndetach_limit_s = 601\n", 2, "calls.detach_limit_s: must be between"),
        ("[calls]\non_detach = 'mutt'\n", 2, "'mutt' is not possible, did you mean mute?"),
        ("[log]\nlevel = 'zzz'\n", 2, "'zzz' is not possible, known: debug, error, info"),
        ("[calls]\nregions = { audin = 'Italy' }\n", 2, "calls.regions.audin: must be a country"),
        ("[calls]\nregions = 'IT'\n", 2, "calls.regions: must be a table"),
        ("[calls]\nconfirm_prefixes = '+39'\n", 2, "calls.confirm_prefixes: must be a list."),
        ("[calls]\nconfirm_prefixes = [39]\n", 2, "calls.confirm_prefixes: must be a string."),
        ("[accounts.Desk]\nkind = 'audin'\n", 1, "accounts.Desk: account names are a-z, 0-9"),
        (f"[accounts.{'x' * 33}]\n", 1, "at most 32"),
        ("[accounts]\ndesk = 'audin'\n", 2, "accounts.desk: must be a table."),
        ("[ui]\n[accounts.desk]\nkey = 1\n", 2, "accounts.desk: kind is missing; one of audin"),
        ("[accounts.desk]\nkind = 5\n", 1, "accounts.desk: kind is missing"),
        ("[names]\ndesk = 39\n", 2, "names.desk: must be a string."),
        ("[keys]\n'call.hold' = 'h'\n'call.answer' = 5\n", 3, "keys.call.answer: must be a key"),
        ("[keys]\n'call.answer' = ['f2', 5]\n", 2, "keys.call.answer: must be a key name or a"),
        ("ui.bell = true\naudio.input = 5\n", 2, "audio.input: must be a string."),
        ("\nlog = { level = 5 }\n", 2, "log.level: must be a string."),
        ("[ 'ui' ]\n'bell' = 5\n", 2, "ui.bell: must be true or false."),
    ],
)
def test_a_mistake_is_told_with_file_line_and_key(
    path: Path, text: str, line: int, words: str
) -> None:
    message = refusal(path, text)

    assert message.startswith(f"{path}:{line}: ")
    assert words in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[ui]\nbell = \n", "line 2"),
        ("[ui]\nbell = true\nbell = true\n", "line 3"),
        ("a = " + "[" * 50_000, "nested"),
        ("a = " + "9" * 5_000, "digits"),
    ],
    ids=["broken", "twice", "deep", "long"],
)
def test_text_that_is_no_toml_is_told_with_the_file(path: Path, text: str, words: str) -> None:
    message = refusal(path, text)

    assert message.startswith(f"{path}: ")
    assert words in message


def test_text_that_is_not_utf_8_is_told(path: Path) -> None:
    path.write_bytes(b"[ui]\ntheme = '\xff'\n")

    with pytest.raises(ConfigError, match="not UTF-8 text"):
        load(path)


def test_a_file_too_large_to_be_a_config_is_not_read(path: Path) -> None:
    path.write_text("#" * (256 * 1024 + 1))

    with pytest.raises(ConfigError, match="larger than 256 KiB"):
        load(path)


def test_a_folder_is_no_config(path: Path) -> None:
    path.mkdir()

    with pytest.raises(ConfigError, match="directory"):
        load(path)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What an adapter might want to read."""

    host: str
    port: int | None = None
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


def read(table: dict[str, Any]) -> Settings:
    return read_section(Settings, table, "accounts.x", Source(None))


def test_settings_of_a_platform_are_read_by_their_types() -> None:
    table = {"host": "h", "port": 5, "extra": {"a": [1]}, "headers": {"X": "Y"}}

    assert read(table) == Settings("h", 5, {"a": [1]}, {"X": "Y"})


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "config: accounts.x: host is missing."),
        ({"host": "h", "port": "5"}, "accounts.x.port: must be a whole number."),
        ({"host": "h", "extra": 5}, "accounts.x.extra: must be a table."),
        ({"host": "h", "headers": {"X": 5}}, "accounts.x.headers.X: must be a string."),
    ],
)
def test_wrong_settings_of_a_platform_are_told(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        read(table)


def test_the_nearest_name_is_offered_or_all_of_them() -> None:
    assert nearest("thme", ["theme", "bell"]) == "did you mean theme?"
    assert nearest("qqq", ["theme", "bell"]) == "known: bell, theme."


def test_a_secret_in_a_file_others_can_read_is_refused_with_the_remedy(path: Path) -> None:
    path.write_text("[accounts.a]\napi_key = 'x'\n")
    path.chmod(0o640)

    with pytest.raises(ConfigError, match=rf":2: .*run: chmod 600 {path}"):
        refuse_readable_secret(Source(path, path.read_text()), "accounts.a.api_key")


def test_a_secret_in_a_private_file_is_taken(path: Path) -> None:
    path.write_text("x = 1\n")
    path.chmod(0o600)

    refuse_readable_secret(Source(path), "x")


def test_a_secret_that_came_from_no_file_is_taken(path: Path) -> None:
    refuse_readable_secret(Source(None), "x")
    refuse_readable_secret(Source(path), "x")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_secret_in_a_file_of_somebody_else_is_refused(path: Path) -> None:
    path.write_text("x = 1\n")
    path.chmod(0o600)
    os.chown(path, 12345, -1)

    with pytest.raises(ConfigError, match="others can read"):
        refuse_readable_secret(Source(path), "x")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('"call.misst" = ["x"]', "did you mean call.missed"),
        ('"call.missed" = "x"', "must be a list"),
        ('"call.missed" = []', "must be a list"),
        ('"event:*" = [1]', "must be a list"),
    ],
)
def test_a_hook_must_be_for_something_and_an_argument_list(
    tmp_path: Path, line: str, problem: str
) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f"[hooks]\n{line}\n")

    with pytest.raises(ConfigError, match=problem) as refused:
        load(file)

    assert ":2: hooks." in str(refused.value)


def test_hooks_are_read_as_argument_lists(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('[hooks]\n"call.missed" = ["tell", "--me"]\n"event:Pop" = ["x"]\n')

    assert load(file).hooks == {"call.missed": ("tell", "--me"), "event:Pop": ("x",)}


def test_layouts_name_panes_that_exist_and_the_chosen_one_is_known(path: Path) -> None:
    path.write_text('[ui]\nlayout = "desk"\n[layouts]\ndesk = ["call", "contacts"]\n')
    assert load(path).layouts == {"desk": ("call", "contacts")}

    path.write_text('[layouts]\ndesk = ["cal"]\n')
    with pytest.raises(ConfigError, match="did you mean call"):
        load(path)

    path.write_text('[ui]\nlayout = "desc"\n[layouts]\ndesk = ["call"]\n')
    with pytest.raises(ConfigError, match="did you mean desk"):
        load(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[ring.all]\ntone = "bel"', "ring.all.tone: 'bel' is not possible, did you mean bell?"),
        ("[ring.all]\nvolume = 2.0", "ring.all.volume: must be between"),
        ("[ring.audin]\ndelay_s = -1.0", "ring.audin.delay_s: must be between"),
        ("[ring.audin]\nloud = true", "unknown key"),
        ("[ring]\nall = 1", "must be a table"),
        ('[calls]\ndisposition_required = ["audin"]', "'audin' has no words"),
        ("[calls]\nundo_s = -1", "must be between"),
    ],
)
def test_rules_of_the_desk_that_cannot_be_are_refused(path: Path, text: str, words: str) -> None:
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError) as found:
        load(path)

    assert words in found.value.message


def test_the_words_of_all_accounts_are_enough_for_one_that_needs_them(path: Path) -> None:
    path.write_text(
        '[calls]\ndispositions = { all = ["sold"] }\ndisposition_required = ["audin"]',
        encoding="utf-8",
    )

    calls = load(path).calls

    assert calls.needs_disposition("audin")
    assert not calls.needs_disposition("ribbon")
    assert calls.dispositions_of("audin") == ("sold",)
