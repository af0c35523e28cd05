"""The one thread that owns the database: writes in order, nothing lost while the disk fails.

A write that fails (disk full, read-only, I/O error) stays in a queue in memory and is tried
again; calls go on meanwhile. A write is acknowledged only once it is on disk.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from softphone.model.error import StoreError

from .database import FAILURES, Database

logger = logging.getLogger(__name__)
T = TypeVar("T")
_Write = Callable[[sqlite3.Connection], object]
# The row is to blame, not the disk: it would fail for ever, and everything behind it too.
_BAD_ROW = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    ValueError,
    OverflowError,
)

QUEUE_LIMIT = 10_000
RETRY_S = 5.0
CLOSE_LIMIT_S = 0.75  # to write, and again to close: the engine ends within three seconds


class StoreThread:
    """Writes soon or acknowledged, and reads what was written before.

    `on_trouble(problem, waiting)` tells when writing stops or heals.
    """

    def __init__(self, path: Path, on_trouble: Callable[[str, int], None], retry_s: float) -> None:
        self._path = path
        self._on_trouble = on_trouble
        self._retry_s = retry_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._database: Database | None = None
        self._waiting: deque[_Write] = deque()
        self._problem = ""
        self._retry: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._closed = False

    async def open(self, start: Callable[[sqlite3.Connection], T]) -> T:
        """Open the file and return what `start` finds there; raises StoreError."""

        def run() -> T:
            self._database = Database(self._path)
            with self._database.transaction() as db:
                return start(db)

        return await self._run(run)

    async def close(self) -> None:
        """Write what waits, once more, and close; a disk that hangs is not waited for."""
        self._closed = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._flush(), CLOSE_LIMIT_S)
        self._cancel_retry()
        if self._waiting:
            logger.error("%d rows could not be written: %s", len(self._waiting), self._problem)
        if self._database is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._run(self._database.close), CLOSE_LIMIT_S)
        self._thread.shutdown(wait=False)

    def soon(self, write: _Write) -> None:
        """Write after everything that waits; while the disk fails it waits too."""
        if self._closed:
            logger.warning("a row came after the history was closed and is not kept")
            return
        if len(self._waiting) >= QUEUE_LIMIT:
            self._waiting.popleft()
            logger.error("the store is stuck; its oldest waiting row was dropped")
        self._waiting.append(write)
        if self._writing is None and self._retry is None:
            self._writing = asyncio.get_running_loop().create_task(self._drain())

    async def write(self, write: Callable[[sqlite3.Connection], T]) -> T:
        """Do an acknowledged write after everything that waits; StoreError when that fails."""
        self._must_be_open()
        await self._flush()
        if self._waiting:
            raise StoreError(self._problem)

        def run() -> T:
            with self._open_database().transaction() as db:
                return write(db)

        return await self._run(run)

    async def read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """Return what is found once everything before is written; raises StoreError."""
        self._must_be_open()
        await self._written()

        def run() -> T:
            try:
                return read(self._open_database().connection)
            except FAILURES as problem:
                raise StoreError(f"{self._path.name}: {problem}.") from None

        return await self._run(run)

    # ---- the queue ---------------------------------------------------------------------------

    async def _drain(self) -> None:
        """Write the queue, in batches, until it is empty or writing fails."""
        batch: tuple[_Write, ...] = ()
        try:
            while self._waiting:
                batch = tuple(self._waiting)
                self._waiting.clear()
                await self._run(partial(self._commit, batch))
            self._trouble("")
        except StoreError as problem:
            self._waiting.extendleft(reversed(batch))
            self._trouble(str(problem))
            self._retry = asyncio.get_running_loop().call_later(self._retry_s, self._try_again)
        finally:
            self._writing = None

    def _try_again(self) -> None:
        self._retry = None
        self._writing = asyncio.get_running_loop().create_task(self._drain())

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _trouble(self, problem: str) -> None:
        if problem or self._problem:
            self._problem = problem
            self._on_trouble(problem, len(self._waiting))

    def _commit(self, writes: tuple[_Write, ...]) -> None:
        with self._open_database().transaction() as db:
            for write in writes:
                try:
                    write(db)
                except _BAD_ROW as problem:
                    logger.error("a row cannot be stored and is dropped: %s", problem)

    async def _flush(self) -> None:
        """Write what waits now, not at the next try."""
        if self._retry is not None:
            self._cancel_retry()
            self._try_again()
        await self._written()

    async def _written(self) -> None:
        while self._writing is not None:
            await asyncio.wait([self._writing])

    def _must_be_open(self) -> None:
        if self._closed:
            raise StoreError("The history is closed.")

    def _open_database(self) -> Database:
        if self._database is None:
            self._database = Database(self._path)
        return self._database

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
