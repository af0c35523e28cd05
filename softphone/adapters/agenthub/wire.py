"""AgentHub on the wire, for both sides: the adapter and the lab import this one module.

Names, limits and the profile are in `wire_names`, Phoenix frames in `wire_frames`, tokens and
URLs in `wire_token`, events in `wire_events`, status numbers in `wire_status`, the command API
in `wire_commands`. Pure: the model and the standard library only.
"""

from __future__ import annotations

from . import wire_commands as commands
from . import wire_events as events
from . import wire_names as names
from . import wire_status as status
from .wire_events import OlosEvent, read_event
from .wire_frames import (
    BadFrame,
    Frame,
    decode,
    decode_from_client,
    decode_from_server,
    encode,
    encode_push,
    encode_server_push,
    encode_server_reply,
    reply_to,
)
from .wire_names import Profile
from .wire_token import (
    Claims,
    answered_token,
    read_claims,
    socket_url,
    subprotocols,
    token_in_subprotocols,
    topic,
)

__all__ = [
    "BadFrame",
    "Claims",
    "Frame",
    "OlosEvent",
    "Profile",
    "answered_token",
    "commands",
    "decode",
    "decode_from_client",
    "decode_from_server",
    "encode",
    "encode_push",
    "encode_server_push",
    "encode_server_reply",
    "events",
    "names",
    "read_claims",
    "read_event",
    "reply_to",
    "socket_url",
    "status",
    "subprotocols",
    "token_in_subprotocols",
    "topic",
]
