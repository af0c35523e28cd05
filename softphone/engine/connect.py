"""The client's end of the engine's socket."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from softphone.model import codec
from softphone.model.command import Command, Reply
from softphone.model.error import LinkError, ProtocolError
from softphone.model.event import Event
from softphone.model.state import ConsoleState

from .link import LINE_LIMIT, VERSION, EngineInfo, Role, line_of

_WELCOME_LIMIT_S = 5.0


class SocketLink:
    """One client's connection; made by `attach`."""

    def __init__(
        self,
        welcome: dict[str, Any],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.client = str(welcome["client"])
        self.engine = codec.decode(welcome["engine"], EngineInfo)
        self.snapshot = codec.decode(welcome["state"], ConsoleState)
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._replies: dict[int, asyncio.Future[Reply]] = {}
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read(), name="engine link")

    async def request(self, command: Command) -> Reply:
        """Send a command and return its reply; raises LinkError when the engine is gone."""
        if self._reading.done():
            raise LinkError("The engine is gone.")
        number = next(self._numbers)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._replies[number] = future
        try:
            self._writer.write(line_of({"id": number, "command": codec.encode(command)}))
            await self._writer.drain()
        except OSError:
            raise LinkError("The engine is gone.") from None
        return await future

    async def events(self) -> AsyncIterator[Event]:
        """Yield events until the engine is gone."""
        while (event := await self._events.get()) is not None:
            yield event

    async def close(self) -> None:
        """Leave."""
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _read(self) -> None:
        try:
            while line := await self._reader.readline():
                self._take(codec.loads(line))
        except (OSError, ValueError, ProtocolError):
            pass  # a broken engine is as gone as a closed one; the caller starts another
        finally:
            for future in self._replies.values():
                if not future.done():
                    future.set_exception(LinkError("The engine is gone."))
            self._events.put_nowait(None)

    def _take(self, data: dict[str, Any]) -> None:
        if "event" in data and codec.is_known_event(data["event"]):
            self._events.put_nowait(codec.decode_event(data["event"]))
        elif "reply" in data:
            future = self._replies.pop(data.get("id", 0), None)
            if future is not None and not future.done():
                future.set_result(codec.decode(data["reply"], Reply))


async def attach(path: Path, role: Role, name: str) -> SocketLink:
    """Connect to the engine behind `path`; raises LinkError when there is none to talk to."""
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=LINE_LIMIT)
    except OSError:
        raise LinkError("No engine is running.", code="NO_ENGINE") from None
    try:
        hello = {"hello": {"version": VERSION, "role": role.value, "name": name}}
        writer.write(line_of(hello))
        line = await asyncio.wait_for(reader.readline(), _WELCOME_LIMIT_S)
        answer = codec.loads(line)
    except (OSError, TimeoutError, ProtocolError, ValueError):
        writer.close()
        raise LinkError("The engine does not answer.") from None
    if "welcome" not in answer:
        writer.close()
        raise LinkError(str(answer.get("refused", "The engine refused this client.")))
    return SocketLink(answer["welcome"], reader, writer)
