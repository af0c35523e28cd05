"""What is left of a crash: a file without local variables or secrets, and one line for people."""

from __future__ import annotations

import os
import traceback
from contextlib import suppress
from pathlib import Path

from softphone.model.text import clean
from softphone.secret import redact

_LINE = 400


def report(error: BaseException) -> str:
    """Return the stack trace: no local variables, secrets masked, control characters gone."""
    lines = "".join(traceback.format_exception(error)).splitlines()
    return "\n".join(clean(redact(line), _LINE) for line in lines) + "\n"


def write(path: Path, text: str) -> bool:
    """Write the report so that only its owner can read it; tell whether that worked."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        return True
    return False


def sentence(error: BaseException, path: Path | None) -> str:
    """Return the one line that is printed."""
    where = f" Details: {path}." if path else ""
    name = type(error).__name__
    return f"softphone: the console failed ({name}).{where} Calls go on; start it again."
