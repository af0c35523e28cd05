"""A connection between host and desk: greeting first, then frames both ways."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from softphone import __version__
from softphone.model.error import ConnectError, ProtocolError
from softphone.model.text import clean
from softphone.secret import Secret

from .frames import (
    NO_TOKEN,
    PROTOCOL,
    Frame,
    Heard,
    Hello,
    Sound,
    Unpacker,
    pack_control,
    pack_heard,
    pack_hello,
    pack_sound,
)

_GREETING_LIMIT_S = 5.0
_UNSENT_LIMIT = 4_096
_CHUNK = 65_536


class Stream:
    """One connection; made by `greeted`. Methods belong to the event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._unpacker = Unpacker()
        self._early: list[Frame] = []

    async def greet(self, role: str, token: Secret = NO_TOKEN, *, opus: bool = False) -> Hello:
        """Exchange greetings; raises ConnectError when the other side is none of ours."""
        self._writer.write(pack_hello(Hello(role, __version__, token=token, opus=opus)))
        try:
            async with asyncio.timeout(_GREETING_LIMIT_S):
                hello = await self._first()
        except (TimeoutError, OSError, ProtocolError) as problem:
            raise ConnectError(f"The other end of the sound does not answer: {problem}.") from None
        if hello.protocol != PROTOCOL:
            version = clean(hello.version)
            raise ConnectError(
                f"The other end runs softphone {version} with another sound protocol "
                f"({hello.protocol}, here {PROTOCOL}): install the same version on both."
            )
        return hello

    async def _first(self) -> Hello:
        while data := await self._reader.read(_CHUNK):
            frames = list(self._unpacker.push(data))
            if frames:
                if not isinstance(frames[0], Hello):
                    raise ProtocolError("no greeting")
                self._early = frames[1:]
                return frames[0]
        raise ProtocolError("it closed the connection")

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield what comes until the end; raises ProtocolError and OSError."""
        for frame in self._early:
            yield frame
        while data := await self._reader.read(_CHUNK):
            for frame in self._unpacker.push(data):
                yield frame

    def send(self, frame: Sound | Heard) -> bool:
        """Send sound, or drop it when the connection does not take any."""
        transport = self._writer.transport
        if transport.is_closing() or transport.get_write_buffer_size() > _UNSENT_LIMIT:
            return False
        self._writer.write(pack_sound(frame) if isinstance(frame, Sound) else pack_heard(frame))
        return True

    def tell(self, fields: Mapping[str, Any]) -> None:
        """Send a control message."""
        if not self._writer.transport.is_closing():
            self._writer.write(pack_control(fields))

    def cut(self) -> None:
        """End it at once."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """End it; what was sent goes out."""
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()
