"""Where files live: private folders, profiles, sockets that fit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from softphone import paths
from softphone.model.error import ConfigError
from softphone.paths import Paths, data_file, paths_of, private_folder, profile_of, runtime_folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a home of its own."""
    for name in ("SOFTPHONE_STATE_DIR", "SOFTPHONE_RUNTIME_DIR", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("SOFTPHONE_RUNTIME_DIR", str(tmp_path / "run"))
    return tmp_path


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_state_and_runtime_are_made_for_their_owner_alone(home: Path) -> None:
    found = paths_of("default")

    assert found == Paths("default", home / "state" / "softphone", home / "run")
    assert (mode(found.state), mode(found.runtime)) == (0o700, 0o700)


def test_every_place_is_inside_the_two_folders(home: Path) -> None:
    found = paths_of("default")

    state = [found.database, found.recordings, found.log, found.crash]
    assert {place.parent for place in state} == {found.state}
    assert {place.parent for place in (found.socket, found.lock, found.lab)} == {found.runtime}


def test_profiles_share_nothing_but_the_lab(home: Path) -> None:
    one, other = paths_of("default"), paths_of("work")

    assert one.database != other.database
    assert (one.socket, one.lock) != (other.socket, other.lock)
    assert one.lab == other.lab


def test_a_folder_that_stands_too_open_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o755)

    private_folder(folder)

    assert mode(folder) == 0o700


def test_a_link_instead_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tmp_path / "target")

    with pytest.raises(ConfigError, match="is not a folder of yours"):
        private_folder(tmp_path / "link")


def test_a_file_instead_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="Choose another folder"):
        private_folder(tmp_path / "file")
    with pytest.raises(ConfigError, match="Choose another folder"):
        private_folder(tmp_path / "file" / "below")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, -1)

    with pytest.raises(ConfigError, match="is not a folder of yours"):
        private_folder(folder)


@pytest.mark.parametrize("letter", ["x", "é"])
def test_a_path_too_long_for_a_socket_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, letter: str
) -> None:
    room = 100 - len(os.fsencode(tmp_path / "default.sock"))
    long = tmp_path / (letter * (room // len(letter.encode()) + 1))
    monkeypatch.setenv("SOFTPHONE_RUNTIME_DIR", str(long))

    with pytest.raises(ConfigError, match="too long for a socket; set XDG_RUNTIME_DIR"):
        paths_of("default")


def test_the_profile_follows_from_what_was_asked(home: Path) -> None:
    assert profile_of(None, "", lab=False) == "default"
    assert profile_of(paths.config_file(), "", lab=False) == "default"
    assert profile_of(None, "", lab=True) == "lab"
    assert profile_of(None, "work", lab=True) == "work"


def test_every_config_file_has_a_profile_of_its_own(home: Path) -> None:
    one, other = (profile_of(home / name, "", lab=False) for name in ("a.toml", "b.toml"))

    assert one != other
    assert one == profile_of(home / "a.toml", "", lab=False)


def test_the_same_relative_name_in_two_folders_is_two_profiles(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for name in ("one", "two"):
        (home / name).mkdir()
        monkeypatch.chdir(home / name)
        found.append(profile_of(Path("c.toml"), "", lab=False))

    assert found[0] != found[1]
    assert found[1] == profile_of(home / "two" / "c.toml", "", lab=False)


@pytest.mark.parametrize("name", ["../up", "a/b", ".", "..", "-x", "", "a b", "x" * 33, "a\n"])
def test_a_profile_name_cannot_leave_the_folder(name: str) -> None:
    with pytest.raises(ConfigError, match="profile"):
        paths_of(name)


def test_sockets_live_in_the_session_s_folder_when_there_is_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOFTPHONE_RUNTIME_DIR")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))

    assert runtime_folder() == home / "softphone"


def test_without_a_session_sockets_live_in_a_folder_named_after_the_user(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOFTPHONE_RUNTIME_DIR")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "gone"))

    assert runtime_folder().name == f"softphone-{os.getuid()}"


def test_state_can_be_put_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOFTPHONE_STATE_DIR", str(home / "else"))

    assert paths_of("default").state == home / "else"
    assert paths_of("work").state == home / "else" / "work"


def test_config_and_themes_are_in_the_user_s_config_folder(home: Path) -> None:
    assert paths.config_file() == home / "config" / "softphone" / "config.toml"
    assert paths.themes_folder() == home / "config" / "softphone" / "themes"


def test_files_of_the_program_are_found_in_the_checkout() -> None:
    assert data_file("config.example.toml").is_file()
