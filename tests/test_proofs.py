"""A whole run fails when a test that the documentation names did not run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_DOC = "| a | `tests/test_it.py::test_one` |\n| b | `tests/test_it.py::test_two` |\n"
_ONE = "import pytest\n\n@pytest.mark.parametrize('n', [1, 2])\ndef test_one(n):\n    assert n\n\n"


def run(folder: Path, second: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "docs").mkdir()
    (folder / "tests").mkdir()
    (folder / "docs" / "x.md").write_text(_DOC)
    (folder / "tests" / "test_it.py").write_text(_ONE + second)
    (folder / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.proofs", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("second", "arguments", "code"),
    [
        ("def test_two(): pass\n", [], 0),
        ("def test_2(): pass\n", [], 1),
        ("@pytest.mark.skip\ndef test_two(): pass\n", [], 1),
        ("def test_2(): pass\n", ["-k", "one"], 0),
        ("def test_2(): pass\n", ["tests/test_it.py"], 0),
    ],
)
def test_a_whole_run_needs_every_named_test(
    tmp_path: Path, second: str, arguments: list[str], code: int
) -> None:
    done = run(tmp_path, second, *arguments)

    assert done.returncode == code, done.stdout + done.stderr
    assert ("test_two, which did not run" in done.stdout) is (code == 1)
