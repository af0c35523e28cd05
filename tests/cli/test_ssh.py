"""What `softphone ssh` tells ssh, and what `softphone doctor` says of sound over SSH."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from softphone.cli import ssh
from softphone.cli.doctor_sound import way_of_sound
from softphone.cli.ssh import prompt_options, ssh_command
from softphone.model.error import AudioError


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.14", False),
        ("OpenSSH_9.5p1, OpenSSL 3.1.3", True),
        ("OpenSSH_10.0p2 Debian-5, OpenSSL 3.5.0", True),
        ("OpenSSH_8.9p1 Ubuntu-3", False),
        ("Sun_SSH_1.1", False),
        ("", False),
    ],
)
def test_only_an_ssh_that_knows_it_is_told_to_send_at_once(version: str, told: bool) -> None:
    assert prompt_options(version) == (("-o", "ObscureKeystrokeTiming=no") if told else ())


def test_the_hosts_console_gets_the_desk_and_ssh_the_users_own_options() -> None:
    options = argparse.Namespace(
        there="softphone",
        config="a b.toml",
        profile="",
        lab=True,
        host="me@lab",
        ssh=["-J", "gate"],
    )

    command = ssh_command(options, Path("/run/d.sock"), "/tmp/s.sock")

    assert command[0] == "ssh"
    assert command[-2] == "me@lab"
    assert command[-1].endswith("console --desk /tmp/s.sock --config 'a b.toml' --lab")
    assert command[command.index("-R") :][:2] == ["-R", "/tmp/s.sock:/run/d.sock"]
    assert command[command.index("-J") :][:2] == ["-J", "gate"]


SSH = {"SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"}


@pytest.mark.parametrize(
    ("environ", "used", "cards", "fine", "found", "mend"),
    [
        (SSH, "desk:auto", False, True, "the desk's microphone", ""),
        ({}, "remote:/tmp/d.sock", True, True, "the desk's microphone", ""),
        (SSH | {"PULSE_SERVER": "tcp:localhost:24713"}, "auto", True, True, "24713", "ssh"),
        (
            SSH | {"PULSE_SERVER": "tcp:x"},
            "",
            False,
            False,
            "does not answer",
            "softphone ssh HOST",
        ),
        (SSH | {"PIPEWIRE_REMOTE": "pw-1"}, "", True, True, "pw-1", "softphone ssh"),
        (SSH, "auto", False, False, "in silence", "softphone ssh HOST"),
        (SSH, "null", True, False, "in silence", "PulseAudio or PipeWire"),
        (SSH, "auto", True, False, "not of the one you sit at", "softphone ssh HOST"),
        ({}, "", False, True, "nobody came by SSH", ""),
    ],
)
def test_doctor_says_which_sound_there_is_over_ssh_and_how_to_get_another(
    environ: dict[str, str], used: str, cards: bool, fine: bool, found: str, mend: str
) -> None:
    said = way_of_sound(environ, used, cards=cards)

    assert said[0] is fine
    assert found in said[1]
    assert mend in said[2]
    assert fine or said[2]


def test_a_device_that_is_none_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    options = argparse.Namespace(input="foo:bar", output="null")

    with (
        pytest.raises(AudioError, match="foo:bar"),
        ssh._desk(options, tmp_path / "desk.sock", "token", lambda text: None),
    ):
        pass


def test_a_socket_that_cannot_be_made_is_told_and_the_console_opens_without_sound(
    tmp_path: Path,
) -> None:
    options = argparse.Namespace(input="null", output="null")
    told: list[str] = []

    with ssh._desk(options, tmp_path / ("x" * 120), "token", told.append) as passages:
        opened = passages == []

    assert opened
    assert len(told) == 1
    assert told[0].startswith("No sound from here: ")


def test_a_machine_without_ssh_is_told_apart_from_a_host_without_softphone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    without = ssh.not_found("lab", "softphone")
    program = tmp_path / "ssh"
    program.touch(mode=0o755)
    there = ssh.not_found("lab", "softphone")

    assert without == "There is no ssh on this machine; install OpenSSH's client."
    assert there.startswith("lab has no softphone;")
