"""A call's media: one sound leg, and the peer that carries it at the moment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from softphone.audio.leg import Leg
from softphone.model.call import CallId
from softphone.model.error import OutOfOrder
from softphone.secret import Secret
from softphone.webrtc.description import Direction, parse
from softphone.webrtc.edit import CodecSelector
from softphone.webrtc.leg import RtpLeg
from softphone.webrtc.peer import Peer, PeerState, PeerStatistics
from softphone.webrtc.settings import IceServer, PeerSettings

from . import wire
from .settings import RibbonSettings
from .steps import Made


class MediaOwner(Protocol):
    """Who is told how a call's media stands."""

    def peer_changed(self, call: CallId, state: PeerState) -> None: ...
    def peer_silent(self, call: CallId, silent: bool) -> None: ...


class CallMedia:
    """The media of one call. A fresh peer takes over with its answer, or never."""

    def __init__(
        self,
        owner: MediaOwner,
        call: CallId,
        settings: PeerSettings,
        own: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self.leg = RtpLeg(settings.codecs)
        self._owner = owner
        self._call = call
        self._settings = settings
        self._own = own
        self._peer: Peer | None = None
        self._fresh: Peer | None = None
        self._closed = False

    @property
    def sound(self) -> Leg:
        """Return the sound engine's end."""
        return self.leg

    @property
    def settings(self) -> PeerSettings:
        """Return how this call's connections behave."""
        return self._settings

    @property
    def statistics(self) -> PeerStatistics:
        """Return the figures of this moment."""
        return self._peer.statistics() if self._peer is not None else PeerStatistics()

    async def offer(self, direction: Direction, *, restart: bool, fresh: bool) -> Made:
        """Return an offer; `fresh` on a peer of its own, the present one carrying on."""
        peer = self._current()
        if fresh:
            await self._drop_fresh()
            peer = self._fresh = self._new()
        sdp = await peer.offer(direction, restart=restart)
        return _made(peer, sdp)

    async def answer(self, offer: str, direction: Direction) -> Made:
        """Return the answer to an offer."""
        peer = self._current()
        sdp = await peer.answer(offer, direction)
        return _made(peer, sdp)

    async def accept(self, answer: str, *, provisional: bool) -> None:
        """Apply the far end's answer to the offer made last."""
        fresh, self._fresh = self._fresh, None
        if fresh is None:
            await self._current().accept(answer, provisional=provisional)
            return
        try:
            await fresh.accept(answer, provisional=provisional)
        except BaseException:
            self._own(fresh.close())
            raise
        before, self._peer = self._peer, fresh
        self._owner.peer_changed(self._call, fresh.state)
        if before is not None:
            self._own(before.close())  # not waited for: its servers may have gone with the network

    def withdraw(self) -> None:
        """Take the offer back: everything is as before it."""
        fresh, self._fresh = self._fresh, None
        if fresh is not None:
            self._own(fresh.close())
        elif self._peer is not None:
            self._peer.withdraw()

    async def close(self) -> None:
        """Leave nothing behind."""
        self._closed = True
        peers = [peer for peer in (self._peer, self._fresh) if peer is not None]
        self._peer = self._fresh = None
        await asyncio.gather(*(peer.close() for peer in peers))

    # ---- from the peers (PeerOwner) ------------------------------------------------------------

    def peer_changed(self, peer: Peer, state: PeerState) -> None:
        """Pass the state of the peer in use on."""
        if peer is self._peer and not self._closed:
            self._owner.peer_changed(self._call, state)

    def peer_silent(self, peer: Peer, silent: bool) -> None:
        """Pass on that nothing comes, or something again."""
        if peer is self._peer and not self._closed:
            self._owner.peer_silent(self._call, silent)

    def _current(self) -> Peer:
        if self._closed:
            raise OutOfOrder("A description", "closed")
        if self._peer is None:
            self._peer = self._new()
        return self._peer

    def _new(self) -> Peer:
        return Peer(self._settings, self, self.leg)

    async def _drop_fresh(self) -> None:
        fresh, self._fresh = self._fresh, None
        if fresh is not None:
            await fresh.close()


def peer_settings(
    settings: RibbonSettings,
    turn: wire.TurnCredentials | None,
    edits: Sequence[Callable[[str], str]] = (),
) -> PeerSettings:
    """Return how peers behave; the gateway's TURN credentials go to all servers (4.21)."""
    given = turn if settings.server_turn else None
    servers = []
    for server in settings.ice_servers:
        urls = server["urls"]
        listed = (urls,) if isinstance(urls, str) else tuple(urls)
        name, secret = server.get("username", ""), None
        if server.get("credential_env"):
            secret = Secret(os.environ.get(server["credential_env"], ""))
        if given is not None:
            name, secret = given.username, given.password
        servers.append(IceServer(listed, name, secret))
    return PeerSettings(
        codecs=settings.codecs,
        removed=tuple(_selector(text) for text in settings.remove_codecs),
        ice_servers=tuple(servers),
        gather_ideal_s=settings.ice_ideal_s,
        gather_limit_s=settings.ice_limit_s,
        audio_kbps=settings.audio_kbps or None,
        dscp=settings.dscp if settings.dscp >= 0 else None,
        edit=tuple(edits),
    )


def _selector(text: str) -> CodecSelector:
    name, *parameters = (part.strip() for part in text.split(";"))
    return CodecSelector(name, tuple(parameters))


def _made(peer: Peer, sdp: str) -> Made:
    gathered = peer.gathered
    ice = (gathered.start_s, gathered.end_s) if gathered is not None else None
    relays = tuple(gathered.relays) if gathered is not None else ()
    audio = parse(sdp).audio
    return Made(sdp, ice, relays, audio is not None and audio.transport.setup == "active")
