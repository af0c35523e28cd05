"""docs/ribbon.md: its example runs, its settings are right, and every name of the SDK is there."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import subprocess
import sys
import tomllib
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from softphone.adapters.ribbon.settings import RibbonSettings, read_settings
from softphone.audio.tones import tone
from softphone.cli.main import COMMANDS
from softphone.config import AccountConfig, Source
from softphone.model.call import AccountName
from tests.adapters.ribbon.seat import Floor

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "ribbon.md").read_text(encoding="utf-8")
NAMES = (ROOT / "tests" / "data" / "ribbon_api.txt").read_text(encoding="utf-8")
REFUSED = "not applicable: "
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the tables of the SDK's names."""

    names: tuple[str, ...]
    here: str
    command: str
    python: str
    tests: tuple[tuple[str, str], ...]

    @property
    def refused(self) -> bool:
        return self.here.startswith(REFUSED)


def rows() -> list[Row]:
    part = TEXT[TEXT.index("## Where the SDK's names are") :]
    found = []
    for line in part.splitlines():
        if not line.startswith("| `"):
            continue
        names, here, command, python, tests = (cell.strip() for cell in line[1:-1].split(" | "))
        listed = tuple(re.findall(r"`([^`]+)`", names))
        found.append(Row(listed, here, command, python, tuple(_TEST.findall(tests))))
    return found


def wanted() -> dict[str, str]:
    """Return every name of the SDK with its mark: implement, adapt, not applicable."""
    found: dict[str, str] = {}
    for line in NAMES.splitlines():
        if not line.startswith("#"):
            _, mark, *names = line.split()
            found |= dict.fromkeys(names, mark)
    return found


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_every_name_of_the_sdk_has_one_row() -> None:
    listed = [name for row in rows() for name in row.names]

    assert len(wanted()) > 250
    assert len(listed) == len(set(listed))
    assert set(listed) == set(wanted())


def test_only_what_has_no_meaning_in_a_terminal_is_refused_and_says_why() -> None:
    refused = {name for row in rows() if row.refused for name in row.names}

    assert refused == {name for name, mark in wanted().items() if mark == "N"}
    assert all(len(row.here) > len(REFUSED) + 10 for row in rows() if row.refused)


def test_every_other_row_says_where_it_is_and_names_its_test() -> None:
    for row in rows():
        if not row.refused:
            assert row.tests, row.names
            assert {row.here, row.command, row.python} != {"–"}, row.names


def test_every_named_test_is_there_and_runs_in_the_ordinary_suite() -> None:
    named = sorted({test for row in rows() for test in row.tests})
    for path in {path for path, _ in named}:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        found = {
            node.name: [ast.unparse(mark) for mark in node.decorator_list] + _wants(node)
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        whole = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign)]
        assert not any("pytestmark" in line for line in whole), path
        for _, test in (one for one in named if one[0] == path):
            assert test in found, f"{path} has no {test}"
            assert not re.search(r"nightly|\breal\b|skip|xfail", " ".join(found[test])), test


def _wants(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [argument.arg for argument in node.args.args]


def test_every_named_test_is_collected() -> None:
    named = sorted({f"{path}::{test}" for row in rows() for path, test in row.tests})

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *named],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    collected = {line.split("[")[0] for line in done.stdout.splitlines() if "::" in line}
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert collected == set(named)


def test_every_command_that_is_named_exists() -> None:
    named = {word for row in rows() for word in re.findall(r"`([a-z][a-z-]+)", row.command)}
    others = {"code", "codecs", "engine", "held", "media", "muted", "operation"}  # JSON members
    others |= {"platform", "received"}

    assert named - others - set(COMMANDS) == set()


def test_every_setting_that_is_named_exists() -> None:
    part = TEXT[: TEXT.index("## From Python")]
    keys = set(re.findall(r"`([a-z]+_[a-z_]+)`", part)) - {"lab_ctl"}
    options = {key for row in rows() for key in re.findall(r"`([a-z_]+)=`", row.python)}

    assert len(keys | options) > 25
    known = set(RibbonSettings.__dataclass_fields__) | {"set_sdp_handlers", "audio", "play"}
    assert (keys | options) - known == set()


@pytest.mark.parametrize("block", blocks("toml"))
def test_every_piece_of_configuration_is_right(block: str) -> None:
    table = tomllib.loads(block)["accounts"]["ribbon"]
    assert table.pop("kind") == "ribbon"

    read_settings(AccountConfig(AccountName("ribbon"), "ribbon", table, Source(None)))


async def test_the_example_runs_as_it_stands(floor: Floor, tmp_path: Path) -> None:
    (code,) = blocks("python")
    program, hum = tmp_path / "example.py", tmp_path / "hum.wav"
    program.write_text(code, encoding="utf-8")
    with wave.open(str(hum), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", "not compressed"))
        file.writeframes(tone([440.0], 0.5).astype("<i2").tobytes())
    account = floor.account()
    environment = os.environ | {
        "RIBBON_URL": account["url"],
        "RIBBON_USER": account["user"],
        "RIBBON_PASSWORD": account["password"],
        "RIBBON_CALL": "speech@lab.test",
        "RIBBON_PLAY": str(hum),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
    }

    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(), 30.0)

    assert (process.returncode, errors) == (0, b"")
    said = out.decode().splitlines()
    assert said[0].startswith("talking to ")
    assert said[1] == "ended hangup"
    call = next(one for one in floor.calls() if one["phase"] == "over")
    sound = await floor.ask(floor.control.heard, call["sid"])
    assert np.abs(np.frombuffer(sound[44:], "<i2").astype(np.int32)).max() > 2000
