"""Tests that the documentation names as proof must have run and passed, or a whole run fails.

A row that names `tests/path.py::test_name` promises it. A test that is skipped, deselected for
good or renamed proves nothing; a run of only some tests is not judged.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_NAMED = re.compile(r"`(tests/[\w/]+\.py::test_\w+)`")
_passed: set[str] = set()


def named_in(folder: Path) -> set[str]:
    """Return every test that a document of a folder names with its path."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))]
    return {name for text in texts for name in _NAMED.findall(text)}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what passed; one case of several is enough."""
    if report.when == "call" and report.passed:
        _passed.add(report.nodeid.partition("[")[0])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a whole run that left out a proof."""
    config = session.config
    options = ("keyword", "markexpr", "lf", "failedfirst", "newfirst", "deselect")
    chosen = any(config.getoption(name, None) for name in options)
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not chosen
    if exitstatus != 0 or not whole or config.getoption("collectonly"):
        return
    if hasattr(config, "workerinput"):  # one of several processes; the first one judges
        return
    for name in sorted(named_in(config.rootpath / "docs") - _passed):
        print(f"\nthe documentation names {name}, which did not run")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
