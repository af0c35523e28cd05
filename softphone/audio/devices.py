"""Sound devices by name: what a spec string means and which backend serves it.

    auto                 PortAudio when it can be used, else null, with a sentence saying why
    portaudio[:NAME]     the sound card called NAME, or the default one
    null                 silence in, nothing out, in real time
    tone                 a 1004 Hz tone as microphone
    file:IN.wav          IN.wav as microphone, once
    file:in=IN.wav,out=OUT.wav,loop=yes

Importing this module imports neither sounddevice nor PortAudio.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["auto", "portaudio", "null", "tone", "file"]


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """A parsed spec string. `name` is for portaudio; the paths and `loop` are for file."""

    kind: Kind
    name: str | None = None
    in_path: Path | None = None
    out_path: Path | None = None
    loop: bool = False


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """One sound device as listed; `name` can be used in `portaudio:NAME`."""

    name: str
    inputs: int
    outputs: int
    default_input: bool
    default_output: bool


@dataclass(frozen=True, slots=True)
class DeviceList:
    """The devices of this machine; `problem` says why there are none, else it is None."""

    devices: tuple[DeviceInfo, ...]
    problem: str | None = None


def parse_spec(text: str) -> DeviceSpec:
    """Return the device a spec string names.

    Raises AudioError for an unknown kind or option, naming the ones that exist.
    """
    raise NotImplementedError


def list_devices(timeout_s: float = 10.0) -> DeviceList:
    """Return the sound devices present now; blocks up to `timeout_s`, call it off the event loop.

    A short-lived process asks, because PortAudio freezes its list at the first look.
    """
    raise NotImplementedError
