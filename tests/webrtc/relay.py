"""A UDP relay that does to packets what bad networks do: loss, delay, reordering, copies, cuts.

The candidates in offer and answer are rewritten, so that both ends take the relay for the other.
Only media suffers, except in a cut: then nothing passes.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import cast


@dataclass
class Trouble:
    """What happens to media packets, by chance; `reorder` delays a packet by 30 ms."""

    loss: float = 0.0
    jitter_ms: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0


class _Port(asyncio.DatagramProtocol):
    """What one end takes for the address of the other."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.transport: asyncio.DatagramTransport | None = None
        self.other: _Port | None = None
        self.real: tuple[str, int] | None = None  # the end this port stands in for

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        self.relay.passing(self, data)

    def forward(self, data: bytes) -> None:
        """Send to the end this port stands in for, from the port the other stands behind."""
        if self.other and self.other.transport and self.real:
            self.other.transport.sendto(data, self.real)

    @property
    def address(self) -> tuple[str, int]:
        assert self.transport
        name: tuple[str, int] = self.transport.get_extra_info("sockname")[:2]
        return name


class Relay:
    """Two ports, one for each end."""

    def __init__(self, trouble: Trouble, seed: int = 1) -> None:
        self.trouble = trouble
        self.cut = False
        self.media = self.lost = 0
        self.drop_next = 0
        self._chance = random.Random(seed)
        self._ports: list[_Port] = []

    async def stand_in_for(self, description: str) -> str:
        """Return a description whose only candidate is the relay's."""
        lines = description.split("\r\n")
        found = [line.split() for line in lines if line.startswith("a=candidate")]
        real = next(c for c in found if ":" not in c[4])
        host, port = real[4], int(real[5])
        mine = next((p for p in self._ports if p.real == (host, port)), None)
        if mine is None:
            mine = await self._open(host)
            mine.real = (host, port)
        kept = [line for line in lines if not line.startswith("a=candidate")]
        place = next(i for i, line in enumerate(kept) if line.startswith("a=ice-ufrag"))
        kept.insert(place, " ".join([*real[:4], mine.address[0], str(mine.address[1]), *real[6:]]))
        return "\r\n".join(kept)

    async def close(self) -> None:
        for port in self._ports:
            if port.transport:
                port.transport.close()

    def passing(self, port: _Port, data: bytes) -> None:
        """Let a packet through, or not; it came to the port that stands in for its target."""
        if self.cut:
            return
        if not (128 <= data[0] < 192 and not 192 <= data[1] <= 223):
            port.forward(data)
            return
        self.media += 1
        if self.drop_next > 0 or self._chance.random() < self.trouble.loss:
            self.drop_next = max(0, self.drop_next - 1)
            self.lost += 1
            return
        delay_s = self._chance.uniform(0, self.trouble.jitter_ms / 1000)
        if self._chance.random() < self.trouble.reorder:
            delay_s += 0.03
        loop = asyncio.get_running_loop()
        loop.call_later(delay_s, port.forward, data)
        if self._chance.random() < self.trouble.duplicate:
            loop.call_later(delay_s + 0.001, port.forward, data)

    async def _open(self, host: str) -> _Port:
        loop = asyncio.get_running_loop()
        _, port = await loop.create_datagram_endpoint(lambda: _Port(self), local_addr=(host, 0))
        if self._ports:
            port.other, self._ports[0].other = self._ports[0], port
        self._ports.append(port)
        return port
