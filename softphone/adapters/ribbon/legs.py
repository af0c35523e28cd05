"""The sound of all calls of a user: one step of a negotiation after the other, begin and end."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from softphone.model.call import CallId
from softphone.model.error import AudioError, SoftphoneError
from softphone.webrtc.peer import PeerState

from .conversions import local_record
from .media import CallMedia, peer_settings
from .settings import RibbonSettings
from .steps import Made, MakeAnswer, MakeOffer, TakeAnswer

if TYPE_CHECKING:
    from .user import RibbonUser

logger = logging.getLogger(__name__)

MediaStep = MakeOffer | MakeAnswer | TakeAnswer


class Legs:
    """Owns each call's media while the call lives, and tells the protocol what became of it."""

    def __init__(self, user: RibbonUser) -> None:
        self._user = user
        self._media: dict[CallId, CallMedia] = {}
        self._turns: dict[CallId, asyncio.Task[None]] = {}

    def get(self, call: CallId) -> CallMedia | None:
        """Return a call's media, None before it has any and after its end."""
        return self._media.get(call)

    def begin(self, step: MediaStep) -> None:
        """Do one step of a call's negotiation, after the one before it."""
        call = step.ticket.call
        media = self._media_of(call)
        before = self._turns.get(call)
        self._turns[call] = self._user.own(self._turn(media, step, before))

    def withdraw(self, call: CallId) -> None:
        """Take back the offer a call made."""
        if call in self._media:
            self._media[call].withdraw()

    def start(self, call: CallId) -> None:
        """Connect a call with the sound card; without one it ends."""
        user = self._user
        calls = user.protocol.calls
        begun = calls.microphone_wanted(call, user.now)
        problem = self._started(call)
        calls.microphone_had(call, begun, problem.message if problem else "", user.now)
        if problem is not None:
            user.do(calls.sound_failed(call, problem, user.now))

    def end(self, call: CallId) -> None:
        """Put a call's sound away and remember the call."""
        self._user.context.stop_media(call)
        self._turns.pop(call, None)
        media = self._media.pop(call, None)
        if media is not None:
            self._user.own(media.close())
        self._remember(call)

    async def close(self) -> None:
        """Leave nothing behind."""
        await asyncio.gather(*(media.close() for media in self._media.values()))

    # ---- from the calls' media (MediaOwner) ----------------------------------------------------

    def peer_changed(self, call: CallId, state: PeerState) -> None:
        """A call's connection changed."""
        self._user.do(self._user.protocol.calls.peer_changed(call, state))

    def peer_silent(self, call: CallId, silent: bool) -> None:
        """Nothing comes in a call, or something again."""
        self._user.do(self._user.protocol.calls.silent(call, silent))

    # ---- private -------------------------------------------------------------------------------

    def _media_of(self, call: CallId) -> CallMedia:
        media = self._media.get(call)
        if media is None:
            user = self._user
            known = user.protocol.session.subscription
            turn = known.turn if known else None
            wanted = self._for_call(call, user.settings)
            settings = peer_settings(wanted, turn, user.adapter.sdp_handlers)
            media = self._media[call] = CallMedia(self, call, settings, user.own)
        return media

    def _for_call(self, call: CallId, settings: RibbonSettings) -> RibbonSettings:
        """Return the settings with what was asked for this call."""
        known = self._user.protocol.calls.live.get(call)
        if known is None:
            return settings
        kbps = known.audio_kbps or settings.audio_kbps
        dscp = known.dscp if known.dscp >= 0 else settings.dscp
        return replace(settings, audio_kbps=kbps, dscp=dscp)

    async def _turn(
        self, media: CallMedia, step: MediaStep, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        user, ticket = self._user, step.ticket
        if ticket.call not in self._media:
            return  # the call is over
        calls = user.protocol.calls
        with user.guarded("a session description could not be handled", ticket.call):
            try:
                made = await self._negotiate(media, step)
            except SoftphoneError as problem:
                user.do(calls.media_failed(ticket, problem, user.now))
                return
            if made is not None:
                user.do(calls.made(ticket, made, user.now))
            else:
                user.do(calls.taken(ticket, user.now))

    async def _negotiate(self, media: CallMedia, step: MediaStep) -> Made | None:
        match step:
            case MakeOffer(_, direction, restart, fresh):
                return await media.offer(direction, restart=restart, fresh=fresh)
            case MakeAnswer(_, offer, direction):
                return await media.answer(offer, direction)
            case TakeAnswer(_, answer, provisional):
                await media.accept(answer, provisional=provisional)
                return None
            case _:
                assert_never(step)

    def _started(self, call: CallId) -> SoftphoneError | None:
        try:
            self._user.context.start_media(call)
        except SoftphoneError as problem:
            return problem
        except Exception:
            logger.exception("the sound of a call could not be started")
            text = "The sound of the call could not be started; the log says more."
            return AudioError(text, code="INTERNAL")
        return None

    def _remember(self, call: CallId) -> None:
        calls = self._user.protocol.calls
        known = calls.live.get(call) or next((x for x in calls.finished if x.id == call), None)
        record = local_record(known) if known else None
        if record is not None:
            self._user.services.local.append(record)
