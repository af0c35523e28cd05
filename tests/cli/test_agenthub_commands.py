"""AgentHub by the command line: what the lab is told to do, and what comes of it, raw and read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, one_line
from tests.e2e.conftest import wait_for

_HOOK = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read())"


class Followed:
    """`softphone events --account agenthub --follow --json`, and what it has printed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._out = file.open("w", encoding="utf-8")
        command = ("events", "--account", "agenthub", "--follow", "--json")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "softphone", *command], stdout=self._out
        )

    def lines(self) -> list[dict[str, Any]]:
        text = self._file.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def notes(self) -> list[str]:
        return [line["text"] for line in self.lines() if line["type"] == "noted"]

    def raw(self, name: str) -> list[dict[str, Any]]:
        """Return the envelopes of a platform's event as they came."""
        found = [line for line in self.lines() if line.get("name") == name]
        return [json.loads(line["body"]) for line in found]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._out.close()


@pytest.fixture(autouse=True)
def engine(shared: Cli, shared_home: Path) -> None:
    """An engine at the lab, with hooks of the operator's own, and nothing going on by itself."""
    if shared("status").code:
        argv = [sys.executable, "-c", _HOOK, str(shared_home / "hooked")]
        shared.write_config(f'[hooks]\n"event:ScreenPopVoice" = {json.dumps(argv)}\n')
        assert shared("online").code == 0
        assert shared("lab-ctl", "scenario", "quiet").code == 0


@pytest.fixture
def followed(engine: None, tmp_path: Path) -> Iterator[Followed]:
    made = Followed(tmp_path / "events")
    wait_for(lambda: made.notes())
    yield made
    made.close()


def agent(cli: Cli) -> dict[str, Any]:
    found: list[dict[str, Any]] = cli("status", "--json").last["agents"]
    return found[0] if found else {}


def does(cli: Cli, *arguments: str) -> dict[str, Any]:
    done = cli("lab-ctl", *arguments)
    assert done.code == 0, done.err
    return done.last


def link(cli: Cli) -> str:
    accounts = cli("status", "--json").last["accounts"]
    return next(str(one["state"]) for one in accounts if one["account"] == "agenthub")


def seen(is_so: Callable[[], object]) -> None:
    wait_for(is_so, 10.0)


def test_everything_the_lab_can_do_to_an_agent_is_seen(shared: Cli, followed: Followed) -> None:
    does(shared, "pop", "boss", "+390245871203", "--name", "Anna Rossi")
    does(shared, "agent-status", "boss", "4", "--reason", "2")
    does(shared, "supervisor", "boss", "Good work.")
    does(shared, "dialog", "boss")
    does(shared, "emit", "boss", "FromTheFuture", "--data", '{"a": [1]}', "--count", "3")
    does(shared, "crowd", "acme", "--count", "50")
    assert does(shared, "emit", "*@acme", "ToAll")["events"] == 3  # one for each of its agents
    seen(lambda: len(followed.raw("FromTheFuture")) == 3)
    seen(lambda: followed.raw("ToAll"))
    seen(lambda: any(len(line.get("users", ())) == 51 for line in followed.lines()))
    seen(lambda: followed.notes().count("message from Marcos") == 1)
    seen(lambda: agent(shared).get("status") == "Pause")

    accounts = {one["account"]: one for one in shared("status", "--json").last["accounts"]}
    assert accounts["agenthub"]["identity"] == "boss @ acme"
    assert agent(shared)["reason"] == "Training"
    assert agent(shared)["seconds"] >= 0
    assert [one["eventData"]["place"] for one in followed.raw("FromTheFuture")] == [0, 1, 2]
    assert any(note.startswith("screen pop (voice): customer C1203") for note in followed.notes())
    assert "message from 9001" in followed.notes()
    (popped,) = followed.raw("ScreenPopVoice")
    assert popped["eventData"]["phoneNumber"] == "+390245871203"


def test_calls_the_platform_holds_are_in_the_status(shared: Cli) -> None:
    does(shared, "emit", "boss", "PreviewCallState", "--data",
         '{"callId": "5", "callState": 1, "phoneNumber": "551199"}')  # fmt: skip

    seen(lambda: agent(shared).get("calls"))

    assert agent(shared)["calls"] == [{"call": "5", "number": "551199", "step": "alerting"}]
    assert "call held there: 551199  alerting" in shared("status").out


def test_a_hook_of_an_event_gets_it_on_its_input(shared: Cli, shared_home: Path) -> None:
    hooked = shared_home / "hooked"
    does(shared, "pop", "boss", "+390245871204", "--data", '{"tableName": "$(touch x); \\"q\\""}')

    seen(lambda: hooked.exists() and "+390245871204" in hooked.read_text())

    told = [json.loads(line) for line in hooked.read_text().splitlines()]
    assert {one["occasion"] for one in told} == {"event:ScreenPopVoice"}
    assert json.loads(told[-1]["body"])["eventData"]["tableName"] == '$(touch x); "q"'


def test_a_channel_that_crashes_and_a_session_that_is_ended_come_back(
    shared: Cli, followed: Followed
) -> None:
    does(shared, "crash", "boss")
    seen(lambda: any("failed at the server" in note for note in followed.notes()))
    seen(lambda: link(shared) == "online")

    does(shared, "kick", "boss")
    seen(lambda: link(shared) == "reconnecting")
    assert shared("online", "--account", "agenthub").code == 0
    seen(lambda: link(shared) == "online")


def test_a_role_that_is_taken_empties_the_list_and_comes_back(
    shared: Cli, followed: Followed
) -> None:
    does(shared, "revoke", "boss")
    seen(lambda: any("no list of online users" in note for note in followed.notes()))

    does(shared, "revoke", "boss", "--back")
    does(shared, "drop", "agenthub", "boss")

    seen(lambda: followed.lines()[-1].get("users"))


def test_a_token_is_printed_with_what_was_asked_for(shared: Cli) -> None:
    printed = does(shared, "token", "adams", "--service", "agenthub", "--ttl", "60",
                   "--roles", "agent,admin")  # fmt: skip

    assert printed["token"].count(".") == 2
    assert shared("lab-ctl", "token", "nobody", "--service", "agenthub").code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("pop", "boss", "--data", "{"), "data must be JSON"),
        (("pop", "boss", "--data", "[1]"), "data must be a JSON object"),
        (("supervisor", "nobody"), "AgentHub knows no 'nobody'"),
        (("agent-status", "boss", "10000"), "status must be a number"),
    ],
)
def test_what_the_lab_cannot_do_is_one_sentence(
    shared: Cli, arguments: tuple[str, ...], words: str
) -> None:
    done = shared("lab-ctl", *arguments)

    assert done.code == 1
    assert words in one_line(done)
