"""What a console, its terminal and its engine survive, and how they end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from softphone.lab.client import LabClient
from tests.e2e import hearing
from tests.e2e.conftest import Home, wait_for
from tests.e2e.terminal import Open, Terminal, terminals

_MUCH = 400


@pytest.fixture
def console(home: Home) -> Iterator[Open]:
    with terminals(home) as open_one:
        yield open_one


def test_quitting_leaves_the_terminal_clean(home: Home, console: Open) -> None:
    screen = console(columns=80, rows=24)
    screen.wait_for("online")
    assert not screen.line_mode()

    screen.press("CTRL+Q")

    assert screen.wait_end() == 0
    _assert_restored(screen)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal_at_once(
    home: Home, console: Open, number: signal.Signals
) -> None:
    screen = console()
    screen.wait_for("Available · 2")
    screen.pump(0.5)  # idle: nothing but the signal can wake it
    began = time.monotonic()

    screen.kill(number)

    assert screen.wait_end() == 128 + number
    assert time.monotonic() - began < 1.4  # by force only after 1.5 s
    _assert_restored(screen)


def test_a_signal_ends_a_console_whose_terminal_is_not_read(home: Home, console: Open) -> None:
    screen = console()
    screen.wait_for("Available · 2")
    screen.press("TAB")
    for _ in range(_MUCH):  # more pictures than the terminal and textual's queue can hold
        screen.press_blindly("?", "ESC")
    wait_for(lambda: _is_stuck(screen.pid))

    screen.kill(signal.SIGTERM)

    wait_for(lambda: screen.code() is not None, 5.0)
    screen.pump(0.5)
    assert screen.code() == 128 + signal.SIGTERM
    _assert_restored(screen)


def test_a_lost_terminal_ends_the_console_and_nothing_else(home: Home, console: Open) -> None:
    screen = console()
    screen.wait_for("Available · 2")

    screen.hang_up()

    wait_for(lambda: screen.code() is not None, 5.0)
    assert screen.code() == 128 + signal.SIGHUP
    assert home.engine_pid()


def test_a_console_that_is_killed_finds_the_call_again(home: Home, console: Open) -> None:
    screen = console()
    screen.wait_for("Available · 2")
    screen.dial(*"tone")

    screen.kill(signal.SIGKILL)
    again = console()

    again.wait_for("TALK", 5.0)
    assert home.status()["calls"][0]["state"] == "active"


def test_a_lost_terminal_keeps_the_call_with_the_microphone_shut(
    home: Home, console: Open, speech: tuple[Path, hearing.Signal]
) -> None:
    home.write_config(f'[audio]\ninput = "file:in={speech[0]},loop=yes"\noutput = "null"\n')
    screen = console()
    screen.wait_for("Available · 2")
    screen.dial(*"echo")

    screen.hang_up()

    wait_for(lambda: not home.status().get("consoles"), 5.0)
    wait_for(lambda: "microphone closed" in home.run("events").stdout, 5.0)
    assert home.status()["calls"][0]["state"] == "active"


def test_a_terminal_that_is_not_read_stops_neither_audio_nor_hang_up(
    home: Home, console: Open, nightly: bool
) -> None:
    screen = console()
    screen.wait_for("Available · 2")
    screen.dial(*"echo")
    began, frames = time.monotonic(), _frames(home.lab())

    time.sleep(60.0 if nightly else 6.0)  # nobody reads the terminal

    expected = (time.monotonic() - began) * 50
    carried = _frames(home.lab()) - frames
    assert carried >= expected - 8
    started = time.monotonic()
    assert home.run("hangup").returncode == 0
    assert time.monotonic() - started < 3.0


def test_a_small_terminal_says_one_sentence_and_comes_back(home: Home, console: Open) -> None:
    home.run("online")
    home.lab().scenario("quiet")  # who rings is shown on the smallest terminal too
    screen = console()
    screen.wait_for("Available · 2")

    screen.resize(20, 5)
    screen.wait_for("Terminal too small")
    screen.resize(1, 1)
    screen.pump(0.5)
    screen.resize(140, 45)

    screen.wait_for("PRESENCE")
    assert screen.code() is None


def test_the_engine_killed_in_a_call_is_started_again_and_the_call_is_told(
    home: Home, console: Open
) -> None:
    screen = console()
    screen.wait_for("Available · 2")
    screen.dial(*"tone")
    old = home.engine_pid()

    os.kill(old, signal.SIGKILL)

    screen.wait_for("engine lost, restarting")
    wait_for(lambda: home.engine_pid() not in (0, old), 10.0)
    screen.wait_for("1 call was lost with the old engine", 15.0)
    screen.wait_for("Available · 2", 15.0)
    screen.press("TAB", "H")
    screen.wait_for("HISTORY")
    screen.wait_for("interrupted")
    assert home.lines("history")[0]["reason"] == "interrupted"


@pytest.mark.parametrize("arguments", [(), ("--single",)])
def test_without_a_terminal_there_is_one_sentence(home: Home, arguments: tuple[str, ...]) -> None:
    done = home.run(*arguments)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "terminal" in done.stderr


def _assert_restored(screen: Terminal) -> None:
    """The screen, the mouse, the paste mode, the cursor and line editing are as before."""
    last = screen.raw.rpartition(b"\x1b[?1049h")[2]
    for sequence in (b"?1049l", b"?1000l", b"?1003l", b"?1006l", b"?2004l", b"?25h", b"?7h"):
        assert b"\x1b[" + sequence in last, sequence
    assert screen.line_mode()
    assert b"Traceback" not in screen.raw


def _is_stuck(pid: int) -> bool:
    """Tell whether a process waits without using the processor."""
    before = _cpu_ticks(pid)
    time.sleep(0.3)
    return _cpu_ticks(pid) == before


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _frames(lab: LabClient) -> int:
    """Return how many frames the far end of the call has heard."""
    frames: int = lab.calls()[0]["received"]["frames"]
    return frames
