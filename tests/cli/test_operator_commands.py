"""The operator's own state by the command line: breaks, dispositions, caller id, undo."""

from __future__ import annotations

import io
from typing import Any

import pytest

from softphone.cli.main import COMMANDS
from softphone.ui.plain_words import _INSTEAD as INSTEAD
from softphone.ui.plain_words import LISTS, WORDS
from tests.cli.conftest import Beside, Cli, one_line
from tests.e2e.conftest import wait_for


@pytest.fixture(autouse=True)
def engine(shared: Cli) -> None:
    """An engine at the lab, online, with words for what comes of a call."""
    if shared("status").code:
        shared.write_config('[calls]\ndispositions = { all = ["sold", "open"] }\n')
        assert shared("online").code == 0
        assert shared("lab-ctl", "scenario", "quiet").code == 0


def desk(cli: Cli) -> dict[str, Any]:
    found: dict[str, Any] = cli("agent", "--json").last
    return found


def agent(cli: Cli) -> dict[str, Any]:
    found: list[dict[str, Any]] = cli("status", "--json").last["agents"]
    return found[0] if found else {}


def test_a_break_is_one_on_every_platform(shared: Cli) -> None:
    wait_for(lambda: agent(shared).get("group") == "available", 10.0)

    assert shared("agent", "break", "lunch").code == 0
    wait_for(lambda: agent(shared)["group"] == "paused", 10.0)
    away = desk(shared)
    shown = shared("agent").out
    assert shared("agent", "available").code == 0
    wait_for(lambda: agent(shared)["group"] == "available", 10.0)
    wait_for(lambda: desk(shared)["state"] == "routable", 10.0)

    assert (away["type"], away["state"]) == ("desk", "not_routable")
    assert "not available" in shown


def test_a_break_after_the_call_is_queued_and_forgotten(shared: Cli) -> None:
    follower = shared("agent", "next", "nonsense")

    assert follower.code == 1
    assert "is no state" in one_line(follower)
    assert shared("agent", "next", "none").code == 1  # nothing waits
    assert shared("agent", "nonsense").code == 2
    assert "no after-call work" in one_line(shared("agent", "finish"))
    assert "no number of seconds" in one_line(shared("agent", "extend", "soon"))


def test_after_call_work_is_begun_extended_and_finished(shared: Cli) -> None:
    assert shared("agent", "after-call").code == 0
    begun = desk(shared)
    assert shared("agent", "extend", "90").code == 0
    longer = desk(shared)
    assert shared("agent", "finish").code == 0

    assert (begun["state"], begun["left"]) == ("after_call", None)
    assert 80.0 < longer["left"] <= 90.0
    assert desk(shared)["state"] != "after_call"


def test_what_came_of_a_call_is_found_in_history_and_shift(shared: Cli) -> None:
    assert shared("call", "tone", "--duration", "0.2").code == 0
    listed = [line["name"] for line in shared("dispose", "--list", "--json").json]

    assert shared("dispose", "sold").code == 0
    strange = shared("dispose", "slod")
    found = shared("history", "--disposition", "sold", "--json").json
    by_text = shared("history", "sold", "--json").json
    shift = shared("shift", "--json").json

    assert listed == ["sold", "open"]
    assert "did you mean sold" in one_line(strange)
    assert [line["disposition"] for line in found] == ["sold"]
    assert [line["call"] for line in by_text] == [line["call"] for line in found]
    assert shared("history", "--disposition", "open").out == ""
    assert shift[-1]["dispositions"] == {"sold": 1}
    assert "sold 1" in shared("shift").out
    assert "sold 1" in shared("shift", "--csv").out


def test_a_platforms_own_codes_stand_beside_the_words_and_reach_the_platform(
    shared: Cli,
) -> None:
    assert shared("lab-ctl", "ring", "pn_1", "--far-end", "tone").code == 0
    assert shared("wait", "--answer", "--duration", "0.2").code == 0
    wait_for(lambda: agent(shared)["may_dispose"], 10.0)

    listed = shared("dispose", "--list", "--json").json
    platform = [line for line in listed if line["source"] == "agenthub"]
    assert platform, listed
    assert shared("dispose", platform[0]["name"]).code == 0
    wait_for(lambda: not agent(shared)["may_dispose"], 10.0)

    (found,) = shared("history", "--limit", "1", "--json").json
    assert found["disposition"] == platform[0]["name"]


def test_a_break_is_queued_at_the_platform_too_while_its_agent_talks(shared: Cli) -> None:
    wait_for(lambda: agent(shared).get("group") == "available", 10.0)
    assert shared("lab-ctl", "ring", "pn_1", "--far-end", "tone").code == 0
    with Beside(shared, "wait", "--answer", "--duration", "2.5"):
        wait_for(lambda: agent(shared).get("group") == "busy", 10.0)

        assert shared("agent", "next", "break", "lunch").code == 0
        waiting, at_platform = desk(shared), agent(shared)["next"]
    wait_for(lambda: agent(shared)["may_dispose"], 15.0)
    assert shared("dispose", "sale").code == 0
    wait_for(lambda: agent(shared)["group"] == "paused", 15.0)
    begun = desk(shared)
    assert shared("agent", "available").code == 0

    assert (waiting["state"], waiting["next_reason"], at_platform) == ("routable", "lunch", "pause")
    assert (begun["state"], begun["next"], begun["reason"]) == ("not_routable", None, "lunch")


def test_one_of_ones_own_numbers_is_chosen_to_be_seen(shared: Cli) -> None:
    numbers = shared("caller-id", "--json").json
    wanted = numbers[-1]["id"]

    assert shared("caller-id", wanted).code == 0
    chosen = [line["id"] for line in shared("caller-id", "--json").json if line["chosen"]]
    called = shared("call", "tone", "--duration", "0.2", "--json").last
    assert "none of your numbers" in one_line(shared("caller-id", "pn_99"))
    assert shared("caller-id", "default").code == 0

    assert chosen == [wanted]
    assert called["local"] == numbers[-1]["number"]
    assert f"* {numbers[0]['account']}" not in shared("caller-id").out


def test_nothing_to_undo_is_said_and_quiet_changes_over(shared: Cli) -> None:
    assert "nothing to undo" in one_line(shared("undo"))

    assert shared("quiet", "on", "--json").last == {"type": "done", "command": "quiet"}
    assert desk(shared)["quiet"] is True
    assert "do not disturb" in shared("agent").out
    assert shared("quiet").out == "do not disturb is off\n"
    assert desk(shared)["quiet"] is False


# ---- the line mode, with the real engine --------------------------------------------------------


def lines(cli: Cli, patch: pytest.MonkeyPatch, *typed: str) -> str:
    patch.setattr("sys.stdin", io.StringIO("\n".join(typed) + "\nquit\n"))
    done = cli("--plain")
    assert done.code == 0
    return done.out


def test_every_command_the_line_mode_names_is_one() -> None:
    named = {line.partition(" ")[0] for line in INSTEAD.values()}

    assert named - set(WORDS) - set(LISTS) - set(COMMANDS) == set()


def test_line_mode_runs_commands_of_the_command_line(
    shared: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = lines(
        shared, monkeypatch, "shift --json", "history --disposition nothing --csv", "agent",
        "break tea", "status", "available", "nonsense",
    )  # fmt: skip

    assert '"type": "shift_total"' in text
    assert "started,account,direction" in text
    assert "not available (tea)" in text
    assert "Unknown: nonsense" in text


def test_line_mode_dials_by_quick_key_again_and_back(
    shared: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = shared("contacts", "--add", "Anna", "+390255500102", "--quick", "4", "--favourite")
    assert added.code == 0

    text = lines(
        shared, monkeypatch, "quick 4", "note sold to Anna", "hangup", "quick 5", "redial", "hangup"
    )

    assert text.count("DIAL  +390255500102  out") == 2
    assert "No contact has the key 5" in text
    notes = [line["note"] for line in shared("history", "sold to anna", "--json").json]
    assert notes == ["sold to Anna"]
