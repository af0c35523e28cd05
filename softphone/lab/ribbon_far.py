"""Far ends of the lab's Ribbon gateway: parties whose media the lab itself makes, over WebRTC."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from softphone.adapters.audin.wire import SILENCE
from softphone.adapters.ribbon import wire
from softphone.model.error import ProtocolError, SoftphoneError
from softphone.webrtc.frames import FrameEnd
from softphone.webrtc.peer import Peer, PeerState
from softphone.webrtc.sdp import Direction, parse
from softphone.webrtc.settings import DEFAULT_CODECS, PeerSettings

from . import sounds
from .bad_network import BadNetwork
from .farends import FarEnd, Turn
from .hearing import Hearing
from .hub import Hub
from .ribbon_party import (
    BUSY,
    CANCELLED,
    DECLINED,
    NO_CODEC,
    Link,
    Party,
    Progress,
    Reply,
)

_REFUSALS = {Turn.BUSY: BUSY, Turn.NO_ANSWER: CANCELLED, Turn.HANG_UP: DECLINED}
_BOTH_FAR_S = 15.0  # two far ends that a transfer left alone with each other


def with_video(sdp: str) -> str:
    """Return an offer with a video line beside its audio: same transport, nothing behind it."""
    _, _, audio = sdp.partition("m=audio ")
    transport = [
        line
        for line in audio.split("\r\n")
        if line.startswith(("a=ice-", "a=fingerprint:", "a=setup:", "a=candidate:", "c="))
    ]
    transport.sort(key=lambda line: not line.startswith("c="))
    video = [
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        *transport,
        "a=mid:video0",
        "a=sendrecv",
        "a=rtcp-mux",
        "a=rtpmap:96 VP8/90000",
    ]
    return sdp.replace("a=group:BUNDLE ", "a=group:BUNDLE video0 ", 1) + "\r\n".join(video) + "\r\n"


def without_video(sdp: str) -> tuple[str, str]:
    """Return an answer without its video line, and that line's section."""
    kept, mark, video = sdp.partition("m=video ")
    return kept, mark + video


class FarLeg:
    """One far end in one call. Its `FarEnd` talks and listens, a WebRTC peer carries that."""

    def __init__(
        self,
        hub: Hub,
        far_end: FarEnd,
        name: str,
        number: str,
        over: Callable[[FarLeg], None],
        *,
        codecs: Sequence[str] = DEFAULT_CODECS,
        early: bool = False,
    ) -> None:
        self.id = f"f-{secrets.token_hex(8)}"
        self.name, self.number = name, number
        self.link: Link | None = None
        self.waiting: wire.Parameters = ()
        self.far_end = far_end
        self.hearing = Hearing()
        self.alive = True
        self.up = False
        self.reason = ""
        self.shown_number = ""
        self.digits = ""
        self.on_up: Callable[[], None] = lambda: None
        self.on_end: Callable[[str], None] = lambda _code: None
        self.video_answer = ""
        """What the client made of a video line that the far end offered."""
        self._hub = hub
        self._over = over
        self._codecs = tuple(codecs)
        self._early = early
        self._network = BadNetwork(hub.faults, number)
        self._end = FrameEnd(self._codecs)
        self._peer: Peer | None = None
        self._remote_id = ""
        self._decided: asyncio.Future[Turn] | None = None
        self._digits_seen = 0
        self._music = sounds.music()
        self._held = self._video = False
        self._lock = asyncio.Lock()

    def show(self, other: Party) -> None:
        """Know who is at the other end."""
        self.shown_number = other.number

    # ---- Party ---------------------------------------------------------------------------------

    async def ring(self, sdp: str, parameters: wire.Parameters, caller: Progress) -> Reply:
        """Ring, perhaps with sound, until the far end has decided."""
        self._decided = asyncio.get_running_loop().create_future()
        early = ""
        if sdp and self._early:
            early = await self._try(self._answer(sdp))
            if not early:
                return self._cannot()
            caller.progress(early)
        else:
            caller.ringing(())
        self._hub.ticker.add(self)
        turn = await self._decided
        if turn is not Turn.ANSWERED or not self.alive:
            self._finish(turn.value)
            return Reply(code=_REFUSALS.get(turn, CANCELLED))
        answer = early or await self._try(self._answer(sdp) if sdp else self._offer())
        if not answer:
            return self._cannot()
        self._go_up()
        return Reply(answer)

    async def ask(self, sdp: str, parameters: wire.Parameters = ()) -> Reply:
        """Answer an offer, or make one on a new peer."""
        if not self.alive:
            return Reply(code=CANCELLED)
        said = await self._try(self._answer(sdp) if sdp else self._offer())
        if not said:
            return Reply(code=NO_CODEC)
        self._go_up()
        return Reply(said)

    async def offer(self, user: str) -> str:
        """Return the offer of a far end that calls a user; "" when there can be none."""
        self._video = self._hub.faults.on("offer_video", user)
        return await self._try(self._offer())

    def ringing(self, parameters: wire.Parameters) -> None:
        """The called party rings: a far end waits."""

    def progress(self, sdp: str) -> None:
        """The called party can be heard already: a far end waits."""

    def answered(self, sdp: str, parameters: wire.Parameters = ()) -> None:
        """Its offer was answered."""
        self._hub.spawn(self._accept(sdp))

    def refused(self) -> None:
        """Its offer was refused; a far end that only asks does not try again."""

    def end(self, code: str = "", reason: str = "") -> None:
        """The call is over."""
        self.on_end(code)
        self._finish(reason or code or "hangup")

    # ---- sound ---------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Take and give 20 ms; the ticker calls this."""
        heard = self._end.get()
        self._press_new_digits()
        if self._held and isinstance(self.far_end.sound, sounds.PatchEnd):
            # A user of another platform is on hold: the gateway plays to it.
            heard = self._music.play(SILENCE)
        self.hearing.push(heard, self._hub.now)
        frame, turn = self.far_end.step(self.hearing.pull())
        self._end.put(frame)
        if turn is not None:
            self._turned(turn)

    def _press_new_digits(self) -> None:
        count, digits = self._end.digits_count, self._end.digits
        if count > self._digits_seen:
            fresh = digits[-(count - self._digits_seen) :]
            self._digits_seen = count
            self.digits = (self.digits + fresh)[-64:]
            for digit in fresh:
                self.far_end.press(digit)

    def _turned(self, turn: Turn) -> None:
        if self._decided is not None and not self._decided.done():
            self._decided.set_result(turn)
            return
        if turn is Turn.DROP:
            self.vanish()
        elif turn is not Turn.ANSWERED:
            self.hang_up(turn.value)

    def hang_up(self, reason: str = "remote_hangup") -> None:
        """The far end ends the call."""
        other = None if self.link is None else self.link.other(self)
        self._finish(reason)
        if other is not None:
            other.end("" if other.up else CANCELLED)

    async def change(self, direction: Direction) -> None:
        """Offer a change by itself: hold, music on hold, or the end of it (4.13)."""
        link, peer = self.link, self._peer
        if link is None or peer is None or not self.up:
            return
        async with link.lock:
            try:
                sdp = await peer.offer(direction)
                reply = await link.other(self).ask(sdp)
                if reply.code or not reply.sdp:
                    peer.withdraw()
                else:
                    await peer.accept(reply.sdp)
            except SoftphoneError as problem:
                self._hub.note(f"{self.id}: {problem.message}")

    async def ask_for_offer(self) -> None:
        """Ask the other side for an offer, as a gateway does in a transfer (4.17)."""
        if self.link is None:
            return
        other = self.link.other(self)
        async with self.link.lock:
            reply = await other.ask("")
            answer = await self.ask(reply.sdp) if reply.sdp else reply
        if answer.sdp:
            other.answered(answer.sdp)

    def vanish(self) -> None:
        """The far end is gone without a word: media stops, nobody is told."""
        self._hub.ticker.remove(self)
        self._drop_peer()
        self.reason = "vanished"

    def give_up_media(self) -> FarEnd:
        """Return the far end for another use; its peer is closed."""
        taken, self.far_end = self.far_end, FarEnd(sounds.Sound(), answered=True)
        self._finish("joined")
        return taken

    def end_later_if_alone(self) -> None:
        """Two far ends that have only each other do not talk for ever."""
        other = None if self.link is None else self.link.other(self)
        if isinstance(other, FarLeg):
            self._hub.after(_BOTH_FAR_S, lambda: self.hang_up("alone"))

    # ---- the peer ------------------------------------------------------------------------------

    def peer_changed(self, peer: Peer, state: PeerState) -> None:
        """The way to the client changed."""
        if peer is self._peer:
            self._hub.note(f"{self.id}: media {state.value}")

    def peer_silent(self, peer: Peer, silent: bool) -> None:
        """Nothing comes from the client, or something comes again."""

    async def _answer(self, sdp: str) -> str:
        """Answer on the peer there is, on a new one for another far end (4.13)."""
        async with self._lock:
            known = parse(sdp).session_id
            if self._peer is None or known != self._remote_id:
                self._replace_peer()
            assert self._peer is not None
            said = await self._peer.answer(sdp)
            self._remote_id = known
            self._note_hold(sdp)
            return said

    async def _offer(self) -> str:
        async with self._lock:
            self._replace_peer()
            assert self._peer is not None
            self._remote_id = ""
            said = await self._peer.offer()
            return with_video(said) if self._video else said

    async def _accept(self, sdp: str) -> None:
        if self._peer is None:
            return
        sdp, self.video_answer = without_video(sdp)
        with contextlib.suppress(SoftphoneError):
            await self._peer.accept(sdp)
            self._remote_id = parse(sdp).session_id
            self._note_hold(sdp)
        self._go_up()

    async def _try(self, work: Any) -> str:
        """Return a description, "" when the other side's was no good."""
        try:
            said: str = await work
        except SoftphoneError as problem:
            self._hub.note(f"{self.id}: {problem.message}")
            return ""
        return said if self.alive else ""

    def _replace_peer(self) -> None:
        if not self.alive:
            raise ProtocolError("The call is over.")
        self._drop_peer()
        settings = PeerSettings(codecs=self._codecs, network=self._network)
        self._peer = Peer(settings, self, self._end)

    def _drop_peer(self) -> None:
        if self._peer is not None:
            self._hub.tidy_up(self._peer.close())
            self._peer = None

    def _note_hold(self, sdp: str) -> None:
        with contextlib.suppress(SoftphoneError):
            audio = next((line for line in parse(sdp).media if line.kind == "audio"), None)
            self._held = audio is not None and not audio.direction.sends

    def _cannot(self) -> Reply:
        self._finish("no media")
        return Reply(code=NO_CODEC)

    def _go_up(self) -> None:
        if not self.up and self.alive:
            self.up = True
            self._hub.ticker.add(self)
            self.on_up()

    def _finish(self, reason: str) -> None:
        if not self.alive:
            return
        self.alive = False
        self.reason = self.reason or reason
        self._hub.ticker.remove(self)
        self.far_end.leave()
        self._drop_peer()
        if self._decided is not None and not self._decided.done():
            self._decided.set_result(Turn.HANG_UP)
        self._over(self)

    def state(self) -> dict[str, Any]:
        """Return everything about it, for people and tests."""
        counts = self._end.counts()
        understood = self.far_end.sound.digits
        return {
            "sid": self.id,
            "direction": "far end",
            "phase": "up" if self.up and self.alive else "ringing" if self.alive else "over",
            "operator": "",
            "from": self.number,
            "name": self.name,
            "to": self.shown_number,
            "reason": self.reason,
            "codec": counts.codec,
            "digits": self.digits if understood is None else understood,
            "held": self._held,
            "video_answer": self.video_answer,
            "received": self.hearing.counts()
            | {
                "frames": counts.frames_received,
                "lost": counts.packets_lost,
                "jitter_ms": round(counts.jitter_ms, 1),
            },
            "rtt_ms": counts.round_trip_ms,
            "sent": {"frames": counts.frames_sent},
        }
