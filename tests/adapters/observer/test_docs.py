"""docs/observer.md: its example runs, its settings are right, every name of the SDK is there."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from softphone.adapters.observer.settings import ObserverSettings, read_settings
from softphone.config import AccountConfig, Source
from softphone.model.call import AccountName
from tests.adapters.observer.post import Site

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "observer.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")
# Every name in the published document of the SDK, and the later getTurnStats.
SDK = {
    "client": "ObserverClient connection.url connection.getAccessToken connect close",
    "queries": "findCalls fetchOngoingCalls getSummaryStats getTurnStats",
    "filters": "producerId consumerId transportId callId roomId clientId mediaTrackId",
    "frames": "createDatabaseFrame updateOnCreate createCallSnapshotsFrame"
    " createClientSnapshotsFrame DataFrame dataFrameId sortFn DataFrame.close DataFrame.update"
    " Symbol.iterator DataFrame.dispatch",
    "admin": "ObserverAdminClient getWorkerState getServerState startJob cleanFailedJobs"
    " cleanCompletedJobs cancelJob listJobs",
}
EVENTS = {"event close", "DataFrame event close", "DataFrame event newrow", "DataFrame event error"}
# Every row of the protocol's table of edge cases and hostile input.
BAD_INPUT = (
    "malformed JSON, no object, NaN, 1e999, nested too deep, a member twice",
    "binary message",
    "message over 4 MiB",
    "unknown kind, type or event",
    "answer to an unknown or answered request",
    "answer to a create that timed out",
    "request id of a wrong type",
    "row fields of a wrong type",
    "row without its key fields",
    "score outside 0 to 5, negative round trip, loss over 1",
    "ids with control characters, escapes, markup, 10 kB",
    "duplicate row",
    "rows out of order",
    "gap in `seq`",
    "flood of rows",
    "late rows of a closed frame or an ended call",
    "the same call twice in the list",
    "call that vanishes from the list",
    "cursor that does not move",
    "update while one runs",
    "service that never answers",
    "token that expires in the middle of a read",
    "token source that fails",
    "clock of the service that differs",
    "clock of a client that is wrong",
    "huge numbers",
    "look-up that looks like a pattern",
    "parameters of a job",
    "job that destroys",
)
_ROW = re.compile(r"^\| `([^`]+)`.*\|$", re.MULTILINE)


def rows() -> dict[str, str]:
    part = TEXT[TEXT.index("## Where the SDK's names are") : TEXT.index("## Bad input")]
    return {found.group(1): found.group(0) for found in _ROW.finditer(part)}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("group", SDK)
def test_every_name_of_the_sdk_has_a_row(group: str) -> None:
    assert set(SDK[group].split()) | EVENTS <= rows().keys()


def test_every_row_names_a_test_that_exists() -> None:
    here = Path(__file__).parent
    tests = "\n".join(path.read_text(encoding="utf-8") for path in here.glob("test_*.py"))
    existing = set(re.findall(r"def (test_\w+)\(", tests))

    for name, row in rows().items():
        named = set(re.findall(r"`(test_\w+)`", row))
        assert named or name == "name", f"{name} names no test"
        assert named <= existing, f"{name}: {named - existing} does not exist"


def test_every_bad_input_has_a_row_with_tests_that_exist() -> None:
    part = TEXT[TEXT.index("## Bad input") : TEXT.index("## What is assumed")]
    table = re.findall(r"(?m)^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$", part)[2:]

    assert tuple(name for name, _ in table) == BAD_INPUT
    for name, cell in table:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", cell)
        assert named, f"{name} names no test"
        for path, test in named:
            code = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"(?m)^(async )?def {test}\(", code), f"{name}: {test}"


async def test_the_example_runs_as_it_stands(site: Site, tmp_path: Path) -> None:
    (code,) = blocks("python")
    program = tmp_path / "example.py"
    program.write_text(code, encoding="utf-8")
    environment = os.environ | {
        "OBSERVER_URL": site.ready["ws"],
        "OBSERVER_TOKEN": site.ready["tokens"]["viewer"],
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

    assert (process.returncode, out, errors) == (0, b"True True\n", b"")


@pytest.mark.parametrize("block", blocks("toml"))
def test_every_piece_of_configuration_is_right(block: str) -> None:
    table: dict[str, Any] = tomllib.loads(block)["accounts"]["observer"]
    table.pop("kind", None)
    needed = {"url": "https://observer.example.com/ws", "token_env": "T"}

    account = AccountConfig(AccountName("o"), "observer", needed | table, Source(None))
    read_settings(account)


def test_the_example_of_the_configuration_has_every_key_with_its_default() -> None:
    found = re.search(r"(?m)^# \[accounts\.observer\]\n((?:# \S.*\n)+)", EXAMPLE)
    assert found
    table = tomllib.loads(re.sub(r"(?m)^# ", "", found.group(1)))
    defaults = dataclasses.asdict(ObserverSettings())

    assert table.pop("kind") == "observer"
    assert table.pop("url").startswith("https://")
    defaults.pop("url")
    as_lists = {k: list(v) if isinstance(v, tuple) else v for k, v in defaults.items()}
    assert table == as_lists
