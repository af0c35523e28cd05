"""The command line on the embedded lab: two processes, real sockets, real frames."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from pathlib import Path

from tests.e2e import hearing
from tests.e2e.conftest import Home, wait_for


def test_a_call_to_the_echo_brings_the_speech_back(
    home: Home, speech: tuple[Path, hearing.Signal]
) -> None:
    path, said = speech

    for _ in range(3):  # the wave form moves when a busy machine makes sound late
        lines = home.lines("call", "echo", "--play", str(path), "--record", "back.wav")
        score = hearing.score(said, hearing.read(home.folder / "back.wav"))
        if score.snr_db > 12.0:
            break
    assert lines[-1]["type"] == "ended"
    assert lines[-1]["answered"] is True
    assert score.gaps == 0
    assert score.snr_db > 12.0


def test_states_of_a_call_come_in_order(home: Home) -> None:
    lines = home.lines("call", "tone", "--duration", "1")

    states = [line["state"] for line in lines if line["type"] == "call"]
    assert list(dict.fromkeys(states)) == ["dialing", "connecting", "active", "ended"]
    assert lines[-1]["reason"] == "hangup"


def test_a_busy_line_exits_with_one_and_says_so(home: Home) -> None:
    done = home.run("call", "busy")

    assert done.returncode == 1
    assert "busy" in done.stderr


def test_a_number_that_is_refused_says_why(home: Home) -> None:
    done = home.run("call", "reject")

    assert done.returncode == 1
    assert done.stderr.startswith("softphone: ")
    assert "Traceback" not in done.stderr


def test_the_menu_reacts_to_digits(home: Home) -> None:
    home.run("call", "menu", "--dtmf", "5", "--duration", "6", "--record", "menu.wav")

    call = home.lab().calls()[-1]
    assert call["digits"] == "5"


def test_wait_answers_a_caller_and_records_what_is_said(home: Home) -> None:
    home.run("online")
    waiting = home.start("wait", "--answer", "--record", "in.wav", "--duration", "3", "--json")
    wait_for(lambda: home.status().get("accounts"))

    home.lab().ring("pn_1", far_end="speech")
    out, errors = waiting.communicate(timeout=30)

    last = json.loads(out.splitlines()[-1])
    assert last["answered"] is True, errors
    heard = hearing.read(home.folder / "in.wav")
    assert len(heard) / 8000 > 2.5
    assert abs(heard).max() > 2_000


def test_a_second_terminal_mutes_and_hangs_up_the_call_of_the_first(home: Home) -> None:
    calling = home.start("call", "echo", "--json")
    wait_for(lambda: [c for c in home.status().get("calls", []) if c["state"] == "active"])

    assert home.run("mute", "on").returncode == 0
    muted = home.status()["calls"][0]["muted"]
    assert home.run("hangup").returncode == 0
    out, _ = calling.communicate(timeout=10)

    assert muted is True
    assert json.loads(out.splitlines()[-1])["reason"] == "hangup"


def test_a_call_ends_with_the_command_that_placed_it(home: Home) -> None:
    calling = home.start("call", "echo")
    wait_for(lambda: [c for c in home.status().get("calls", []) if c["state"] == "active"])

    calling.send_signal(signal.SIGKILL)

    wait_for(lambda: not home.status()["calls"], 5.0)
    assert home.lab().calls()[-1]["phase"] == "over"


def test_online_stays_without_a_console_and_offline_ends_it(home: Home) -> None:
    shown = home.lines("online", "pn_1")[-1]["accounts"][0]
    states = {number["id"]: number["state"] for number in shown["numbers"]}

    home.run("offline")

    assert shown["state"] == "online"
    assert states["pn_1"] == "accepted"
    assert home.status()["accounts"][0]["state"] == "offline"


def test_history_keeps_every_call_with_its_reason(home: Home) -> None:
    home.run("call", "tone", "--duration", "0.5")
    home.run("call", "busy")

    records = home.lines("history")

    assert [record["reason"] for record in records] == ["busy", "hangup"]


def test_contacts_are_added_dialled_by_name_and_deleted(home: Home) -> None:
    saved = home.lines("contacts", "--add", "Tone Tester", "+390255500104")[-1]["id"]

    found = home.lines("contacts", "tester")
    gone = home.run("contacts", "--delete", saved)

    assert [contact["id"] for contact in found] == [saved]
    assert gone.returncode == 0
    assert home.run("contacts", "tester").stdout == ""


def test_the_engine_killed_in_mid_call_leaves_an_interrupted_record(home: Home) -> None:
    home.start("call", "echo")
    wait_for(lambda: [c for c in home.status().get("calls", []) if c["state"] == "active"])

    os.kill(home.engine_pid(), signal.SIGKILL)
    wait_for(lambda: not home.engine_pid())
    records = home.lines("history")

    assert [record["reason"] for record in records] == ["interrupted"]


def test_sigterm_hangs_up_and_ends_within_three_seconds(home: Home) -> None:
    calling = home.start("call", "echo")
    wait_for(lambda: [c for c in home.status().get("calls", []) if c["state"] == "active"])
    pid = home.engine_pid()

    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not home.engine_pid(), 3.0)
    calling.communicate(timeout=5)

    with sqlite3.connect(home.folder / "state" / "softphone.db") as db:
        rows = db.execute("SELECT live, end_reason FROM calls").fetchall()
    assert rows == [(0, "hangup")]


def test_the_lab_killed_in_mid_call_fails_the_call_and_comes_back(home: Home) -> None:
    calling = home.start("call", "echo", "--json")
    wait_for(lambda: [c for c in home.status().get("calls", []) if c["state"] == "active"])
    word = json.loads((home.folder / "run" / "lab.json").read_text())

    os.kill(word["pid"], signal.SIGKILL)
    out, _ = calling.communicate(timeout=15)

    assert json.loads(out.splitlines()[-1])["reason"] == "failed"
    home.run("online")
    wait_for(lambda: home.status()["accounts"][0]["state"] == "online", 30.0)


def test_check_hears_every_burst_of_the_echo(home: Home) -> None:
    report = home.lines("check")[-1]

    assert report["heard"] == report["bursts"] == 24
    assert report["concealed_ms"] <= 60  # none on an idle machine


def test_a_throwaway_lab_leaves_the_usual_history_alone(home: Home) -> None:
    home.run("call", "tone", "--lab", "--duration", "0.5")

    assert home.lines("history", "--lab") != []
    assert home.run("history").stdout == ""
