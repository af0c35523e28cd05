"""The engine's Unix socket: snapshot, numbered events, commands. See `link` for the wire form.

The engine never waits for a client: one that does not read is dropped once 256 KiB of events lie
unread, and gets a new snapshot when it comes back. Answers it asked for do not count, however
long, but who has not read them is not listened to. Nor does the longest event that is under way:
a list of thousands is no reason to drop a client that had no time yet to read it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
from dataclasses import asdict
from pathlib import Path
from typing import Any

from softphone.model import codec
from softphone.model.error import ProtocolError
from softphone.model.text import clean

from .clients import Client, Published
from .engine import Engine
from .link import BUFFER_LIMIT, LINE_LIMIT, VERSION, EngineInfo, Role, line_of

logger = logging.getLogger(__name__)
_HELLO_LIMIT_S = 5.0
_CLOSE_LIMIT_S = 0.25
_REQUESTS_AT_ONCE = 32


class Server:
    """Listens for clients on a socket that only its owner can open."""

    def __init__(self, engine: Engine, info: EngineInfo, path: Path) -> None:
        self._engine = engine
        self._info = info
        self._path = path
        self._server: asyncio.Server | None = None
        self._connections: dict[_Connection, asyncio.Task[Any] | None] = {}

    async def start(self) -> None:
        """Open the socket; the caller holds the lock, so a leftover one is dead."""
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(
                self._accept, self._path, limit=LINE_LIMIT
            )
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Stop listening and drop every client."""
        if self._server is not None:
            self._server.close()
        serving = [task for task in self._connections.values() if task]
        for connection in self._connections:
            connection.drop("the engine stops")
        if serving:
            await asyncio.wait(serving, timeout=_CLOSE_LIMIT_S)
        self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self._engine, self._info, reader, writer)
        self._connections[connection] = asyncio.current_task()
        try:
            await connection.serve()
        finally:
            del self._connections[connection]


class _Connection:
    """One client on the socket."""

    def __init__(
        self,
        engine: Engine,
        info: EngineInfo,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._engine = engine
        self._info = info
        self._reader = reader
        self._writer = writer
        self._client: Client | None = None
        self._welcomed = False
        self._answers_unread = 0  # bytes, at the most
        self._longest_unread = 0  # of the events, bytes
        self._requests: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Greet, then answer commands until the client goes."""
        try:
            if await self._greet():
                await self._read_commands()
        except (OSError, asyncio.IncompleteReadError):
            pass
        except (ProtocolError, ValueError) as problem:
            logger.warning("client dropped: %s", problem)
        finally:
            if self._client is not None:
                self._engine.detach(self._client.id)
            self.drop("")

    def drop(self, reason: str) -> None:
        """Close at once, whatever is unread."""
        if reason:
            logger.info("client %s dropped: %s", self._client and self._client.id, reason)
        if reason == _TOO_SLOW:
            self._writer.transport.abort()
        else:
            self._writer.close()

    async def _greet(self) -> bool:
        if not _same_user(self._writer):
            return False
        line = await asyncio.wait_for(self._reader.readline(), _HELLO_LIMIT_S)
        hello = codec.loads(line).get("hello")
        if not isinstance(hello, dict) or hello.get("version") != VERSION:
            self._send({"refused": "This engine is of another version; stop it and start again."})
            return False
        role = Role.CONSOLE if hello.get("role") == Role.CONSOLE.value else Role.COMMAND
        self._client = self._engine.attach(role, clean(str(hello.get("name", ""))), self._deliver)
        self._send(
            {
                "welcome": {
                    "version": VERSION,
                    "client": self._client.id,
                    "engine": asdict(self._info),
                    "state": codec.encode_plain(self._engine.hub.state),
                }
            }
        )
        self._welcomed = True
        return True

    async def _read_commands(self) -> None:
        while line := await self._reader.readline():
            if self._answers_unread > BUFFER_LIMIT:
                await self._writer.drain()
            data = codec.loads(line)
            number = data.get("id")
            if len(self._requests) >= _REQUESTS_AT_ONCE:
                self._refuse(number, "TOO_MANY", "Too many commands at once.")
                continue
            task = asyncio.get_running_loop().create_task(self._answer(number, data))
            self._requests.add(task)
            task.add_done_callback(self._requests.discard)

    async def _answer(self, number: object, data: dict[str, Any]) -> None:
        try:
            command = codec.decode_command(data.get("command"))
        except ProtocolError as problem:
            self._refuse(number, "BAD_COMMAND", str(problem))
            return
        assert self._client is not None
        reply = await self._engine.submit(self._client.id, command)
        line = line_of({"id": number, "reply": codec.encode_plain(reply)})
        if len(line) > LINE_LIMIT:
            self._refuse(number, "TOO_LONG", "That is too much for one answer; ask for less.")
        else:
            self._write_answer(line)

    def _refuse(self, number: object, code: str, text: str) -> None:
        self._send({"id": number, "reply": {"ok": False, "code": code, "text": text}})

    def _deliver(self, published: Published) -> None:
        if not self._welcomed:
            return  # what happened before is in the snapshot
        unread = self._unread()
        if not unread:
            self._longest_unread = 0
        if unread > BUFFER_LIMIT + self._answers_unread + self._longest_unread:
            self.drop(_TOO_SLOW)
        else:
            self._longest_unread = max(self._longest_unread, len(published.line))
            self._write(published.line)

    def _send(self, data: dict[str, Any]) -> None:
        self._write_answer(line_of(data))

    def _write_answer(self, line: bytes) -> None:
        self._unread()
        self._answers_unread += len(line)
        self._write(line)

    def _unread(self) -> int:
        """Return how many bytes the client has not taken."""
        unread = self._writer.transport.get_write_buffer_size()
        self._answers_unread = min(self._answers_unread, unread)
        return unread

    def _write(self, line: bytes) -> None:
        if not self._writer.transport.is_closing():
            with contextlib.suppress(OSError):
                self._writer.write(line)


_TOO_SLOW = "it does not read"


def _same_user(writer: asyncio.StreamWriter) -> bool:
    """Tell whether the other end runs as our user; the socket's mode says so too."""
    peer = writer.get_extra_info("socket")
    option = getattr(socket, "SO_PEERCRED", None)
    if peer is None or option is None:
        return True
    _, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, option, 12))
    return bool(uid == os.getuid())
