"""Session descriptions: reading them, changing their text, and what a new one means.

One door to `description`, `edit` and `change`; pure text, no network and no codec library.
"""

from __future__ import annotations

from .change import Change, change_between
from .description import (
    Codec,
    Description,
    Direction,
    MediaLine,
    Transport,
    direction_of,
    offered,
    parse,
)
from .edit import (
    CodecSelector,
    actpass,
    preferring,
    removing,
    with_bandwidth,
    with_origin,
    without_bundle,
    without_crypto,
    without_extmap,
    without_trickle,
)

__all__ = [
    "Change",
    "Codec",
    "CodecSelector",
    "Description",
    "Direction",
    "MediaLine",
    "Transport",
    "actpass",
    "change_between",
    "direction_of",
    "offered",
    "parse",
    "preferring",
    "removing",
    "with_bandwidth",
    "with_origin",
    "without_bundle",
    "without_crypto",
    "without_extmap",
    "without_trickle",
]
