"""Secrets: values that never print themselves, and where they may come from."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence

from .model.error import ConfigError

_DOTS = "••••"
_COMMAND_LIMIT_S = 10.0
_SECRET_PARAMETERS = re.compile(
    r"(?i)\b(\w*(?:token|api_?key|password|secret)|key)(=|['\"]\s*:\s*['\"])[^&\s'\"<>]+"
)
_BEARER = re.compile(r"(?i)\b(bearer\s+)[^\s'\"]+")
_JWT = re.compile(r"\beyJ[\w-]{6,}\.[\w-]+\.[\w-]*")
_HEADER = re.compile(r"(?i)\b(authorization|x-api-key|cookie)(['\"]?\s*[:=]\s*['\"]?)[^\r\n'\"]+")


class Secret:
    """A credential. Only `reveal()` gives it; printing, logging and formatting show dots."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the credential itself; call it where it goes on the wire, nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return _DOTS

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return _DOTS

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not to be pickled")


def redact(text: str) -> str:
    """Return `text` without tokens: parameters, JSON fields, headers, anything like a JWT."""
    for pattern in (_HEADER, _SECRET_PARAMETERS):
        text = pattern.sub(lambda found: f"{found.group(1)}{found.group(2)}{_DOTS}", text)
    text = _BEARER.sub(lambda found: f"{found.group(1)}{_DOTS}", text)
    return _JWT.sub(_DOTS, text)


def from_environment(variable: str, where: str) -> Secret:
    """Return the secret in an environment variable; ConfigError when it is not set."""
    value = os.environ.get(variable, "")
    if not value:
        raise ConfigError(f"{where}: environment variable {variable} is not set.")
    return Secret(value)


def from_command(argv: Sequence[str], where: str) -> Secret:
    """Return the first line a command prints; ConfigError when it fails or prints nothing."""
    try:
        done = subprocess.run(
            list(argv), capture_output=True, text=True, timeout=_COMMAND_LIMIT_S, check=False
        )
    except (OSError, ValueError, subprocess.SubprocessError) as problem:
        raise ConfigError(f"{where}: {argv[0]}: {type(problem).__name__}.") from None
    value = done.stdout.partition("\n")[0].strip()
    if done.returncode or not value:
        raise ConfigError(f"{where}: {argv[0]} exited with {done.returncode} and no secret.")
    return Secret(value)
