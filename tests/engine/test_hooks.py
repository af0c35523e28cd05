"""Programs of the operator's own, run when something happens."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from softphone.engine.hooks import Hooks
from softphone.model import event as e
from softphone.model.call import AccountName, CallState, EndReason
from softphone.model.desk import Desk, DeskState
from tests.engine.office import until
from tests.store.conftest import a_call

ACCOUNT = AccountName("desk")


def writer(folder: Path, *more: str) -> tuple[str, ...]:
    """Return a hook that appends what it gets to a file."""
    code = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read())"
    return (sys.executable, "-c", code, str(folder / "out"), *more)


def written(folder: Path) -> list[dict[str, Any]]:
    file = folder / "out"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


async def test_each_step_of_a_call_runs_its_hook_once(tmp_path: Path) -> None:
    hooks = Hooks({"call.ringing": writer(tmp_path), "call.missed": writer(tmp_path)})
    ringing = a_call()
    ended = ringing.ended(EndReason.CANCELLED, 1010.0, 1010.0)

    for call in (ringing, ringing, ended):
        hooks.heard(e.CallChanged(call))
    found = await until(lambda: written(tmp_path) if len(written(tmp_path)) == 2 else None)
    await hooks.close()

    assert {one["occasion"] for one in found} == {"call.ringing", "call.missed"}
    assert all(one["call"]["remote"]["address"] == "+390212345678" for one in found)


async def test_what_came_of_a_call_and_the_desks_state_have_hooks(tmp_path: Path) -> None:
    occasions = ("call.ended", "call.disposed", "desk.changed")
    hooks = Hooks({occasion: writer(tmp_path) for occasion in occasions})
    ended = a_call().ended(EndReason.CANCELLED, 1010.0, 1010.0)
    sold = replace(ended, disposition="sold")

    for call in (ended, sold, sold):
        hooks.heard(e.CallChanged(call))
    hooks.heard(e.CallRemoved(ended.id))
    hooks.heard(e.DeskChanged(Desk(DeskState.ROUTABLE)))
    found = await until(lambda: written(tmp_path) if len(written(tmp_path)) == 3 else None)
    await hooks.close()

    assert sorted(one["occasion"] for one in found) == sorted(occasions)


async def test_a_disposition_of_a_call_of_long_ago_does_not_end_it_again(tmp_path: Path) -> None:
    hooks = Hooks({name: writer(tmp_path) for name in ("call.ended", "call.missed")})
    old = a_call().ended(EndReason.CANCELLED, 1010.0, 1010.0)

    hooks.heard(e.CallChanged(replace(old, disposition="sold")))
    started = len(hooks._running)
    await hooks.close()

    assert started == 0


async def test_an_event_of_a_platform_runs_by_its_name_and_by_the_star(tmp_path: Path) -> None:
    hooks = Hooks({"event:ScreenPopVoice": writer(tmp_path), "event:*": writer(tmp_path)})

    hooks.heard(e.PlatformEvent(ACCOUNT, "ScreenPopVoice", 1.0, '{"a": "$(touch x) \\u001b"}'))
    hooks.heard(e.PlatformEvent(ACCOUNT, "Other", 2.0, "{}"))
    found = await until(lambda: written(tmp_path) if len(written(tmp_path)) == 3 else None)
    await hooks.close()

    assert sorted(one["occasion"] for one in found) == [
        "event:*",
        "event:*",
        "event:ScreenPopVoice",
    ]
    assert {one["body"] for one in found} == {'{"a": "$(touch x) \\u001b"}', "{}"}


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (("/no/such/program",), "No such file"),
        ((sys.executable, "-c", "raise SystemExit(3)"), "ended with 3"),
    ],
)
async def test_a_hook_that_fails_is_told_once(
    argv: tuple[str, ...], problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = Hooks({"call.active": argv})

    with caplog.at_level(logging.WARNING):
        for name in ("c1", "c2"):
            hooks.heard(e.CallChanged(a_call(name, state=CallState.ACTIVE)))
        await until(lambda: not hooks._running)

    assert caplog.text.count(problem) == 1


async def test_closing_ends_what_still_runs() -> None:
    hooks = Hooks({"call.active": (sys.executable, "-c", "import time; time.sleep(60)")})
    hooks.heard(e.CallChanged(a_call(state=CallState.ACTIVE)))
    await until(lambda: hooks._room._value < 4)

    await hooks.close()

    assert not hooks._running
