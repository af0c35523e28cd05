"""The two seconds in which a slip can be undone, when engine or console die in them."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.e2e.conftest import Home, wait_for


@pytest.fixture
def plain(home: Home) -> subprocess.Popen[str]:
    """A console in lines, on a call to the lab's gateway."""
    home.write_config("[calls]\nundo_s = 5.0\n")
    assert home.run("online").returncode == 0
    home.lab().scenario("quiet")
    process = subprocess.Popen(
        home.command("--plain"), env=home.env, cwd=home.folder, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    home.processes.append(process)
    say(process, "dial echo@lab.test")
    wait_for(lambda: state(home) == "active")
    return process


def say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def state(home: Home) -> str:
    calls = home.status().get("calls", [])
    return str(calls[0]["state"]) if calls else ""


def pending(home: Home) -> str:
    calls = home.status().get("calls", [])
    return str(calls[0]["pending"]) if calls else ""


@pytest.mark.nightly
def test_an_engine_killed_in_the_moment_has_sent_nobody_on(
    home: Home, plain: subprocess.Popen[str]
) -> None:
    say(plain, "transfer speech@lab.test")
    wait_for(lambda: pending(home) == "transfer")

    os.kill(old := home.engine_pid(), signal.SIGKILL)
    wait_for(lambda: home.engine_pid() not in (0, old))

    (record,) = home.lines("history")
    assert (record["reason"], record["pending"]) == ("interrupted", None)
    assert home.run("undo").returncode == 1


@pytest.mark.nightly
def test_a_console_killed_in_the_moment_leaves_the_call_to_end_as_asked(
    home: Home, plain: subprocess.Popen[str]
) -> None:
    say(plain, "hold")
    wait_for(lambda: state(home) == "held")
    say(plain, "hangup")
    wait_for(lambda: pending(home) == "end")

    plain.kill()
    wait_for(lambda: state(home) == "")

    (record,) = home.lines("history")
    assert record["reason"] == "hangup"


@pytest.mark.nightly
def test_what_waits_is_undone_from_another_terminal(
    home: Home, plain: subprocess.Popen[str]
) -> None:
    say(plain, "hold")
    wait_for(lambda: state(home) == "held")
    say(plain, "hangup")
    wait_for(lambda: pending(home) == "end")

    assert home.run("undo").returncode == 0

    assert (state(home), pending(home)) == ("held", "None")
