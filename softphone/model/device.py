"""Sound devices as the operator sees them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Device:
    """One device by its stable name; `spec` is what the config and the commands take."""

    spec: str
    name: str
    input: bool
    output: bool
    default: bool = False


@dataclass(frozen=True, slots=True)
class AudioStatus:
    """What is in use, and what is wrong in one sentence (empty when all is well)."""

    input: str = ""
    output: str = ""
    ringer: str = ""
    problem: str = ""
    hint: str = ""
    silent: bool = False
    echo_cancellation: bool = False
    noise_suppression: bool = False
    automatic_gain: bool = False
    echo_test: str = ""
    """What the last echo test found, as a sentence."""
