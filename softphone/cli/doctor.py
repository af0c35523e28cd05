"""`softphone doctor`: what works on this machine, and the command that mends the rest."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from softphone.model.error import SoftphoneError

from .doctor_sound import is_desk, way_of_sound
from .options import config_path, invocation, parse, parser, print_json, with_json


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: fine or not, what was found, and how to mend it."""

    what: str
    fine: bool
    found: str
    mend: str = ""


def run(name: str, arguments: Sequence[str]) -> int:
    """Look at everything; 0 when calls can be made and heard here."""
    made = with_json(
        parser(name, "Check what works here, and how to mend the rest.", "softphone doctor")
    )
    options = parse(made, arguments)
    findings = [look(options) for look in _LOOKS]
    for finding in findings:
        if options.json:
            print_json({"type": "finding", **{k: getattr(finding, k) for k in _FIELDS}})
        else:
            print(f"{'ok     ' if finding.fine else 'PROBLEM'}  {finding.what}: {finding.found}")
            if finding.mend:
                print(f"         {finding.mend}")
    return 0 if all(finding.fine for finding in findings) else 1


_FIELDS = ("what", "fine", "found", "mend")


def _python(_options: Namespace) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= (3, 11)
    return Finding("Python", fine, version, "" if fine else "install Python 3.11 or newer")


def _config(options: Namespace) -> Finding:
    from softphone.model.error import ConfigError

    from .checkconfig import check

    try:
        config = check(options)
    except ConfigError as problem:
        return Finding("configuration", False, problem.message, "softphone check-config tells more")
    path = config_path(options)
    accounts = ", ".join(account.name for account in config.accounts)
    return Finding("configuration", True, f"{path or 'none'}: {accounts or 'the lab is used'}")


def _places(options: Namespace) -> Finding:
    from softphone.model.error import ConfigError
    from softphone.paths import paths_of, profile_of

    try:
        paths = paths_of(profile_of(config_path(options), options.profile, lab=options.lab))
    except ConfigError as problem:
        return Finding("folders", False, problem.message, "set XDG_RUNTIME_DIR and XDG_STATE_HOME")
    free = shutil.disk_usage(paths.state).free // 1024**2
    return Finding("folders", free > 50, f"state in {paths.state} ({free} MiB free)")


def _sound_library(options: Namespace) -> Finding:
    if importlib.util.find_spec("sounddevice") is None:
        return Finding("sound library", False, "sounddevice is missing", "pip install sounddevice")
    from softphone.audio.devices import list_devices

    found = list_devices()
    if not found.devices and is_desk(_used(options)):
        return Finding("sound card", True, "none here; the desk's is used")
    if not found.devices:
        # Calls work without a card: that is a problem to name, not a reason to give up.
        return Finding(
            "sound card",
            False,
            found.problem or "none; calls work, in silence",
            "install libportaudio2, or start a sound server (PulseAudio, PipeWire)",
        )
    return Finding("sound card", True, ", ".join(device.name for device in found.devices[:4]))


def _sound_of_the_desk(options: Namespace) -> Finding:
    from softphone.audio.devices import list_devices

    cards = bool(list_devices().devices)
    return Finding("sound over SSH", *way_of_sound(os.environ, _used(options), cards=cards))


def _used(options: Namespace) -> str:
    """Return the microphone that a running engine uses, empty without one."""
    with suppress(SoftphoneError):
        return asyncio.run(_microphone(options))
    return ""


async def _microphone(options: Namespace) -> str:
    """Ask the running engine for it; raises SoftphoneError without one."""
    from softphone.engine.link import Role
    from softphone.engine.start import find

    link = await find(invocation(options), Role.COMMAND, "doctor")
    await link.close()
    return link.snapshot.audio.input


def _terminal(_options: Namespace) -> Finding:
    term = os.environ.get("TERM", "")
    if not sys.stdout.isatty():
        return Finding("terminal", True, "not one here; commands and --plain work")
    size = shutil.get_terminal_size()
    fine = term not in ("", "dumb") and size.columns >= 60
    mend = "" if fine else "use a terminal of 80x24 or more, or softphone --plain"
    return Finding("terminal", fine, f"{term}, {size.columns}x{size.lines}", mend)


def _language(_options: Namespace) -> Finding:
    encoding = (sys.stdout.encoding or "").lower()
    fine = "utf" in encoding
    mend = "" if fine else "export LANG=C.UTF-8"
    return Finding("encoding", fine, encoding or "unknown", mend)


def _engine(options: Namespace) -> Finding:
    from softphone.engine.link import Role
    from softphone.engine.start import find
    from softphone.model.error import SoftphoneError

    async def ask() -> str:
        link = await find(invocation(options), Role.COMMAND, "doctor")
        await link.close()
        states = ", ".join(f"{a.name} {a.link}" for a in link.snapshot.accounts.values())
        return f"running (pid {link.engine.pid}): {states}"

    try:
        return Finding("engine", True, asyncio.run(ask()))
    except SoftphoneError as problem:
        fine = problem.code == "NO_ENGINE"
        return Finding(
            "engine", fine, "not running; it starts when needed" if fine else str(problem)
        )


def _logout(_options: Namespace) -> Finding:
    from pathlib import Path

    for path in (Path("/etc/systemd/logind.conf"), *Path("/etc/systemd/logind.conf.d").glob("*")):
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        if any(line.replace(" ", "").lower() == "killuserprocesses=yes" for line in lines):
            mend = "loginctl enable-linger, or start with systemd-run --user --scope softphone"
            return Finding("logout", False, "this system ends calls at logout", mend)
    return Finding("logout", True, "calls survive a lost terminal")


_LOOKS: tuple[Callable[[Namespace], Finding], ...] = (
    _python,
    _config,
    _places,
    _sound_library,
    _sound_of_the_desk,
    _terminal,
    _language,
    _engine,
    _logout,
)
