"""`softphone check-config`: is a configuration file right?"""

from __future__ import annotations

from collections.abc import Sequence

from .options import config_path, configured, parse, parser


def run(name: str, arguments: Sequence[str]) -> int:
    """Check everything in the file; 2 with file, line and key at the first mistake."""
    made = parser(name, "Check a configuration file.", "softphone check-config --config my.toml")
    made.add_argument("file", nargs="?", default="", help="default: your own configuration")
    options = parse(made, arguments)
    options.config = options.file or options.config
    check(options.config, options)
    path = config_path(options)
    print(f"{path}: ok" if path else "no configuration: the lab is used")
    return 0


def check(_named: str, options: object) -> None:
    """Raise ConfigError for the first thing that is wrong."""
    import argparse

    from softphone.adapters.registry import check_account
    from softphone.ui.keymap import validate_keys
    from softphone.ui.themes import theme_names

    assert isinstance(options, argparse.Namespace)
    config = configured(options)
    for account in config.accounts:
        check_account(account)
    validate_keys(config.keys)
    if config.ui.theme not in theme_names():
        from softphone.model.error import ConfigError

        raise ConfigError(
            f"{config.path}: ui.theme: {config.ui.theme!r} is no theme; "
            f"there are {', '.join(theme_names())}."
        )
