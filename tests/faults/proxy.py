"""A TCP proxy on loopback that does to a connection what networks do: between client and lab."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_CHUNK_BYTES = 65_536


class FaultProxy:
    """Carries every connection to `target_port` until it is told otherwise.

    latency_s: added to each direction. bytes_per_s: each direction's rate, 0 for no limit.
    slice_bytes: what arrives is written in pieces of this size, 0 for whole pieces.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener: socket.socket | None = None
        self._pairs: dict[tuple[asyncio.StreamWriter, asyncio.StreamWriter], bytes] = {}
        self._carrying: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.port = 0
        self.latency_s = 0.0
        self.bytes_per_s = 0.0
        self.slice_bytes = 0
        self.accepted_at: list[float] = []
        """When each connection came, on the monotonic clock."""

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def open_connections(self) -> int:
        """How many connections are carried now."""
        return len(self._pairs)

    # ---- faults --------------------------------------------------------------------------------

    def cut(self, *, reset: bool = False, only: str = "") -> int:
        """End connections, by FIN or by RST; return how many there were.

        `only`: those whose request line holds this text.
        """
        pairs = [pair for pair, line in self._pairs.items() if only.encode() in line]
        for pair in pairs:
            for writer in pair:
                _end(writer, reset=reset)
        return len(pairs)

    def inject(self, data: bytes, *, only: str = "") -> int:
        """Write bytes to the client as if the server had sent them; return to how many."""
        pairs = [pair for pair, line in self._pairs.items() if only.encode() in line]
        for client, _server in pairs:
            _write(client, data)
        return len(pairs)

    def mute(self) -> None:
        """Let nothing through any more, in either direction, while every socket stays open."""
        self._flowing.clear()

    def unmute(self) -> None:
        """Let everything through again, first what has waited."""
        self._flowing.set()

    async def down(self) -> None:
        """Refuse connections, and end those that are there."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        self.cut(reset=True)
        await asyncio.sleep(0)

    async def up(self) -> None:
        """Listen; again on the port it had before."""
        # Not asyncio's server: one that closes forgets connections it has just accepted.
        listener = socket.create_server(("127.0.0.1", self.port))
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    async def close(self) -> None:
        """End everything and wait for it."""
        self.unmute()
        await self.down()
        for task in list(self._carrying):
            task.cancel()
        if self._carrying:
            await asyncio.wait(self._carrying)

    # ---- carrying ------------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            client = listener.accept()[0]
            self.accepted_at.append(time.monotonic())
            task = asyncio.get_running_loop().create_task(self._serve(client))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def _serve(self, client: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=client)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except (OSError, asyncio.CancelledError):
            _end(writer, reset=True)
            return
        pair = (writer, far_writer)
        self._pairs[pair] = b""

        def saw(data: bytes) -> None:
            self._pairs[pair] = self._pairs[pair] or data.partition(b"\r\n")[0]

        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, far_writer, saw))
                both.create_task(self._carry(far_reader, writer))
        finally:
            self._pairs.pop(pair)
            for one in pair:
                one.close()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        saw: Callable[[bytes], None] = lambda data: None,
    ) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK_BYTES):
                saw(data)
                await self._flowing.wait()
                if self.bytes_per_s:
                    await asyncio.sleep(len(data) / self.bytes_per_s)
                if self.latency_s:  # in order: the delay of a run does not change in mid-flight
                    loop.call_later(self.latency_s, _write, writer, data)
                    continue
                await self._write_in_pieces(writer, data)
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()

    async def _write_in_pieces(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        size = self.slice_bytes or len(data)
        for start in range(0, len(data), size):
            _write(writer, data[start : start + size])
            await writer.drain()
            if self.slice_bytes:
                await asyncio.sleep(0)


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    with contextlib.suppress(RuntimeError):  # the other side has ended already
        if not writer.is_closing():
            writer.write(data)


def _end(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    if not reset:
        writer.close()
        return
    found = writer.get_extra_info("socket")
    if found is not None:
        with contextlib.suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def fault_proxy(target_port: int) -> AsyncIterator[FaultProxy]:
    """Yield a proxy that listens; it ends with everything it carries."""
    proxy = FaultProxy(target_port)
    await proxy.up()
    try:
        yield proxy
    finally:
        await proxy.close()
