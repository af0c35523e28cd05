"""Names, limits and times of AgentHub, and the profile of what its documents do not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# ---- Phoenix channels (reference, sections 2 to 6) ------------------------------------------

VSN = "2.0.0"
VSN_PARAM = "vsn"
SOCKET_SUFFIX = "/websocket"
SUBPROTOCOL = "phoenix"
TOKEN_SUBPROTOCOL = "base64url.bearer.phx."

TOPIC_PHOENIX = "phoenix"
EVENT_HEARTBEAT = "heartbeat"
EVENT_JOIN = "phx_join"
EVENT_LEAVE = "phx_leave"
EVENT_REPLY = "phx_reply"
EVENT_CLOSE = "phx_close"
EVENT_ERROR = "phx_error"
# Never Olos events, whatever they carry (section 8).
RESERVED_PREFIXES = ("phx_", "presence_", "chan_reply_")

STATUS = "status"
RESPONSE = "response"
REASON = "reason"
OK = "ok"
ERROR = "error"
REASON_UNMATCHED = "unmatched topic"
REASON_UNAUTHORIZED = "unauthorized"
REASON_UNKNOWN_EVENT = "unknown event"
REASON_TOO_MANY = "too many channels joined"

HEARTBEAT_S = 30.0
JOIN_LIMIT_S = 10.0
IDLE_LIMIT_S = 60.0
FRAME_LIMIT = 1024 * 1024
CHANNELS_LIMIT = 100
# JavaScript client 1.5 to 1.8: both schedules repeat their last step (section 5).
RECONNECT_STEPS_S = (0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0)
REJOIN_STEPS_S = (1.0, 2.0, 5.0, 10.0)
# Ours, where the JavaScript client would hammer (section 14).
REFUSED_STEPS_S = (0.5, 0.5, 5.0, 10.0, 30.0, 60.0)
BAD_TOKEN_STEPS_S = (5.0, 10.0, 20.0, 40.0, 60.0)
KICKED_REJOIN_S = 10.0
KICKED_REJOINS = 3
STATE_LIMIT_S = 10.0

CLOSE_NORMAL = 1000
CLOSE_GOING = 1001
CLOSE_TOO_BIG = 1009
CLOSE_CRASH = 1011
CLOSE_RESTART = 1012

# ---- presence (section 7) -------------------------------------------------------------------

METAS = "metas"
PHX_REF = "phx_ref"
PHX_REF_PREV = "phx_ref_prev"
JOINS = "joins"
LEAVES = "leaves"
META_USERNAME = "username"
META_ONLINE_AT = "onlineAt"
META_ADDRESS = "ipAddress"

# ---- tokens (section 9) ---------------------------------------------------------------------

ALGORITHM = "RS256"
CLAIM_AGENT = "sub"
CLAIM_TENANT = "tid"
CLAIM_ISSUER = "iss"
CLAIM_ISSUED = "iat"
CLAIM_EXPIRES = "exp"
CLAIM_USERNAME = "username"
CLAIM_ROLES = "roles"
LEEWAY_S = 30.0
TOKEN_LIMIT_S = 10.0
TOKEN_ANSWER_LIMIT = 64 * 1024
TOKEN_ANSWER_KEYS = ("token", "access_token", "accessToken")

# ---- events (section 10) --------------------------------------------------------------------

FIELD_ID = "eventId"
FIELD_TYPE = "eventType"
FIELD_AGENT = "agentId"
FIELD_CAMPAIGN = "campaignId"
FIELD_CHANNEL_TYPE = "channelType"
FIELD_CHANNEL = "channel"
FIELD_TIMESTAMP = "timestamp"
FIELD_DATA = "eventData"
# Made by the client itself, so no event of the platform may bear them.
CLIENT_EVENTS = ("connected", "disconnected", "onlineUsers", "any")
CHANNEL_EVENT = "event"
IDS_KEPT = 1000
BODY_LIMIT = 4_000


@dataclass(frozen=True, slots=True)
class Profile:
    """What only Olos knows; every one of these is ASSUMED (reference, section 8)."""

    socket_path: str = "/socket"
    auth_mode: str = "param"
    token_param: str = "token"
    extra_params: Mapping[str, str] = field(default_factory=dict)
    agent_topic: str = "agent:{tid}:{sub}"
    agent_join_params: Mapping[str, Any] = field(default_factory=dict)
    online_topic: str = "online:{tid}"
    online_join_params: Mapping[str, Any] = field(default_factory=dict)
    admin_role: str = "admin"
    agent_role: str = "agent"
    event_names: str = "*"
    presence_state_event: str = "presence_state"
    presence_diff_event: str = "presence_diff"
    issuer: str = "https://auth.api.olos.live"
