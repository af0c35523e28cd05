"""The command line itself: help, mistakes, exit codes. No engine is needed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import softphone
from softphone.cli.main import COMMANDS, main
from softphone.model.error import AudioError, ConfigError, Refused
from tests.cli.conftest import Cli, one_line


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_shows_an_example(cli: Cli, command: str) -> None:
    done = cli(command, "--help")

    assert done.code == 0
    assert "example: softphone" in done.out


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_the_overview_names_every_command(cli: Cli, flag: str) -> None:
    done = cli(flag)

    assert done.code == 0
    assert all(f"  {name} " in done.out for name in COMMANDS)


def test_the_version_is_printed(cli: Cli) -> None:
    assert cli("--version").out == f"softphone {softphone.__version__}\n"


def test_an_unknown_command_names_the_nearest(cli: Cli) -> None:
    done = cli("hangpu")

    assert done.code == 2
    assert "hangup" in one_line(done)


@pytest.mark.parametrize(
    "arguments",
    [
        ("call",),
        ("call", "echo", "--nonsense"),
        ("call", "echo", "--duration", "soon"),
        ("call", "echo", "--duration", "-1"),
        ("call", "echo", "--duration", "nan"),
        ("status", "extra"),
        ("mute", "maybe"),
        ("dtmf",),
        ("history", "--limit", "many"),
        ("lab", "--port", "70000"),
        ("lab", "--port", "http"),
        ("lab-ctl",),
        ("lab-ctl", "explode"),
        ("check", "--echo-ms", "inf"),
        ("--profile", "../x", "status"),
        ("--config", "/nowhere.toml", "status"),
        ("lab", "--scenario", "nonsense"),
        ("lab", "--host", "0.0.0.0"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    done = cli(*arguments)

    assert done.code == 2
    assert one_line(done).startswith("softphone")
    assert done.out == ""


@pytest.mark.parametrize(
    "command",
    ["status", "answer", "hangup", "mute", "offline", "available", "unavailable", "events"],
)
def test_without_an_engine_there_is_one_sentence_and_exit_1(cli: Cli, command: str) -> None:
    done = cli(command)

    assert done.code == 1
    assert one_line(done) == "softphone: No engine is running.\n"


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (ConfigError("x.toml:3: wrong."), 2),
        (Refused("not now."), 1),
        (AudioError("no sound."), 1),
        (OSError(28, "No space left on device", "/x/y"), 1),
        (OSError("odd"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_failure_has_its_exit_code(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, problem: BaseException, code: int
) -> None:
    from softphone.cli import status

    def fail(name: str, arguments: object) -> int:
        raise problem

    monkeypatch.setattr(status, "run", fail)

    done = cli("status")

    assert done.code == code
    assert code == 130 or one_line(done).startswith("softphone: ")


def test_options_may_stand_before_the_command(cli: Cli) -> None:
    assert cli("--profile", "other", "status").code == 1
    assert cli("--lab", "status").code == 1


def test_arguments_come_from_the_command_line_by_default(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["softphone", "--version"])

    assert main() == 0


def test_output_that_nobody_reads_any_more_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "softphone", "--help"]

    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)

    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_terminal_that_is_not_utf_8_gets_what_it_can_show() -> None:
    code = "import sys; from softphone.cli.main import main; sys.exit(main(['\u00e9']))"
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}

    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=False)

    assert done.returncode == 2
    assert done.stderr.startswith(b"softphone: no command '\\xe9'")


def test_a_missing_wav_is_told_before_a_call_is_placed(cli: Cli) -> None:
    done = cli("call", "echo", "--play", "/nowhere/in.wav")

    assert done.code == 1
    assert "/nowhere/in.wav" in one_line(done)
    assert not (cli.folder / "run").exists()


def test_a_folder_that_cannot_hold_the_recording_is_told_before_the_call(cli: Cli) -> None:
    done = cli("call", "echo", "--record", "/nowhere/out.wav")

    assert done.code == 1
    assert one_line(done) == "softphone: /nowhere is not a folder.\n"


def test_a_used_port_is_one_sentence(cli: Cli) -> None:
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        port = str(used.getsockname()[1])

        done = cli("lab", "--port", port)

    assert done.code == 1
    assert port in one_line(done)


def test_lab_ctl_without_a_lab_says_how_to_start_one(cli: Cli) -> None:
    done = cli("lab-ctl", "state")

    assert done.code == 1
    assert "softphone lab" in one_line(done)


@pytest.mark.parametrize(
    ("url", "code"), [("http://127.0.0.1:1/lab", 1), ("file:///etc/passwd", 2), ("nonsense", 2)]
)
def test_lab_ctl_at_a_wrong_address_says_so(cli: Cli, url: str, code: int) -> None:
    done = cli("lab-ctl", "--url", url, "state")

    assert done.code == code
    one_line(done)


def test_the_console_needs_a_terminal(cli: Cli) -> None:
    done = cli()

    assert done.code == 2
    assert "--plain" in one_line(done)


def test_devices_say_what_is_wrong_where_there_are_none(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from softphone.audio import devices

    monkeypatch.setattr(devices, "list_devices", lambda: devices.DeviceList((), "No card."))

    done = cli("devices")

    assert done.code == 1
    assert one_line(done) == "softphone: No card.\n"


def test_devices_are_listed_with_what_goes_into_the_config(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from softphone.audio import devices

    card = devices.DeviceInfo("Headset", 1, 2, True, False)
    monkeypatch.setattr(devices, "list_devices", lambda: devices.DeviceList((card,), None))

    assert "* mic spk  portaudio:Headset" in cli("devices").out
    found = cli("devices", "--json").last
    assert (found["spec"], found["inputs"], found["outputs"]) == ("portaudio:Headset", 1, 2)


def test_devices_tell_what_is_done_to_the_microphone(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from softphone.audio import devices, processing

    monkeypatch.setattr(devices, "list_devices", lambda: devices.DeviceList((), "No card."))
    monkeypatch.setattr(processing, "installed", lambda: False)
    cli.write_config("[audio]\nnoise_suppression = true\n")

    found = cli("devices", "--json").json[0]
    said = cli("devices").out

    assert found == {
        "type": "processing",
        "echo_cancellation": False,
        "noise_suppression": True,
        "automatic_gain": False,
        "installed": False,
    }
    assert "noise_suppression on" in said
    assert "pip install 'softphone[aec]'" in said


def test_the_echo_test_tells_when_the_speaker_is_not_heard(cli: Cli) -> None:
    cli.write_config('[audio]\ninput = "tone"\noutput = "null"\n')

    done = cli("devices", "--echo-test", "--json")

    assert done.code == 1
    assert done.last == {
        "type": "echo_test",
        "delay_ms": None,
        "level_db": None,
        "reduction_db": None,
    }


def test_a_state_folder_of_somebody_else_is_refused(cli: Cli, tmp_path: Path) -> None:
    (cli.folder / "elsewhere").mkdir()
    (cli.folder / "state").symlink_to(cli.folder / "elsewhere")

    done = cli("online")

    assert done.code == 2
    assert "not a folder of yours" in one_line(done)
