"""The console as people use it: default two processes, a real terminal, real speech."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import hearing
from tests.e2e.conftest import Home, wait_for
from tests.e2e.labs import another, start_lab
from tests.e2e.terminal import GUARD_S, Open, Terminal, terminals


@pytest.fixture
def console(home: Home) -> Iterator[Open]:
    with terminals(home) as open_one:
        yield open_one


@pytest.fixture
def small(home: Home, console: Open) -> Terminal:
    """A console at 80 by 24, online, on a lab where nobody calls by himself."""
    return quiet(home, console(columns=80, rows=24))


@pytest.fixture
def wide(home: Home, console: Open) -> Terminal:
    """A console at 140 by 45, online, on a lab where nobody calls by himself."""
    return quiet(home, console())


def quiet(home: Home, screen: Terminal) -> Terminal:
    screen.wait_for("Available · 2 numbers")
    home.lab().scenario("quiet")
    return screen


def speak_into(home: Home, speech: Path) -> None:
    """Let the microphone hear a file, again and again."""
    home.write_config(f'[audio]\ninput = "file:in={speech},loop=yes"\noutput = "null"\n')


def test_an_operator_answers_talks_and_hangs_up(
    home: Home, console: Open, speech: tuple[Path, hearing.Signal]
) -> None:
    path, said = speech
    speak_into(home, path)
    screen = quiet(home, console())

    (sid,) = home.lab().ring("pn_1", name="Anna Bianchi", far_end="speech")
    screen.answer("Anna Bianchi")
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


def test_a_caller_is_answered_and_hung_up_at_80_by_24(home: Home, small: Terminal) -> None:
    home.lab().ring("pn_1", name="Anna Bianchi")

    small.answer("Anna Bianchi")
    small.press("F8")

    small.wait_for("ENDED")
    wait_for(lambda: _rows(home) == [("inbound", 0, "hangup")])


def test_the_first_of_two_callers_is_declined_and_the_other_goes_on_ringing(
    home: Home, wide: Terminal
) -> None:
    home.lab().ring("pn_1", name="Anna Bianchi")
    wide.wait_for("RING  Anna Bianchi")
    home.lab().ring("pn_1", name="Bob Rossi")
    wide.wait_for("1 more waiting")
    wide.pump(GUARD_S)

    wide.press("F9")

    wide.wait_for("RING  Bob Rossi")
    wait_for(lambda: {row[2] for row in _rows(home)} == {None, "declined"})
    wide.answer("Bob Rossi")


def test_a_number_is_typed_and_called_at_80_by_24(home: Home, small: Terminal) -> None:
    small.dial(*"+390255500104")

    small.press("F8")
    small.wait_for("ENDED")
    assert home.lab().calls()[-1]["to"] == "+390255500104"


def test_mute_shows_and_silences_the_microphone(
    home: Home, console: Open, speech: tuple[Path, hearing.Signal]
) -> None:
    speak_into(home, speech[0])
    screen = quiet(home, console())
    screen.dial("echo")

    screen.press("F4")

    screen.wait_for("MUTED")
    assert home.status()["calls"][0]["muted"]
    screen.press("F4")
    screen.wait_gone("MUTED")
    assert not home.status()["calls"][0]["muted"]


def test_hold_and_back_by_one_key(home: Home, small: Terminal) -> None:
    small.dial("tone")
    small.pump(GUARD_S)

    small.press("F3")

    small.wait_for("HOLD 00:0")
    assert home.status()["calls"][0]["state"] == "held"
    small.pump(GUARD_S)  # a key held down does not hold and take back in turn
    small.press("F3")
    small.wait_for("TALK 00:0")
    assert home.status()["calls"][0]["state"] == "active"


def test_the_tone_keypad_sends_digits_to_the_far_end(home: Home, small: Terminal) -> None:
    small.dial("menu")
    wait_for(lambda: home.lab().calls()[0]["answered"])

    small.press("F6")
    small.wait_for("DIALER · TONES")
    small.press(*"12")

    wait_for(lambda: home.lab().calls()[0]["digits"] == "12")
    small.wait_for("tones sent  12")
    small.press("F6", "7")
    small.wait_for("DIALER · DIAL")
    assert home.lab().calls()[0]["digits"] == "12"


def test_the_history_shows_the_call_and_enter_puts_its_number_into_the_dialer(
    home: Home, small: Terminal
) -> None:
    home.lab().ring("pn_1", name="Anna Bianchi", caller="+390245871299")
    small.answer("Anna Bianchi")
    small.press("F8")
    small.wait_for("ENDED")

    small.press("TAB", "H")
    small.wait_for("HISTORY")
    small.wait_for("Anna Bianchi")
    small.press("ENTER")

    small.wait_gone("HISTORY ──")
    small.wait_for("+390245871299")
    assert len(_rows(home)) == 1


def test_a_contact_is_added_found_and_dialled(home: Home, wide: Terminal) -> None:
    wide.press("TAB", "C")
    wide.pump(GUARD_S)
    wide.press("a")
    wide.wait_for("NEW CONTACT")
    wide.press("Zoe Tone", "TAB", "TAB", "+390255500102", "ENTER")
    wide.wait_gone("NEW CONTACT")
    wide.wait_for("Zoe Tone")

    wide.press("/")
    wide.settle()
    wide.press("Zo")
    wide.settle()
    wide.press("DOWN", "ENTER")
    wide.wait_for("+390255500102")
    wide.dial()

    talk = next(line for line in wide.screen.display if "TALK" in line)
    assert "Zoe Tone" in talk
    assert "+39 02 5550 0102" in talk
    assert [line["name"] for line in home.lines("contacts", "Zoe")] == ["Zoe Tone"]


def test_a_note_typed_in_a_call_is_in_the_history(home: Home, wide: Terminal) -> None:
    wide.dial("tone")

    wide.press("TAB", "W")
    wide.press("asked for 2 things, F8 and ?")

    wait_for(lambda: home.lines("history")[0]["note"] == "asked for 2 things, F8 and ?")
    assert [call["state"] for call in home.status()["calls"]] == ["active"]
    wide.press("F8")
    wide.wait_for("ENDED")
    assert home.lines("history")[0]["note"] == "asked for 2 things, F8 and ?"


def test_taken_by_another_operator_is_told_for_three_seconds(home: Home, console: Open) -> None:
    lab = start_lab(home, "quiet")
    screen = console("--config", lab.config("op-1"))
    screen.wait_for("Available · 2 numbers")
    other = another(home)
    try:
        assert other.run("--config", lab.config("op-2"), "online").returncode == 0
        lab.client.ring("pn_1", name="Anna Bianchi")
        screen.wait_for("RING  Anna Bianchi")

        wait_for(lambda: other.run("--config", lab.config("op-2"), "answer").returncode == 0)

        screen.wait_for("taken by another operator")
        seen = time.monotonic()
        while time.monotonic() < seen + 2.5:
            screen.pump(0.1)
            assert "ENDED  Anna Bianchi" in screen.text().splitlines()[1]
        screen.wait_gone("ENDED  Anna Bianchi", 3.0)
    finally:
        other.close()


@pytest.mark.parametrize(
    ("answer", "left"), [("h", []), ("k", ["active"])], ids=["hang up", "keep"]
)
def test_leaving_in_a_call_asks_what_becomes_of_it(
    home: Home, small: Terminal, answer: str, left: list[str]
) -> None:
    small.dial("tone")

    small.press("CTRL+Q")
    small.wait_for("Hang up and quit")
    small.press(answer)

    assert small.wait_end() == 0
    wait_for(lambda: [call["state"] for call in home.status()["calls"]] == left)


def test_leaving_in_a_call_can_be_thought_over(home: Home, small: Terminal) -> None:
    small.dial("tone")

    for stay in ("s", "ENTER", "ESC"):
        small.press("CTRL+Q")
        small.wait_for("Hang up and quit")
        small.press(stay)
        small.wait_gone("Hang up and quit")
        small.pump(GUARD_S)  # Esc waits for the rest of a sequence

    assert small.code() is None
    assert [call["state"] for call in home.status()["calls"]] == ["active"]


def test_a_second_console_watches_and_takes_over(home: Home, console: Open) -> None:
    first = quiet(home, console())
    second = console()
    second.wait_for("READ-ONLY · T takes over")
    assert "READ-ONLY" not in first.text()
    assert home.status()["consoles"] == 2

    home.lab().ring("pn_1", name="Anna Bianchi")
    second.wait_for("take over first")
    second.pump(GUARD_S)
    second.press("F2")
    second.wait_for("read-only")
    assert home.status()["calls"][0]["state"] == "ringing"
    second.press("T")
    second.wait_for("TAKE OVER")
    second.press("y")

    second.wait_gone("READ-ONLY")
    first.wait_for("READ-ONLY")
    second.answer("Anna Bianchi")


def test_the_line_mode_dials_tells_and_quits(home: Home) -> None:
    prompt = _Prompt(home)

    prompt.wait_for("audin  online  on 2 numbers")
    prompt.say("dial echo")
    prompt.wait_for("TALK 00:00  echo")
    prompt.say("frobnicate")
    prompt.wait_for("Unknown: frobnicate. Type help.")
    prompt.say("hangup")
    prompt.wait_for("ENDED")
    prompt.say("quit")

    assert prompt.process.wait(10.0) == 0
    assert _rows(home) == [("outbound", 0, "hangup")]


class _Prompt:
    """The line mode on pipes, as a script has it."""

    def __init__(self, home: Home) -> None:
        self.process = subprocess.Popen(
            home.command("--plain"),
            env=home.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
        home.processes.append(self.process)
        assert self.process.stdout
        os.set_blocking(self.process.stdout.fileno(), False)
        self._said = ""

    def say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")

    def wait_for(self, wanted: str) -> None:
        """Read until something was printed; what comes after is left for the next time."""
        wait_for(lambda: wanted in self._read())
        self._said = self._said.partition(wanted)[2]

    def _read(self) -> str:
        assert self.process.stdout
        with contextlib.suppress(BlockingIOError):
            self._said += os.read(self.process.stdout.fileno(), 65_536).decode()
        return self._said


def _rows(home: Home) -> list[tuple[str, int, str | None]]:
    with sqlite3.connect(home.folder / "state" / "softphone.db") as db:
        return db.execute("SELECT direction, live, end_reason FROM calls").fetchall()
