"""Fail `make check` when a part of the product is tested less than it must be.

Reads the combined coverage data and prints one row a gate. Branches count like lines: a part
is covered by the share of its lines and branches that were run. What is not covered is either
dead or untested, so every gap is listed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import coverage

ROOT = Path(__file__).parent.parent
_GAPS_SHOWN = 12
_FILES_SHOWN = 15  # a gate, those with the most left to test first


@dataclass(frozen=True, slots=True)
class Gate:
    """What share of the files that match must be covered, each one by itself or all together."""

    name: str
    percent: float
    patterns: tuple[str, ...]
    together: bool = False

    def matches(self, path: str) -> bool:
        """Tell whether a file stands behind this gate."""
        return any(fnmatch(path, f"softphone/{pattern}") for pattern in self.patterns)


# The first gate that matches a file judges it; the last one judges everything once more.
GATES = (
    Gate("protocols", 100, ("adapters/*/protocol.py",)),
    Gate("store", 100, ("store/*.py",)),
    Gate("text and state", 100, ("model/text.py", "model/state.py")),
    Gate("rest of the model", 95, ("model/*.py",)),
    Gate("wires", 95, ("adapters/*/wire*.py",)),
    Gate("audio", 95, ("audio/*.py",), together=True),
)
ALL = Gate("everything", 90, ("*",), together=True)


@dataclass(frozen=True, slots=True)
class Measured:
    """How much of a file was run."""

    path: str
    covered: int
    possible: int
    gaps: tuple[str, ...]

    @property
    def percent(self) -> float:
        """Return the share that was run; a file with nothing to run is whole."""
        return 100.0 * self.covered / self.possible if self.possible else 100.0


def measured(report: dict[str, Any]) -> list[Measured]:
    """Return what a JSON report says of each file of this checkout."""
    files = sorted(report["files"].items())
    return [
        _measured(path, found) for path, found in files if _inside(path).startswith("softphone")
    ]


def judge(files: Iterable[Measured]) -> tuple[list[str], list[str]]:
    """Return the rows of the table, and a line for everything that is missing."""
    files = list(files)
    rows, missing = [], []
    behind: dict[Gate, list[Measured]] = {gate: [] for gate in GATES}
    for file in files:
        gate = next((gate for gate in GATES if gate.matches(file.path)), None)
        if gate is not None:
            behind[gate].append(file)
    for gate, found in (*behind.items(), (ALL, files)):
        total = _total(gate.name, found)
        poor = [file for file in found if not gate.together and file.percent < gate.percent]
        failed = bool(poor) or total.percent < gate.percent
        rows.append(_row(gate, total, len(found), failed=failed))
        if failed:
            listed = poor or [file for file in found if file.percent < gate.percent]
            listed.sort(key=lambda file: file.covered - file.possible)
            missing += [_line(gate, file) for file in listed[:_FILES_SHOWN]]
    return rows, missing


def main() -> int:
    """Read the coverage data beside the Makefile and return the exit status."""
    data = coverage.Coverage(config_file=str(ROOT / "pyproject.toml"))
    data.load()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "coverage.json"
        try:
            data.json_report(outfile=str(path))
        except coverage.CoverageException as problem:
            print(f"gates: {problem}; run `make check`.", file=sys.stderr)
            return 1
        report = json.loads(path.read_text(encoding="utf-8"))
    rows, missing = judge(measured(report))
    print("\n".join(["", "coverage of lines and branches", *rows]))
    if missing:
        print("\n".join(["", "not covered enough:", *missing]), file=sys.stderr)
    return 1 if missing else 0


def _measured(path: str, found: dict[str, Any]) -> Measured:
    summary = found["summary"]
    lines = found["missing_lines"]
    branches = [pair for pair in found.get("missing_branches", []) if pair[0] not in lines]
    return Measured(
        path=_inside(path),
        covered=summary["covered_lines"] + summary.get("covered_branches", 0),
        possible=summary["num_statements"] + summary.get("num_branches", 0),
        gaps=(*map(str, lines), *(f"{a}->{b if b > 0 else 'exit'}" for a, b in branches)),
    )


def _inside(path: str) -> str:
    """Return a path as seen from the checkout; one that is elsewhere goes up first."""
    return Path(os.path.relpath(ROOT / path, ROOT)).as_posix()


def _total(name: str, files: list[Measured]) -> Measured:
    covered, possible = sum(f.covered for f in files), sum(f.possible for f in files)
    return Measured(name, covered, possible, ())


def _row(gate: Gate, total: Measured, files: int, *, failed: bool) -> str:
    verdict = "MISSED" if failed else "ok"
    share = f"{total.percent:>7.2f} % of {gate.percent:>3g} %"
    return f"  {gate.name:<18} {files:>4} files {share}  {verdict}"


def _line(gate: Gate, file: Measured) -> str:
    gaps = ", ".join(file.gaps[:_GAPS_SHOWN]) + (", …" if len(file.gaps) > _GAPS_SHOWN else "")
    return f"  {gate.name}: {file.path} {file.percent:.2f} % of {gate.percent:g} %: {gaps}"


if __name__ == "__main__":
    sys.exit(main())
