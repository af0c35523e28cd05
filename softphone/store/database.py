"""The SQLite file: opened in WAL mode, migrated, checked after a crash. One thread uses it."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from softphone.model.error import StoreError

from .schema import MIGRATIONS

logger = logging.getLogger(__name__)
_BUSY_MS = 5_000


class Database:
    """One open database. Every method may raise StoreError with a sentence."""

    def __init__(self, path: Path) -> None:
        self.path = path
        unclean = path.with_name(path.name + "-wal").exists()
        try:
            _create_private(path)
            self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._prepare(check=unclean)
        except (sqlite3.Error, OSError) as problem:
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
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except sqlite3.Error as problem:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise StoreError(f"{self.path.name}: {problem}.") from None

    def _prepare(self, *, check: bool) -> None:
        connection = self.connection
        connection.row_factory = sqlite3.Row
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
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


def _create_private(path: Path) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    os.fchmod(descriptor, 0o600)
    os.close(descriptor)
