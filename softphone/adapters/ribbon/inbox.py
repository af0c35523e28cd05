"""What comes over the notification socket: de-duplication, floods, rubbish (3.5, 3.6). Pure."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass, field

from softphone.model.error import ProtocolError
from softphone.model.text import escaped

from . import wire

logger = logging.getLogger(__name__)

_LOG_EVERY_S = 10.0


@dataclass(slots=True)
class Inbox:
    """Turns frames into notices, each id once; counts and drops what is none."""

    remembered: int = wire.ID_CACHE_LENGTH
    taken: int = 0
    bad: int = 0
    repeated: int = 0
    flooded: int = 0
    _ids: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _logged: dict[str, float] = field(default_factory=dict)
    _second: int = 0
    _in_second: int = 0

    def take(self, text: str | bytes, now: float) -> wire.Notice | None:
        """Return the notice, None when there is nothing to act on."""
        if not self._allows(now):
            self.flooded += 1
            self._log("flood", "more notifications than anyone can mean, dropped", now)
            return None
        try:
            if isinstance(text, bytes):
                raise wire.BadMessage("The message is binary.")
            notice = wire.decode(text)
        except ProtocolError as problem:
            self.bad += 1
            shown = escaped(text) if isinstance(text, str) else f"{len(text)} bytes"
            self._log(problem.message, f"{problem.message} {shown[:200]}", now)
            return None
        if self._seen(notice.id):
            self.repeated += 1
            return None
        self.taken += 1
        return notice

    def _seen(self, ident: str) -> bool:
        """Tell whether an id was here before; one without an id is always new."""
        if not ident or not self.remembered:
            return False
        if ident in self._ids:
            return True
        self._ids[ident] = None
        if len(self._ids) > self.remembered:
            self._ids.popitem(last=False)
        return False

    def _allows(self, now: float) -> bool:
        if int(now) != self._second:
            self._second, self._in_second = int(now), 0
        self._in_second += 1
        return self._in_second <= wire.NOTIFICATION_RATE_LIMIT

    def _log(self, kind: str, text: str, now: float) -> None:
        """Log once per kind in ten seconds: a flood must not fill the disk."""
        if now - self._logged.get(kind, -_LOG_EVERY_S) >= _LOG_EVERY_S:
            self._logged[kind] = now
            logger.warning("notification ignored: %s", text)
