"""The world goes wrong around real processes: one sentence says why, nothing hangs or leaks."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.e2e.conftest import Home, wait_for

CANARY = "canary-f00dcafe"


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line of complaint there must be."""
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def active(home: Home) -> bool:
    return any(call["state"] == "active" for call in home.status().get("calls", []))


# ---- a bare machine ----------------------------------------------------------------------------


def test_without_any_folder_variable_a_private_one_is_made(home: Home) -> None:
    for name in ("SOFTPHONE_STATE_DIR", "SOFTPHONE_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        del home.env[name]
    home.env["HOME"] = str(home.folder)
    home.env["TMPDIR"] = str(home.folder)

    done = home.run("call", "tone", "--duration", "0.2")

    run = home.folder / f"softphone-{os.getuid()}"
    run.rename(home.folder / "run")  # where the fixture finds the engine to end
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((home.folder / "run").stat().st_mode) == 0o700
    assert (home.folder / ".local" / "state" / "softphone" / "softphone.db").exists()


@pytest.mark.parametrize(
    "changed",
    [{"LANG": "C", "LC_ALL": "C"}, {"LANG": "C", "PYTHONIOENCODING": "ascii"}, {"HOME": ""}],
    ids=["C", "ascii", "no home"],
)
def test_a_poor_environment_still_takes_calls(home: Home, changed: dict[str, str]) -> None:
    home.env.update(changed)
    if not changed.get("HOME", "x"):
        del home.env["HOME"]

    home.run("contacts", "--add", "Jürgen Ünal 日本", "+390255500102")
    listed = home.run("contacts")
    done = home.run("call", "tone", "--duration", "0.2")

    assert listed.returncode == done.returncode == 0, done.stderr
    assert "rgen" in listed.stdout


def test_a_dumb_terminal_gets_one_sentence(home: Home) -> None:
    home.env["TERM"] = "dumb"

    done = home.run()

    assert done.returncode == 2
    assert "--plain" in one_sentence(done)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_state_folder_that_cannot_be_used_is_one_sentence(home: Home, kind: str) -> None:
    place = home.folder / "state"
    if kind == "file":
        place.write_text("in the way")
    else:
        (home.folder / "other").mkdir()
        place.symlink_to(home.folder / "other")

    done = home.run("online")

    assert done.returncode == 2
    assert str(place) in one_sentence(done)
    assert not home.engine_pid()


def test_a_database_that_cannot_be_written_keeps_no_call_away(home: Home) -> None:
    (home.folder / "state").mkdir(mode=0o700)
    (home.folder / "state" / "softphone.db").mkdir()

    done = home.run("call", "tone", "--duration", "0.2")

    assert done.returncode == 0, done.stderr
    assert "History cannot be kept" in home.status()["store"]
    assert "rows wait in memory" in home.run("status").stdout
    assert "History cannot be kept" in one_sentence(home.run("history"))


def test_a_log_folder_that_is_not_there_is_one_sentence(home: Home) -> None:
    home.write_config('[log]\nfile = "/nowhere/engine.log"\n')

    done = home.run("online")

    assert done.returncode in (1, 2)
    assert "/nowhere" in one_sentence(done)


# ---- the disk ----------------------------------------------------------------------------------


def test_a_full_disk_in_a_call_loses_neither_the_call_nor_its_rows(home: Home) -> None:
    home.run("online")
    pid = home.engine_pid()
    calling = home.start("call", "echo", "--json")
    wait_for(lambda: active(home))
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)

    # Nothing may grow any more: what a full disk does to a database and its journal.
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    home.run("mute", "on")
    wait_for(lambda: home.status()["store"])
    full = home.status()
    frames = home.lab().calls()[0]["received"]["frames"]
    wait_for(lambda: home.lab().calls()[0]["received"]["frames"] > frames + 25)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)

    assert full["store_waiting"] > 0
    assert [call["state"] for call in full["calls"]] == ["active"]
    wait_for(lambda: not home.status()["store"])
    home.run("hangup")
    assert calling.wait(10) == 0
    (record,) = home.lines("history")
    assert (record["reason"], record["muted"]) == ("hangup", True)


# ---- engines -----------------------------------------------------------------------------------


def test_twenty_commands_at_once_start_one_engine(home: Home) -> None:
    processes = [home.start("history" if n % 2 else "contacts", "--json") for n in range(20)]

    ends = [process.communicate(timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0] * 20, ends
    assert home.status()["engine"]["pid"] == home.engine_pid()
    assert _engines(home) == [home.engine_pid()]


def test_an_engine_that_is_killed_while_a_command_waits_is_one_sentence(home: Home) -> None:
    home.run("online")
    calling = home.start("call", "echo")
    waiting = home.start("wait", "--answer")
    following = home.start("events", "--follow")
    wait_for(lambda: active(home))

    os.kill(home.engine_pid(), signal.SIGKILL)

    for process in (calling, waiting, following):
        _, errors = process.communicate(timeout=10)
        assert process.returncode == 1, errors
        assert "The engine is gone" in errors
        assert errors.count("\n") == 1, errors


def test_an_engine_that_is_killed_leaves_a_lock_and_a_socket_that_stop_nobody(home: Home) -> None:
    home.run("online")
    os.kill(home.engine_pid(), signal.SIGKILL)
    wait_for(lambda: not home.engine_pid())

    assert home.run("status").returncode == 1
    assert home.run("online").returncode == 0


def test_a_stopped_engine_is_told_not_waited_for(home: Home) -> None:
    home.run("online")
    pid = home.engine_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        done = home.run("status", timeout=20)
    finally:
        os.kill(pid, signal.SIGCONT)

    assert done.returncode == 1
    assert one_sentence(done) == "softphone: The engine does not answer.\n"


def test_sockets_locks_and_state_are_for_the_owner_alone(home: Home) -> None:
    home.run("call", "tone", "--duration", "0.3", "--record", "x.wav")

    for folder in ("run", "state"):
        assert stat.S_IMODE((home.folder / folder).stat().st_mode) == 0o700
        for path in (home.folder / folder).rglob("*"):
            assert not path.stat().st_mode & 0o077, path
    assert stat.S_IMODE((home.folder / "x.wav").stat().st_mode) == 0o600


# ---- the lab -----------------------------------------------------------------------------------


def test_a_lab_that_is_killed_while_it_rings_leaves_no_ghost(home: Home) -> None:
    home.run("online")
    home.lab().ring("pn_1")
    wait_for(lambda: home.status()["calls"])
    word = json.loads((home.folder / "run" / "lab.json").read_text())

    os.kill(word["pid"], signal.SIGKILL)

    wait_for(lambda: not home.status()["calls"], 5.0)
    (record,) = home.lines("history")
    assert record["missed"] is True
    assert record["reason"] in ("offline", "link_lost")
    wait_for(lambda: home.status()["accounts"][0]["state"] == "online", 30.0)


def test_an_engine_that_ends_takes_its_lab_along(home: Home) -> None:
    home.run("online")
    word = json.loads((home.folder / "run" / "lab.json").read_text())

    os.kill(home.engine_pid(), signal.SIGKILL)

    wait_for(lambda: not Path(f"/proc/{word['pid']}").exists(), 5.0)


# ---- secrets -----------------------------------------------------------------------------------


@pytest.fixture
def backend() -> Iterator[str]:
    """A token endpoint whose every token carries the canary, and whose service does not exist."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = f"{CANARY}.{CANARY}.{CANARY}"
            body = json.dumps({"token": given, "expiresAt": time.time() + 3600}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_token_is_found_nowhere(home: Home, backend: str) -> None:
    """The lab refuses the token; the second account meets a service that is no service."""
    home.env["CANARY_KEY"] = f"key-{CANARY}"
    home.run("online")
    lab = home.status()["engine"]["lab"]
    config = home.write_config(
        f'[log]\nlevel = "debug"\n'
        f'[accounts.one]\nkind = "audin"\ncore_url = "{lab}"\ntoken_url = "{backend}/{CANARY}"\n'
        f'[accounts.two]\nkind = "audin"\ncore_url = "{backend}"\ntoken_url = "{backend}/t"\n'
        'token_headers_env = { "X-Key" = "CANARY_KEY" }\n'
    )
    config.chmod(0o600)
    profile = ("--profile", "canary")
    calling = home.start(*profile, "call", "echo")

    def causes() -> list[str]:
        done = home.run(*profile, "status", "--json")
        accounts = json.loads(done.stdout)["accounts"] if done.stdout else []
        return [account["cause"] for account in accounts if account["cause"]]

    wait_for(lambda: len(causes()) == 2)
    said = [*causes(), *_command_lines()]
    for command in (
        *(["status", "--json"], ["available"], ["events", "--json"], ["events"], ["doctor"]),
        *(["history", "--csv"], ["check-config"], ["contacts"]),
    ):
        done = home.run(*profile, *command)
        said += [done.stdout, done.stderr]
    calling.send_signal(signal.SIGINT)
    said += calling.communicate(timeout=10)
    os.kill(_pid(home, "canary"), signal.SIGTERM)
    wait_for(lambda: not _pid(home, "canary"))

    found = [line for text in said for line in text.splitlines() if CANARY in line]
    files = [path for path in (home.folder / "state").rglob("*") if path.is_file()]
    assert found == []
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []
    assert len(files) >= 2


def _command_lines() -> list[str]:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return [line for line in lines if "softphone" in line]


def _pid(home: Home, profile: str) -> int:
    lock = home.folder / "run" / f"{profile}.lock"
    pid = int(lock.read_text() or 0) if lock.exists() else 0
    return pid if pid and Path(f"/proc/{pid}").exists() else 0


def _engines(home: Home) -> list[int]:
    """Return the engines of this home: those that hold its folders in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            line = (path / "cmdline").read_bytes()
            ours = str(home.folder).encode() in (path / "environ").read_bytes()
        except OSError:
            continue
        if ours and b"softphone.engine.daemon" in line:
            found.append(int(path.name))
    return found
