"""What the monitor remembers and how figures become words; rows into files."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.model.monitor import ClientQuality, CoursePoint, ObservedCall
from softphone.ui.monitoring import (
    ENDED_SHOWN_S,
    FOLLOWED_MOST,
    ORDERS,
    POINTS,
    CallBoard,
    Course,
    Followed,
    quality_words,
    rising_span,
    score_span,
    sparkline,
    squeezed,
)
from softphone.ui.rowfile import RowFile, cell


def call(key: str, score: float | None = 4.0, started: float | None = 1.0) -> ObservedCall:
    return ObservedCall(key, started_at=started, score=score)


def test_the_worst_call_comes_first_and_the_unknown_last() -> None:
    board = CallBoard()

    board.take([call("a", 4.5), call("b", None), call("c", 1.0)], 0.0)

    assert [one.id for one in board.rows()] == ["c", "a", "b"]


def test_a_call_that_vanished_is_shown_as_ended_for_a_while() -> None:
    board = CallBoard()
    board.take([call("a"), call("b")], 0.0)

    board.take([call("a")], 5.0)
    shown = [(one.id, board.ended(one)) for one in board.rows()]
    board.take([call("a")], 6.0 + ENDED_SHOWN_S)

    assert shown == [("a", False), ("b", True)]
    assert [one.id for one in board.rows()] == ["a"]
    assert set(board.courses) == {"a"}


def test_an_id_that_starts_again_is_another_line() -> None:
    board = CallBoard()
    board.take([call("a", started=1.0)], 0.0)

    board.take([call("a", started=9.0)], 1.0)

    assert [board.ended(one) for one in board.rows()] == [False, True]


def test_the_list_has_four_orders_and_what_is_unknown_comes_last() -> None:
    board = CallBoard()
    figures = {"duration_s": (1.0, 9.0, None), "clients_now": (3, 1, None), "issues": (1, 2, None)}
    board.take(
        [
            ObservedCall(key, **{name: values[place] for name, values in figures.items()})  # type: ignore[arg-type]  # by name
            for place, key in enumerate("abc")
        ],
        0.0,
    )

    orders = {order: "".join(one.id for one in board.rows(order)) for order in ORDERS}

    assert orders == {"worst": "abc", "age": "bac", "clients": "abc", "issues": "bac"}


def test_a_followed_call_is_brought_up_to_date_but_never_back_to_life() -> None:
    board = CallBoard()
    board.take([call("a", 4.0), call("b", 4.0)], 0.0)

    assert board.update(call("a", 2.0), 1.0)
    assert not board.update(call("new"), 1.0)
    board.take([call("a", 3.0)], 5.0)
    assert not board.update(call("b", 1.0), 6.0)

    assert [one.score for one in board.rows()] == [3.0, 4.0]
    assert list(board.courses["a"].score) == [2.0, 3.0]


def test_calls_are_followed_while_seen_and_five_seconds_longer() -> None:
    followed = Followed()
    many = [f"c{n}" for n in range(30)]

    assert followed.look(many, 0.0) == (many[:FOLLOWED_MOST], [])
    assert followed.look(["c0", "x"], 4.0) == (["x"], [])
    assert followed.look(["c0"], 5.0) == ([], many[1:FOLLOWED_MOST])
    assert followed.look(["c0", "c1"], 6.0) == (["c1"], [])


def test_a_course_keeps_the_worst_of_every_five_seconds_by_arrival() -> None:
    course = Course()
    arrived = ((0.0, 4.0, 9.0), (4.9, 3.0, 1.0), (5.0, 5.0, 2.0), (12.0, None, None))

    for mono, score, rtt in arrived:
        course.add(ClientQuality("c", "x", at=99.0 - mono, score=score, rtt_ms=rtt), mono)

    assert list(course.score) == [3.0, 5.0, None]
    assert list(course.rtt) == [9.0, 2.0, None]


def test_a_course_keeps_the_newest_points() -> None:
    course = Course()

    for bucket in range(POINTS + 5):
        course.add_score(3.0, 5.0 * bucket)

    assert len(course.score) == POINTS
    assert set(course.score) == {3.0}


def test_a_course_bridges_one_bucket_and_leaves_longer_gaps_empty() -> None:
    course = Course()

    for mono in (0.0, 10.0, 25.0):
        course.add_score(4.0, mono)

    assert list(course.score) == [4.0, 4.0, 4.0, None, None, 4.0]


def test_what_was_stored_precedes_what_has_arrived() -> None:
    course = Course()
    course.add(ClientQuality("c", "x", score=1.0), 7.0)
    stored = [CoursePoint("x", 1000.0 + 5 * n, score=float(n)) for n in range(3)]

    course.precede(reversed(stored))
    course.add(ClientQuality("c", "x", score=2.0), 12.0)

    assert list(course.score) == [0.0, 1.0, 1.0, 2.0]


def test_what_was_stored_is_the_course_of_a_call_that_is_over() -> None:
    course = Course()

    course.precede([CoursePoint("x", float(at), rtt_ms=float(at)) for at in range(POINTS * 6)])

    assert len(course.rtt) == POINTS
    assert course.rtt[-1] == POINTS * 6 - 1


def test_values_that_share_a_place_in_a_chart_show_the_worst() -> None:
    assert squeezed([1.0, 5.0, None, 2.0, None, None], 3, max) == [5.0, 2.0, None]
    assert squeezed([1.0], 3, max) == [1.0]


@given(st.lists(st.none() | st.floats(-1e9, 1e9), max_size=80), st.integers(0, 70))
def test_a_sparkline_is_as_wide_as_asked_whatever_the_values(
    values: list[float | None], width: int
) -> None:
    bars = sparkline(values, width, 0.0, 5.0)

    assert len(bars) == width
    assert set(bars) <= set(" ▁▂▃▄▅▆▇█")


def test_a_sparkline_rises_with_its_values_and_leaves_gaps() -> None:
    assert sparkline([0.0, 2.5, 5.0, None, 9.0], 6, 0.0, 5.0) == " ▁▅█ █"


@pytest.mark.parametrize(
    ("score", "shown"),
    [(5.0, "5.0 G"), (4.0, "4.0 G"), (3.9, "3.9 F"), (2.0, "2.0 P"), (0.0, "0.0 B"), (None, "-")],
)
def test_a_score_has_its_letter(score: float | None, shown: str) -> None:
    assert score_span(score)[0] == shown


@pytest.mark.parametrize(
    ("kind", "value", "letter"),
    [
        ("rtt", 49.0, "G"),
        ("rtt", 50.0, "F"),
        ("rtt", 150.0, "P"),
        ("rtt", 300.0, "B"),
        ("jitter", 15.0, "F"),
        ("loss", 0.009, "G"),
        ("loss", 0.2, "B"),
    ],
)
def test_a_figure_that_is_worse_the_higher_has_its_letter(
    kind: str, value: float, letter: str
) -> None:
    assert rising_span(kind, value, "x")[0] == f"x {letter}"
    assert rising_span(kind, value, "x", odd=True)[0] == f"x!{letter}"
    assert rising_span(kind, None, "x")[0] == "-"


def test_the_state_of_a_client_in_words() -> None:
    def words(**figures: float) -> str:
        return quality_words(ClientQuality("c", "x", **figures))  # type: ignore[arg-type]  # by name

    assert words() == ""
    assert words(score=4.2) == "good"
    assert words(score=2.0) == "degraded"
    assert words(score=2.0, jitter_ms=40.0) == "high-jitter"
    assert words(score=2.0, jitter_ms=40.0, loss_in=0.06) == "packet-loss"


ROWS = ['{"id": 1, "name": "=cmd()", "gone": null}', '{"id": 2, "more": [1, "a"]}', "not json"]


def test_rows_go_out_as_they_came_or_as_a_harmless_table(tmp_path: Path) -> None:
    lines, table = tmp_path / "rows.jsonl", tmp_path / "rows.csv"

    assert RowFile(lines).write(ROWS[:2]) == 2
    assert RowFile(table).write(ROWS) == 2

    assert lines.read_text().splitlines() == ROWS[:2]
    with table.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert found[0] == {"id": "1", "name": "'=cmd()", "gone": "", "more": ""}
    assert found[1]["more"] == '[1, "a"]'
    assert lines.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        RowFile(tmp_path / "no" / "rows.csv").write(ROWS)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert str(cell(f"{start}1+1")).startswith("'")
    assert cell(-1) == -1
