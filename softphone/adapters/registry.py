"""Which adapter serves which kind of account. A further platform is one line here.

Adapters from outside register a factory in the entry-point group `softphone.adapters`:
`factory(account: AccountConfig) -> Adapter`, and optionally `check(account)` beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from softphone.config import AccountConfig, nearest

if TYPE_CHECKING:
    from .base import Adapter

GROUP = "softphone.adapters"

# kind -> (module with `make(account)`, module with `read_settings(account)`); the second must
# import nothing heavy: `check-config` uses it.
_OURS = {
    "audin": ("softphone.adapters.audin.client", "softphone.adapters.audin.settings"),
    "agenthub": ("softphone.adapters.agenthub.client", "softphone.adapters.agenthub.settings"),
    "ribbon": ("softphone.adapters.ribbon.client", "softphone.adapters.ribbon.settings"),
    "observer": ("softphone.adapters.observer.client", "softphone.adapters.observer.settings"),
}


def kinds() -> tuple[str, ...]:
    """Return every kind of account that can be configured here."""
    outside = [point.name for point in entry_points(group=GROUP)]
    return tuple(dict.fromkeys([*_OURS, *outside]))


def check_account(account: AccountConfig) -> None:
    """Raise ConfigError when an account's settings are wrong."""
    if account.kind in _OURS:
        import_module(_OURS[account.kind][1]).read_settings(account)
    elif account.kind not in kinds():
        problem = f"{account.kind!r} is not a kind of account, {nearest(account.kind, kinds())}"
        raise account.source.error(f"accounts.{account.name}.kind", problem)


def make_adapter(account: AccountConfig) -> Adapter:
    """Return the adapter of an account; raises ConfigError when its settings are wrong."""
    check_account(account)
    make: Callable[[AccountConfig], Adapter]
    if account.kind in _OURS:
        make = import_module(_OURS[account.kind][0]).make
    else:
        (point,) = entry_points(group=GROUP, name=account.kind)
        make = point.load()
    return make(account)
