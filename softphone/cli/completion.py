"""`softphone completion`: what the shell needs to complete commands, options and their values."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .options import parse, parser

if TYPE_CHECKING:
    from .parsers import Option, Taken

SHELLS = ("bash", "zsh", "fish")
_FILES = "@files"


def run(name: str, arguments: Sequence[str]) -> int:
    """Print the script for one shell."""
    made = parser(
        name,
        "Print what lets a shell complete the commands. Put the line into its start file:\n"
        '  bash  eval "$(softphone completion bash)"\n'
        '  zsh   eval "$(softphone completion zsh)"\n'
        "  fish  softphone completion fish | source",
        "softphone completion bash",
    )
    made.add_argument("shell", choices=SHELLS)
    chosen = parse(made, arguments).shell
    from .parsers import all_commands

    print(script(chosen, all_commands()), end="")
    return 0


def script(shell: str, commands: Sequence[Taken]) -> str:
    """Return the script for a shell."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](commands)


# ---- bash, and zsh, which reads the same words ----------------------------------------------


def _bash(commands: Sequence[Taken]) -> str:
    return f"""\
_softphone() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} offered=
    _softphone_offered "$prev" "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"
    if [[ $offered == {_FILES} ]]; then
        local IFS=$'\\n'
        COMPREPLY=($(compgen -f -- "$cur"))
    else
        COMPREPLY=($(compgen -W "$offered" -- "$cur"))
    fi
}}
{_offered_function(commands)}\
complete -o filenames -F _softphone softphone
"""


def _zsh(commands: Sequence[Taken]) -> str:
    return f"""\
#compdef softphone
_softphone() {{
    local cur=${{words[CURRENT]}} prev=${{words[CURRENT-1]}} offered=
    _softphone_offered "$prev" "${{(@)words[2,CURRENT-1]}}"
    if [[ $offered == {_FILES} ]]; then
        _files
    else
        compadd -- ${{=offered}}
    fi
}}
{_offered_function(commands)}\
compdef _softphone softphone
"""


def _offered_function(commands: Sequence[Taken]) -> str:
    """Return the function that sets `offered` from the word before and those typed so far."""
    first = " ".join([*(one.name for one in commands), *_everywhere(commands)])
    return f"""\
_softphone_offered() {{
    local prev=$1 command= sub= skip= word
    shift
    for word in "$@"; do
        if [[ -n $skip ]]; then skip=; continue; fi
        case $word in
            --config|--profile) skip=1 ;;
            -*) ;;
            *) if [[ -z $command ]]; then command=$word
               elif [[ -z $sub ]]; then sub=$word; fi ;;
        esac
    done
    case "$command $prev" in
{_indented(_values(commands))}
    esac
    case "$command $sub" in
{_indented(_nested(commands))}
    esac
    case "$command" in
{_indented(_firsts(commands))}
        *) offered={shlex.quote(first)} ;;
    esac
}}
"""


def _values(commands: Sequence[Taken]) -> Iterator[str]:
    """Yield what may follow an option that takes a value."""
    yield f'*" --config") offered={_FILES}; return ;;'
    for command in commands:
        for taken in (command, *command.commands):
            for option in taken.options:
                if option.takes_value and "--config" not in option.flags:
                    patterns = "|".join(f'"{command.name} {flag}"' for flag in option.flags)
                    words = _FILES if option.file else " ".join(option.values)
                    yield f"{patterns}) offered={shlex.quote(words)}; return ;;"


def _nested(commands: Sequence[Taken]) -> Iterator[str]:
    """Yield the options of commands of commands: of `observe calls`."""
    for command in commands:
        for sub in command.commands:
            words = " ".join([*_flags(sub.options), *sub.words])
            yield f'"{command.name} {sub.name}") offered={shlex.quote(words)}; return ;;'
    yield "*) ;;"


def _firsts(commands: Sequence[Taken]) -> Iterator[str]:
    """Yield what may stand behind a command."""
    for command in commands:
        subs = [sub.name for sub in command.commands]
        words = " ".join([*subs, *command.words, *_flags(command.options)])
        if command.files and not command.words:
            dashed = f"[[ $cur == -* ]] && offered={shlex.quote(words)}"
            yield f"{command.name}) offered={_FILES}; {dashed} ;;"
        else:
            yield f"{command.name}) offered={shlex.quote(words)} ;;"


def _everywhere(commands: Sequence[Taken]) -> list[str]:
    console = next(command for command in commands if command.name == "console")
    return list(_flags(console.options))


def _flags(options: Sequence[Option]) -> Iterator[str]:
    for option in options:
        yield from (flag for flag in option.flags if flag.startswith("--"))


def _indented(lines: Iterator[str]) -> str:
    return "\n".join(f"        {line}" for line in lines)


# ---- fish ------------------------------------------------------------------------------------


def _fish(commands: Sequence[Taken]) -> str:
    lines = ["complete -c softphone -f"]
    for command in commands:
        lines.append(_fish_line("__fish_use_subcommand", f"-a {command.name}", command.help))
        here = f"__fish_seen_subcommand_from {command.name}"
        for sub in command.commands:
            lines.append(_fish_line(here, f"-a {sub.name}", sub.help))
            both = f"{here}; and __fish_seen_subcommand_from {sub.name}"
            lines += [_fish_option(both, option) for option in sub.options]
        if command.words:
            lines.append(_fish_line(here, f"-a {shlex.quote(' '.join(command.words))}", ""))
        if command.files:
            lines.append(_fish_line(here, "-F", ""))
        lines += [_fish_option(here, option) for option in command.options]
    return "\n".join(line for line in lines if line) + "\n"


def _fish_option(condition: str, option: Option) -> str:
    longs = [flag[2:] for flag in option.flags if flag.startswith("--")]
    what = " ".join(f"-l {flag}" for flag in longs)
    if option.takes_value:
        what += " -r"
    if option.values:
        what += f" -a {shlex.quote(' '.join(option.values))}"
    if option.file:
        what += " -F"
    return _fish_line(condition, what, option.help)


def _fish_line(condition: str, what: str, text: str) -> str:
    described = f" -d {shlex.quote(text)}" if text else ""
    return f"complete -c softphone -n {shlex.quote(condition)} {what}{described}"
