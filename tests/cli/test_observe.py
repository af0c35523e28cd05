"""`softphone observe …` at the lab: a running engine and its account `observer`; one for all."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.conftest import Beside, Cli, one_line
from tests.e2e.conftest import wait_for


@pytest.fixture(autouse=True)
def engine(shared: Cli) -> Iterator[None]:
    """An engine that stays up, with the account online."""
    if shared("status").code:
        shared("online", "--account", "observer")
        shared.lab().scenario("quiet")
    else:
        shared("online", "--account", "observer")
    wait_for(lambda: state(shared) == "online")
    yield
    shared.lab().clear_faults()


def state(cli: Cli) -> str:
    accounts = cli("status", "--json").last["accounts"]
    found: str = next(one["state"] for one in accounts if one["account"] == "observer")
    return found


def a_call(cli: Cli) -> dict[str, Any]:
    """Return a call that goes on and has somebody in it."""
    listed = cli("observe", "calls", "--json").json
    return next(call for call in listed if call["clients"])


def test_ongoing_calls_are_listed_for_people_and_scripts(shared: Cli) -> None:
    listed = shared("observe", "calls", "--json")
    shown = shared("observe", "calls")

    assert (listed.code, shown.code) == (0, 0)
    assert {call["type"] for call in listed.json} == {"observed_call"}
    assert listed.json[0]["id"] in shown.out


def test_a_call_is_found_by_any_id_and_by_named_ones(shared: Cli) -> None:
    call = a_call(shared)

    anything = shared("observe", "find", call["clients"][0], "--json")
    named = shared("observe", "find", "--room", call["room"], "--call", call["id"], "--json")
    nothing = shared("observe", "find", "nobody")

    assert [(one["id"], one["matched_by"]) for one in anything.json] == [(call["id"], ["client"])]
    assert [one["id"] for one in named.json] == [call["id"]]
    assert (nothing.code, nothing.out) == (1, "")


def test_a_summary_has_totals_and_their_course(shared: Cli) -> None:
    found = shared("observe", "summary", "--json").last
    shown = shared("observe", "summary", "--room", "support-1", "--interval", "1m")

    assert dict(found["figures"])["currentActiveCalls"]
    assert len(found["series"]) > 5
    assert "averageScore" in shown.out
    assert re.search(r"(?m)^score .*[▁▂▃▄▅▆▇█].* of 5$", shown.out)


def test_rows_of_a_call_come_as_json_lines(shared: Cli) -> None:
    call = a_call(shared)

    done = shared("observe", "frame", "call", call["id"], "--json")
    some = shared("observe", "frame", "client", call["id"], call["clients"][0], "--limit", "3")

    assert done.code == 0
    assert {row["callId"] for row in done.json} == {call["id"]}
    assert len(done.json) > 3
    assert len(some.out.splitlines()) == 3


def test_rows_of_a_resource_come_as_a_table_without_formulas(shared: Cli) -> None:
    now = round(time.time() * 1000)
    conditions = json.dumps({"timestamp": {"gte": now - 3_600_000}, "name": ["CALL_STARTED"]})

    done = shared("observe", "frame", "callEvents", "--where", conditions, "--csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))

    assert done.code == 0
    assert rows
    assert {row["name"] for row in rows} == {"CALL_STARTED"}


def test_following_a_frame_prints_rows_as_they_come(shared: Cli) -> None:
    call = a_call(shared)
    before = round(time.time() * 1000)
    with Beside(shared, "observe", "frame", "call", call["id"], "--follow", "--json") as beside:
        assert beside.process.stdout is not None
        for line in beside.process.stdout:
            if json.loads(line)["timestamp"] > before + 1000:
                break
        beside.process.terminate()


def test_a_command_that_is_killed_leaves_no_frame_open(shared: Cli) -> None:
    def frames() -> list[str]:
        state = shared.lab().state()["services"]["observer"]
        return [frame for one in state["connections"] for frame in one["frames"]]

    wait_for(lambda: not frames())
    call = a_call(shared)
    with Beside(shared, "observe", "frame", "call", call["id"], "--follow") as beside:
        assert beside.process.stdout is not None
        beside.process.stdout.readline()
        open_then = frames()
        beside.process.kill()

    wait_for(lambda: not frames())
    assert len(open_then) == 1


def test_jobs_are_started_listed_cancelled_and_cleaned(shared: Cli) -> None:
    job = shared("observe", "jobs", "--start", "selfTest", "--parameters", '{"seconds": 60}')
    ident = job.out.strip()

    cancelled = shared("observe", "jobs", "--cancel", "selfTest", ident, "--json").last
    listed = {one["id"]: one for one in shared("observe", "jobs", "--json").json}
    shared("observe", "jobs", "--start", "selfTest", "--parameters", '{"seconds": 0.1}')

    def completed() -> bool:
        return "completed" in shared("observe", "jobs").out

    wait_for(completed)
    asked = shared("observe", "jobs", "--clean", "completed")
    cleaned = shared("observe", "jobs", "--clean", "completed", "--yes", "--json").last

    assert re.search(r"All completed jobs \([1-9]\d*\) go from the list", one_line(asked))

    assert cancelled == {"type": "done", "count": 1}
    assert listed[ident]["state"] == "cancelled"
    assert cleaned["count"] >= 1
    assert not completed()


def test_a_job_that_destroys_starts_only_when_that_is_said(shared: Cli) -> None:
    refused = shared("observe", "jobs", "--start", "purgeCalls", "--parameters", '{"before": 1}')
    before = shared("observe", "jobs").out
    started = shared(
        "observe", "jobs", "--start", "purgeCalls", "--parameters", '{"before": 1}', "--yes"
    )

    assert "--yes" in one_line(refused)
    assert "purgeCalls" not in before
    assert started.out.strip() in shared("observe", "jobs").out


def test_turn_servers_show_what_is_known(shared: Cli) -> None:
    found = shared("observe", "turn", "--json").last
    shown = shared("observe", "turn")

    assert found["address"] == "192.0.2.7"
    assert "out -  in -" in shown.out


def test_a_table_has_the_columns_that_were_named(shared: Cli) -> None:
    call = a_call(shared)

    done = shared(
        "observe",
        "frame",
        "call",
        call["id"],
        "--csv",
        "--columns",
        "timestamp,none",
        "--limit",
        "2",
    )

    header, *rows = done.out.splitlines()
    assert header == "timestamp,none"
    assert all(re.fullmatch(r"\d+,", row) for row in rows)


def test_machines_are_listed(shared: Cli) -> None:
    machines = shared("observe", "machines", "--json").json

    assert [one["kind"] for one in machines] == ["worker", "worker", "server"]
    shown = shared("observe", "machines").out
    assert shown.count("\n") == 3
    assert [("LATE" in line) for line in shown.splitlines()] == [False, True, False]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("frame", "call", "c-nobody"), "Not found"),
        (("frame", "noSuchResource", "--where", '{"callId": "x"}'), "cannot do that"),
        (("frame", "callEvents", "--where", "[1]"), "JSON object"),
        (("frame", "callEvents"), "does not understand"),
        (("frame", "call"), "Say call CALL"),
        (("find",), "at least one"),
        (("jobs", "--start", "nonsense"), "No job type"),
        (("jobs", "--start", "selfTest", "--parameters", "7"), "JSON object"),
        (("calls", "--account", "audin"), "monitoring"),
    ],
)
def test_what_is_refused_is_one_line(shared: Cli, arguments: tuple[str, ...], words: str) -> None:
    done = shared("observe", *arguments)

    assert done.code
    assert words in one_line(done)
