"""The coverage gates: what they let through, and what they name."""

from __future__ import annotations

from typing import Any

from tests.gates import ALL, GATES, ROOT, Measured, judge, measured


def file(path: str, covered: int, possible: int = 100, *gaps: str) -> Measured:
    return Measured(f"softphone/{path}", covered, possible, gaps)


def verdicts(*files: Measured) -> dict[str, str]:
    """Return the last word of each row by the name of its gate."""
    rows, _ = judge(files)
    names = [gate.name for gate in (*GATES, ALL)]
    return {name: row.split()[-1] for name, row in zip(names, rows, strict=True)}


def test_a_product_that_is_tested_passes_every_gate() -> None:
    rows, missing = judge([file("store/store.py", 100), file("engine/engine.py", 90)])

    assert missing == []
    assert all(row.endswith("ok") for row in rows)


def test_one_line_of_a_strict_part_is_enough_to_fail() -> None:
    files = [file("store/a.py", 99, 100, "7"), file("store/b.py", 100)]

    _, missing = judge(files)

    assert verdicts(*files)["store"] == "MISSED"
    assert missing == ["  store: softphone/store/a.py 99.00 % of 100 %: 7"]


def test_a_file_stands_behind_the_first_gate_that_names_it() -> None:
    text = verdicts(file("model/text.py", 96))
    other = verdicts(file("model/call.py", 96))

    assert (text["text and state"], text["rest of the model"]) == ("MISSED", "ok")
    assert other["rest of the model"] == "ok"


def test_parts_measured_together_may_help_each_other() -> None:
    files = [file("audio/a.py", 91), file("audio/b.py", 99)]

    assert verdicts(*files)["audio"] == "ok"
    assert verdicts(file("audio/a.py", 91), file("audio/b.py", 98))["audio"] == "MISSED"


def test_everything_is_judged_once_more_and_the_worst_are_named_first() -> None:
    files = [file("ui/small.py", 0, 10), file("ui/large.py", 10, 100), file("lab/good.py", 100)]

    _, missing = judge(files)

    assert [line.split()[1] for line in missing] == [
        "softphone/ui/large.py",
        "softphone/ui/small.py",
    ]


def test_only_the_first_gaps_of_a_file_are_listed() -> None:
    gaps = [str(n) for n in range(40)]

    _, missing = judge([file("store/a.py", 60, 100, *gaps)])

    assert missing[0].endswith("11, …")


def test_a_file_with_nothing_to_run_is_whole() -> None:
    assert file("store/__init__.py", 0, 0).percent == 100.0


def test_the_report_of_coverage_is_read_with_lines_and_branches() -> None:
    found: dict[str, Any] = {
        "summary": {
            "covered_lines": 8,
            "num_statements": 10,
            "covered_branches": 2,
            "num_branches": 4,
        },
        "missing_lines": [3, 4],
        "missing_branches": [[3, 4], [9, -1], [6, 7]],
    }

    here, elsewhere = str(ROOT / "softphone" / "x.py"), "/elsewhere/softphone/x.py"

    (one,) = measured({"files": {here: found, elsewhere: found}})

    assert (one.path, one.covered, one.possible) == ("softphone/x.py", 10, 14)
    assert one.gaps == ("3", "4", "9->exit", "6->7")
