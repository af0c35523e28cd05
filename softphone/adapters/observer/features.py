"""What an Observer account can do, and in a sentence each why not the rest."""

from __future__ import annotations

from softphone.model.capability import Capabilities, Capability

_ALLOWED = (Capability.MONITORING, Capability.JOBS)
_WHY_NOT = "The Observer service shows calls and their quality; it carries none."

CAPABILITIES = Capabilities(
    allowed=_ALLOWED,
    why_not={one: _WHY_NOT for one in Capability if one not in _ALLOWED},
)
