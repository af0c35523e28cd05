"""Audin operator platform: presence WebSocket and one audio WebSocket a call.

`from softphone.adapters.audin import AudinOperator` uses it without console and engine. Names
are looked up when first asked for, so that reading a config imports no sockets and no numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from softphone.audio.g711 import decode_mulaw, encode_mulaw
    from softphone.model.call import CallState, EndReason
    from softphone.model.presence import LinkState, OwnNumber

    from .operator import (
        AudinOperator,
        AvailabilityResult,
        OperatorCall,
        OperatorError,
        OperatorRequestError,
    )
    from .resample import resample_linear

__all__ = [
    "AudinOperator",
    "AvailabilityResult",
    "CallState",
    "EndReason",
    "LinkState",
    "OperatorCall",
    "OperatorError",
    "OperatorRequestError",
    "OwnNumber",
    "decode_mulaw",
    "encode_mulaw",
    "resample_linear",
]

_HOMES = {
    "CallState": "softphone.model.call",
    "EndReason": "softphone.model.call",
    "LinkState": "softphone.model.presence",
    "OwnNumber": "softphone.model.presence",
    "decode_mulaw": "softphone.audio.g711",
    "encode_mulaw": "softphone.audio.g711",
    "resample_linear": "softphone.adapters.audin.resample",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, f"{__name__}.operator")), name)
