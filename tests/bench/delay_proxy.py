"""A TCP proxy that is a slow line: it delays, delays unevenly, stands still, and counts bytes."""

from __future__ import annotations

import asyncio
import random
import threading


class DelayProxy:
    """Forwards connections to a port of this machine; runs in a thread of its own.

    `delay_s` and `uneven_s` are one way. While `stalled` nothing passes.
    """

    def __init__(self, target: int, delay_s: float = 0.0, uneven_s: float = 0.0) -> None:
        self.delay_s, self.uneven_s = delay_s, uneven_s
        self.bytes = 0
        self.port = 0
        self._target = target
        self._chance = random.Random(1)
        self._flow = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def start(self) -> DelayProxy:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def stall(self, on: bool) -> None:
        """Let nothing pass, or let it pass again."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._flow.clear if on else self._flow.set)

    def close(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._flow.set()
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:  # nobody serves there just now
            writer.close()
            return
        await asyncio.gather(
            self._pump(reader, there_writer),
            self._pump(there_reader, writer),
            return_exceptions=True,
        )

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def forward() -> None:
            while True:
                due_s, data = await waiting.get()
                await asyncio.sleep(max(0.0, due_s - loop.time()))
                await self._flow.wait()
                writer.write(data)
                await writer.drain()
                if not data:
                    return

        forwarding = asyncio.create_task(forward())
        last_s = 0.0
        try:
            while data := await reader.read(65_536):
                self.bytes += len(data)
                uneven_s = self._chance.uniform(0.0, self.uneven_s)
                last_s = max(last_s, loop.time() + self.delay_s + uneven_s)
                waiting.put_nowait((last_s, data))
        finally:  # also when it was broken off: the other side must hear of it
            forwarding.cancel()
            writer.close()
