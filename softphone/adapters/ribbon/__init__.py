"""Ribbon WebRTC Gateway: REST, a notification socket, and WebRTC media.

`from softphone.adapters.ribbon import RibbonGateway` uses it without console and engine. Names
are looked up when first asked for, so that reading a config imports no sockets and no numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .gateway import RibbonCall, RibbonGateway

__all__ = ["RibbonCall", "RibbonGateway"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.gateway"), name)
