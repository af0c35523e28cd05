"""One way to a far end: ICE (aioice) with DTLS-SRTP (aiortc) on it.

The only module that touches aioice and aiortc; both are heavy, so it is imported when a peer first
needs it. What is used of them beyond their public surface is listed in `PRIVATE`.

aiortc's own peer connection, sender and receiver are not used: they cannot take an offer back,
restart ICE, mix in telephone events or do without their jitter buffer.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import aioice
import aioice.ice
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport

from .connection import Connection, Link, Pair
from .description import Transport
from .gather import Gathered, GatherLimits, gather
from .settings import IceServer, Network

logger = logging.getLogger(__name__)

PRIVATE: dict[type, tuple[str, ...]] = {
    aioice.Connection: (
        "data_received",
        "request_received",
        "query_consent",
        "get_component_candidates",
    ),
    RTCDtlsTransport: (
        "_handle_rtp_data",
        "_handle_rtcp_data",
        "_send_rtp",
        "_set_role",
    ),
}
_HANDSHAKE_LIMIT_S = 15.0
_CLOSE_LIMIT_S = 2.0
_MOST_TO_SEND = 64


class PathOwner(Protocol):
    """Who is told what happens on a path; everything is called in the event loop."""

    def path_changed(self, path: SecurePath) -> None:
        """The path's `ice` or `dtls` is another now."""
        ...

    def path_received(self, path: SecurePath, data: bytes, is_rtcp: bool) -> None:
        """A packet came, decrypted."""
        ...


class _Dtls(RTCDtlsTransport):
    """aiortc's DTLS with the decrypted packets handed on as they are."""

    def __init__(
        self,
        link: Link,
        certificate: RTCCertificate,
        received: Callable[[bytes, bool], None],
    ) -> None:
        super().__init__(link, [certificate])  # type: ignore[arg-type]  # duck-typed, see Link
        self._received = received

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        self._received(data, False)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self._received(data, True)


def new_certificate() -> RTCCertificate:
    """Return a key and certificate for one peer."""
    return RTCCertificate.generateCertificate()


class SecurePath:
    """One ICE connection and the DTLS on it. Made, gathered, started once, closed."""

    def __init__(
        self,
        owner: PathOwner,
        certificate: RTCCertificate,
        servers: Sequence[IceServer],
        limits: GatherLimits,
        dscp: int | None,
        connect_limit_s: float,
        network: Network | None = None,
    ) -> None:
        self._network = network
        self._connect_limit_s = connect_limit_s
        self.ice = "new"
        self.gathered = Gathered()
        self._owner = owner
        self._certificate = certificate
        self._servers, self._limits, self._dscp = servers, limits, dscp
        self._link = Link(self._connection_closed)
        self._dtls = self._new_dtls()
        self._connection = Connection(self._link, controlling=False)
        self._next: Connection | None = None  # being prepared for an ICE restart
        self._remote: Transport | None = None
        self._controlling = self._client = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._farewells: set[asyncio.Task[None]] = set()  # to be waited for, not cancelled
        self._to_send: deque[bytes] = deque(maxlen=_MOST_TO_SEND)
        self._sending = asyncio.Event()
        self._stop = asyncio.Event()
        self._is_closed = False

    @property
    def dtls(self) -> str:
        """State of DTLS: new, connecting, connected, closed or failed."""
        return str(self._dtls.state)

    @property
    def started(self) -> bool:
        """True once a far end is known."""
        return self._remote is not None

    @property
    def heard_s(self) -> float:
        """When anything last came from the far end, checks included (monotonic)."""
        return self._link.heard_s

    @property
    def pair(self) -> Pair:
        """The candidates in use."""
        return self._connection.pair

    @property
    def fingerprints(self) -> tuple[tuple[str, str], ...]:
        """The far end's, empty before one is known."""
        return self._remote.fingerprints if self._remote else ()

    @property
    def credentials(self) -> tuple[str, str]:
        """The far end's ICE user name fragment and password."""
        return (self._remote.ufrag, self._remote.password) if self._remote else ("", "")

    @property
    def role(self) -> str:
        """The DTLS role for a description of ours: active, passive, or actpass before it is set."""
        if not self.started:
            return "actpass"
        return "active" if self._client else "passive"

    async def gather(self) -> None:
        """Collect candidates, once; returns after the limit at the latest."""
        if not self.gathered.done:
            self.gathered = await gather(self._connection, self._servers, self._limits, self._stop)
            self._mark()

    async def prepare_restart(self) -> None:
        """Collect candidates with new credentials beside the connection in use."""
        if self._next is None:
            self._next = Connection(self._link, self._controlling)
            self.gathered = await gather(self._next, self._servers, self._limits, self._stop)
            self._mark()

    def forget_restart(self) -> None:
        """Drop what `prepare_restart` made."""
        if self._next is not None:
            dropped, self._next = self._next, None
            self._own(dropped.close(), self._farewells)

    def local(self, setup: str) -> Transport:
        """Return what our description says of this path."""
        connection = self._next or self._connection
        prints = [p for p in self._certificate.getFingerprints() if p.algorithm == "sha-256"]
        return Transport(
            connection.local_username,
            connection.local_password,
            tuple((p.algorithm, p.value) for p in prints),
            setup,
            tuple(candidate.to_sdp() for candidate in connection.local_candidates),
            True,
        )

    def start(self, remote: Transport, *, controlling: bool, client: bool) -> None:
        """Begin to connect to this far end; returns at once."""
        self._remote, self._controlling, self._client = remote, controlling, client
        self._own(self._connect_first())
        self._own(self._send_all())

    async def follow(self, remote: Transport) -> None:
        """Act on a later description of the far end: nothing, an ICE restart, or another far end.

        Another far end (other fingerprint) answered from our own candidates: early media and then
        somebody else. The sockets stay, ICE and DTLS begin anew.
        """
        before = self._remote
        if before is None or (before.ufrag, before.password) == (remote.ufrag, remote.password):
            return
        self._remote = remote
        if before.fingerprints != remote.fingerprints and self._next is None:
            await self._begin_anew()
        elif self._next is not None:
            self._own(self._connect_next(self._next, remote))

    def send(self, packet: bytes) -> bool:
        """Queue an RTP or RTCP packet; False before DTLS is ready. Event loop only."""
        if self.dtls != "connected":
            return False
        self._carry(self._queue, packet)
        return True

    def stop_gathering(self) -> None:
        """Let a collection that is running end with what it has."""
        self._stop.set()

    async def close(self) -> None:
        """Say goodbye and leave nothing behind; may be called twice."""
        self.stop_gathering()
        if self._is_closed:
            return
        self._is_closed = True
        await self._flush()
        try:
            async with asyncio.timeout(_CLOSE_LIMIT_S):
                await self._dtls.stop()
        except (TimeoutError, ConnectionError):
            logger.debug("DTLS could not be closed in time.")
        self._link.hang_up()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.forget_restart()
        await asyncio.gather(*self._farewells, return_exceptions=True)
        await self._connection.close()
        self._dtls.remove_all_listeners()

    # connecting

    async def _connect_first(self) -> None:
        assert self._remote is not None
        connection, remote, dtls = self._connection, self._remote, self._dtls
        self._set_ice("checking")
        self._link.connection = connection
        connection.ice_controlling = self._controlling
        if not await self._connect(connection, remote):
            self._set_ice("failed")
            return
        self._set_ice("completed")
        await self._handshake(dtls, remote)

    async def _connect_next(self, connection: Connection, remote: Transport) -> None:
        """Finish an ICE restart: the new way takes over when it works, not before."""
        if not await self._connect(connection, remote) or self._next is not connection:
            logger.debug("The ICE restart found no way; the old one stays.")
            return
        before, self._connection, self._next = self._connection, connection, None
        self._link.connection = connection
        # Not waited for: the servers of a network that was left do not answer.
        self._own(before.close(), self._farewells)
        self._link.heard_s = time.monotonic()
        self._set_ice("completed")

    async def _connect(self, connection: Connection, remote: Transport) -> bool:
        """Run the checks; False when no way was found within the limit."""
        connection.remote_username = remote.ufrag
        connection.remote_password = remote.password
        connection.remote_is_lite = remote.ice_lite
        try:
            async with asyncio.timeout(self._connect_limit_s):
                await self._add_candidates(connection, remote)
                await connection.connect()
        except (ConnectionError, TimeoutError):
            return False
        self._link.heard_s = time.monotonic()
        return True

    async def _add_candidates(self, connection: Connection, remote: Transport) -> None:
        """Add what can be used; without any, wait for the far end's own checks to show the way.

        Their end is not said: aioice would give up at once when none of them can be reached,
        while the far end's checks may still come from an address nobody told us.
        """
        for text in remote.candidates:
            try:
                candidate = aioice.Candidate.from_sdp(text)
                if candidate.transport.lower() == "udp" and candidate.component == 1:
                    await connection.add_remote_candidate(candidate)
            except (ValueError, IndexError, AssertionError):
                logger.debug("A candidate of the far end cannot be read.")
        if not connection._check_list:
            await connection.checked.wait()

    async def _handshake(self, dtls: _Dtls, remote: Transport) -> None:
        dtls._set_role("client" if self._client else "server")
        known = [RTCDtlsFingerprint(algorithm=a, value=v) for a, v in remote.fingerprints]
        try:
            async with asyncio.timeout(_HANDSHAKE_LIMIT_S):
                await dtls.start(RTCDtlsParameters(fingerprints=known))
        except TimeoutError:
            self._set_ice("failed")

    async def _begin_anew(self) -> None:
        """Leave one far end for another on the same sockets."""
        before = self._connection
        self._link.connection = None
        fresh = Connection(
            self._link,
            self._controlling,
            local_username=before.local_username,
            local_password=before.local_password,
        )
        self._dtls.remove_all_listeners()
        await self._dtls.stop()
        await fresh.take_over(before)
        self._connection = fresh
        self._link = Link(self._connection_closed)
        fresh._link = self._link
        self._dtls = self._new_dtls()
        self._own(self._connect_first())

    def _new_dtls(self) -> _Dtls:
        dtls = _Dtls(self._link, self._certificate, self._received)
        dtls.on("statechange", self._changed)
        return dtls

    # sending and telling

    def _queue(self, packet: bytes) -> None:
        self._to_send.append(packet)
        self._sending.set()

    def _carry(self, on: Callable[..., None], *packet: Any) -> None:
        """Let a packet go on at once, or as the network has it."""
        delay_s = self._network.fate() if self._network is not None else 0.0
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, on, *packet)
        elif delay_s is not None:
            on(*packet)

    async def _send_all(self) -> None:
        while True:
            await self._sending.wait()
            self._sending.clear()
            await self._flush()

    async def _flush(self) -> None:
        while self._to_send:
            try:
                await self._dtls._send_rtp(self._to_send.popleft())
            except ConnectionError:
                self._to_send.clear()

    def _received(self, data: bytes, is_rtcp: bool) -> None:
        self._carry(self._owner.path_received, self, data, is_rtcp)

    def _connection_closed(self) -> None:
        if not self._is_closed:
            self._set_ice("failed")

    def _set_ice(self, state: str) -> None:
        self.ice = state
        self._changed()

    def _changed(self) -> None:
        if not self._is_closed:
            self._owner.path_changed(self)

    def _own(
        self, work: Coroutine[Any, Any, None], among: set[asyncio.Task[None]] | None = None
    ) -> None:
        tasks = self._tasks if among is None else among
        task = asyncio.get_running_loop().create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def _mark(self) -> None:
        """Mark our packets for the network (DSCP), where the system lets us."""
        if self._dscp is None:
            return
        for protocol in (self._next or self._connection)._protocols:
            sock = protocol.transport.get_extra_info("socket")
            if sock is None:  # a relay's own transport
                continue
            six = sock.family == socket.AF_INET6
            level, option = (
                (socket.IPPROTO_IPV6, socket.IPV6_TCLASS)
                if six
                else (socket.IPPROTO_IP, socket.IP_TOS)
            )
            try:
                sock.setsockopt(level, option, self._dscp << 2)
            except OSError as problem:
                logger.debug("Packets cannot be marked: %s", type(problem).__name__)
