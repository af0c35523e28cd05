"""Writes the descriptions of one peer: one o= id for its life, a version each, edits at the end."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from .choice import agreed, from_offer, no_codec, to_offer
from .description import Codec, Description, Direction, MediaLine
from .edit import by_program, removing, with_bandwidth, without_bundle
from .lines import Line, written_lines
from .media import Media, Terms
from .settings import PeerSettings
from .write import write

if TYPE_CHECKING:
    from .path import SecurePath


class Author:
    """Knows what may be offered and how it is said; holds nothing of a connection."""

    def __init__(self, settings: PeerSettings, media: Media) -> None:
        self.cname = secrets.token_hex(8)
        self._settings, self._media = settings, media
        self._session_id = str(secrets.randbits(62) + 1)
        self._version = 0

    def codecs(self, terms: Terms) -> tuple[Codec, ...]:
        """Return what is offered; what was agreed keeps its payload types."""
        allowed = self._settings
        return to_offer(self._names(), allowed.telephone_event, allowed.removed, terms)

    def codecs_from(self, theirs: MediaLine) -> tuple[Codec, ...]:
        """Return what is answered to an offer; ProtocolError (NO_CODEC) when nothing fits."""
        allowed = self._settings
        return from_offer(theirs, self._names(), allowed.telephone_event, allowed.removed)

    def written(
        self,
        lines: list[Line],
        path: SecurePath,
        direction: Direction,
        codecs: tuple[Codec, ...],
        setup: str,
    ) -> str:
        """Return the next description; Refused when a program's own edit fails."""
        self._version += 1
        listed = written_lines(lines, path, direction, codecs, setup, self._media.ssrc)
        return self._edited(write(self._session_id, self._version, listed, self.cname))

    def agreed(self, local: Description, theirs: MediaLine, *, answered_by_us: bool) -> Terms:
        """Return what both descriptions agree on; ProtocolError (NO_CODEC) for nothing."""
        ours = local.audio
        if ours is None:
            raise no_codec(theirs)
        return agreed(ours, theirs, answered_by_us=answered_by_us, kbps=self._settings.audio_kbps)

    def _names(self) -> list[str]:
        """Return the codecs both the settings and the media end allow, the settings' order."""
        spoken = {name.lower() for name in self._media.codecs}
        return [name for name in self._settings.codecs if name.lower() in spoken]

    def _edited(self, text: str) -> str:
        """Apply the settings' edits, the user's own first."""
        for edit in self._settings.edit:
            text = by_program(edit, text)
        if not self._settings.bundle:
            text = without_bundle(text)
        return with_bandwidth(removing(text, self._settings.removed), self._settings.audio_kbps)
