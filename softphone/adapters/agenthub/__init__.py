"""Olos AgentHub: events, screen pops, status and online users over Phoenix channels.

`from softphone.adapters.agenthub import Connection` uses it without console and engine. It is
looked up when first asked for, so that reading a config imports no sockets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ["Connection"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import connection

    return getattr(connection, name)
