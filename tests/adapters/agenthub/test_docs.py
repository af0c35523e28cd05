"""docs/agenthub.md: its example runs, its tests exist, and no name of the client is missing."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest

from softphone.adapters.agenthub.settings import read_settings
from softphone.config import AccountConfig, Source, load
from softphone.model.call import AccountName
from tests.adapters.agenthub.agent import Floor

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "agenthub.md").read_text(encoding="utf-8")
# Every name in the published README of the client (1.0.0-beta.20).
SDK = (
    "Connection on connect connected disconnected onlineUsers any ScreenPopVoice ThirdParty eventId"
    " eventType agentId campaignId channelType channel timestamp eventData sub tid iss iat exp"
    " username roles ref userId onlineAt ipAddress"
)
# Rows of the protocol reference's table of hostile and edge cases.
EDGES = 28
_ROW = re.compile(r"^\| `([\w.]+)` \|.*\|$", re.MULTILINE)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def rows() -> dict[str, str]:
    part = TEXT[TEXT.index("## Where the client's names are") :]
    return {found.group(1): found.group(0) for found in _ROW.finditer(part)}


def edges() -> dict[str, str]:
    part = TEXT[TEXT.index("## When the other side misbehaves") : TEXT.index("## From Python")]
    lines = [line for line in part.splitlines() if line.startswith("| ")][2:]
    return {line.split(" | ")[0].removeprefix("| "): line for line in lines}


def test_every_name_of_the_client_has_a_row() -> None:
    assert set(SDK.split()) <= rows().keys()


def test_every_row_names_a_test_that_exists() -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/*.py"))
    existing = set(re.findall(r"def (test_\w+)\(", tests))

    assert len(edges()) >= EDGES
    for name, row in (rows() | edges()).items():
        named = re.findall(r"`(test_\w+)`", row)
        assert named, f"{name} names no test"
        assert set(named) <= existing, f"{name}: {named} does not exist"


async def test_the_example_runs_as_it_stands(floor: Floor, tmp_path: Path) -> None:
    (code,) = blocks("python")
    program = tmp_path / "example.py"
    program.write_text(code, encoding="utf-8")
    environment = os.environ | {
        "AGENT_TOKEN": floor.token(),
        "AGENTHUB_URL": floor.lab.hub.base_url,
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
    }

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(program)),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(), 20.0)

    assert (process.returncode, errors) == (0, b"")
    assert out.decode().splitlines()[:2] == ["connected adams", "1"]


@pytest.mark.parametrize("block", blocks("toml"))
def test_every_piece_of_configuration_is_right(block: str, tmp_path: Path) -> None:
    accounts = tomllib.loads(block).get("accounts")
    if accounts is None:
        file = tmp_path / "config.toml"
        file.write_text(block, encoding="utf-8")
        assert load(file).hooks
        return
    table = accounts["agenthub"]
    table.pop("kind", None)

    read_settings(AccountConfig(AccountName("agenthub"), "agenthub", table, Source(None)))
