"""Names, paths, limits and times of the Ribbon gateway; numbers in brackets are sections of its
reference. What was never seen on a real gateway is marked ASSUMED.
"""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote

VERSION_PATH = "/rest/version/1"
CREDENTIAL_HEADERS = ("Authorization", "x-token", "x-session")
HEADER_AUTHORIZATION, HEADER_TOKEN, HEADER_SESSION = CREDENTIAL_HEADERS  # (1.4)
QUERY_ACCESS_TOKEN = "access_token"  # (3.1)
SUPPORTED_RINGING = "RingingFeedback"
SUPPORTED_EARLY_MEDIA = "earlymedia"
LOCALISATION = "English_US"
NOTIFICATION_TYPE = "WebSocket"
CONFERENCE_PREFIX = "conference@"  # (4.7)
EVENT_SERVICE_PREFIX = "event:"  # (2.1, 5.7)
CUSTOM_EVENT = "custom"  # (5.8)
MESSAGE_TYPE = "A2"
MESSAGE_CHARSET = "UTF-8"
PING_TEXT = '{"message_type":"ping"}'  # (3.2)
GLARE_STATUS = 49
UNKNOWN_CHANNEL = (404, 410)  # the HTTP answers to a handshake for a channel that is no more
GLARE_REASON = "glare"
GLARE_SIP_CODE = "491"
REFUSED_SDP_CODE = "488"  # ASSUMED (4.12)

# Limits, all ASSUMED; bytes unless they say otherwise.
NOTIFICATION_LIMIT = 256 * 1024
ANSWER_LIMIT = 4 * 1024 * 1024
SDP_LIMIT = 64 * 1024
DEPTH_LIMIT = 32
NOTIFICATION_RATE_LIMIT = 200  # a second
PARAMETERS_LIMIT = 32
AUDIO_KBPS_LIMIT = 510  # what Opus can be
DSCP_LIMIT = 63
LIST_LIMIT = 10_000  # entries of one answer

# Times in seconds (2.4, 3.2, 3.3, 4.4, 4.12, 4.19).
EXPIRES_S = 3600
EXPIRES_LEAST_S = 60
REFRESH_LEAST_S = 30.0
PING_S = 30.0
ALIVE_S = 5.0  # pings of the socket itself (RFC 6455), which any server answers
RECONNECT_LIMIT = 5
RECONNECT_DELAY_S = 5.0
RECONNECT_DELAY_LEAST_S = 2.0
RECONNECT_LONGEST_S = 640.0
UNAVAILABLE_RETRIES = 3
REST_LIMIT_S = 30.0
MISSING_ANSWER_S = 15.0  # on top of REST_LIMIT_S
GLARE_WAIT_S, GLARE_STEP_S = 3.0, 0.25
AUDIT_S, AUDIT_LEAST_S = 25.0, 10.0
AUDIT_AFTER_FAILURE_S = 5.0
AUDIT_MISSING_S = 90.0  # ASSUMED (4.19)
MEDIA_RETRY_S = 3.0
MEDIA_LOST_S = 10.0  # (4.3)
START_NOTICE_S = 0.05  # between the answer to callStart and what is told about the call (4.5)
ID_CACHE_LENGTH = 100  # (3.6)


class Service(StrEnum):
    """Services that can be subscribed (2.1); `event:NAME` come on top."""

    CALL = "call"
    IM = "IM"
    PRESENCE = "Presence"
    CALL_ME = "callMe"
    MWI = "MWI"
    CUSTOM = "custom"
    CHAT = "chat"
    SMS = "SMS"
    SMS_INBOUND = "smsinbound"


class EventType(StrEnum):
    """What a notification tells (3.5)."""

    CALL = "call"
    RINGING = "ringing"
    SESSION_PROGRESS = "sessionProgress"
    RESPOND_UPDATE = "respondCallUpdate"
    START_UPDATE = "startCallUpdate"
    CALL_END = "callEnd"
    CALL_CANCEL = "callCancel"
    SESSION_FAIL = "sessionFail"
    SESSION_COMPLETE = "sessionComplete"
    IM = "IM"
    PRESENCE = "presenceWatcher"
    MWI = "mwi"
    GONE = "gone"
    OVERRIDDEN = "websocketOverridden"


class CallRequestType(StrEnum):
    """What a callControl request wants (1.2)."""

    START = "callStart"
    JOIN = "join"
    RINGING = "ringing"
    ANSWER = "callAnswer"
    START_UPDATE = "startCallUpdate"
    RESPOND_UPDATE = "respondCallUpdate"
    TRANSFER = "transfer"
    CUSTOM_HEADERS = "sendCustomHeaders"
    AUDIT = "audit"


class DispositionAction(StrEnum):
    """What becomes of an offer (4.8)."""

    REJECT = "reject"
    FORWARD = "forward"


class WatchAction(StrEnum):
    """What presenceWatcher is asked (5.4)."""

    WATCH = "watch"
    STOP = "stopwatch"
    GET = "get"


class SearchField(StrEnum):
    """What the directory is searched by (5.3)."""

    FIRST_NAME = "1"
    LAST_NAME = "2"
    NAME = "3"
    PHONE_NUMBER = "4"
    USER_ID = "5"


class Resource(StrEnum):
    """Parts of the interface below a user's path (1.2)."""

    SUBSCRIPTION = "subscription"
    CALL_CONTROL = "callControl"
    CALL_SESSIONS = "callControl/callSessions"
    CALL_DISPOSITION = "calldisposition"
    CLICK_TO_CALL = "clicktocall"
    LOG_HISTORY = "logHistory"
    LOG_RECORD = "logRecord"
    ADDRESS_BOOK = "addressbook"
    CONTACTS = "addressbook/contacts/"
    DIRECTORY = "directory"
    PRESENCE = "presence"
    PRESENCE_WATCHER = "presenceWatcher"
    INSTANT_MESSAGE = "instantmessage"
    VOICEMAIL = "voicemail"
    EVENT_SUBSCRIPTION = "eventSubscription"
    EXTERNAL_NOTIFICATION = "externalnotification"
    PUSH_APPLE = "push/apple/devices/"
    PUSH_GOOGLE = "push/google/devices/"


STATUS_OPEN, STATUS_CLOSED = "open", "closed"
ACTIVITIES = (
    "active",
    "idle",
    "away",
    "lunch",
    "other",
    "busy",
    "vacation",
    "on-the-phone",
    "unknown",
)  # (5.4)
SESSION_ANSWERED = "ANSWERED"  # (4.19)

# Codes of ended sessions (4.9).
END_TRANSFERRED, END_JOINED, END_AUDIT = 9905, 9906, 9909


def user_path(user: str) -> str:
    """Return the path of a user's resources; the `@` stays as it is (0.2)."""
    return f"{VERSION_PATH}/user/{quote(user, safe='@+')}"


def resource_path(user: str, resource: Resource, ident: str = "") -> str:
    """Return the path of a resource, or of one item of it."""
    base = f"{user_path(user)}/{resource.value}"
    return f"{base.rstrip('/')}/{quote(ident, safe='')}" if ident else base


def correlator_path(user: str, correlator: str) -> str:
    """Return the path that changes a subscription made with a correlator (2.3)."""
    base = resource_path(user, Resource.SUBSCRIPTION)
    return f"{base}/clientCorrelator/{quote(correlator, safe='')}"
