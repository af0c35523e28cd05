"""Sound devices by name: what a spec string means and which backend serves it.

    auto                 PortAudio when it can be used, else null, with a sentence saying why
    portaudio[:NAME]     the sound card called NAME, or the default one
    null                 silence in, nothing out, in real time
    tone                 a 1004 Hz tone as microphone
    file:IN.wav          IN.wav as microphone, once
    file:in=IN.wav,out=OUT.wav,loop=yes
    remote:SOCKET        the sound of another machine: softphone relay behind a Unix socket

Importing this module imports neither sounddevice nor PortAudio.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from softphone.model.error import AudioError

Kind: TypeAlias = Literal["auto", "portaudio", "null", "tone", "file", "remote"]
Direction: TypeAlias = Literal["input", "output"]

_KINDS = "auto, portaudio, portaudio:NAME, null, tone, file:IN.wav and remote:SOCKET"


_SERVERS = {
    "pulse": "PulseAudio (what the desktop chose)",
    "pipewire": "PipeWire (what the desktop chose)",
    "default": "default (what the system chose)",
    "sysdefault": "default card of ALSA",
    "jack": "JACK",
}
_PLUG_INS = frozenset(
    (
        *("dmix", "dsnoop", "lavrate", "null", "oss", "samplerate", "speex", "speexrate"),
        *("upmix", "usbstream", "vdownmix"),
    )
)


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """A parsed spec string. `name` is for portaudio, or the socket of remote; the rest for file."""

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
    kind, _, rest = text.strip().partition(":")
    if kind == "portaudio":
        return DeviceSpec("portaudio", name=rest.strip() or None)
    if kind == "file" and rest:
        return _file_spec(rest)
    if kind == "remote" and rest.strip():
        return DeviceSpec("remote", name=str(Path(rest.strip()).expanduser()))
    if not rest and kind == "auto":
        return DeviceSpec("auto")
    if not rest and kind == "null":
        return DeviceSpec("null")
    if not rest and kind == "tone":
        return DeviceSpec("tone")
    raise AudioError(f'There is no audio device "{text}"; there are {_KINDS}.')


def list_devices(timeout_s: float = 10.0) -> DeviceList:
    """Return the sound devices present now; blocks up to `timeout_s`, call it off the event loop.

    A short-lived process asks, because PortAudio freezes its list at the first look.
    """
    try:
        done = subprocess.run(
            listing_command(),
            env=listing_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # ALSA prints dozens of lines there
            timeout=timeout_s,
            check=True,
        )
        answer = json.loads(done.stdout)
        devices = tuple(DeviceInfo(**entry) for entry in answer["devices"])
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, KeyError) as error:
        return DeviceList((), f"The sound devices cannot be listed: {type(error).__name__}.")
    problem = answer.get("problem")
    if problem is None and not devices:
        problem = "There is no sound card."
    return DeviceList(devices, problem)


def readable_name(name: str) -> str:
    """Return a device's name for people: what the sound system adds for itself is left out.

    PortAudio names ALSA's cards "CARD: DEVICE (hw:1,0)" and lists its plug-ins beside them.
    """
    if name in _SERVERS:
        return _SERVERS[name]
    plain = re.sub(r"\s*\((?:plug)?hw:\d+,\d+\)$", "", name)
    card, _, device = plain.partition(": ")
    repeated = not device or device.casefold() in ("audio", "-", card.casefold())
    return card if repeated else f"{card} · {device}"


def is_plug_in(name: str) -> bool:
    """Tell whether a listed name is a converter of ALSA's, not a device anybody would choose."""
    return name in _PLUG_INS or name.startswith(("surround", "iec958", "hdmi:"))


def listing_command(*arguments: str) -> list[str]:
    """Return the command line of the listing process (see `listing.py`)."""
    return [sys.executable, "-P", "-m", "softphone.audio.listing", *arguments]


def listing_environment() -> dict[str, str]:
    """Return the environment in which that process finds this very package."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{path}" if path else root}


def _file_spec(rest: str) -> DeviceSpec:
    """Parse what follows `file:`; without "=" it is the path of the microphone file."""
    if not rest.startswith(("in=", "out=", "loop=")):
        return DeviceSpec("file", in_path=Path(rest).expanduser())
    options: dict[str, str] = {}
    for part in rest.split(","):
        name, _, value = part.partition("=")
        if name not in {"in", "out", "loop"} or not value or name in options:
            raise AudioError(f'In "file:{rest}", "{part}" is not in=PATH, out=PATH or loop=yes.')
        options[name] = value
    return DeviceSpec(
        "file",
        in_path=Path(options["in"]).expanduser() if "in" in options else None,
        out_path=Path(options["out"]).expanduser() if "out" in options else None,
        loop=options.get("loop") == "yes",
    )
