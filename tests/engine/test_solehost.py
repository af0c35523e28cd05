"""A state folder that two machines see has one engine at a time."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

from softphone.engine.solehost import STALE_S, sole_host
from softphone.model.error import ConfigError
from tests.engine.office import until


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    """A list of mounts by which every folder is on the network."""
    path = tmp_path / "mounts"
    path.write_text("server:/ / nfs4 rw 0 0\n")
    return path


async def test_a_second_machine_is_refused_in_one_sentence(tmp_path: Path, mounts: Path) -> None:
    async with sole_host(tmp_path, mounts=mounts, host="lab-1"):
        with pytest.raises(ConfigError) as refused:
            async with sole_host(tmp_path, mounts=mounts, host="lab-2"):
                pass

    assert "in use by softphone on lab-1" in refused.value.message
    assert "[store] folder" in refused.value.message


async def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(
    tmp_path: Path, mounts: Path
) -> None:
    with pytest.raises(ConfigError, match=r"away: No such file or directory\."):
        async with sole_host(tmp_path / "away", mounts=mounts, host="lab-1"):
            pass


async def test_the_folder_is_free_again_afterwards(tmp_path: Path, mounts: Path) -> None:
    async with sole_host(tmp_path, mounts=mounts, host="lab-1"):
        pass
    async with sole_host(tmp_path, mounts=mounts, host="lab-2"):
        assert (tmp_path / "engine.host").exists()

    assert not (tmp_path / "engine.host").exists()


async def test_a_machine_that_died_holds_nothing_for_long(tmp_path: Path, mounts: Path) -> None:
    left = tmp_path / "engine.host"
    left.write_text('{"host": "lab-1", "pid": 7}\n')
    long_ago = time.time() - STALE_S - 5.0
    os.utime(left, (long_ago, long_ago))

    async with sole_host(tmp_path, mounts=mounts, host="lab-2"):
        assert "lab-2" in left.read_text()


async def test_the_same_machine_takes_what_it_left_itself(tmp_path: Path, mounts: Path) -> None:
    (tmp_path / "engine.host").write_text('{"host": "lab-1", "pid": 7}\n')

    async with sole_host(tmp_path, mounts=mounts, host="lab-1"):
        pass


@pytest.mark.parametrize("content", ["", "nonsense", "[]", '{"host": 7}', "\x00" * 100])
async def test_a_file_nobody_can_read_stops_nobody_for_long(
    content: str, tmp_path: Path, mounts: Path
) -> None:
    left = tmp_path / "engine.host"
    left.write_text(content)
    os.utime(left, (0.0, 0.0))

    async with sole_host(tmp_path, mounts=mounts, host="lab-2"):
        pass


async def test_the_name_is_renewed_while_the_engine_lives(tmp_path: Path, mounts: Path) -> None:
    path = tmp_path / "engine.host"
    async with sole_host(tmp_path, mounts=mounts, host="lab-1", renew_s=0.01):
        os.utime(path, (0.0, 0.0))
        await until(lambda: path.stat().st_mtime > 1.0)


async def test_a_local_folder_needs_no_name(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("/dev/sda1 / ext4 rw 0 0\n")

    async with sole_host(tmp_path, mounts=plain):
        await asyncio.sleep(0)
        assert not (tmp_path / "engine.host").exists()


async def test_a_server_that_hangs_does_not_hold_the_engine_up(
    tmp_path: Path, mounts: Path
) -> None:
    place, fresh = tmp_path / "engine.host", tmp_path / f"engine.host.{os.getpid()}"
    went_on = threading.Event()

    def come_back() -> bool:
        alone = went_on.wait(5.0)
        fresh.read_text()  # until then whoever writes there waits
        return alone

    async with sole_host(tmp_path, mounts=mounts, host="lab-1", renew_s=0.02):
        os.mkfifo(fresh)
        server = asyncio.get_running_loop().run_in_executor(None, come_back)
        for _ in range(10):
            await asyncio.sleep(0.02)
        went_on.set()
        not_held_up = await server
        await until(lambda: not fresh.is_fifo() and place.is_file())

    assert not_held_up
