"""The file itself: private, migrated, checked, refused when it is not ours to touch."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from softphone.model.error import StoreError
from softphone.store import database as database_module
from softphone.store.database import Database
from softphone.store.schema import MIGRATIONS

TABLES = {
    "calls",
    "timeline",
    "recordings",
    "contacts",
    "contact_addresses",
    "journal",
    "settings",
}


def tables(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    return found


def test_an_empty_file_gets_every_table_and_the_newest_version(path: Path) -> None:
    database = Database(path)
    (version,) = database.connection.execute("PRAGMA user_version").fetchone()
    database.close()

    assert tables(path) >= TABLES
    assert version == len(MIGRATIONS)


def test_a_file_of_an_earlier_version_takes_the_missing_steps_and_keeps_its_rows(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Database(path).close()
    step = "CREATE TABLE later (x); INSERT INTO later VALUES (5)"
    monkeypatch.setattr(database_module, "MIGRATIONS", (*MIGRATIONS, step))

    for _ in range(2):
        database = Database(path)
        assert [tuple(row) for row in database.connection.execute("SELECT * FROM later")] == [(5,)]
        database.close()


def test_a_step_that_fails_leaves_the_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Database(path).close()
    step = "CREATE TABLE later (x); INSERT INTO nowhere VALUES (5)"
    monkeypatch.setattr(database_module, "MIGRATIONS", (*MIGRATIONS, step))

    with pytest.raises(StoreError, match="nowhere"):
        Database(path)

    assert "later" not in tables(path)


def test_a_file_of_a_newer_version_is_refused_with_what_to_do(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    connection.close()

    with pytest.raises(StoreError, match="written by a newer softphone; update this one"):
        Database(path)


def test_the_file_and_its_log_are_for_their_owner_alone(path: Path) -> None:
    path.touch(mode=0o666)
    path.chmod(0o666)

    database = Database(path)

    modes = {found.name: found.stat().st_mode & 0o777 for found in path.parent.iterdir()}
    assert modes == dict.fromkeys([path.name, f"{path.name}-wal", f"{path.name}-shm"], 0o600)
    database.close()


def test_a_link_instead_of_the_file_is_refused(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.touch(mode=0o644)
    target.chmod(0o644)
    path.symlink_to(target)

    with pytest.raises(StoreError, match="History cannot be kept"):
        Database(path)

    assert target.stat().st_mode & 0o777 == 0o644
    assert target.stat().st_size == 0


def test_a_folder_instead_of_the_file_is_refused(path: Path) -> None:
    path.mkdir()

    with pytest.raises(StoreError, match="directory"):
        Database(path)


def test_something_else_than_a_database_is_refused(path: Path) -> None:
    path.write_bytes(b"these are my holiday photos" * 100)

    with pytest.raises(StoreError, match="not a database"):
        Database(path)


def test_a_refused_file_is_not_kept_open(path: Path) -> None:
    path.write_bytes(b"these are my holiday photos" * 100)

    with pytest.raises(StoreError):
        Database(path)

    open_files = [link.resolve() for link in Path("/proc/self/fd").iterdir()]
    assert path not in open_files


def crashed(path: Path, *damage: str) -> Path:
    """Return a file with damage that an engine left behind when it died."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in damage:
        connection.execute(statement)
    connection.close()
    path.with_name(f"{path.name}-wal").touch()
    return path


def test_damage_found_after_a_crash_is_told_with_what_to_do(path: Path) -> None:
    Database(path).close()
    crashed(
        path,
        "INSERT INTO calls (id, account, direction, live, created_at, search, call_json)"
        " VALUES ('c1', 'desk', 'inbound', 0, 1.0, '', '{}')",
        "PRAGMA writable_schema=ON",
        "UPDATE sqlite_master SET sql ="
        " replace(sql, 'answered_at REAL', 'answered_at REAL NOT NULL')",
    )

    with pytest.raises(StoreError, match=r"damaged .*; move it away to start afresh"):
        Database(path)


def test_a_file_torn_in_the_middle_is_refused(path: Path) -> None:
    database = Database(path)
    for number in range(400):
        values = (f"c{number}", "x" * 300)
        database.connection.execute("INSERT INTO settings VALUES (?, ?)", values)
    database.close()
    with path.open("r+b") as file:
        for page in range(12, 40):
            file.seek(page * 4096 + 8)
            file.write(b"\xff" * 512)

    with pytest.raises(StoreError, match="malformed"):
        Database(crashed(path))


def test_a_file_left_open_by_a_crash_is_checked_and_used(path: Path, tmp_path: Path) -> None:
    database = Database(path)
    database.connection.execute("INSERT INTO settings VALUES ('a', 'b')")
    crashed = tmp_path / "crashed.db"
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{crashed}{suffix}")
    database.close()

    recovered = Database(crashed)

    rows = recovered.connection.execute("SELECT value FROM settings").fetchall()
    assert [row["value"] for row in rows] == ["b"]
    recovered.close()


def test_closing_empties_the_write_ahead_log(path: Path) -> None:
    database = Database(path)
    database.connection.execute("INSERT INTO settings VALUES ('a', 'b')")

    database.close()

    assert not path.with_name(path.name + "-wal").exists()


def test_closing_a_connection_that_broke_is_harmless(path: Path) -> None:
    database = Database(path)
    database.connection.close()

    database.close()


def test_a_transaction_that_raises_writes_nothing(path: Path) -> None:
    database = Database(path)

    with pytest.raises(KeyError), database.transaction() as db:
        db.execute("INSERT INTO settings VALUES ('a', 'b')")
        raise KeyError

    assert database.connection.execute("SELECT * FROM settings").fetchall() == []
    database.close()


def test_a_transaction_that_sqlite_took_back_tells_the_first_cause(path: Path) -> None:
    database = Database(path)

    with pytest.raises(StoreError, match="UNIQUE"), database.transaction() as db:
        db.execute("INSERT OR ROLLBACK INTO settings VALUES ('a', 'b')")
        db.execute("INSERT OR ROLLBACK INTO settings VALUES ('a', 'b')")

    with database.transaction() as db:
        db.execute("INSERT INTO settings VALUES ('a', 'b')")
    database.close()


def test_a_transaction_that_cannot_begin_says_so(path: Path) -> None:
    database, other = Database(path), sqlite3.connect(path, isolation_level=None)
    database.connection.execute("PRAGMA busy_timeout=1")
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreError, match="locked"), database.transaction():
        pass

    other.close()
    database.close()
