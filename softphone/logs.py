"""The log file: one JSON object a line, rotated, private, without secrets."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from .model.text import TEXT_LIMIT, clean
from .secret import redact

_FILE_BYTES = 5 * 1024 * 1024
_FILES = 5
# These print URLs with their query, headers and payloads at debug level.
_TALKATIVE = ("websockets", "aiohttp", "asyncio", "aioice", "aiortc")


class LineFormatter(logging.Formatter):
    """One record is one line of JSON: control characters and secrets do not get through."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "text": clean(redact(record.getMessage()), TEXT_LIMIT),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = clean(redact(self.formatException(record.exc_info)), TEXT_LIMIT)
        return json.dumps(line, ensure_ascii=False)


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """A rotating file that only its owner can read."""

    def _open(self):  # type: ignore[no-untyped-def]  # the base class returns a private text type
        descriptor = os.open(self.baseFilename, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid():
            os.fchmod(descriptor, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")


def log_to_file(path: Path, level: str, *, anew: bool = False) -> None:
    """Send all logging to `path`; libraries that quote URLs or say much only from warning up.

    With `anew` what is in the file is kept beside it, as `engine.log.1`.
    """
    handler = _PrivateFile(path, maxBytes=_FILE_BYTES, backupCount=_FILES - 1, delay=True)
    if anew and path.is_file():
        handler.doRollover()
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        if isinstance(old, _PrivateFile):
            old.close()
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
