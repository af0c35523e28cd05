"""Writers that are killed at a random moment; each prints what was acknowledged, then we look."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from softphone.model.call import AccountName, Call, CallId, CallState, Direction
from softphone.store.database import Database
from softphone.store.store import Store


async def write(path: Path, acknowledge: int, generation: int) -> None:
    """Write calls and notes for ever; a line goes out once a note is on disk."""
    store = Store(path, lambda problem, waiting: None)
    await store.open(0.0, 30)
    number = 0
    while True:
        name = CallId(f"{generation}-{number}")
        store.save_call(Call(name, AccountName("d"), Direction.INBOUND, CallState.RINGING))
        await store.save_note(name, f"note {name}")
        os.write(acknowledge, f"{name}\n".encode())
        number += 1


def killed_writer(path: Path, generation: int) -> list[str]:
    """Return what a writer acknowledged before it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        asyncio.run(write(path, writing, generation))
        os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as acknowledged:
        first = acknowledged.readline()
        time.sleep(random.uniform(0.0, 0.1))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        whole = (first + acknowledged.read()).rpartition("\n")[0]
    return whole.splitlines()


def main(path: Path, kills: int) -> None:
    """Kill writers, one after the other, on the same file."""
    expected: set[str] = set()
    for generation in range(kills):
        acknowledged = killed_writer(path, generation)
        expected |= set(acknowledged)
        database = Database(path)
        (integrity,) = database.connection.execute("PRAGMA integrity_check").fetchone()
        notes = "SELECT id FROM calls WHERE note = 'note ' || id"
        kept = {row["id"] for row in database.connection.execute(notes)}
        database.close()
        result = {"acknowledged": len(acknowledged), "lost": len(expected - kept)}
        print(json.dumps({**result, "integrity": integrity}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
