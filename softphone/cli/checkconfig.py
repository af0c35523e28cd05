"""`softphone check-config`: is a configuration file right?"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .options import config_path, configured, parse, parser

if TYPE_CHECKING:
    from softphone.config import Config


def run(name: str, arguments: Sequence[str]) -> int:
    """Check everything in the file; 2 with file, line and key at the first mistake."""
    made = parser(name, "Check a configuration file.", "softphone check-config --config my.toml")
    made.add_argument("file", nargs="?", default="", help="default: your own configuration")
    options = parse(made, arguments)
    options.config = options.file or options.config
    check(options)
    path = config_path(options)
    print(f"{path}: ok" if path else "no configuration: the lab is used")
    return 0


def check(options: Namespace) -> Config:
    """Return the configuration; raises ConfigError for the first thing that is wrong."""
    from softphone.adapters.registry import check_account
    from softphone.model.error import ConfigError
    from softphone.ui.keymap import validate_keys
    from softphone.ui.themes import theme_names

    config = configured(options)
    for account in config.accounts:
        check_account(account)
    try:
        validate_keys(config.keys)
    except ConfigError as problem:
        raise ConfigError(f"{config.path}: {problem.message}") from None
    if config.ui.theme not in theme_names():
        raise ConfigError(
            f"{config.path}: ui.theme: {config.ui.theme!r} is no theme; "
            f"there are {', '.join(theme_names())}."
        )
    return config
