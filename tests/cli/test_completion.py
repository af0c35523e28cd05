"""Shell completion: read from the parsers, tried with a real bash."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from softphone.cli.completion import SHELLS
from softphone.cli.main import COMMANDS
from softphone.cli.parsers import all_commands
from softphone.ui.actions import ACTIONS
from tests.cli.conftest import Cli

BASH = shutil.which("bash")
_ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_softphone
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def completed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from softphone.cli.completion import script

    path = tmp_path_factory.mktemp("completion") / "softphone.bash"
    path.write_text(script("bash", all_commands()), encoding="utf-8")
    return path


def bash(script: Path, *words: str) -> list[str]:
    """Return what bash offers for the last of the words."""
    assert BASH is not None
    done = subprocess.run(
        [BASH, "-c", _ASK, "bash", str(script), "softphone", *words],
        capture_output=True, text=True, check=True, cwd=script.parent,
    )  # fmt: skip
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


def test_every_command_describes_itself() -> None:
    found = {command.name: command for command in all_commands()}

    assert list(found) == list(COMMANDS)
    assert all("--help" in flags(found[name]) for name in found)
    assert {"calls", "jobs"} <= {sub.name for sub in found["observe"].commands}


def flags(command: object) -> set[str]:
    return {flag for option in command.options for flag in option.flags}  # type: ignore[attr-defined]


@pytest.mark.skipif(BASH is None, reason="there is no bash")
class TestBash:
    """What bash offers, word by word."""

    def test_commands(self, completed: Path) -> None:
        assert bash(completed, "hist") == ["history"]
        assert set(COMMANDS) <= set(bash(completed, ""))
        assert bash(completed, "--config", "x", "statu") == ["status"]

    def test_options(self, completed: Path) -> None:
        assert bash(completed, "history", "--mis") == ["--missed"]
        assert bash(completed, "call", "echo", "--dt") == ["--dtmf"]
        assert "--record" in bash(completed, "call", "--")

    def test_values(self, completed: Path) -> None:
        assert bash(completed, "contacts", "--field", "last") == ["last_name"]
        assert bash(completed, "mute", "o") == ["on", "off"]
        assert bash(completed, "agent", "br") == ["break"]
        assert bash(completed, "call", "--account", "") == []

    def test_commands_of_commands(self, completed: Path) -> None:
        assert bash(completed, "observe", "sum") == ["summary"]
        assert bash(completed, "observe", "calls", "--js") == ["--json"]
        assert "ring" in bash(completed, "lab-ctl", "")

    def test_files(self, completed: Path) -> None:
        (completed.parent / "in two.wav").touch()

        assert bash(completed, "call", "--play", "in") == ["in two.wav"]
        assert bash(completed, "play", "softphone.b") == ["softphone.bash"]
        assert bash(completed, "play", "--ca") == ["--call"]

    def test_actions(self, completed: Path) -> None:
        wanted = [action.id for action in ACTIONS if action.build and "call.ho" in action.id]

        assert bash(completed, "do", "call.ho") == wanted == ["call.hold"]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell_names_every_command(cli: Cli, shell: str) -> None:
    done = cli("completion", shell)

    assert done.code == 0
    assert all(name in done.out for name in COMMANDS)
    assert "last_name" in done.out


def test_an_unknown_shell_is_refused(cli: Cli) -> None:
    assert cli("completion", "tcsh").code == 2
