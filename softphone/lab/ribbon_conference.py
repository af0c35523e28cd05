"""Join: the lab mixes what the parties of a conference say (reference, 4.16)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from softphone.adapters.audin.wire import FRAME_BYTES, SILENCE
from softphone.audio.g711 import decode_mulaw, encode_mulaw

from .farends import FarEnd, Turn
from .hub import Hub
from .sounds import Sound

_SAMPLE_LIMIT = 32_767


class Conference:
    """Everybody hears everybody else, not oneself. Over when fewer than two are left."""

    def __init__(self, hub: Hub, over: Callable[[], None]) -> None:
        self._hub = hub
        self._over = over
        self._ends: list[MixEnd] = []
        self._guests: list[Guest] = []

    def seat(self) -> MixEnd:
        """Return a place for one more."""
        end = MixEnd(self)
        self._ends.append(end)
        return end

    def adopt(self, far_end: FarEnd) -> None:
        """Let a far end without media of its own take part."""
        guest = Guest(far_end, self.seat(), self._hub)
        self._guests.append(guest)
        self._hub.ticker.add(guest)

    def mixed_for(self, end: MixEnd) -> bytes:
        """Return what one party hears now: all but itself."""
        said = [one.said for one in self._ends if one is not end and one.said != SILENCE]
        if len(said) < 2:
            return said[0] if said else SILENCE
        total = np.zeros(FRAME_BYTES, np.int32)
        for frame in said:
            total += np.frombuffer(decode_mulaw(frame), np.int16)
        return encode_mulaw(total.clip(-_SAMPLE_LIMIT, _SAMPLE_LIMIT).astype("<i2").tobytes())

    def left(self, end: MixEnd) -> None:
        """One party is gone."""
        if end not in self._ends:
            return
        self._ends.remove(end)
        if len(self._ends) - len(self._guests) < 1 or len(self._ends) < 2:
            self.close()

    def close(self) -> None:
        """End it for whoever is left."""
        self._ends.clear()
        for guest in self._guests:
            guest.close()
        self._guests.clear()
        self._over()


class MixEnd(Sound):
    """One party's place: what it says is kept for the others."""

    def __init__(self, conference: Conference) -> None:
        self._conference = conference
        self.said = SILENCE

    def play(self, heard: bytes) -> bytes:
        """Take what the party says, return what it hears."""
        self.said = heard
        return self._conference.mixed_for(self)

    def leave(self) -> None:
        """The party is gone."""
        self._conference.left(self)


class Guest:
    """A far end in a conference that needs no peer: it is here in the lab."""

    def __init__(self, far_end: FarEnd, seat: MixEnd, hub: Hub) -> None:
        self._far_end = far_end
        self._seat = seat
        self._hub = hub
        self._said = SILENCE

    async def tick(self) -> None:
        """Take and give 20 ms; the ticker calls this."""
        self._said, turn = self._far_end.step(self._seat.play(self._said))
        if turn in (Turn.HANG_UP, Turn.DROP):
            self.close()
            self._seat.leave()

    def close(self) -> None:
        """Go."""
        self._hub.ticker.remove(self)
        self._far_end.leave()
