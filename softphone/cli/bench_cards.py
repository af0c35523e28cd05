"""Virtual sound hardware for the figures: a PulseAudio server with null sinks, behind PortAudio.

`vmic` and `vspk` are the microphone and the speaker of softphone; what is played into `vfeed` is
heard by `vmic`, and `vear` hears what `vspk` plays.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

_ASOUND = """</usr/share/alsa/alsa.conf>
pcm.vspk { type pulse device "spk" }
pcm.vmic { type pulse device "mic" }
pcm.vfeed { type pulse device "micfeed" }
pcm.vear { type pulse device "spk.monitor" }
pcm.!default { type asym playback.pcm "vspk" capture.pcm "vmic" }
ctl.!default { type pulse }
"""
_START_S = 20.0


def why_not() -> str:
    """Return why there can be no virtual hardware here, or nothing."""
    if not shutil.which("pulseaudio"):
        return "apt install pulseaudio libasound2-plugins"
    try:
        import sounddevice  # noqa: F401  # only whether it loads
    except (ImportError, OSError):
        return "apt install libportaudio2"
    return ""


class VirtualCards:
    """The server; `environment` is what processes that use it need. A context manager."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sp-cards-")
        folder = Path(self._folder.name)
        self._pid = folder / "pid"
        self._socket = folder / "native"
        (folder / "asound.conf").write_text(_ASOUND)
        self.environment = {
            **os.environ,
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_STATE_PATH": str(folder),
            "PULSE_COOKIE": str(folder / "cookie"),
            "PULSE_SERVER": f"unix:{self._socket}",
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
        }

    def __enter__(self) -> VirtualCards:
        sinks = "rate=48000 channels=1 norewinds=1"
        subprocess.run(
            [
                *("pulseaudio", "-n", "--daemonize=yes", "--use-pid-file=yes"),
                *("--exit-idle-time=-1", "--high-priority=no", "--realtime=no"),
                f"--load=module-native-protocol-unix auth-anonymous=1 socket={self._socket}",
                f"--load=module-null-sink sink_name=spk {sinks}",
                f"--load=module-null-sink sink_name=micfeed {sinks}",
                "--load=module-remap-source source_name=mic master=micfeed.monitor remix=no",
            ],
            env=self.environment,
            check=True,
            capture_output=True,
            timeout=_START_S,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._folder.cleanup()

    def kill(self) -> float:
        """End the server as pulling a plug would; return when (monotonic seconds)."""
        try:
            number = int(self._pid.read_text())
            os.kill(number, signal.SIGKILL)
        except (OSError, ValueError):
            pass
        at_s = time.monotonic()
        self._pid.unlink(missing_ok=True)
        return at_s
