"""The `softphone` command: finds the named command's module and runs it.

Only the module of the command that was asked for is imported, and it imports what it needs
when it runs: `--help` answers without Textual, numpy or an HTTP library.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from softphone import __version__
from softphone.model.error import ConfigError, SoftphoneError

# name -> (module, what it does)
COMMANDS: dict[str, tuple[str, str]] = {
    "console": ("console", "open the console (also without a command)"),
    "call": ("call", "place one call without the console"),
    "wait": ("wait", "wait for one incoming call, and answer it if asked to"),
    "status": ("status", "show accounts and calls of the running engine"),
    "answer": ("act", "answer the ringing call"),
    "decline": ("act", "decline the ringing call"),
    "ignore": ("act", "stop the ringing here, without declining"),
    "forward": ("act", "send the ringing call to somebody else"),
    "ringing": ("act", "tell the caller that it rings here (manual ringing)"),
    "hangup": ("act", "end the call"),
    "hold": ("act", "put the call on hold"),
    "resume": ("act", "take the held call back"),
    "mute": ("act", "mute or unmute the microphone"),
    "record": ("act", "start or stop recording the call"),
    "recordings": ("recordings", "list and delete recordings; pause one"),
    "replay": ("recordings", "hear or keep the last half minute of the call"),
    "remind": ("remind", "ring at a time to call somebody back; list and drop such"),
    "undo": ("desk", "take back a transfer or the end of a held call, in its moment"),
    "dispose": ("desk", "write down what came of the call"),
    "agent": ("desk", "show or change your state: available, break, next, after-call work"),
    "quiet": ("desk", "do not disturb: let nothing ring aloud"),
    "caller-id": ("desk", "show or choose which of your numbers those you call see"),
    "dtmf": ("act", "send digits into the call"),
    "play": ("act", "play a WAV file into the call"),
    "transfer": ("act", "send the far end to somebody else, or connect two calls"),
    "join": ("act", "make one conversation of two calls"),
    "conference": ("conference", "mix calls of any platforms into one conversation"),
    "restart-media": ("act", "build the audio path of the call anew"),
    "resync": ("act", "ask the platform how the call stands"),
    "parameters": ("act", "set custom parameters of the call"),
    "report": ("report", "show a call's report: steps, times, metrics"),
    "statistics": ("report", "show the figures of a call's media connection"),
    "online": ("online", "go online and stay reachable"),
    "offline": ("online", "end calls and go offline"),
    "available": ("online", "take offers again"),
    "unavailable": ("online", "take no offers; the connection stays"),
    "do": ("do", "do any action of the console by its id"),
    "presence": ("presence", "show, publish and watch presence"),
    "voicemail": ("presence", "show the voicemail lamp"),
    "messages": ("messages", "list conversations, read and write messages"),
    "events": ("events", "print what happens, one line an event"),
    "history": ("history", "list, search, export, import and delete past calls"),
    "contacts": ("contacts", "list, search, import, export and merge contacts; directories"),
    "block": ("screening", "decline calls from a number at once; list who is blocked"),
    "allow": ("screening", "let a blocked number ring again"),
    "shift": ("shift", "what was done: calls taken, missed, durations, wait times"),
    "subscriptions": ("services", "show or change an account's services and its line"),
    "sip-events": ("services", "be told of an event of some users"),
    "click-to-call": ("services", "let the platform ring two devices and connect them"),
    "observe": ("observe", "watch a monitored service: calls, quality, rows, jobs"),
    "request": ("services", "send a request of one's own to the platform"),
    "inject": ("services", "take a notification that came another way"),
    "devices": ("devices", "list microphones and speakers"),
    "doctor": ("doctor", "check what works on this machine, and how to mend the rest"),
    "check": ("check", "call the echo and measure delay, jitter and loss"),
    "reload": ("reload", "let the running engine read its configuration again"),
    "check-config": ("checkconfig", "check a configuration file"),
    "bench": ("bench", "measure what this machine does"),
    "ssh": ("ssh", "open another machine's console with this machine's sound"),
    "relay": ("relay", "serve this machine's sound to a host, on a Unix socket"),
    "completion": ("completion", "print what lets bash, zsh or fish complete commands"),
    "lab": ("lab", "run the lab: a server to call and be called by"),
    "lab-ctl": ("labctl", "make things happen in a running lab"),
}
_DEFAULT = "console"
_TAKES_VALUE = ("--config", "--profile")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0 done, 1 failed, 2 wrongly used."""
    _fill_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that is not UTF-8
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except ConfigError as problem:
        return _failed(2, problem.message)
    except SoftphoneError as problem:
        return _failed(1, problem.message)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as problem:
        what = f"{problem.filename}: " if problem.filename else ""
        return _failed(1, f"{what}{problem.strerror or problem}.")


def _fill_closed_streams() -> None:
    """Put /dev/null where a standard stream is closed: the next file opened would take its place,
    and what is printed would go into it."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this one
            os.set_inheritable(opened, True)
            stream = os.fdopen(opened, "w" if descriptor else "r", encoding="utf-8", closefd=False)
            setattr(sys, name, stream)


def _run(arguments: list[str]) -> int:
    name, rest = _split(arguments)
    if name is None and rest in (["--help"], ["-h"]):
        print(_overview())
        return 0
    if rest == ["--version"]:
        print(f"softphone {__version__}")
        return 0
    if name is not None and name not in COMMANDS:
        from softphone.config import nearest

        return _failed(2, f"no command {name!r}, {nearest(name, COMMANDS)}")
    module = import_module(f"softphone.cli.{COMMANDS[name or _DEFAULT][0]}")
    code: int = module.run(name or _DEFAULT, rest)
    return code


def _failed(code: int, text: str) -> int:
    print(f"softphone: {text}", file=sys.stderr)
    return code


def _split(arguments: list[str]) -> tuple[str | None, list[str]]:
    """Return the command's name and the other arguments; options may stand before it."""
    position = 0
    while position < len(arguments):
        argument = arguments[position]
        if not argument.startswith("-"):
            return argument, arguments[:position] + arguments[position + 1 :]
        position += 2 if argument in _TAKES_VALUE else 1
    return None, arguments


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, (_, text) in COMMANDS.items()]
    return (
        "usage: softphone [COMMAND] [options]\n\n"
        "The terminal softphone and operator console.\n\n" + "\n".join(lines) + "\n\neverywhere:\n"
        "  --config FILE   use this configuration\n"
        "  --profile NAME  keep engine and state apart under this name\n"
        "  --lab           use a throwaway lab instead of the configured accounts\n\n"
        "example: softphone                 open the console; without a config, on the lab\n"
        "example: softphone call --help     how to place a call from a script"
    )
