"""Where files live: config, state, runtime. All of ours are 0700 directories, 0600 files."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from .model.error import ConfigError

_APP = "softphone"
_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_SOCKET_PATH_LIMIT = 100  # sun_path holds 104 bytes on macOS, 108 on Linux


@dataclass(frozen=True, slots=True)
class Paths:
    """The places of one profile; different config files never share an engine or a database."""

    profile: str
    state: Path
    runtime: Path

    @property
    def database(self) -> Path:
        return self.state / "softphone.db"

    @property
    def recordings(self) -> Path:
        return self.state / "recordings"

    @property
    def log(self) -> Path:
        return self.state / "engine.log"

    @property
    def crash(self) -> Path:
        return self.state / "console-crash.log"

    @property
    def socket(self) -> Path:
        return self.runtime / f"{self.profile}.sock"

    @property
    def lock(self) -> Path:
        return self.runtime / f"{self.profile}.lock"

    @property
    def starting(self) -> Path:
        """Held by the client that starts the engine."""
        return self.runtime / f"{self.profile}.starting"

    @property
    def lab(self) -> Path:
        """Where a running lab tells its address and control key."""
        return self.runtime / "lab.json"


def config_file() -> Path:
    """Return the default config file; it need not exist."""
    return Path(platformdirs.user_config_dir(_APP)) / "config.toml"


def themes_folder() -> Path:
    """Return the folder of the user's own themes; it need not exist."""
    return Path(platformdirs.user_config_dir(_APP)) / "themes"


def profile_of(config: Path | None, profile: str, *, lab: bool) -> str:
    """Return the name under which engine and state of this invocation are found."""
    if profile:
        return profile
    if lab:
        return "lab"
    if config is None or config.resolve() == config_file().resolve():
        return "default"
    return "config-" + hashlib.sha256(os.fsencode(config.resolve())).hexdigest()[:10]


def paths_of(profile: str) -> Paths:
    """Return the places of a profile, created and checked; ConfigError when not safe to use."""
    if not _PROFILE.fullmatch(profile):
        raise ConfigError(
            f"{profile!r}: profile names are letters, digits, -, _ and ., at most 32."
        )
    base = Path(os.environ.get("SOFTPHONE_STATE_DIR") or platformdirs.user_state_dir(_APP))
    state = base if profile == "default" else base / profile
    runtime = runtime_folder()
    if len(os.fsencode(runtime / f"{profile}.sock")) > _SOCKET_PATH_LIMIT:
        raise ConfigError(f"The path {runtime} is too long for a socket; set XDG_RUNTIME_DIR.")
    return Paths(profile, private_folder(state), private_folder(runtime))


def runtime_folder() -> Path:
    """Return the runtime directory, or one in the temporary directory when there is none."""
    chosen = os.environ.get("SOFTPHONE_RUNTIME_DIR")
    if chosen:
        return Path(chosen)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK):
        return Path(runtime) / _APP
    return Path(tempfile.gettempdir()) / f"{_APP}-{os.getuid()}"


def private_folder(path: Path) -> Path:
    """Create `path` as ours alone; refuse a link or a folder of somebody else."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as problem:
        raise ConfigError(f"{path}: {problem.strerror}. Choose another folder.") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise ConfigError(f"{path} is not a folder of yours; remove it or choose another.")
    if found.st_mode & 0o077:
        path.chmod(0o700)
    return path


def data_file(name: str) -> Path:
    """Return a file that ships with the program: in the wheel, or in the checkout."""
    package = Path(__file__).parent
    in_wheel = package / "data" / name
    return in_wheel if in_wheel.exists() else package.parent / name
