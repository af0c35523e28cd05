"""What passes between ssh and the terminal: titles get an end, the question for the token goes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time

import pytest

ECHO = """
import sys
from softphone.remote.passage import Passage
passage = Passage(b"the-token")
passage.title("microphone open")
sys.exit(passage.run(["sh", "-c", sys.argv[1]]))
"""
LIMIT_S = 20.0


def shown(script: str) -> bytes:
    """Run a shell script through a passage on a terminal; return what the terminal got."""
    here, there = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-c", ECHO, script], stdin=there, stdout=there, stderr=there
    )
    os.close(there)
    end, got = time.monotonic() + LIMIT_S, b""
    while time.monotonic() < end:
        try:
            data = os.read(here, 65_536)
        except OSError:
            break
        if not data:
            break
        got += data
    assert program.wait(LIMIT_S) == 0
    os.close(here)
    return got


@pytest.mark.parametrize("end", ["\\007", "\\033\\\\"])
def test_the_programs_title_is_kept_and_ends_with_the_microphone(end: str) -> None:
    got = shown(f"printf '\\033]0;TALK Anna{end}'; sleep 0.3")

    assert b"\x1b]0;TALK Anna - microphone open\x07" in got


def test_a_title_in_two_pieces_is_one() -> None:
    got = shown("printf '\\033]2;TA'; sleep 0.3; printf 'LK\\007'; sleep 0.3")

    assert b"\x1b]0;TALK - microphone open\x07" in got


def test_the_question_for_the_token_is_answered_once_and_not_shown() -> None:
    ask = "printf '\\033]7349;softphone-token\\007'"
    got = shown(f"stty -echo; {ask}; read a; echo got $a; {ask}")

    assert b"got the-token" in got
    assert got.count(b"7349") == 1
