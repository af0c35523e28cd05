"""Engine and console in one process, the lab that an engine starts, and the lock of a profile."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from softphone.config import Config
from softphone.engine import labs
from softphone.engine.labs import OwnLab, with_lab_accounts
from softphone.engine.link import Role
from softphone.engine.local import LocalEngine, LocalLink
from softphone.engine.lock import held
from softphone.engine.start import Invocation, find
from softphone.model import command as c
from softphone.model.call import CallState
from softphone.model.error import ConfigError, LinkError, SoftphoneError
from softphone.paths import paths_of
from tests.engine.office import AUDIN, until

LAB = Invocation(lab=True)


@pytest.fixture(autouse=True)
def home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let everything of softphone live below one folder."""
    monkeypatch.setenv("SOFTPHONE_STATE_DIR", str(folder / "state"))
    monkeypatch.setenv("SOFTPHONE_RUNTIME_DIR", str(folder / "run"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    return folder


async def until_reachable(link: LocalLink) -> None:
    async for event in link.events():
        link.snapshot.apply(event)
        account = link.snapshot.accounts.get(AUDIN)
        if account and account.numbers and account.availability.accepted:
            return


async def test_a_console_in_the_engines_process_calls_like_any_other() -> None:
    with LocalEngine(LAB) as local:
        link = await local.attach()
        await until_reachable(link)
        placed = (await link.request(c.Dial("echo"))).value
        assert isinstance(placed, c.CallPlaced)

        async for event in link.events():
            link.snapshot.apply(event)
            call = link.snapshot.calls.get(placed.call)
            if call and call.state is CallState.ACTIVE:
                break
        reply = await link.request(c.HangUp(placed.call))
        await link.close()

    assert reply.ok
    assert link.engine.pid == os.getpid()
    assert link.engine.lab.startswith("http://127.0.0.1:")
    with pytest.raises(LinkError):
        await link.request(c.ListHistory())
    with pytest.raises(LinkError):
        await local.attach()


def test_a_second_engine_of_the_profile_is_refused() -> None:
    paths = paths_of(LAB.name)

    with (
        held(paths.lock) as got_it,
        pytest.raises(ConfigError, match="runs already"),
        LocalEngine(LAB),
    ):
        pass

    assert got_it


def test_a_bad_account_is_told_by_the_thread_that_starts(home: Path) -> None:
    config = home / "x.toml"
    config.write_text('[accounts.a]\nkind = "audin"\nheartbeat = 1\n')

    with pytest.raises(ConfigError, match="heartbeat"), LocalEngine(Invocation(config)):
        pass


def test_a_lock_is_free_again_when_it_is_left(home: Path) -> None:
    path = home / "x.lock"

    with held(path) as first, held(path) as second:
        pass
    with held(path) as third:
        pass

    assert (first, second, third) == (True, False, True)


def test_a_lock_that_cannot_be_made_is_one_sentence(home: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"), held(home / "no" / "x.lock"):
        pass


async def test_no_engine_is_found_where_none_runs() -> None:
    with pytest.raises(LinkError, match="No engine is running"):
        await find(Invocation(profile="other"), Role.COMMAND, "test")


async def test_a_lab_that_is_killed_comes_back_on_its_port_with_its_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(labs, "_RESTART_AFTER_S", 0.01)
    said: list[str] = []
    lab = OwnLab(said.append)
    config = with_lab_accounts(Config(names={"mine": "+391"}), await lab.start())
    first = lab.ready
    assert lab._process is not None

    os.kill(lab._process.pid, signal.SIGKILL)
    await until(lambda: lab.ready is not first)
    await lab.close()

    assert (lab.ready["http"], lab.ready["control_key"]) == (first["http"], first["control_key"])
    assert said == ["the lab stopped; starting it again"]
    assert {"mine", "echo"} <= set(config.names)
    names = [account.name for account in config.accounts]
    assert names == [AUDIN, "ribbon", "agenthub", "observer"]


async def test_a_lab_that_says_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/true")
    lab = OwnLab(lambda text: None)

    with pytest.raises(SoftphoneError, match="did not start"):
        await lab.start()

    await lab.close()
