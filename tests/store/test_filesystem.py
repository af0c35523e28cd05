"""A state folder on another machine's disk is noticed, and the database does without its log."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from softphone.store.database import Database
from softphone.store.filesystem import network_kind

MOUNTS = """\
overlay / overlay rw,relatime 0 0
server:/homes /home nfs4 rw,vers=4.2 0 0
tmpfs /home/anna/.cache tmpfs rw 0 0
//nas/team /mnt/team\\040share cifs rw 0 0
anna@far: /home/anna/far fuse.sshfs rw 0 0
broken line
/dev/sdb1 /home/local ext4 rw 0 0
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    path = tmp_path / "mounts"
    path.write_text(MOUNTS)
    return path


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", ""),
        ("/var/lib/softphone", ""),
        ("/home/anna/.local/state/softphone", "nfs4"),
        ("/home", "nfs4"),
        ("/homestead/anna", ""),
        ("/home/anna/.cache/softphone", ""),
        ("/home/anna/far/softphone", "fuse.sshfs"),
        ("/mnt/team share/softphone", "cifs"),
        ("/mnt/team", ""),
        ("/home/local/softphone", ""),
    ],
)
def test_the_deepest_mount_tells_whose_disk_it_is(folder: str, kind: str, mounts: Path) -> None:
    assert network_kind(Path(folder), mounts) == kind


def test_a_system_without_such_a_list_counts_as_local(tmp_path: Path) -> None:
    assert network_kind(Path("/home"), tmp_path / "missing") == ""


@pytest.mark.parametrize(("shared", "mode"), [(True, "delete"), (False, "wal")])
def test_a_file_on_the_network_has_no_write_ahead_log(
    shared: bool, mode: str, tmp_path: Path
) -> None:
    database = Database(tmp_path / "history.db", shared=shared)
    (found,) = database.connection.execute("PRAGMA journal_mode").fetchone()
    with database.transaction() as db:
        db.execute("CREATE TABLE probe (x)")
        db.execute("INSERT INTO probe VALUES (1)")
    with_log = (tmp_path / "history.db-wal").exists()
    database.close()

    assert found == mode
    assert with_log == (not shared)


def test_a_file_that_moved_to_the_network_loses_its_log_and_no_row(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    here = Database(path, shared=False)
    with here.transaction() as db:
        db.execute("CREATE TABLE probe (x)")
        db.execute("INSERT INTO probe VALUES (7)")
    here.close()

    Database(path, shared=True).close()

    with sqlite3.connect(path) as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert plain.execute("SELECT x FROM probe").fetchone() == (7,)
    plain.close()
