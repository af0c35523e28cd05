"""The list: the cursor stays on its row, the row on its line, and little is painted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from softphone.config import UiConfig
from softphone.ui.spans import Line
from softphone.ui.themes import load_theme
from softphone.ui.widgets.rowlist import RowList


class ListApp(App[None]):
    """One list and nothing else."""

    CSS = "RowList { height: 10; }"

    def __init__(self, follow: bool = False) -> None:
        super().__init__()
        self.register_theme(load_theme(UiConfig().theme).to_textual())
        self.theme = UiConfig().theme
        self.rows: RowList[str] = RowList(
            lambda row, width: ((row, "plain"),), lambda row: row, empty="nothing", follow=follow
        )

    def compose(self) -> ComposeResult:
        yield self.rows


@asynccontextmanager
async def listed(rows: list[str], follow: bool = False) -> AsyncIterator[RowList[str]]:
    """Run the app with these rows."""
    app = ListApp(follow)
    async with app.run_test(size=(30, 12)) as pilot:
        app.rows.show(rows)
        await _settle(pilot)
        yield app.rows


async def _settle(pilot: Pilot[None]) -> None:
    await pilot.pause()


def numbered(first: int, last: int) -> list[str]:
    return [f"row {n}" for n in range(first, last)]


async def test_empty_list_says_what_to_do() -> None:
    async with listed([]) as rows:
        assert rows.text.strip() == "nothing"
        assert rows.row is None
        for action in ("list.down", "list.next", "list.bottom", "list.page_up"):
            rows.act(action)
        assert rows.cursor == 0


async def test_cursor_moves_by_rows_pages_and_ends() -> None:
    async with listed(numbered(0, 100)) as rows:
        for action, expected in (
            ("list.down", 1), ("list.page_down", 10), ("list.bottom", 99), ("list.up", 98),
            ("list.page_up", 89), ("list.top", 0), ("list.up", 0),
        ):  # fmt: skip
            rows.act(action)
            assert rows.cursor == expected
        assert "> row 0" in rows.text


async def test_rows_that_come_above_move_nothing_on_the_screen() -> None:
    async with listed(numbered(50, 100)) as rows:
        rows.move_to(20)
        before = rows.text

        rows.show(numbered(0, 100))

        assert rows.text == before
        assert rows.row == "row 70"


async def test_row_that_goes_leaves_the_cursor_near() -> None:
    async with listed(numbered(0, 10)) as rows:
        rows.move_to(9)

        rows.show(numbered(0, 5))

        assert rows.row == "row 4"


async def test_list_that_follows_stays_at_the_end_until_moved() -> None:
    async with listed(numbered(0, 20), follow=True) as rows:
        assert rows.row == "row 19"
        rows.show(numbered(0, 30))
        assert rows.row == "row 29"

        rows.move_to(15)
        rows.show(numbered(0, 40))
        assert rows.row == "row 15"


async def test_one_changed_row_repaints_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listed(numbered(0, 8)) as rows:
        painted: list[Region] = []
        refresh = rows.refresh

        def counted(*regions: Region) -> None:
            painted.extend(regions)
            refresh(*regions)

        monkeypatch.setattr(rows, "refresh", counted)

        rows.show([*numbered(0, 3), "row x", *numbered(4, 8)])

        assert [region.y for region in painted] == [3]


async def test_next_match_goes_round() -> None:
    async with listed(["one", "two", "three", "two again"]) as rows:
        rows.search = "two"
        for expected in (1, 3, 1):
            rows.act("list.next")
            assert rows.cursor == expected
        rows.act("list.previous")
        assert rows.cursor == 3


async def test_hundred_thousand_rows_draw_only_what_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[str] = []

    def draw(row: str, _width: int) -> Line:
        drawn.append(row)
        return ((row, "plain"),)

    async with listed([]) as rows:
        monkeypatch.setattr(rows, "_draw", draw)

        rows.show(numbered(0, 100_000))
        rows.act("list.bottom")

        assert rows.row == "row 99999"
        assert len(drawn) < 100


async def test_wheel_and_click_move_the_cursor() -> None:
    app = ListApp()
    async with app.run_test(size=(30, 12)) as pilot:
        app.rows.show(numbered(0, 50))
        await pilot.pause()

        await pilot.click(app.rows, offset=(3, 4))
        assert app.rows.cursor == 4

        app.rows.mark("row 30")
        assert app.rows.row == "row 30"
