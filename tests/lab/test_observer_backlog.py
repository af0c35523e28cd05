"""Rows that wait for a slow client of the lab's Observer side."""

from __future__ import annotations

from softphone.lab.observer_backlog import Backlog


def test_beyond_their_number_the_oldest_rows_go_and_are_counted() -> None:
    backlog = Backlog(rows_most=3)

    backlog.add({"n": n} for n in range(5))

    assert backlog.take() == ([{"n": 2}, {"n": 3}, {"n": 4}], 2)
    assert backlog.take() == ([], 0)


def test_beyond_their_bytes_the_oldest_rows_go_and_are_counted() -> None:
    backlog = Backlog(bytes_most=100)

    backlog.add({"text": "x" * 40, "n": n} for n in range(4))
    rows, dropped = backlog.take()

    assert [row["n"] for row in rows] == [3]
    assert dropped == 3


def test_a_row_larger_than_all_room_goes_too() -> None:
    backlog = Backlog(bytes_most=100)

    backlog.add([{"n": 1}, {"text": "x" * 200}, {"n": 2}])

    assert backlog.take() == ([{"n": 2}], 2)
