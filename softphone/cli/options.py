"""Options that every command takes, and how commands print."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from softphone.config import Config, load
from softphone.model.error import ConfigError, SoftphoneError
from softphone.paths import config_file, paths_of

if TYPE_CHECKING:
    from softphone.engine.start import Invocation
    from softphone.model.command import Reply


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line that says where help is."""

    def error(self, message: str) -> NoReturn:
        """Print the mistake and exit with 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser(name: str, text: str, *examples: str) -> argparse.ArgumentParser:
    """Return a parser with the common options; `examples` stand at the end of its help."""
    made = OneLineParser(
        prog="softphone" if name == "console" else f"softphone {name}",
        description=text,
        epilog="\n".join(f"example: {example}" for example in examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--config", metavar="FILE", help="use this configuration")
    made.add_argument("--profile", default="", metavar="NAME", help="keep engine and state apart")
    made.add_argument("--lab", action="store_true", help="use a throwaway lab")
    return made


def with_json(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add --json and return the parser."""
    made.add_argument("--json", action="store_true", help="print one JSON object a line")
    return made


def with_sound(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the files at the ends of a call, and its length; return the parser."""
    made.add_argument("--play", default="", metavar="IN.wav", help="sent instead of the microphone")
    made.add_argument("--record", default="", metavar="OUT.wav", help="what was heard")
    made.add_argument("--duration", type=seconds, default=0.0, metavar="S", help="hang up after S")
    return made


def seconds(text: str) -> float:
    """Return a duration given on the command line: a number that is not negative."""
    found = float(text)
    if not 0.0 <= found < math.inf:
        raise ValueError(text)
    return found


class _Described(Exception):
    """Carries a command's parser out, instead of running the command."""

    def __init__(self, made: argparse.ArgumentParser) -> None:
        super().__init__("a command was only described")
        self.parser = made


_DESCRIBE = ("\0describe",)
"""No shell can pass this argument."""


def parser_of(run: Callable[[str, Sequence[str]], int], name: str) -> argparse.ArgumentParser:
    """Return the parser of a command without running it."""
    try:
        run(name, _DESCRIBE)
    except _Described as described:
        return described.parser
    raise ValueError(f"{name} has no parser")


def parse(made: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Return the parsed arguments; a mistake prints one line and exits with 2."""
    if tuple(arguments) == _DESCRIBE:
        raise _Described(made)
    return made.parse_args(list(arguments))


def config_path(options: argparse.Namespace) -> Path | None:
    """Return the configuration file to use, None when there is none."""
    if options.lab:
        return None
    if options.config:
        return Path(options.config).expanduser().absolute()
    default = config_file()
    return default if default.exists() else None


def configured(options: argparse.Namespace) -> Config:
    """Return the configuration; raises ConfigError when it is wrong or a named file is absent."""
    return load(config_path(options), need_file=bool(options.config))


def invocation(options: argparse.Namespace) -> Invocation:
    """Return which engine is meant; raises ConfigError for a mistake in the file.

    An engine that runs has read the file when it was right: it is still obeyed, and told to.
    """
    from softphone.engine.start import Invocation

    made = Invocation(config_path(options), options.profile, options.lab)
    try:
        configured(options)
    except ConfigError as problem:
        if not _is_listening(paths_of(made.name).socket):
            raise
        complain(f"{problem.message} The engine goes on with what it read before.")
    return made


def _is_listening(path: Path) -> bool:
    """Tell whether an engine takes connections on a socket."""
    import socket

    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def print_json(data: dict[str, Any]) -> None:
    """Print one JSON object as a line, at once."""
    print(json.dumps(data, ensure_ascii=False, allow_nan=False), flush=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; an old one is replaced as a whole."""
    import os
    import tempfile

    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def complain(text: str) -> None:
    """Print one line to standard error."""
    print(f"softphone: {text}", file=sys.stderr, flush=True)


def done(reply: Reply) -> Reply:
    """Return a reply that went well; raise its reason otherwise."""
    if not reply.ok:
        raise SoftphoneError(reply.text, code=reply.code)
    return reply
