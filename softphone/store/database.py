"""The SQLite file: opened in WAL mode, migrated, checked after a crash. One thread uses it."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from softphone.model.error import ProtocolError, StoreError

from .filesystem import network_kind
from .schema import MIGRATIONS
from .search import searchable

logger = logging.getLogger(__name__)
T = TypeVar("T")
FAILURES = (sqlite3.Error, UnicodeError, OverflowError)
"""What SQLite and its binding raise: the disk, the file, or a value that cannot be stored."""
_HERE = ("journal_mode=WAL", "synchronous=NORMAL")
_ON_THE_NETWORK = ("journal_mode=DELETE", "synchronous=FULL")
_BUSY_MS = 1_000  # then the write waits in memory: the engine must be able to end meanwhile


class Database:
    """One open database. Every method may raise StoreError with a sentence.

    `shared`: the file lies on a network file system, so there is no write-ahead log.
    """

    def __init__(self, path: Path, *, shared: bool | None = None) -> None:
        self.path = path
        self._shared = bool(network_kind(path.parent)) if shared is None else shared
        unclean = path.with_name(path.name + "-wal").exists()
        try:
            _create_private(path)
            self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(check=unclean)
            except BaseException:
                self.connection.close()
                raise
        except OSError as problem:
            raise StoreError(f"{path}: {problem.strerror}. History cannot be kept.") from None
        except sqlite3.Error as problem:
            raise StoreError(f"{path}: {problem}. History cannot be kept.") from None

    def close(self) -> None:
        """Flush the write-ahead log into the file and close it."""
        try:
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as problem:
            logger.warning("checkpoint failed: %s", problem)
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do everything inside or nothing; it is on disk when the block is left."""
        connection = self.connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except FAILURES as problem:
            raise StoreError(f"{self.path.name}: {problem}.") from None
        finally:
            # A full disk may have made SQLite take it back already; it may be closed by now.
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.rollback()

    def _prepare(self, *, check: bool) -> None:
        connection = self.connection
        connection.row_factory = sqlite3.Row
        connection.create_function("searchable", 1, searchable, deterministic=True)
        for pragma in (
            *(_ON_THE_NETWORK if self._shared else _HERE),
            "foreign_keys=ON",
            f"busy_timeout={_BUSY_MS}",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")
        if check:
            (verdict,) = connection.execute("PRAGMA quick_check").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(f"damaged ({verdict}); move it away to start afresh")
        self._migrate()

    def _migrate(self) -> None:
        (version,) = self.connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise sqlite3.DatabaseError("written by a newer softphone; update this one")
        for number in range(version, len(MIGRATIONS)):
            # executescript commits by itself, so the whole step is one script.
            self.connection.executescript(
                f"BEGIN;{MIGRATIONS[number]};PRAGMA user_version={number + 1};COMMIT;"
            )


def readable(rows: Iterable[sqlite3.Row], read: Callable[[sqlite3.Row], T]) -> list[T]:
    """Return what can be read of `rows`; a row nobody can read stays, and hides no other."""
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except ProtocolError as problem:
            logger.warning("a row cannot be read: %s", problem)
    return found


def _create_private(path: Path) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    os.fchmod(descriptor, 0o600)
    os.close(descriptor)
