"""What is seen, as a picture and as text, in files only their owner can read."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from textual.app import App

# The picture would fetch its font from the net when it is looked at.
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def taken(app: App[None]) -> Screenshot:
    """Return what an application shows now."""
    strips = app.screen._compositor.render_strips()
    lines = ["".join(part.text for part in strip).rstrip() for strip in strips]
    return Screenshot(app.export_screenshot(title=app.title), "\n".join(lines))


@dataclass(frozen=True, slots=True)
class Screenshot:
    """One moment of the screen."""

    svg: str
    text: str

    def write(self, folder: Path, name: str) -> Path:
        """Write both files; return the picture's path. Raises OSError."""
        folder = folder.expanduser()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        picture = folder / f"{name}.svg"
        for path, content in (
            (picture, _FONTS.sub("", self.svg)),
            (folder / f"{name}.txt", self.text + "\n"),
        ):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                out.write(content)
        return picture
