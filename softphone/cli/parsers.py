"""What each command takes, read from its own parser: for shell completion and the documents."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module

from . import options
from .main import COMMANDS

_FILES = ("FILE", "IN.wav", "OUT.wav", "SOCKET", "FOLDER")


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `values` are what may follow, where only some do; `file`: a file's name does."""

    flags: tuple[str, ...]
    help: str
    takes_value: bool
    values: tuple[str, ...] = ()
    file: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What a command takes: its options, words that may stand first, and its own commands."""

    name: str
    help: str
    options: tuple[Option, ...] = ()
    words: tuple[str, ...] = ()
    files: bool = False
    commands: tuple[Taken, ...] = field(default=())


def all_commands() -> list[Taken]:
    """Return every command of the command line, in its order."""
    found = []
    for name, (module, text) in COMMANDS.items():
        run = import_module(f"softphone.cli.{module}").run
        found.append(_taken(name, text, options.parser_of(run, name)))
    return found


def _taken(name: str, text: str, parser: argparse.ArgumentParser) -> Taken:
    given: list[Option] = []
    words: list[str] = []
    commands: list[Taken] = []
    files = False
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            commands += [_taken(n, helps.get(n, ""), p) for n, p in action.choices.items()]
        elif action.option_strings:
            given.append(_option(action))
        else:
            words += _choices(action)
            files = files or _is_file(action)
    if name == "do":
        words += _actions()
    return Taken(name, text, tuple(given), tuple(words), files, tuple(commands))


def _option(action: argparse.Action) -> Option:
    return Option(
        tuple(action.option_strings),
        (action.help or "").replace("%%", "%"),
        action.nargs != 0,
        tuple(_choices(action)),
        _is_file(action),
    )


def _choices(action: argparse.Action) -> Iterator[str]:
    yield from (str(choice) for choice in action.choices or () if str(choice))


def _is_file(action: argparse.Action) -> bool:
    names = action.metavar if isinstance(action.metavar, tuple) else (action.metavar,)
    return any(name in _FILES for name in names)


def _actions() -> list[str]:
    from softphone.ui.actions import ACTIONS

    return [action.id for action in ACTIONS if action.build is not None]
