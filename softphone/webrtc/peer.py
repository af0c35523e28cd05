"""One end of a WebRTC connection with one audio line: offers, answers, ICE, DTLS-SRTP, RTCP.

Descriptions are complete (no trickle) and keep one o= id for the peer's life. An offer changes
nothing until its answer comes, so it can be taken back. Other lines of an offer are answered in
their place, video `inactive`, never with port 0.

Importing this is cheap; the libraries below are loaded with the first peer, or by `warm_up()`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from softphone.model.error import ConnectError, OutOfOrder

from .author import Author
from .choice import answered_direction, to_offer
from .description import Codec, Description, Direction, MediaLine, Transport, bad, parse
from .lines import Line, audio_of, check, line_for, transport_of
from .media import LinkReport, Media, Terms
from .reports import Ways
from .rtp import pack_bye, unpack_rtcp, unpack_rtp
from .settings import DEFAULT_CODECS, IceServer, PeerSettings
from .state import PeerState, PeerStatistics, state_of
from .vigil import Vigil

if TYPE_CHECKING:
    from aiortc import RTCCertificate

    from .connection import Pair
    from .gather import Gathered
    from .path import SecurePath

__all__ = [
    "IceServer",
    "LinkReport",
    "Media",
    "Peer",
    "PeerOwner",
    "PeerSettings",
    "PeerState",
    "PeerStatistics",
    "codecs_available",
    "warm_up",
]

logger = logging.getLogger(__name__)

_WATCH_S = 0.5
_REPORT_S = 1.0  # a hundredth of the sound's packets; the figures of a call follow within seconds


class PeerOwner(Protocol):
    """Who is told about a peer, in the event loop."""

    def peer_changed(self, peer: Peer, state: PeerState) -> None:
        """The connection's state is another now."""
        ...

    def peer_silent(self, peer: Peer, silent: bool) -> None:
        """Nothing came for 5 s although the line receives; False when it comes again."""
        ...


@dataclass(frozen=True, slots=True)
class _Offer:
    """An offer of ours that waits for its answer."""

    description: Description
    lines: list[Line]
    restarts: bool


class Peer:
    """One connection. Use it in one event loop; the media end may work on other threads."""

    def __init__(self, settings: PeerSettings, owner: PeerOwner, media: Media) -> None:
        self.local: Description | None = None
        self.remote: Description | None = None
        self.state = PeerState.NEW
        self._settings, self._owner, self._media = settings, owner, media
        self._author = Author(settings, media)
        self._terms = Terms()
        self._ways = Ways(self._author.cname)
        self._lines: list[Line] = []
        self._main: SecurePath | None = None
        self._certificate: RTCCertificate | None = None
        self._offer: _Offer | None = None
        self._turn = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching = False
        self._vigil = Vigil(settings)
        self._closed = False

    # negotiation

    async def offer(
        self, direction: Direction = Direction.SENDRECV, *, restart: bool = False
    ) -> str:
        """Return a complete offer; nothing changes before `accept`. A later one replaces it.

        `restart` asks for new ICE candidates and credentials on the same connection.
        """
        async with self._turn:
            self._open("an offer")
            path = await self._ready_path()
            if restart and path.started:
                await path.prepare_restart()
            elif self._offer and self._offer.restarts:
                path.forget_restart()
            self._offer = None
            try:
                text, self._offer = self._offered(direction, restart)
            except BaseException:
                path.forget_restart()
                raise
            return text

    async def answer(self, offer: str, direction: Direction = Direction.SENDRECV) -> str:
        """Return the answer to an offer, first or later; an offer of ours is taken back by it.

        Raises ProtocolError (BAD_SDP, NO_AUDIO, NO_CODEC) and leaves everything as it was.
        """
        async with self._turn:
            self._open("an answer")
            remote = parse(offer)
            theirs = audio_of(remote)
            codecs = self._author.codecs_from(theirs)
            reached = transport_of(remote, theirs)
            check(reached)
            self._take_back()
            path = await self._path_for(reached)
            try:
                return await self._answered(path, remote, theirs, reached, codecs, direction)
            except BaseException:
                await self._give_up(path)
                raise

    async def accept(self, answer: str, *, provisional: bool = False) -> None:
        """Apply the answer to our offer; after a provisional one (early media) another may come.

        Raises ProtocolError (BAD_SDP, NO_AUDIO, NO_CODEC) and leaves everything as it was.
        """
        async with self._turn:
            self._open("an answer")
            if self._offer is None or self._main is None:
                raise OutOfOrder("An answer", "without an offer")
            offered, remote = self._offer, parse(answer)
            if [m.kind for m in remote.media] != [m.kind for m in offered.description.media]:
                raise bad("answers other media lines than were offered")
            theirs = audio_of(remote)
            reached = transport_of(remote, theirs)
            check(reached)
            terms = self._author.agreed(offered.description, theirs, answered_by_us=False)
            self._lines = offered.lines
            if not provisional:
                self._offer = None
            self._follow(offered.description, remote, terms)
            client = reached.setup == "passive"
            await self._begin(self._main, remote, reached, controlling=True, client=client)

    def withdraw(self) -> None:
        """Take back an offer that was refused or not answered: everything is as before it."""
        self._take_back()

    async def close(self) -> None:
        """End the connection and leave nothing behind; may be called twice."""
        if self._closed:
            return
        self._closed = True
        self._media.detach(self.send)
        if self._main:
            self._main.stop_gathering()
            self._main.send(pack_bye(self._media.ssrc))
        async with self._turn:
            for task in list(self._tasks):
                if task.get_name() == "watch":
                    task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for path in self._paths():
                await path.close()
        self._set(PeerState.CLOSED)

    # looking

    @property
    def terms(self) -> Terms:
        """What was agreed."""
        return self._terms

    @property
    def offering(self) -> bool:
        """True while an offer of ours waits for its final answer."""
        return self._offer is not None

    @property
    def gathered(self) -> Gathered | None:
        """How the last collection of candidates went, None before the first."""
        return self._main.gathered if self._main else None

    def statistics(self) -> PeerStatistics:
        """Return the numbers of this moment."""
        ways, source = self._ways, self._ways.source
        sending = self._terms.sending
        pair: Pair | None = self._main.pair if self._main else None
        link = ways.link(sending.clock_hz if sending else 8000)
        return PeerStatistics(
            ways.packets_sent,
            ways.bytes_sent,
            ways.packets_received,
            ways.bytes_received,
            ways.lost,
            source.jitter * 1000 / source.clock_hz if source else 0.0,
            ways.round_trip_ms,
            link.remote_lost,
            link.remote_jitter_ms,
            sending.name if sending else "",
            sending.clock_hz if sending else 0,
            self._terms.direction.value,
            pair.local if pair else "",
            pair.local_kind if pair else "",
            pair.remote if pair else "",
            pair.remote_kind if pair else "",
            self._main.ice if self._main else "new",
            self._main.dtls if self._main else "new",
            self.state.value,
        )

    # packets

    def send(self, packet: bytes) -> None:
        """Send an RTP packet of the media end; any thread."""
        if threading.get_ident() == self._thread:
            self._send(packet)
        elif self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._send, packet)
            except RuntimeError:
                logger.debug("A packet came after the event loop's end.")

    def path_received(self, path: SecurePath, data: bytes, is_rtcp: bool) -> None:
        """Take a decrypted packet of a path."""
        if path is not self._main:
            return
        now_s = time.monotonic()
        if is_rtcp:
            self._ways.reported(unpack_rtcp(data), self._media.ssrc, now_s)
            return
        packet = unpack_rtp(data)
        if packet is not None:
            self._ways.received(packet, self._terms, now_s)
            self._media.receive(packet, now_s)

    def path_changed(self, path: SecurePath) -> None:
        """Follow the state of the path that carries the audio."""
        if path is self._main and not self._closed:
            self._vigil.connection_changed()
            self._set(state_of(path.ice, path.dtls))

    def _send(self, packet: bytes) -> None:
        if self._main is not None and not self._closed and self._main.send(packet):
            self._ways.sent(packet, time.monotonic())

    # steps of a negotiation

    def _open(self, what: str) -> None:
        if self._closed:
            raise OutOfOrder(what, "closed")

    def _offered(self, direction: Direction, restart: bool) -> tuple[str, _Offer]:
        lines = self._lines or [Line("audio", "0", bundled=self._settings.bundle)]
        assert self._main is not None
        codecs = self._author.codecs(self._terms)
        text = self._author.written(lines, self._main, direction, codecs, "actpass")
        return text, _Offer(parse(text), lines, restart)

    async def _answered(
        self,
        path: SecurePath,
        remote: Description,
        theirs: MediaLine,
        reached: Transport,
        codecs: tuple[Codec, ...],
        direction: Direction,
    ) -> str:
        """Write the answer to an offer, make it count, and connect."""
        lines = await self._lines_for(remote, path, theirs)
        goes = answered_direction(direction, theirs.direction)
        client = reached.setup != "active"
        setup = path.role if path.started else ("active" if client else "passive")
        text = self._author.written(lines, path, goes, codecs, setup)
        local = parse(text)
        terms = self._author.agreed(local, theirs, answered_by_us=True)
        self._lines = lines
        self._follow(local, remote, terms)
        await self._begin(path, remote, reached, controlling=False, client=client)
        return text

    async def _give_up(self, path: SecurePath) -> None:
        """Leave a path as it was before an answer that came to nothing."""
        if path is not self._main:
            await path.close()
        else:
            path.forget_restart()

    async def _ready_path(self) -> SecurePath:
        """Return the path in use, made and gathered with the first call."""
        if self._main is None:
            self._main = self._new_path()
        await self._gathered(self._main)
        return self._main

    async def _gathered(self, path: SecurePath) -> None:
        await path.gather()
        self._open("a description")
        if not path.gathered.candidates:
            raise ConnectError(
                "No network address was found to receive audio on.", code="NO_CANDIDATES"
            )

    async def _path_for(self, remote: Transport) -> SecurePath:
        """Return the path an offer is answered from: the same, restarted, or one to a new far end.

        ConnectError (NO_CANDIDATES) when none can be gathered.
        """
        path = await self._ready_path()
        if not path.started:
            return path
        if path.fingerprints != remote.fingerprints:
            fresh = self._new_path()
            try:
                await self._gathered(fresh)
            except BaseException:
                await fresh.close()
                raise
            return fresh
        if path.credentials != (remote.ufrag, remote.password):
            await path.prepare_restart()
        return path

    def _new_path(self) -> SecurePath:
        # heavy libraries, first needed here
        from .gather import GatherLimits
        from .path import SecurePath, new_certificate

        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        if self._certificate is None:
            self._certificate = new_certificate()
        wanted = self._settings
        limits = GatherLimits(wanted.gather_ideal_s, wanted.gather_limit_s)
        return SecurePath(
            self,
            self._certificate,
            wanted.ice_servers,
            limits,
            wanted.dscp,
            wanted.connect_limit_s,
            wanted.network,
        )

    async def _lines_for(
        self, remote: Description, path: SecurePath, audio: MediaLine
    ) -> list[Line]:
        """Return our lines for an offer's, in its order; unbundled ones get a path of their own."""
        lines = []
        for place, media in enumerate(remote.media):
            line = line_for(media, audio, self._settings.bundle)
            before = self._lines[place].path if place < len(self._lines) else None
            if media is not audio and not line.bundled and not line.switched_off:
                line.path = before or self._new_path()
                await self._gathered(line.path)
            lines.append(line)
        return lines

    def _follow(self, local: Description, remote: Description, terms: Terms) -> None:
        """Make an agreement count."""
        self.local, self.remote, self._terms = local, remote, terms
        if self._vigil.agreed(terms.direction.receives, time.monotonic()):
            self._owner.peer_silent(self, False)
        self._media.agreed(terms)
        self._media.attach(self.send)

    async def _begin(
        self,
        path: SecurePath,
        remote: Description,
        reached: Transport,
        *,
        controlling: bool,
        client: bool,
    ) -> None:
        """Connect to where the description leads; a path to an earlier far end is closed."""
        before, self._main = self._main, path
        if before is not None and before is not path:
            self._own(before.close())
        if path.started:
            await path.follow(reached)
        else:
            path.start(reached, controlling=controlling, client=client)
        for line, media in zip(self._lines, remote.media, strict=True):
            if line.path is not None and not line.path.started and media.transport.ufrag:
                line.path.start(media.transport, controlling=controlling, client=client)
        if not self._watching:
            self._watching = True
            self._own(self._watch(), "watch")

    def _take_back(self) -> None:
        if self._offer is not None:
            restarted, self._offer = self._offer.restarts, None
            if restarted and self._main:
                self._main.forget_restart()

    def _paths(self) -> list[SecurePath]:
        found = [self._main] if self._main else []
        return found + [line.path for line in self._lines if line.path]

    # watching

    async def _watch(self) -> None:
        """Send reports, notice a far end that has gone or is silent."""
        report_at_s = time.monotonic() + _REPORT_S
        while True:
            await asyncio.sleep(_WATCH_S)
            now_s = time.monotonic()
            self._look(now_s)
            sending = self._terms.sending
            clock_hz = sending.clock_hz if sending else 8000
            self._media.reported(self._ways.link(clock_hz))
            if now_s >= report_at_s and self._main:
                self._main.send(self._ways.report(self._media.ssrc, clock_hz, now_s))
                report_at_s = now_s + _REPORT_S * (0.8 + 0.4 * secrets.randbelow(1000) / 1000)

    def _look(self, now_s: float) -> None:
        path = self._main
        if path is None:
            return
        up = path.dtls == "connected"
        self._set(self._vigil.life(self.state, now_s, path.heard_s, up=up))
        if self.state is PeerState.COMPLETED:
            silent = self._vigil.sound(now_s, self._ways.last_rtp_s)
            if silent is not None:
                self._owner.peer_silent(self, silent)

    def _set(self, state: PeerState) -> None:
        if state is not self.state:
            self.state = state
            self._owner.peer_changed(self, state)

    def _own(self, work: Coroutine[Any, Any, None], name: str = "step") -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def warm_up() -> None:
    """Load the libraries that a first peer needs (about 0.3 s); callable from any thread."""
    import av  # noqa: F401  # Opus

    from . import path  # noqa: F401


def codecs_available() -> tuple[Codec, ...]:
    """Return what is offered when nothing is removed."""
    return to_offer(DEFAULT_CODECS, True, ())
