"""The console as people use it: default two processes, a real terminal, real speech."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from softphone.lab.client import LabClient
from tests.e2e import hearing
from tests.e2e.conftest import Home, wait_for
from tests.e2e.terminal import Terminal

Open = Callable[..., Terminal]


@pytest.fixture
def console(home: Home) -> Iterator[Open]:
    """Open consoles on terminals of any size; they are closed at the end."""
    opened: list[Terminal] = []

    def open_one(*arguments: str, columns: int = 140, rows: int = 45) -> Terminal:
        terminal = Terminal(home.command(*arguments), home.env, columns, rows)
        opened.append(terminal)
        return terminal

    yield open_one
    for terminal in opened:
        terminal.close()


def speak_into(home: Home, speech: Path) -> None:
    """Let the microphone hear a file, again and again."""
    home.write_config(f'[audio]\ninput = "file:in={speech},loop=yes"\noutput = "null"\n')


def test_an_operator_answers_talks_and_hangs_up(
    home: Home, console: Open, speech: tuple[Path, hearing.Signal]
) -> None:
    path, said = speech
    speak_into(home, path)
    screen = console()
    screen.wait_for("online 2 numbers")

    (sid,) = home.lab().ring("pn_1", name="Anna Bianchi", far_end="speech")
    screen.wait_for("RING")
    screen.wait_for("Anna Bianchi")
    screen.pump(0.5)
    screen.press("F2")
    screen.wait_for("TALK 00:0")
    screen.pump(2.0 * len(said) / hearing.RATE_HZ + 1.0)
    during = home.status()
    screen.press("F8")
    screen.wait_for("ENDED")

    heard_at = home.folder / "heard.wav"
    heard_at.write_bytes(home.lab().heard(sid))
    score = hearing.score(said, hearing.read(heard_at))
    assert score.gaps == 0
    assert score.snr_db > 12.0
    assert [call["state"] for call in during["calls"]] == ["active"]
    wait_for(lambda: _rows(home) == [("inbound", 0, "hangup")])
    assert home.status()["calls"] == []


def test_quitting_leaves_the_terminal_clean(home: Home, console: Open) -> None:
    screen = console(columns=80, rows=24)
    screen.wait_for("online")

    screen.press("CTRL+Q")

    assert screen.wait_end() == 0
    assert b"\x1b[?1049l" in screen.raw
    assert b"\x1b[?1000l" in screen.raw
    assert b"Traceback" not in screen.raw


def test_a_number_is_typed_and_called_at_80_by_24(home: Home, console: Open) -> None:
    screen = console(columns=80, rows=24)
    screen.wait_for("online")

    screen.press(*"+390255500104", "ENTER")

    screen.wait_for("TALK")
    screen.press("F8")
    screen.wait_for("ENDED")


def test_mute_shows_and_silences_the_microphone(
    home: Home, console: Open, speech: tuple[Path, hearing.Signal]
) -> None:
    speak_into(home, speech[0])
    screen = console()
    screen.wait_for("online 2 numbers")
    screen.press(*"echo", "ENTER")
    screen.wait_for("TALK")

    screen.press("F4")

    wait_for(lambda: home.status()["calls"][0]["muted"])
    screen.pump(0.5)
    assert "mute" in screen.text().lower()


def test_a_console_that_is_killed_finds_the_call_again(home: Home, console: Open) -> None:
    screen = console()
    screen.wait_for("online 2 numbers")
    screen.press(*"tone", "ENTER")
    screen.wait_for("TALK")

    screen.kill(signal.SIGKILL)
    again = console()

    again.wait_for("TALK", 5.0)
    assert home.status()["calls"][0]["state"] == "active"


def test_a_lost_terminal_keeps_the_call_with_the_microphone_shut(
    home: Home, console: Open, speech: tuple[Path, hearing.Signal]
) -> None:
    speak_into(home, speech[0])
    screen = console()
    screen.wait_for("online 2 numbers")
    screen.press(*"echo", "ENTER")
    screen.wait_for("TALK")

    screen.hang_up()

    wait_for(lambda: not home.status().get("consoles"), 5.0)
    events = home.run("events").stdout
    assert "microphone closed" in events
    assert home.status()["calls"][0]["state"] == "active"


def test_sigterm_restores_the_terminal(home: Home, console: Open) -> None:
    screen = console()
    screen.wait_for("online 2 numbers")

    screen.kill(signal.SIGTERM)

    screen.wait_end()
    assert b"\x1b[?1049l" in screen.raw


def test_a_terminal_that_is_not_read_stops_neither_audio_nor_hang_up(
    home: Home, console: Open, nightly: bool
) -> None:
    screen = console()
    screen.wait_for("online 2 numbers")
    screen.press(*"echo", "ENTER")
    screen.wait_for("TALK")
    began, frames = time.monotonic(), _frames(home.lab())

    time.sleep(60.0 if nightly else 6.0)  # nobody reads the terminal

    expected = (time.monotonic() - began) * 50
    carried = _frames(home.lab()) - frames
    assert carried >= expected - 8
    started = time.monotonic()
    assert home.run("hangup").returncode == 0
    assert time.monotonic() - started < 3.0


def test_a_small_terminal_says_one_sentence_and_comes_back(home: Home, console: Open) -> None:
    screen = console()
    screen.wait_for("online 2 numbers")

    screen.resize(20, 5)
    screen.pump(1.0)
    screen.resize(1, 1)
    screen.pump(0.5)
    screen.resize(140, 45)

    screen.wait_for("PRESENCE")
    assert screen.code() is None


def test_a_second_console_watches_and_takes_over(home: Home, console: Open) -> None:
    first = console()
    first.wait_for("online 2 numbers")

    second = console()
    second.wait_for("online 2 numbers")

    wait_for(lambda: home.status()["consoles"] == 2)
    second.wait_for("READ-ONLY", 5.0)
    second.press("TAB", "T")
    second.wait_for("over")
    second.press("y")
    second.wait_gone("READ-ONLY")
    first.wait_for("READ-ONLY")


def test_the_engine_killed_in_a_call_is_started_again_by_the_console(
    home: Home, console: Open
) -> None:
    screen = console()
    screen.wait_for("online 2 numbers")
    screen.press(*"tone", "ENTER")
    screen.wait_for("TALK")
    old = home.engine_pid()

    os.kill(old, signal.SIGKILL)

    wait_for(lambda: home.engine_pid() not in (0, old), 10.0)
    screen.wait_for("interrupted", 15.0)


def test_without_a_terminal_there_is_one_sentence(home: Home) -> None:
    done = home.run()

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "terminal" in done.stderr


def _frames(lab: LabClient) -> int:
    """Return how many frames the far end of the call has heard."""
    frames: int = lab.calls()[0]["received"]["frames"]
    return frames


def _rows(home: Home) -> list[tuple[str, int, str]]:
    with sqlite3.connect(home.folder / "state" / "softphone.db") as db:
        return db.execute("SELECT direction, live, end_reason FROM calls").fetchall()
