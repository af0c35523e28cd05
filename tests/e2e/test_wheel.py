"""What people install: the wheel, built and unpacked, run as the default two processes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import hearing
from tests.e2e.conftest import Home, wait_for
from tests.e2e.terminal import Open, terminals

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds what the wheel installs, without the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    target = folder / "installed"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--target", str(target), str(built)], check=True, timeout=120)
    return target


@pytest.fixture
def installed(home: Home, wheel: Path) -> Home:
    """A home whose commands run from the wheel."""
    home.env["PYTHONPATH"] = str(wheel)
    where = [sys.executable, "-c", "import softphone; print(softphone.__file__)"]
    shown = subprocess.run(where, env=home.env, cwd="/", capture_output=True, text=True, check=True)
    assert shown.stdout.startswith(str(wheel))
    return home


@pytest.fixture
def console(installed: Home) -> Iterator[Open]:
    with terminals(installed) as open_one:
        yield open_one


def test_the_wheel_holds_themes_prompts_and_the_example(wheel: Path) -> None:
    package = wheel / "softphone"

    assert len(list((package / "data" / "themes").glob("*.toml"))) == 6
    assert (package / "data" / "config.example.toml").read_text().startswith("#")
    assert (package / "lab" / "prompts" / "speech.ul").stat().st_size > 50_000
    assert list((package / "ui" / "styles").glob("*.tcss"))


def test_the_first_conversation_works_from_the_wheel(
    installed: Home, console: Open, speech: tuple[Path, hearing.Signal]
) -> None:
    path, said = speech
    installed.write_config(f'[audio]\ninput = "file:in={path},loop=yes"\noutput = "null"\n')
    screen = console()
    screen.wait_for("Available · 2 numbers")
    installed.lab().scenario("quiet")

    (sid,) = installed.lab().ring("pn_1", name="Anna Bianchi", far_end="speech")
    screen.answer("Anna Bianchi")
    screen.pump(2.0 * len(said) / hearing.RATE_HZ + 1.0)
    during = installed.status()["calls"]
    shown = screen.text()
    screen.press("F8")
    screen.wait_for("ENDED")

    heard = installed.folder / "heard.wav"
    heard.write_bytes(installed.lab().heard(sid))
    score = hearing.score(said, hearing.read(heard))
    assert (score.gaps, score.snr_db > 12.0) == (0, True)
    assert "TALK" in shown
    assert [(call["state"], call["name"]) for call in during] == [("active", "Anna Bianchi")]
    wait_for(lambda: _records(installed) == [("inbound", "hangup", 1)])
    screen.press("CTRL+Q")
    assert screen.wait_end() == 0


def _records(home: Home) -> list[tuple[str, str, int]]:
    """Return direction, end reason, and whether it was answered, of every call on record."""
    with sqlite3.connect(home.folder / "state" / "softphone.db") as db:
        query = "SELECT direction, end_reason, answered_at IS NOT NULL FROM calls"
        return db.execute(query).fetchall()
