"""Every screen there is: opened by keys from a fresh console, and in further themes by night.

The pictures of the first theme are those of the other snapshot tests. For the further themes only
a digest of each picture is kept; make snapshots with SOFTPHONE_NIGHTLY=1 writes the digests again,
and the pictures into the folder that SNAPSHOT_FOLDER names.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from rich.color import ColorType

from softphone.config import UiConfig
from softphone.model import command as c
from softphone.ui.actions import ACTIONS
from softphone.ui.screens.base import ConsoleScreen
from tests.ui import (
    test_desk_snapshots,
    test_monitor_snapshots,
    test_platform_snapshots,
    test_snapshots,
)
from tests.ui.conftest import Console, FakeEngine, OpenConsole
from tests.ui.test_monitor_screens import watching
from tests.ui.test_platform_screens import sign_in
from tests.ui.test_snapshots import FOLDER, SIZES, _furnish, _normal

# Screens of their own, by the action that opens each; those without a key are in the palette.
SCREENS = {
    "accounts.open": "accounts",
    "devices.open": "devices",
    "directory.open": "directory",
    "help.open": "help",
    "history.open": "history",
    "jobs.open": "jobs",
    "keys.edit": "keys",
    "messages.open": "messages",
    "monitor.open": "monitor",
    "platform_events.open": "platform-events",
    "pops.open": "pops",
    "quality.open": "course",
    "reminders.open": "reminders",
    "report.open": "report",
    "rows.open": "rows",
    "services.open": "services",
    "shift.open": "shift",
    "summary.open": "summary",
    "users.open": "online-users",
    "voicemail.open": "voicemail",
}
DIALOGS = {
    "agent.status": "pick",
    "agent.dispose": "pick",
    "call.parameters": "askline",
    "call.transfer": "transfer",
    "caller_id.choose": "pick",
    "desk.break": "pick",
    "history.export": "askline",
    "history.import": "askline",
    "layout.choose": "pick",
    "palette.open": "palette",
    "theme.choose": "pick",
}
THEMES = ("day", "ansi")


def test_every_action_that_opens_a_screen_is_tried_here() -> None:
    opening = {a.id for a in ACTIONS if a.id.endswith(".open")}

    assert opening - {"list.open", "blocked.open"} <= SCREENS.keys() | DIALOGS.keys()


@pytest.mark.parametrize("wanted", [SCREENS, pytest.param(DIALOGS, marks=pytest.mark.nightly)])
async def test_every_screen_opens_by_keys_from_a_fresh_console(
    open_console: OpenConsole, engine: FakeEngine, wanted: dict[str, str]
) -> None:
    names = c.CodedNames((c.CodedName("1", "Lunch"),))
    for kind in (c.ListReasons, c.ListDispositions):
        engine.reply(kind, c.Reply(value=names))
    async with open_console((140, 45)) as console:
        await _everything(console, engine)
        for action_id, screen in wanted.items():
            await _open_by_keys(console, action_id)
            await console.until(lambda name=screen: console.app.screen.name == name)  # type: ignore[misc]  # bound now
            if isinstance(console.app.screen, ConsoleScreen):
                assert "Esc" in console.screen_text(), f"{screen} does not say how to close it"
            await console.press("escape")
            await console.until(lambda: console.app.screen is console.app.main)


async def _everything(console: Console, engine: FakeEngine) -> None:
    """Sign in at accounts that can do all, with a call up that says what it wants."""
    from softphone.model import event as e
    from softphone.model.agent import AgentGroup, AgentStatus
    from softphone.model.call import AccountName

    await watching(console, engine)
    await sign_in(console)
    waiting = AgentStatus(AccountName("ribbon"), AgentGroup.AFTER_CALL, "Wrap", may_dispose=True)
    await console.emit(
        e.AgentStatusChanged(waiting), e.AccountChanged(console.make.account("more"))
    )
    await console.show_calls(console.make.call("c1", account=AccountName("ribbon")))


async def _open_by_keys(console: Console, action_id: str) -> None:
    action = next(action for action in ACTIONS if action.id == action_id)
    await console.press("ctrl+t", "tab")  # out of the text fields
    key = next(iter(action.keys), "")
    if key:
        await console.press(key)
    else:
        await console.press("ctrl+p")
        field = console.app.screen.query_one("Input")
        field.value = action_id  # type: ignore[attr-defined]  # an Input
        await console.press("enter")


# ---- further themes -----------------------------------------------------------------------------


def _scenes() -> Iterator[tuple[str, Callable[[Console, FakeEngine], Awaitable[None]]]]:
    for name, plain in test_snapshots.SCENES.items():

        async def alone(console: Console, engine: FakeEngine, scene: object = plain) -> None:
            await scene(console)  # type: ignore[operator]  # a scene of the module

        yield name, alone
    for name, signed in test_platform_snapshots.SCENES.items():

        async def after(console: Console, engine: FakeEngine, scene: object = signed) -> None:
            await sign_in(console)
            await scene(console, engine)  # type: ignore[operator]  # a scene of the module

        yield name, after
    yield from test_monitor_snapshots.SCENES.items()
    yield from test_desk_snapshots.SCENES.items()


ALL = dict(_scenes())


@pytest.mark.nightly
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("scene", list(ALL))
async def test_snapshot_of_a_screen_in_a_further_theme(
    open_console: OpenConsole, engine: FakeEngine, scene: str, theme: str
) -> None:
    if scene not in {*test_platform_snapshots.SCENES, *test_monitor_snapshots.SCENES}:
        _furnish(engine)
    settings = UiConfig(bell=False, tour=False, theme=theme)
    async with open_console(SIZES[0], settings=settings) as console:
        await ALL[scene](console, engine)
        for size in SIZES:
            await console.pilot.resize_terminal(*size)
            await console.settle()
            _compare_digest(console, f"{scene}-{size[0]}x{size[1]}", theme)
            if theme == "ansi":
                assert _colours(console) <= {ColorType.STANDARD, ColorType.DEFAULT}


def _colours(console: Console) -> set[ColorType]:
    """Return which kinds of colours are on the screen."""
    found = set()
    for strip in console.app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            for colour in (style.color, style.bgcolor) if style else ():
                if colour is not None:
                    found.add(colour.type)
    return found


def _compare_digest(console: Console, name: str, theme: str) -> None:
    picture = _normal(console.app.export_screenshot(title="softphone", simplify=True))
    digest = hashlib.sha256(picture.encode()).hexdigest()[:16]
    file = FOLDER / f"digests-{theme}.txt"
    known = dict(line.split() for line in file.read_text().splitlines()) if file.exists() else {}
    if folder := os.environ.get("SNAPSHOT_FOLDER"):
        (Path(folder) / f"{theme}-{name}.svg").write_text(picture, encoding="utf-8")
    if os.environ.get("SNAPSHOT_UPDATE"):
        known[name] = digest
        lines = (f"{key} {known[key]}\n" for key in sorted(known))
        file.write_text("".join(lines), encoding="utf-8")
    assert known.get(name) == digest, f"{name} looks different in the theme {theme}"
