"""What commands say about configuration, machine, calls and measurements. No engine is needed."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import os
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from softphone.audio import devices
from softphone.audio.wav import WavWriter
from softphone.cli import check, doctor, history, show, watch
from softphone.cli.labctl import _value
from softphone.model.call import (
    AccountName,
    Call,
    CallId,
    CallState,
    Direction,
    EndReason,
    Party,
)
from softphone.model.error import AudioError, SoftphoneError
from softphone.model.event import Level, Noted
from softphone.model.presence import Account, Availability, LinkState, OwnNumber
from softphone.model.quality import QualitySample
from softphone.model.record import CallRecord
from tests.cli.conftest import Cli, one_line

CALL = Call(
    CallId("abc"),
    AccountName("audin"),
    Direction.INBOUND,
    CallState.ENDED,
    remote=Party("+391", "Anna"),
    local=Party("+392"),
    created_at=1_700_000_000.0,
    created_mono=1.0,
    answered_at=1_700_000_001.5,
    answered_mono=2.5,
    ended_at=1_700_000_004.0,
    ended_mono=5.0,
    end_reason=EndReason.REMOTE_HANGUP,
    end_detail="they left",
)
_ACCOUNT = '[accounts.a]\nkind = "audin"\ntoken_url = "https://backend.test/token"\n'


# ---- check-config ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("[audio]\nvolume = 1\n", 2, "audio.volume"),
        ("[audio]\nring = 1\n", 2, "audio.ring"),
        ("[audio]\nring_volume = 2.0\n", 2, "audio.ring_volume"),
        ('\n[calls]\non_detach = "dance"\n', 3, "calls.on_detach"),
        ('[sound]\ninput = "auto"\n', 1, "sound"),
        ('[keys]\n"call.answre" = "f2"\n', None, "call.answre"),
        ('[keys]\n"call.answer" = "hyper+q"\n', None, "call.answer"),
        ('[ui]\ntheme = "nihgt"\n', None, "ui.theme"),
        (_ACCOUNT + "heartbeat = 5\n", 4, "heartbeat"),
        (_ACCOUNT + 'core_url = "http://far.test"\n', 4, "core_url"),
        (_ACCOUNT.replace("audin", "olos"), 2, "kind"),
        ('[accounts.a]\nkind = "ribon"\n', 2, "kind"),
        ("[accounts.A]\n", None, "accounts.A"),
    ],
)
def test_a_mistake_in_the_config_names_file_line_and_key(
    cli: Cli, text: str, line: int | None, key: str
) -> None:
    path = cli.folder / "x.toml"
    path.write_text(text)
    path.chmod(0o600)

    done = cli("check-config", str(path))

    place = f"{path}:{line}: " if line else f"{path}"
    assert done.code == 2
    assert one_line(done).startswith(f"softphone: {place}")
    assert key in done.err


def test_a_config_that_is_no_toml_is_one_sentence(cli: Cli) -> None:
    path = cli.folder / "x.toml"
    path.write_text("[audio\n")

    done = cli("check-config", str(path))

    assert done.code == 2
    assert str(path) in one_line(done)


def test_a_good_config_is_ok_and_none_is_the_lab(cli: Cli) -> None:
    assert cli("check-config").out == "no configuration: the lab is used\n"

    path = cli.write_config(_ACCOUNT)

    assert cli("check-config").out == f"{path}: ok\n"
    assert cli("check-config", "--config", str(path)).code == 0


# ---- doctor ------------------------------------------------------------------------------------


def findings(cli: Cli, *arguments: str) -> dict[str, dict[str, object]]:
    return {str(found["what"]): found for found in cli("doctor", "--json", *arguments).json}


def test_doctor_finds_a_machine_without_a_card_and_says_what_mends_it(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "list_devices", lambda: devices.DeviceList((), "No card."))

    found = findings(cli)
    done = cli("doctor")

    assert found["sound card"]["fine"] is False
    assert "libportaudio2" in str(found["sound card"]["mend"])
    assert found["configuration"]["found"] == "none: the lab is used"
    assert found["engine"]["found"] == "not running; it starts when needed"
    assert done.code == 1
    assert "PROBLEM  sound card: No card." in done.out


def test_doctor_is_content_with_a_card(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    card = devices.DeviceInfo("Headset", 1, 2, True, True)
    monkeypatch.setattr(devices, "list_devices", lambda: devices.DeviceList((card,), None))

    done = cli("doctor")

    assert done.code == 0, done.out
    assert "ok       sound card: Headset" in done.out


def test_doctor_names_a_bad_config_and_bad_folders(cli: Cli) -> None:
    cli.write_config("[audio]\nvolume = 1\n")
    (cli.folder / "state").write_text("in the way")

    found = findings(cli)

    assert found["configuration"]["fine"] is False
    assert "audio.volume" in str(found["configuration"]["found"])
    assert found["folders"]["fine"] is False
    assert "XDG_STATE_HOME" in str(found["folders"]["mend"])
    assert found["engine"]["fine"] is False


def test_doctor_looks_where_the_named_config_keeps_its_state(cli: Cli) -> None:
    path = cli.folder / "site.toml"
    path.write_text(_ACCOUNT)

    found = findings(cli, "--config", str(path))

    assert "state/config-" in str(found["folders"]["found"])


def test_doctor_misses_the_sound_library(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    assert findings(cli)["sound library"]["mend"] == "pip install sounddevice"


@pytest.mark.parametrize(
    ("term", "columns", "fine"),
    [("xterm", 80, True), ("dumb", 80, False), ("", 80, False), ("xterm", 40, False)],
)
def test_doctor_judges_the_terminal(
    monkeypatch: pytest.MonkeyPatch, term: str, columns: int, fine: bool
) -> None:
    class Screen(io.StringIO):
        encoding = "ascii"

        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Screen())
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLUMNS", str(columns))

    found = doctor._terminal(Namespace())

    assert found.fine is fine
    assert bool(found.mend) is not fine
    assert doctor._language(Namespace()).mend == "export LANG=C.UTF-8"


@pytest.mark.parametrize(
    ("text", "fine"), [("KillUserProcesses = yes\n", False), ("#KillUserProcesses=yes\n", True)]
)
def test_doctor_warns_where_logging_out_ends_calls(
    monkeypatch: pytest.MonkeyPatch, text: str, fine: bool
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: text)

    assert doctor._logout(Namespace()).fine is fine


# ---- what is printed ---------------------------------------------------------------------------


def test_a_call_has_stable_names_and_utc_times() -> None:
    data = show.call_data(CALL)

    assert data["started"] == "2023-11-14T22:13:20.000+00:00"
    assert (data["seconds"], data["reason"], data["direction"]) == (2.5, "remote_hangup", "inbound")
    assert json.loads(json.dumps(data)) == data


def test_a_call_that_was_never_answered_has_no_seconds() -> None:
    data = show.call_data(replace(CALL, answered_at=None, answered_mono=None))

    assert (data["seconds"], data["answered"]) == (None, None)


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        (Party("+391", "Anna"), "<- +391  Anna"),
        (Party("+391", "Anna", known="Anna B."), "<- +391  Anna B."),
        (Party("+391"), "<- +391"),
        (Party(), "<- unknown caller"),
    ],
)
def test_a_call_is_one_line_for_people(remote: Party, shown: str) -> None:
    line = show.call_line(replace(CALL, remote=remote))

    assert shown in line
    assert line.endswith("(they left)")


def test_an_account_tells_the_state_of_each_number() -> None:
    numbers = (OwnNumber("pn_1", "+391", "Milano"), OwnNumber("pn_2", "+392", "Roma"))
    there = Availability(("pn_1",), ("pn_1",), (), True)
    account = Account(
        AccountName("a"), "audin", LinkState.ONLINE, numbers=numbers, availability=there
    )

    data = show.account_data(account)

    assert [number["state"] for number in data["numbers"]][:1] == ["accepted"]
    assert (data["state"], data["kind"]) == ("online", "audin")


def test_a_line_of_the_log_and_a_record_have_stable_names() -> None:
    note = show.note_data(Noted(0.0, "audin", Level.WARNING, "careful"))
    record = show.record_data(CallRecord(CALL, note="x"))

    assert note == {
        "at": "1970-01-01T00:00:00.000+00:00",
        "source": "audin",
        "level": "warning",
        "text": "careful",
        "call": None,
    }
    assert record["note"] == "x"
    assert set(record["quality"]) >= {"jitter_ms", "loss", "mos", "frames_sent"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_csv_is_a_formula(capsys: pytest.CaptureFixture[str], start: str) -> None:
    name = f'{start}cmd|"a,b"'
    record = CallRecord(replace(CALL, remote=Party("+391", name)), note="two\nlines, really")

    history._csv([record])

    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))
    assert row["name"] == "'" + name
    assert row["number"] == "'+391"
    assert (row["note"], row["seconds"]) == ("two\nlines, really", "2.5")


# ---- files and bursts --------------------------------------------------------------------------


def test_no_file_named_is_no_file() -> None:
    assert watch.existing_wav("") == ("", 0.0)
    assert watch.new_wav("") == ""


def test_a_file_that_is_no_wav_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_text("hello")

    with pytest.raises(AudioError):
        watch.existing_wav(str(tmp_path / "x.wav"))


def test_a_played_file_gives_the_call_its_length(tmp_path: Path) -> None:
    check.write_bursts(tmp_path / "x.wav")
    options = Namespace(play=str(tmp_path / "x.wav"), record=str(tmp_path / "y.wav"), duration=0.0)

    sound = watch.sound_of(options)

    assert sound.duration_s == pytest.approx(6.5 + watch.TAIL_S)
    assert sound.record == str(tmp_path / "y.wav")
    with pytest.raises(SoftphoneError, match="not a folder"):
        watch.new_wav(str(tmp_path / "no" / "y.wav"))


async def test_a_recording_is_complete_when_it_is_as_long_as_it_says(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    check.write_bursts(path)
    whole = watch._is_whole(path)

    os.truncate(path, 100)

    await watch.complete("")
    assert whole
    assert not watch._is_whole(path)
    assert not watch._is_whole(tmp_path / "none.wav")


def recording(path: Path, delays: list[float | None]) -> Path:
    """Write what `both` records: the bursts, and each of them back after so many seconds."""
    sent_at = path.with_name("sent.wav")
    check.write_bursts(sent_at)
    sent = np.fromfile(sent_at, "<i2", offset=44)
    sent = np.concatenate([sent, np.zeros(check.RATE_HZ, np.int16)])
    heard = np.zeros_like(sent)
    size = round(check.BURST_S * check.RATE_HZ)
    for number, delay in enumerate(delays):
        start = round((check.LEAD_S + number * check.EVERY_S) * check.RATE_HZ)
        if delay is not None:
            there = start + round(delay * check.RATE_HZ)
            heard[there : there + size] = sent[start : start + size] // 2
    writer = WavWriter(path, check.RATE_HZ, 2)
    writer.write(np.column_stack([sent, heard]).reshape(-1))
    writer.close()
    return path


def test_bursts_that_come_back_are_timed(tmp_path: Path) -> None:
    heard = check.find_bursts(recording(tmp_path / "x.wav", [0.3] * check.BURSTS))

    assert heard.lost == 0
    assert all(abs(delay - 300.0) < 3.0 for delay in heard.delays_ms)


def test_bursts_that_do_not_come_back_are_counted(tmp_path: Path) -> None:
    delays = [None if n in (3, 9) else 0.1 for n in range(check.BURSTS)]

    heard = check.find_bursts(recording(tmp_path / "x.wav", delays))

    assert heard.lost == 2


def test_a_silent_line_has_no_figures_and_is_still_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = check.find_bursts(recording(tmp_path / "x.wav", [None] * check.BURSTS))

    report = check.measured(heard, 200.0, None)
    check._print({**report, "microphone": "null", "speaker": "null"})

    assert report["heard"] == 0
    assert report["round_trip_ms"] is report["spread_ms"] is report["jitter_ms"] is None
    assert "heard        0 of 24 bursts" in capsys.readouterr().out


def test_the_figures_take_off_what_the_echo_waits(tmp_path: Path) -> None:
    heard = check.Heard(3, (210.0, 220.0, 250.0))
    quality = QualitySample(CallId("x"), 0.0, jitter_ms=1.234, frames_sent=7)

    report = check.measured(heard, 200.0, quality)

    assert (report["round_trip_ms"], report["round_trip_worst_ms"]) == (20.0, 50.0)
    assert (report["spread_ms"], report["jitter_ms"], report["frames_sent"]) == (40.0, 1.23, 7)


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("false", False), ("7", 7), ("0.5", 0.5), ("now", "now")]
)
def test_arguments_of_faults_are_numbers_where_they_look_so(text: str, value: object) -> None:
    assert _value(text) == value
