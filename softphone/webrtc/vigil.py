"""Is the far end still there, and does anything come? Pure: time and counts in, verdicts out."""

from __future__ import annotations

from dataclasses import dataclass

from .settings import PeerSettings
from .state import PeerState


@dataclass(slots=True)
class Vigil:
    """Watches one connection. Times are monotonic seconds; the limits are the settings'."""

    settings: PeerSettings
    silent: bool = False
    _unheard_since_s: float | None = None
    _receives_since_s: float | None = None

    def connection_changed(self) -> None:
        """The connection itself has said how it stands: patience begins anew."""
        self._unheard_since_s = None

    def agreed(self, receives: bool, now_s: float) -> bool:
        """Take whether sound may come from now on; True when a silence is over by that."""
        if receives:
            if self._receives_since_s is None:
                self._receives_since_s = now_s
            return False
        self._receives_since_s = None
        was, self.silent = self.silent, False
        return was

    def life(self, state: PeerState, now_s: float, heard_s: float, *, up: bool) -> PeerState:
        """Return the state after a look: a sign of life came last at `heard_s`."""
        gone = now_s - heard_s > self.settings.unheard_s
        if state is PeerState.COMPLETED and gone:
            state = PeerState.DISCONNECTED
        if state is not PeerState.DISCONNECTED:
            return state
        if self._unheard_since_s is None:
            self._unheard_since_s = now_s
        if up and not gone:
            self._unheard_since_s = None
            return PeerState.COMPLETED
        patient = now_s - self._unheard_since_s <= self.settings.patience_s
        return PeerState.DISCONNECTED if patient else PeerState.FAILED

    def sound(self, now_s: float, last_s: float | None) -> bool | None:
        """Return whether it is silent now when that is news; sound came last at `last_s`."""
        since_s = self._receives_since_s
        if since_s is None:
            return None
        silent = now_s - max(last_s or 0.0, since_s) > self.settings.silent_s
        if silent == self.silent:
            return None
        self.silent = silent
        return silent
