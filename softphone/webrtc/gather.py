"""Collecting ICE candidates: addresses of this machine, STUN and TURN servers, within limits.

Without trickle the description waits for the candidates, so the wait has rules: complete, or a
relay for every TURN server before the ideal time, or one relay after it, or the limit.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import aioice
import aioice.ice

from softphone.secret import Secret

from .settings import IceServer

logger = logging.getLogger(__name__)

_URL = re.compile(
    r"(stuns?|turns?):([^:?\s\[\]]+|\[[0-9a-fA-F:.]+\])(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?"
)
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class GatherLimits:
    """When to go on without the candidates that still lack."""

    ideal_s: float = 1.0
    limit_s: float = 3.0


@dataclass(slots=True)
class Gathered:
    """What was collected and when, in seconds of `time.time()`, for the call report."""

    start_s: float = 0.0
    end_s: float = 0.0
    candidates: int = 0
    relays: list[tuple[str, float]] = field(default_factory=list)
    done: bool = False


@dataclass(frozen=True, slots=True)
class _Server:
    kind: str
    host: str
    port: int
    transport: str
    username: str | None
    password: Secret | None


async def gather(
    connection: aioice.Connection,
    servers: Sequence[IceServer],
    limits: GatherLimits,
    stop: asyncio.Event,
) -> Gathered:
    """Fill the connection's local candidates; returns after `limits.limit_s`, or on `stop`."""
    found = Gathered(start_s=time.time())
    addresses = aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=True)
    # aioice leaves loopback out, and a machine may have nothing else
    hosts = await connection.get_component_candidates(1, addresses or [_LOOPBACK], timeout=0)
    if not hosts:
        hosts = await connection.get_component_candidates(1, [_LOOPBACK], timeout=0)
    connection._local_candidates += hosts
    await _ask(connection, _parsed(servers), limits, found, stop)
    connection._local_candidates_start = connection._local_candidates_end = True
    found.candidates = len(connection.local_candidates)
    found.end_s, found.done = time.time(), True
    return found


async def _ask(
    connection: aioice.Connection,
    servers: list[_Server],
    limits: GatherLimits,
    found: Gathered,
    stop: asyncio.Event,
) -> None:
    """Ask all servers at once and wait by the rules; what comes too late is dropped."""
    relays_wanted = sum(1 for server in servers if server.kind.startswith("turn"))
    questions = _questions(connection, servers)
    waiting: set[asyncio.Task[_Answer]] = {asyncio.create_task(work) for work in questions}
    stopped = asyncio.create_task(stop.wait())
    begun_s = time.monotonic()
    try:
        while waiting and not stopped.done():
            spent_s = time.monotonic() - begun_s
            enough = _enough(len(found.relays), relays_wanted, spent_s, limits)
            if enough or spent_s >= limits.limit_s:
                break
            until_s = limits.ideal_s if spent_s < limits.ideal_s else limits.limit_s
            done, _ = await asyncio.wait(
                {*waiting, stopped},
                timeout=until_s - spent_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            answered = {task for task in waiting if task in done}
            for task in answered:
                _take(connection, task, found)
            waiting -= answered
    finally:
        for unfinished in (*waiting, stopped):
            unfinished.cancel()
        await asyncio.gather(*waiting, stopped, return_exceptions=True)


def _enough(relays: int, wanted: int, spent_s: float, limits: GatherLimits) -> bool:
    if not wanted:
        return False
    return relays >= (wanted if spent_s < limits.ideal_s else 1)


_Answer: TypeAlias = tuple[aioice.Candidate, "aioice.ice.StunProtocol | None"]


def _questions(
    connection: aioice.Connection, servers: list[_Server]
) -> list[Coroutine[Any, Any, _Answer]]:
    work: list[Coroutine[Any, Any, _Answer]] = []
    for server in servers:
        address = (server.host, server.port)
        if server.kind == "stun":
            work += [
                aioice.ice.server_reflexive_candidate(protocol, address)
                for protocol in connection._protocols
                if ":" not in protocol.local_candidate.host
            ]
        elif server.kind.startswith("turn"):
            work.append(
                aioice.ice.relayed_candidate(
                    component=1,
                    hide_related_address=False,
                    protocol_factory=lambda: aioice.ice.StunProtocol(connection),
                    turn_server=address,
                    turn_username=server.username,
                    turn_password=server.password.reveal() if server.password else None,
                    turn_ssl=server.kind == "turns",
                    turn_transport=server.transport,
                )
            )
    return work


def _take(connection: aioice.Connection, task: asyncio.Task[_Answer], found: Gathered) -> None:
    problem = task.exception()
    if problem is not None:
        logger.info("A STUN or TURN server gave no candidate: %s", type(problem).__name__)
        return
    candidate, protocol = task.result()
    if protocol is not None:
        connection._protocols.append(protocol)
        found.relays.append((f"{candidate.host}:{candidate.port}", time.time()))
    if not any(_same(candidate, known) for known in connection.local_candidates):
        connection._local_candidates.append(candidate)


def _same(one: aioice.Candidate, other: aioice.Candidate) -> bool:
    return (one.host, one.port, one.type) == (other.host, other.port, other.type)


def _parsed(servers: Sequence[IceServer]) -> list[_Server]:
    found = []
    for server in servers:
        for url in server.urls:
            match = _URL.fullmatch(url.strip())
            if not match:
                logger.warning("An ICE server's URL cannot be read and is left out.")
                continue
            kind, host, port, transport = match.groups()
            secure = kind.endswith("s")
            found.append(
                _Server(
                    kind,
                    host.strip("[]"),
                    int(port) if port else (5349 if secure else 3478),
                    transport or ("tcp" if secure else "udp"),
                    server.username or None,
                    server.credential,
                )
            )
    return found
