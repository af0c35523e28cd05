"""Commands at a running engine and its lab; one engine serves all tests of this file."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from softphone.cli import check
from tests.cli.conftest import Beside, Cli, one_line
from tests.e2e.conftest import wait_for


@pytest.fixture(autouse=True)
def engine(shared: Cli) -> Iterator[None]:
    """An engine that stays up, with the account online and nothing going on."""
    if shared("status").code:
        assert shared("online").code == 0
    yield
    while shared("hangup").code == 0:
        wait_for(lambda: not shared("status", "--json").last["calls"])
    while shared("decline").code == 0:
        pass


def active(cli: Cli) -> list[dict[str, object]]:
    calls = cli("status", "--json").last["calls"]
    return [call for call in calls if call["state"] == "active"]


def test_status_for_people_and_for_scripts(shared: Cli) -> None:
    shown, data = shared("status"), shared("status", "--json").last

    assert "audin" in shown.out
    assert "no call" in shown.out
    assert set(data) == {
        *("engine", "desk", "accounts", "agents", "calls", "missed", "consoles", "audio"),
        *("store", "store_waiting"),
    }
    assert set(data["engine"]) == {"pid", "version", "profile", "log", "lab"}
    assert data["store"] is None
    assert set(data["accounts"][0]) == {
        *("account", "kind", "identity", "state", "cause", "code", "numbers", "services"),
        "caller_id",
    }


def test_online_and_offline_print_what_became_of_it(shared: Cli) -> None:
    assert shared("offline").code == 0
    assert shared("status", "--json").last["accounts"][0]["state"] == "offline"
    shown = shared("online", "pn_1")
    assert "audin: online; " in shown.out
    assert "accepted" in shown.out
    assert shared("unavailable", "--json").last["command"] == "unavailable"
    assert shared("available").code == 0
    assert shared("online", "--json").last["accounts"][0]["state"] == "online"


def test_an_account_nobody_has_is_refused(shared: Cli) -> None:
    for command in ("online", "available", "call"):
        arguments = ["echo"] if command == "call" else []
        done = shared(command, *arguments, "--account", "nope")
        assert done.code == 1
        assert "nope" in one_line(done)


def test_a_call_prints_its_states_and_how_it_ended(shared: Cli, tmp_path: Path) -> None:
    record = str(tmp_path / "x.wav")

    done = shared("call", "tone", "--duration", "0.3", "--json", "--record", record)

    kinds = [line["type"] for line in done.json]
    assert done.code == 0
    assert set(kinds[:-1]) == {"call"}
    assert done.last["type"] == "ended"
    assert done.last["record"] == record


def test_a_call_for_people_ends_with_the_reason(shared: Cli) -> None:
    done = shared("call", "busy")

    assert done.code == 1
    assert "dialing" in done.out
    assert one_line(done).startswith("softphone: not answered: ")


@pytest.mark.parametrize(
    ("dest", "words"), [("112", "emergency"), ("nobody", "nobody"), ("\udcff", "softphone")]
)
def test_what_cannot_be_dialled_is_one_sentence(shared: Cli, dest: str, words: str) -> None:
    done = shared("call", dest)

    assert done.code == 1
    assert words in one_line(done)


def test_a_call_is_acted_on_from_another_command(shared: Cli) -> None:
    with Beside(shared, "call", "menu", "--json") as calling:
        wait_for(lambda: active(shared))
        call = str(active(shared)[0]["call"])

        assert shared("dtmf", "5", "--json").last == {
            "type": "done",
            "command": "dtmf",
            "call": call,
        }
        assert shared("mute", "on").code == 0
        assert active(shared)[0]["muted"] is True
        assert shared("record", "on").code == 0
        assert active(shared)[0]["recording"] is True
        assert shared("record", "off").code == 0
        assert shared("hold").code == 0
        assert shared("resume", "--call", call[:6]).code == 0
        assert shared("dtmf", "xyz").code == 1
        assert one_line(shared("answer")) == "softphone: There is no call to answer.\n"
        assert "resume" in one_line(shared("resume"))
        assert "no call to send ringing to" in one_line(shared("ringing"))
        assert one_line(shared("mute", "--call", "zzz")).startswith("softphone: There is no call")
        assert shared("hangup", "--call", call).code == 0
        assert json.loads(calling.done().out.splitlines()[-1])["reason"] == "hangup"


def test_a_ringing_call_is_answered_declined_and_ignored(shared: Cli) -> None:
    for command in ("answer", "decline", "ignore"):
        shared.lab().ring("pn_1", far_end="tone")
        wait_for(lambda: shared("status", "--json").last["calls"])
        done = shared(command)
        assert done.code == 0, done.err
        if command == "answer":
            wait_for(lambda: active(shared))
            assert shared("hangup").code == 0
        wait_for(lambda: not shared("status", "--json").last["calls"])


def test_wait_reports_a_call_that_rings(shared: Cli) -> None:
    shared.lab().ring("pn_1", name="Anna")
    wait_for(lambda: shared("status", "--json").last["calls"])

    done = shared("wait", "--json")

    assert done.code == 0
    assert (done.last["state"], done.last["name"]) == ("ringing", "Anna")


def test_wait_answers_and_hangs_up_in_time(shared: Cli) -> None:
    ring = threading.Timer(0.3, lambda: shared.lab().ring("pn_1", far_end="tone"))
    ring.start()

    done = shared("wait", "--answer", "--duration", "0.3")

    ring.join()
    assert done.code == 0
    assert "active" in done.out


def test_history_is_listed_searched_and_exported(shared: Cli) -> None:
    shared("call", "busy")

    listed = shared("history", "--json", "--limit", "1").json
    table = list(csv.DictReader(io.StringIO(shared("history", "--csv").out)))

    assert [record["type"] for record in listed] == ["record"]
    assert len(shared("history").out.splitlines()) == len(table) >= 1
    assert table[0]["number"].startswith("'+39")
    assert shared("history", "no such text").out == ""
    assert shared("history", "--limit", "0").out == ""
    assert shared("history", "--missed", "--account", "other").out == ""


def test_contacts_are_added_listed_and_deleted(shared: Cli) -> None:
    saved = shared("contacts", "--add", "Anna Bianchi", "+391", "--company", "ACME").out.strip()

    (found,) = shared("contacts", "bianchi", "--json").json
    assert "Anna Bianchi" in shared("contacts").out
    assert (found["id"], found["company"]) == (saved, "ACME")
    assert found["numbers"] == [{"number": "+391", "label": ""}]
    assert shared("contacts", "--delete", saved).code == 0
    assert "no such contact" in one_line(shared("contacts", "--delete", saved))


def test_events_are_printed_for_people_and_for_scripts(shared: Cli) -> None:
    assert "online" in shared("events").out
    assert {line["type"] for line in shared("events", "--json").json} == {"noted"}
    assert shared("events", "--account", "nope").out == ""


def test_events_follow_what_happens(shared: Cli) -> None:
    with Beside(shared, "events", "--follow", "--json", "--account", "audin") as following:
        assert following.process.stdout is not None
        first = json.loads(following.process.stdout.readline())
        shared("unavailable")
        shared("available")
        kinds = {first["type"]}
        while "account_changed" not in kinds:
            kinds.add(json.loads(following.process.stdout.readline())["type"])

    assert "levels_measured" not in kinds


def test_doctor_finds_the_engine(shared: Cli) -> None:
    (found,) = [one for one in shared("doctor", "--json").json if one["what"] == "engine"]

    assert found["fine"] is True
    assert "audin online" in found["found"]


def test_check_measures_the_echo(shared: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "BURSTS", 4)

    done = shared("check")

    assert done.code == 0, done.out + done.err
    assert "heard        4 of 4 bursts" in done.out


def test_check_says_when_nobody_answers(shared: Cli) -> None:
    done = shared("check", "--dest", "busy")

    assert done.code == 1
    assert "did not answer" in one_line(done)


def test_lab_ctl_does_everything_it_lists(shared: Cli, tmp_path: Path) -> None:
    (ringing,) = shared("lab-ctl", "ring", "pn_1", "--name", "Anna", "--far-end", "tone").json
    call = ringing["call"]
    state = shared("lab-ctl", "state").last
    heard = shared("lab-ctl", "heard", call, str(tmp_path / "heard.wav")).last
    full = shared("lab-ctl", "heard", call, "/nowhere/heard.wav")
    ended = shared("lab-ctl", "hangup", call).last
    faults = shared("lab-ctl", "fault").json
    on = shared("lab-ctl", "fault", "slow_token", "seconds=0.5", "--operator", "op-1").last
    cleared = shared("lab-ctl", "clear").last
    token = shared("lab-ctl", "token", "op-1", "--ttl", "60").last
    scenario = shared("lab-ctl", "scenario", "quiet").last
    dropped = shared("lab-ctl", "drop", "audin", "op-2").last

    assert call in [one["sid"] for one in state["services"]["audin"]["calls"]]
    assert heard["bytes"] == (tmp_path / "heard.wav").stat().st_size
    assert (full.code, one_line(full)[:11]) == (1, "softphone: ")
    assert ended == scenario == {"type": "done"}
    assert {fault["type"] for fault in faults} == {"fault"}
    assert on["type"] == "set"
    assert cleared["type"] == "cleared"
    assert "token" in token
    assert dropped == {"type": "dropped", "sockets": 0}
    assert shared("lab-ctl", "fault", "nonsense").code == 1
    assert "wrong" in one_line(shared("lab-ctl", "--url", f"{state_url(shared)}", "state"))


def state_url(cli: Cli) -> str:
    url: str = cli("status", "--json").last["engine"]["lab"] + "/lab"
    return url


def test_line_mode_is_a_console_without_a_screen(
    shared: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("status\nquit\n"))

    done = shared("--plain")

    assert done.code == 0
    assert "audin" in done.out


def test_any_action_of_the_console_can_be_done_by_its_id(shared: Cli) -> None:
    listed = {one["id"] for one in shared("do", "--json").json}
    missing = shared("do", "call.hold")
    wrong = shared("do", "call.hld")
    own = shared("do", "palette.open")

    with Beside(shared, "call", "echo", "--duration", "20"):
        wait_for(lambda: active(shared))
        done = shared("do", "call.mute", "--json")
        muted = shared("status", "--json").last["calls"][0]["muted"]
        assert shared("do", "call.hang_up").code == 0

    assert {"call.hold", "call.dial", "account.offline"} <= listed
    assert "palette.open" not in listed
    assert (missing.code, one_line(missing)) == (1, "softphone: No call is up.\n")
    assert "did you mean call.hold" in one_line(wrong)
    assert "thing of the console" in one_line(own)
    assert done.last == {"type": "done", "action": "call.mute", "commands": 1}
    assert muted


def test_history_goes_out_to_a_file_and_comes_back(shared: Cli, tmp_path: Path) -> None:
    with Beside(shared, "call", "echo", "--duration", "0.3") as beside:
        assert beside.done().code == 0
    file = tmp_path / "calls.jsonl"

    exported = shared("history", "--export", str(file), "--json").last
    refused = shared("history", "--clear")
    cleared = shared("history", "--clear", "--yes", "--json").last
    empty = shared("history", "--json").json
    file.write_text(file.read_text() + '{"no": "record"}\n')
    imported = shared("history", "--import", str(file), "--json")
    again = shared("history", "--import", str(file), "--json")

    assert file.stat().st_mode & 0o777 == 0o600
    assert "--yes" in one_line(refused)
    assert cleared["count"] == exported["count"] >= 1
    assert empty == []
    assert imported.code == 1
    assert imported.last == {"type": "imported", "count": exported["count"], "refused": 1}
    assert again.last["count"] == 0
    record = shared("history", "--json").json[0]
    assert shared("history", "--delete", record["call"]).code == 0
    assert shared("history", "--delete", record["call"]).code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["messages", "bob", "--send", "hi"], "voice only"),
        (["presence", "lunch"], "no presence"),
        (["voicemail"], "no voicemail"),
        (["request", "/x"], "nothing else to ask"),
        (["subscriptions"], "no services"),
        (["contacts", "--directory", "x"], "no directory"),
        (["click-to-call", "a", "b"], "cannot ring"),
        (["transfer"], "no call"),
        (["parameters", "nonsense"], "no call"),
    ],
)
def test_what_a_platform_lacks_is_said_in_its_own_words(
    shared: Cli, arguments: list[str], words: str
) -> None:
    account = [] if arguments[0] in ("transfer", "parameters") else ["--account", "audin"]

    done = shared(*arguments, *account)

    assert done.code == 1
    assert words in one_line(done)


def test_a_changed_configuration_is_read_again(cli: Cli) -> None:
    cli.write_config('[names]\nanna = "+39021"\n')
    assert cli("contacts").code == 0  # starts the engine
    cli.write_config('[names]\nbob = "+39022"\n[ui]\ntheme = "day"\n')

    told = cli("reload")
    again = cli("reload", "--json").last
    cli.write_config("[nonsense]\n")
    wrong = cli("reload")

    assert told.out == "changed names; ui.theme after a new start\n"
    assert (again["changed"], again["waiting"]) == ([], ["ui.theme"])
    assert wrong.code == 2
    assert "nonsense" in one_line(wrong)
