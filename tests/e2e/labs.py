"""A lab run as its own process, as `softphone lab` does it, with a config for each operator."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from softphone.lab.client import LabClient
from tests.e2e.conftest import Home


@dataclass(frozen=True, slots=True)
class Lab:
    """A running lab; it ends with the home it was started from."""

    client: LabClient
    written: Path
    folder: Path

    def config(self, operator: str = "op-1") -> str:
        """Return the path of a configuration for an operator of this lab."""
        path = self.folder / f"{operator}.toml"
        path.write_text(self.written.read_text().replace("op-1", operator))
        path.chmod(0o600)
        return str(path)


def start_lab(home: Home, scenario: str) -> Lab:
    """Start a lab and wait until it serves."""
    process = home.start("lab", "--json", "--scenario", scenario)
    assert process.stdout
    ready = json.loads(process.stdout.readline())
    client = LabClient(ready["control"], ready["control_key"])
    return Lab(client, Path(ready["config"]), home.folder)


def another(home: Home) -> Home:
    """Return the home of another operator on this machine; it must be closed."""
    folder = home.folder / "o"
    folder.mkdir()
    own = {
        "SOFTPHONE_STATE_DIR": str(folder / "state"),
        "SOFTPHONE_RUNTIME_DIR": str(folder / "run"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }
    return Home(folder, {**home.env, **own})
