"""Themes: six that are whole, the user's own before them, mistakes named with file and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from softphone import paths
from softphone.model.error import ConfigError
from softphone.ui import themes

UI = Path(themes.__file__).parent
WANTED = {"night", "day", "high-contrast", "colour-blind", "mono", "ansi"}


def test_the_six_themes_are_there_and_whole() -> None:
    assert set(themes.theme_names()) >= WANTED
    for name in WANTED:
        assert themes.load_theme(name).to_textual().to_color_system().generate()


def test_users_theme_comes_before_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = (paths.data_file("themes") / "night.toml").read_text(encoding="utf-8")
    (tmp_path / "night.toml").write_text(ours.replace("#12161c", "#010203"), encoding="utf-8")
    monkeypatch.setattr(paths, "themes_folder", lambda: tmp_path)

    assert themes.load_theme("night").base["background"] == "#010203"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('dim = "#8a95a3"', 'dim = "greyish"', "status.dim: 'greyish' is not a colour"),
        ('dim = "#8a95a3"', "dim = 3", "status.dim: 3 is not a colour"),
        ('dim = "#8a95a3"', 'dimm = "#8a95a3"', "status.dimm: unknown key, did you mean dim"),
        ('dim = "#8a95a3"', "", "status.dim is missing"),
        ("dark = true", "darkk = true", "darkk: unknown key, did you mean dark"),
        ("dark = true", 'dark = "yes"', "dark: must be true or false"),
        ("[colours]", "[colours", "theme.toml"),
        ("[status]", "[[status]]", "status: must be a table"),
    ],
)
def test_mistake_names_file_and_key(tmp_path: Path, before: str, after: str, said: str) -> None:
    ours = (paths.data_file("themes") / "night.toml").read_text(encoding="utf-8")
    file = tmp_path / "theme.toml"
    file.write_text(ours.replace(before, after, 1), encoding="utf-8")

    with pytest.raises(ConfigError) as problem:
        themes.read_theme(file)

    assert said in str(problem.value)
    assert str(file) in str(problem.value)


def test_huge_or_unreadable_theme_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "big.toml"
    file.write_text("#" * 300_000, encoding="utf-8")

    with pytest.raises(ConfigError, match="not a theme"):
        themes.read_theme(file)
    with pytest.raises(ConfigError, match="No such file"):
        themes.read_theme(tmp_path / "none.toml")


def test_unknown_theme_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean night"):
        themes.load_theme("nigth")


def test_no_colour_stands_in_styles_or_code() -> None:
    literal = re.compile(r"#[0-9a-fA-F]{6}\b|#[0-9a-fA-F]{3}\b|\brgb\(|\bansi_(?!default)[a-z]+;")

    for file in [*UI.rglob("*.tcss"), *UI.rglob("*.py")]:
        text = file.read_text(encoding="utf-8")
        assert not literal.search(text.replace("#rrggbb", "")), file
