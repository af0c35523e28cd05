"""The console on a machine without sound, for `softphone bench --audio`: does it start at all?"""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import tempfile
import time
from pathlib import Path

from softphone.audio.figure import Figure

_LIMIT_S = 30.0
_BANNER = b"No sound card"
_QUIT = b"\x11"
_NO_LIBRARY = 'raise OSError("PortAudio library not found")\n'


def measure_bare() -> list[Figure]:
    """Return whether the console starts, says so and ends well, without library and device."""
    found = []
    for name, library in (("without PortAudio", False), ("without a device", True)):
        with tempfile.TemporaryDirectory(prefix="sp-bare-") as folder:
            began_s = time.monotonic()
            shown, code = _console(Path(folder), library)
            took_s = time.monotonic() - began_s
        said = f"banner {'shown' if shown else 'missing'}, exit {code}"
        ok = shown and code == 0
        found.append(Figure(f"console {name}", took_s, "s", said, None, None, "exit 0", ok))
    return found


def _console(folder: Path, library: bool) -> tuple[bool, int]:
    """Run the console on a pty until the banner stands there, then leave it."""
    environment = _environment(folder, library)
    command = [sys.executable, "-m", "softphone", "--lab"]
    pid, descriptor = pty.fork()
    if pid == 0:
        os.execve(command[0], command, environment)
    try:
        shown = _read_until(descriptor, _BANNER)
        os.write(descriptor, _QUIT)
        return shown, _end(pid, descriptor)
    finally:
        os.close(descriptor)


def _environment(folder: Path, library: bool) -> dict[str, str]:
    made = {
        **os.environ,
        "SOFTPHONE_STATE_DIR": str(folder / "state"),
        "SOFTPHONE_RUNTIME_DIR": str(folder / "run"),
        "TERM": "xterm-256color",
        "COLUMNS": "120",
        "LINES": "40",
        "ALSA_CONFIG_PATH": os.devnull,
        "PULSE_SERVER": f"unix:{folder / 'nobody'}",
    }
    if not library:
        (folder / "sounddevice.py").write_text(_NO_LIBRARY)
        made["PYTHONPATH"] = os.pathsep.join([str(folder), *filter(None, [made.get("PYTHONPATH")])])
    return made


def _read_until(descriptor: int, wanted: bytes) -> bool:
    seen, end_s = b"", time.monotonic() + _LIMIT_S
    while wanted not in seen and time.monotonic() < end_s:
        if select.select([descriptor], [], [], 0.2)[0]:
            try:
                seen += os.read(descriptor, 65_536)
            except OSError:
                break
    return wanted in seen


def _end(pid: int, descriptor: int) -> int:
    """Read on until the program has ended; return its exit code, -9 when it had to be killed."""
    end_s = time.monotonic() + _LIMIT_S
    while time.monotonic() < end_s:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if select.select([descriptor], [], [], 0.1)[0]:
            try:
                os.read(descriptor, 65_536)
            except OSError:
                time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return -signal.SIGKILL
