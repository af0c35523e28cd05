"""What the console writes into the configuration: the rest of the file stays as it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from softphone.config import load
from softphone.model.error import ConfigError
from softphone.ui.settingsfile import SettingsFile

TEXT = """\
# my desk
[ui]
theme = "day"   # by the window

# keys I like
[keys]
"call.answer" = "f12"  # the left one
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(TEXT)
    return file


def test_a_value_changes_and_every_comment_stays(path: Path) -> None:
    SettingsFile(path).put("ui", {"theme": "mono"})
    SettingsFile(path).put("keys", {"call.hang_up": ["f8", "x"]})

    written = path.read_text()
    assert 'theme = "mono"   # by the window' in written
    for comment in ("# my desk", "# keys I like", "# the left one"):
        assert comment in written
    assert load(path).keys == {"call.answer": ("f12",), "call.hang_up": ("f8", "x")}


def test_a_key_can_be_taken_out(path: Path) -> None:
    SettingsFile(path).put("keys", {"call.answer": None, "call.mute": None})

    assert load(path).keys == {}
    assert load(path).ui.theme == "day"


def test_two_settings_at_the_same_moment_are_both_kept(path: Path) -> None:
    file = SettingsFile(path)
    names = [f"mine-{n}" for n in range(8)]

    with ThreadPoolExecutor(len(names)) as threads:
        for name in names:
            threads.submit(file.put, "layouts", {name: ["call"]})

    assert sorted(load(path).layouts) == names


def test_a_file_that_is_not_there_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"

    SettingsFile(path).put("layouts", {"desk": ["call"]})

    assert load(path).layouts == {"desk": ("call",)}
    assert path.stat().st_mode & 0o077 == 0


def test_the_mode_stays_and_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    path.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(path)

    SettingsFile(link).put("ui", {"theme": "mono"})

    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert load(path).ui.theme == "mono"


def test_what_would_be_wrong_is_not_written(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml.*layout") as caught:
        SettingsFile(path).put("ui", {"layout": "nowhere"})

    assert ".config-" not in caught.value.message
    assert path.read_text() == TEXT
    assert [entry.name for entry in path.parent.iterdir()] == ["config.toml"]


def test_a_broken_file_is_left_alone(path: Path) -> None:
    path.write_text("[ui\n")

    with pytest.raises(ConfigError, match="nothing was written"):
        SettingsFile(path).put("ui", {"theme": "mono"})

    assert path.read_text() == "[ui\n"
