"""Which sound calls have here when the operator sits at another machine. Pure."""

from __future__ import annotations

from collections.abc import Mapping

HOW = (
    "softphone ssh HOST, from the machine you sit at, brings its microphone and speaker; without "
    "softphone there, forward PulseAudio or PipeWire (docs/audio.md)"
)
_DESK = ("desk:", "remote:")


def is_desk(used: str) -> bool:
    """Tell whether a device in use belongs to a desk elsewhere."""
    return used.startswith(_DESK)


def way_of_sound(environ: Mapping[str, str], used: str, *, cards: bool) -> tuple[bool, str, str]:
    """Return whether the sound is where the operator is, what it is, and how to get another.

    `used` is the microphone the engine uses now, empty when none runs; `cards` tells whether this
    machine has a sound card or a sound server.
    """
    if is_desk(used):
        return True, "the desk's microphone and speaker, through softphone ssh or relay", ""
    server = environ.get("PULSE_SERVER") or environ.get("PIPEWIRE_REMOTE", "")
    if server:
        found = f"a sound server elsewhere ({server})"
        if cards:
            return True, found, "a stream over softphone ssh has less delay and loses no speech"
        return False, f"{found}, which does not answer", f"is its port forwarded? Else: {HOW}"
    if not environ.get("SSH_CONNECTION"):
        return True, "this machine's own; nobody came by SSH", ""
    if used == "null" or not cards:
        return False, "none in this SSH session: calls run in silence", HOW
    return False, "the card of this machine, not of the one you sit at", HOW
