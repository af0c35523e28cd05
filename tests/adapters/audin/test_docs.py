"""docs/audin.md: its example runs, its tests exist, and no name of the SDK is missing."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tomllib
from pathlib import Path

import pytest

from softphone.adapters.audin.settings import read_settings
from softphone.adapters.audin.wire import Wire
from softphone.config import AccountConfig, Source
from softphone.lab.farends import FAR_ENDS
from softphone.model.call import AccountName
from tests.adapters.audin.desk import Room

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "audin.md").read_text(encoding="utf-8")
# Every name in the two published documents of the SDK (package 0.4.0: README, presence client).
SDK = {
    "options": "coreUrl getToken heartbeatIntervalMs reconnectBackoffMs audioConstraints logger",
    "methods": "listPhoneNumbers goOnline goOffline dial state currentCall on off once accept"
    " reject mute sendDtmf hangup encodeMuLaw decodeMuLaw resampleLinear",
    "events": "presenceStateChanged availabilityChanged incomingCall callStarted callEnded error",
    "types": "AudinOperator OperatorCall callSid direction from to endReason muted PresenceState"
    " OperatorPhoneNumber phoneNumber displayName CallEndReason remote_hangup taken_by_other"
    " rejected no_answer failed offline accepted code message cause token expiresAt",
    "errors": "OperatorRequestError UNAUTHORIZED REQUEST_FAILED",
    "presence": "connect disconnect setAvailable setUnavailable startOutbound isOpen"
    " presenceWsUrl ensureToken invalidateToken onMessage onOpen onReconnecting onError"
    " set_available set_unavailable ping start_outbound connected available_set incoming_call"
    " call_taken call_assigned outbound_started pong",
}
_ROW = re.compile(r"^\| `([\w.]+)`.*\|$", re.MULTILINE)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def rows() -> dict[str, str]:
    """Return the rows of the SDK's names, by the name in their first column."""
    part = TEXT[TEXT.index("## Where the SDK's names are") :]
    return {found.group(1): found.group(0) for found in _ROW.finditer(part)}


@pytest.mark.parametrize("group", SDK)
def test_every_name_of_the_sdk_has_a_row(group: str) -> None:
    assert set(SDK[group].split()) <= rows().keys()


def test_every_row_names_a_test_that_exists() -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/*.py"))
    existing = set(re.findall(r"def (test_\w+)\(", tests))

    for name, row in rows().items():
        named = re.findall(r"`(test_\w+)`", row)
        assert named, f"{name} names no test"
        assert set(named) <= existing, f"{name}: {named} does not exist"


async def test_the_example_runs_as_it_stands(room: Room, tmp_path: Path) -> None:
    (code,) = blocks("python")
    program = tmp_path / "example.py"
    program.write_text(code, encoding="utf-8")
    ready = room.lab.ready()["audin"]
    environment = os.environ | {
        "AUDIN_CORE_URL": ready["core_url"],
        "AUDIN_TOKEN_URL": ready["token_url"],
        "AUDIN_CALL": FAR_ENDS["tone"],
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
    out, errors = await asyncio.wait_for(process.communicate(), 20.0)

    said = out.decode().splitlines()
    assert (process.returncode, errors) == (0, b"")
    assert said == [f"talking {FAR_ENDS['tone']}", "ended hangup"]
    assert room.calls()[0]["reason"] == "hangup"


@pytest.mark.parametrize("block", blocks("toml"))
def test_every_piece_of_configuration_is_right(block: str) -> None:
    table = tomllib.loads(block)["accounts"]["audin"]
    table.pop("kind", None)
    if set(table) == {"wire"}:
        table["token_url"] = "https://backend.test/token"

    read_settings(AccountConfig(AccountName("audin"), "audin", table, Source(None)))


def test_every_key_of_the_wire_that_is_named_exists() -> None:
    part = TEXT[TEXT.index("### What is assumed") : TEXT.index("### What Audin cannot do")]

    keys = re.findall(
        r"`((?:field|type|stop|auth|idle|replaced|busy|no_answer|phone|token)_\w+)`", part
    )

    assert len(keys) > 12
    assert set(keys) <= set(Wire.__dataclass_fields__)
