"""The operator's own theme, layout and keys: shown at once, kept in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from softphone.config import UiConfig, load
from softphone.model import command as c
from softphone.ui.settingsfile import SettingsFile
from tests.ui.conftest import Console, OpenConsole

TEXT = """\
# my desk
[ui]
theme = "night"  # as always
tour = false

[keys]
"call.hold" = "f11"  # the left hand
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TEXT)
    return path


def text_of(path: Path) -> str:
    return path.read_text()


def spoil(path: Path) -> None:
    path.write_text("[ui\n")


def keys_of(console: Console, action_id: str) -> tuple[str, ...]:
    return console.app.view.keys[action_id]


async def choose(console: Console, words: str) -> None:
    await console.press("ctrl+p", *words, "enter")


# ---- theme --------------------------------------------------------------------------------------


async def test_a_theme_is_previewed_as_it_is_marked_and_kept_when_taken(
    open_console: OpenConsole, file: Path
) -> None:
    async with open_console((80, 24), settings_file=SettingsFile(file)) as console:
        await choose(console, "theme")
        before = console.app.theme
        await console.press("up")
        previewed = console.app.theme
        assert previewed != before
        assert load(file).ui.theme == "night"

        await console.press("enter")
        await console.until(lambda: load(file).ui.theme == previewed)

        assert "# as always" in text_of(file)
        assert console.app.theme == previewed


async def test_escape_brings_the_old_theme_back(open_console: OpenConsole, file: Path) -> None:
    async with open_console((80, 24), settings_file=SettingsFile(file)) as console:
        await choose(console, "theme")
        await console.press("up", "up", "escape")

        assert console.app.theme == "night"
        assert text_of(file) == TEXT


@pytest.mark.nightly
async def test_without_a_file_the_choice_holds_until_the_console_closes(console: Console) -> None:
    await choose(console, "theme")
    await console.press("up", "enter")

    await console.until(lambda: "until the console closes" in console.screen_text())


async def test_a_file_that_cannot_be_written_is_told(open_console: OpenConsole, file: Path) -> None:
    spoil(file)
    async with open_console((140, 45), settings_file=SettingsFile(file)) as console:
        await choose(console, "theme")
        await console.press("up", "enter")

        await console.until(lambda: "nothing was written" in console.screen_text())
        assert console.app.theme != "night"


# ---- layout -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "size", [(80, 24), *(pytest.param(s, marks=pytest.mark.nightly) for s in ((140, 45), (64, 20)))]
)
async def test_a_key_goes_on_to_the_next_layout(
    open_console: OpenConsole, file: Path, size: tuple[int, int]
) -> None:
    async with open_console(size, settings_file=SettingsFile(file)) as console:
        main = console.app.main
        assert "contacts" in console.screen_text().lower()

        await console.press("ctrl+l")

        assert "contacts" not in console.screen_text().lower()
        assert not main.presence.display
        assert main.dialer.display
        assert main.calls.display
        assert main.call.display
        await console.until(lambda: load(file).ui.layout == "calls")
        await console.press("ctrl+l")
        assert "contacts" in console.screen_text().lower()


async def test_a_layout_of_ones_own_is_ticked_named_and_kept(
    open_console: OpenConsole, file: Path
) -> None:
    async with open_console((140, 45), settings_file=SettingsFile(file)) as console:
        await choose(console, "layout")
        await console.press("end", "enter")
        await console.press("space")  # presence goes
        assert not console.app.main.presence.display
        await console.press("enter")
        await console.press(*"my desk", "enter")

        await console.until(lambda: load(file).ui.layout == "my-desk")
        assert load(file).layouts == {"my-desk": ("call", "contacts", "events")}
        assert not console.app.main.presence.display

    settings = load(file)
    async with open_console((140, 45), settings=settings.ui, layouts=settings.layouts) as console:
        assert not console.app.main.presence.display
        assert console.app.main.contacts.display


async def test_the_key_of_a_hidden_pane_shows_it_for_now(open_console: OpenConsole) -> None:
    settings = UiConfig(bell=False, tour=False, layout="calls")
    async with open_console((80, 24), settings=settings) as console:
        await console.press("tab", "C")

        assert console.focused == "contacts"
        assert "Anna Bianchi" in console.screen_text()


@pytest.mark.nightly
async def test_the_focus_leaves_a_pane_that_goes(open_console: OpenConsole) -> None:
    async with open_console((140, 45)) as console:
        await console.press("tab", "C")
        await console.press("ctrl+l")

        assert console.focused == "dialer"


# ---- keys ---------------------------------------------------------------------------------------


async def to_action(console: Console, words: str) -> None:
    await choose(console, "keys see")
    await console.press("/", *words, "enter")


async def test_a_pressed_key_is_taken_works_at_once_and_is_kept(
    open_console: OpenConsole, file: Path
) -> None:
    settings = load(file)
    async with open_console(
        (80, 24), settings_file=SettingsFile(file), keys=settings.keys
    ) as console:
        await console.show_calls(console.make.call("c1"))
        await to_action(console, "mute")
        await console.press("enter")
        assert console.app.screen.name == "capture"
        await console.press("f10")

        await console.until(lambda: load(file).keys.get("call.mute") == ("f10",))
        assert load(file).keys["call.hold"] == ("f11",)
        assert "# the left hand" in text_of(file)
        assert "F10 mute" in console.screen_text().splitlines()[-1]
        await console.press("f4")
        assert not console.commands(c.Mute)
        await console.press("f10")
        assert console.commands(c.Mute)


async def test_naming_a_key_never_does_what_it_is_bound_to(open_console: OpenConsole) -> None:
    async with open_console((80, 24)) as console:
        await console.show_calls(console.make.call("c1"))
        await to_action(console, "mute")
        await console.press("enter", "f8")

        assert not console.commands(c.HangUp)
        assert "F8 belongs to Hang up" in console.screen_text()


async def test_a_key_in_use_is_given_away_only_when_wanted(
    open_console: OpenConsole, file: Path
) -> None:
    async with open_console((80, 24), settings_file=SettingsFile(file)) as console:
        await to_action(console, "call.mute")
        await console.press("enter", "f8")
        await console.press("n")
        assert keys_of(console, "call.mute") == ("f4", "m")

        await console.press("enter", "f8")
        await console.press("y")

        assert keys_of(console, "call.mute") == ("f8",)
        assert keys_of(console, "call.hang_up") == ("x",)
        await console.until(lambda: load(file).keys.get("call.hang_up") == ("x",))


async def test_keys_can_be_added_taken_away_and_set_back(
    open_console: OpenConsole, file: Path
) -> None:
    async with open_console((80, 24), settings_file=SettingsFile(file)) as console:
        await to_action(console, "call.mute")
        await console.press("a", "f10")
        assert keys_of(console, "call.mute") == ("f4", "m", "f10")
        await console.press("D")
        assert keys_of(console, "call.mute") == ()
        await console.until(lambda: load(file).keys.get("call.mute") == ())
        await console.press("x")

        assert keys_of(console, "call.mute") == ("f4", "m")
        await console.until(lambda: "call.mute" not in load(file).keys)


async def test_all_keys_go_back_after_asking(open_console: OpenConsole, file: Path) -> None:
    keys = load(file).keys
    async with open_console((80, 24), settings_file=SettingsFile(file), keys=keys) as console:
        await choose(console, "default keys")
        await console.until(lambda: "yours go" in console.screen_text())
        await console.press("y")

        assert keys_of(console, "call.hold") == ("f3", "h")
        await console.until(lambda: load(file).keys == {})


async def test_keys_of_the_dialer_and_the_terminal_are_refused_with_a_sentence(
    open_console: OpenConsole,
) -> None:
    async with open_console((80, 24)) as console:
        await to_action(console, "call.mute")
        await console.press("enter", "5")
        await console.until(lambda: "is for the dialer" in console.screen_text())
        await console.press("enter", "ctrl+z")
        await console.until(lambda: "is needed by" in console.screen_text())

        assert keys_of(console, "call.mute") == ("f4", "m")
