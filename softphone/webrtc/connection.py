"""One ICE connection (aioice), and the link that carries datagrams whichever connection is in use.

Imports aioice: to be imported only by `path`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aioice
import aioice.ice

_MOST_WAITING = 512
_GOODBYE_S = 1.0


@dataclass(frozen=True, slots=True)
class Pair:
    """The way that carries the media: addresses as "192.0.2.1:5000" and kinds of candidate."""

    local: str = ""
    remote: str = ""
    local_kind: str = ""
    remote_kind: str = ""


class Connection(aioice.Connection):
    """An ICE connection that hands its datagrams to the link, so that links can be restarted."""

    def __init__(self, link: Link, controlling: bool, **known: Any) -> None:
        super().__init__(ice_controlling=controlling, **known)
        self._link = link
        self.checked = asyncio.Event()  # the far end reached us
        self.lost = False

    def data_received(self, data: bytes, component: int) -> None:
        self._link.arrived(data)

    def request_received(
        self, message: Any, addr: tuple[str, int], protocol: aioice.ice.StunProtocol
    ) -> None:
        self._link.heard_s = time.monotonic()
        super().request_received(message, addr, protocol)
        self.checked.set()

    async def close(self) -> None:
        """Close the sockets; also called by aioice itself when the far end consents no more.

        A TURN server that does not answer the good-bye is not waited for: aioice asks it for half
        a minute more and then closes that socket.
        """
        self.lost = True
        for protocol in self._protocols:
            protocol.transport.close()
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await super().close()
        except TimeoutError:
            self._protocols.clear()
            await super().close()
        self._link.closed(self)

    @property
    def pair(self) -> Pair:
        """The nominated pair, empty before there is one."""
        chosen = next(iter(self._nominated.values()), None)
        if chosen is None:
            return Pair()
        return Pair(
            "{}:{}".format(*chosen.local_addr),
            "{}:{}".format(*chosen.remote_addr),
            chosen.local_candidate.type,
            chosen.remote_candidate.type,
        )

    async def take_over(self, other: Connection) -> None:
        """Take the sockets of `other`, which then is closed: same address, another far end."""
        self._protocols, other._protocols = other._protocols, []
        self._local_candidates = list(other._local_candidates)
        self._local_candidates_start = self._local_candidates_end = True
        for protocol in self._protocols:
            protocol.receiver = self
        await other.close()


class Link:
    """What aiortc's DTLS takes for its ICE transport; the ICE connection below may be replaced."""

    def __init__(self, closed: Callable[[], None]) -> None:
        self.connection: Connection | None = None
        self.heard_s = time.monotonic()
        self.role = "controlling"  # asked for by aiortc only when no DTLS role was set
        self._closed = closed
        self._datagrams: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_WAITING)

    def arrived(self, data: bytes) -> None:
        """Take a datagram that is no STUN; of a flood the newest go."""
        self.heard_s = time.monotonic()
        if not self._datagrams.full():
            self._datagrams.put_nowait(data)

    def closed(self, connection: Connection) -> None:
        """Note that an ICE connection is gone; only the one in use matters."""
        if connection is self.connection:
            self.hang_up()
            self._closed()

    def hang_up(self) -> None:
        """Let whoever waits for datagrams find that there will be none."""
        if self._datagrams.full():
            self._datagrams.get_nowait()
        self._datagrams.put_nowait(None)

    async def _recv(self) -> bytes:
        data = await self._datagrams.get()
        if data is None:
            raise ConnectionError
        return data

    async def _send(self, data: bytes) -> None:
        if self.connection is None:
            raise ConnectionError
        await self.connection.send(data)
