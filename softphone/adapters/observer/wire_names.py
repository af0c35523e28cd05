"""Names, limits and times of the Observer protocol; numbers in brackets are its sections.

The message format is not public: what is not marked FACT there can be corrected in
[accounts.NAME.wire]. Where several names are known the first is written, all are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any, TypeAlias

from softphone.model.error import ConfigError

Table: TypeAlias = Mapping[str, Any]
_Aliases: TypeAlias = tuple[str, ...]

DIALECTS = ("0.11", "0.12")
TOKEN_MODES = ("query", "header", "message")

# Limits and times, all ASSUMED (4.1, 4.3, 5, 6).
MESSAGE_LIMIT = 4 * 1024 * 1024
DEPTH_LIMIT = 64
OPEN_LIMIT_S, PING_S = 10.0, 5.0
REQUEST_LIMIT_S, UPDATE_LIMIT_S = 10.0, 60.0
PENDING_LIMIT = 32
TIMEOUTS_LIMIT = 3
BAD_MESSAGE_LIMIT, BAD_MESSAGE_WINDOW_S = 20, 10.0
EARLY_EVENTS, EARLY_S = 100, 5.0
PAGE_ROWS, PAGE_ROWS_MOST = 500, 1000
BATCH_ROWS = 200
ROW_LIMIT, RING_ROWS = 50_000, 2_000
GAP_EVERY_S = 10.0
TOO_LARGE_LIMIT = 3
RECONNECT_STEPS_S = (1.0, 2.0, 5.0, 10.0, 30.0)
RETRY_AFTER_LIMIT_S = 30.0
AUTH_TRIES = 2
SKEW_S = 2.0
LOOKUP_LIMIT = 128
PARAMETERS_LIMIT = 64 * 1024
LIST_LIMIT = 10_000
FIND_MOST = 500
JOB_TYPES = ("exportCall", "recomputeScores", "purgeCalls", "selfTest")
DESTRUCTIVE_JOBS = ("purgeCalls",)
INTERVALS = ("1m", "5m", "1h")

# Codes of errors (4.4).
BAD_REQUEST, UNAUTHENTICATED, FORBIDDEN = "BAD_REQUEST", "UNAUTHENTICATED", "FORBIDDEN"
NOT_FOUND, CONFLICT, UNSUPPORTED = "NOT_FOUND", "CONFLICT", "UNSUPPORTED"
RATE_LIMITED, INTERNAL = "RATE_LIMITED", "INTERNAL"
TIMEOUT, DISCONNECTED, PROTOCOL_ERROR = "TIMEOUT", "DISCONNECTED", "PROTOCOL_ERROR"
ERROR_CODES = (
    *(BAD_REQUEST, UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, CONFLICT, UNSUPPORTED),
    *(RATE_LIMITED, INTERNAL),
)

# FACT: the members of snapshots, reports and lists that are read; each can be renamed in
# [accounts.NAME.wire.row_names].
_ROW_FIELDS = """
timestamp callId roomId serviceId startedAt endedAt durationInMs maxNumberOfClients
numberOfClients numberOfIssues highestSeverity score matchedBy calls clients clientId
userId displayName joinedAt leftAt scoreReasons currentAvgRttInMs currentMaxRttInMs rttInMs
jitterInMs jitterBufferInMs fractionLost sendingAudioBitrate receivingAudioBitrate
deltaInboundPacketsLost deltaInboundPacketsReceived usingTURN usingTCP operationSystem browser
issues events peerConnections peerConnectionId state iceState localCandidateType inboundTracks
outboundTracks kind ssrc bitrate muted width height fps name version type key severity payload
series sampleSeq trackId transportId candidatePairId label extensionType workers servers workerId
serverId hostname lastHeartbeatAt cpu memoryBytes jobs jobId progress attempts createdAt
finishedAt parameters result error turnIp totalBytesSent totalBytesReceived totalPacketsSent
totalPacketsReceived outboundBitrate inboundBitrate
"""
ROW_FIELDS = tuple(_ROW_FIELDS.split())


@dataclass(frozen=True, slots=True)
class Wire:
    """Every assumed name, with what is known as its default."""

    field_kind: _Aliases = ("kind",)
    field_request_id: _Aliases = ("requestId",)
    field_type: _Aliases = ("type",)
    field_payload: _Aliases = ("payload",)
    field_error: _Aliases = ("error",)
    field_code: _Aliases = ("code",)
    field_message: _Aliases = ("message",)
    field_retry_after: _Aliases = ("retryAfterMs",)
    field_frame_id: _Aliases = ("dataFrameId", "dataStreamId")
    field_seq: _Aliases = ("seq",)
    field_event: _Aliases = ("event",)
    field_rows: _Aliases = ("rows",)
    field_cursor: _Aliases = ("cursor",)
    field_next_cursor: _Aliases = ("nextCursor",)
    field_token: _Aliases = ("accessToken",)
    kind_request: str = "request"
    kind_response: str = "response"
    kind_notification: str = "notification"
    kind_auth: str = "auth"
    event_newrow: str = "newrow"
    event_newrows: str = "newrows"
    event_error: _Aliases = ("error", "streamerror")
    event_close: str = "close"
    action_update: str = "update"
    action_close: str = "close"
    accept_newrows: str = "newrows"
    ask_accept: str = "accept"
    ask_resource: str = "resourceId"
    ask_conditions: str = "conditions"
    ask_from: str = "from"
    ask_to: str = "to"
    ask_limit: str = "limit"
    ask_interval: str = "interval"
    ask_service: str = "serviceId"
    ask_action: str = "action"
    ask_params: str = "params"
    ask_job_type: str = "type"
    ask_parameters: str = "parameters"
    ask_job: str = "jobId"
    ask_jobs: str = "jobIds"
    answer_cancelled: str = "cancelled"
    answer_removed: str = "removed"
    answer_truncated: str = "truncated"
    type_frame: str = "dataFrame"
    type_find: str = "findCalls"
    type_ongoing: str = "fetchOngoingCalls"
    type_summary: str = "getSummaryStats"
    type_turn: str = "getTurnStats"
    type_create_database: str = "createDatabaseFrame"
    type_create_call: str = "createCallSnapshotsFrame"
    type_create_client: str = "createClientSnapshotsFrame"
    type_workers: str = "getWorkerState"
    type_servers: str = "getServerState"
    type_start_job: str = "startJob"
    type_jobs: str = "listJobs"
    type_cancel_job: str = "cancelJob"
    type_clean_failed: str = "cleanFailedJobs"
    type_clean_completed: str = "cleanCompletedJobs"
    filter_call: str = "callId"
    filter_room: str = "roomId"
    filter_client: str = "clientId"
    filter_transport: str = "transportId"
    filter_producer: str = "producerId"
    filter_consumer: str = "consumerId"
    filter_track: str = "mediaTrackId"
    resources: _Aliases = (
        *("callEvents", "callMetas", "clientDataChannels", "clientExtensions"),
        *("iceCandidatePairs", "inboundAudioTracks", "inboundVideoTracks"),
        *("outboundAudioTracks", "outboundVideoTracks", "peerConnectionTransports"),
    )
    auth_close_codes: tuple[int, ...] = (1008, 4001, 4401)
    stop_close_codes: tuple[int, ...] = (4403,)
    row_names: Mapping[str, str] = field(default_factory=dict)

    def filters(self) -> dict[str, str]:
        """Return the names of the filters of a look-up, ours to the wire's, in fixed order."""
        return {
            "call": self.filter_call,
            "room": self.filter_room,
            "client": self.filter_client,
            "transport": self.filter_transport,
            "producer": self.filter_producer,
            "consumer": self.filter_consumer,
            "track": self.filter_track,
        }

    @classmethod
    def from_table(
        cls,
        table: Mapping[str, object],
        where: str = "wire",
        error: Callable[[str, str], ConfigError] | None = None,
    ) -> Wire:
        """Return names with what a config table changes; ConfigError for what is unknown."""
        make = error or (lambda key, problem: ConfigError(f"{key}: {problem}"))
        known = {item.name: item for item in fields(cls)}
        changed: dict[str, Any] = {}
        for key, value in table.items():
            if key not in known:
                raise make(f"{where}.{key}", f"unknown key{_nearest(key, known)}")
            try:
                if key == "row_names":
                    changed[key] = _row_names(value)
                else:
                    changed[key] = _override(value, known[key].default)
            except ValueError as problem:
                raise make(f"{where}.{key}", str(problem)) from None
        return cls(**changed)

    def for_dialect(self, dialect: str) -> Wire:
        """Return the names with those first that this version of the service writes."""
        if dialect == DIALECTS[0]:
            return self
        changed = {
            name: tuple(reversed(getattr(self, name))) for name in ("field_frame_id", "event_error")
        }
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return Wire(**(values | changed))

    def row(self, table: Table, name: str) -> Any:
        """Return the member of a row that has this name, None when it is not there."""
        return table.get(self.row_names.get(name, name) if self.row_names else name)


def pick(table: Table, names: _Aliases) -> Any:
    """Return the first member that is there under one of its names."""
    for name in names:
        if name in table:
            return table[name]
    return None


def _nearest(key: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(key, known, 1, 0.4)
    return f"; did you mean {near[0]}?" if near else "."


def _override(value: object, default: object) -> object:
    """Return a config value in the form of its default; ValueError says what it must be."""
    if isinstance(default, tuple):
        items = value if isinstance(value, list | tuple) else [value]
        if not items:
            raise ValueError("must not be empty.")
        return tuple(_close_code(i) if isinstance(default[0], int) else _name(i) for i in items)
    return _name(value)


def _row_names(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError("must be a table.")
    for key in value:
        if key not in ROW_FIELDS:
            raise ValueError(
                f"{key} is no member that is read{_nearest(key, dict.fromkeys(ROW_FIELDS))}"
            )
    return {key: _name(name) for key, name in value.items()}


def _name(value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > 200 or not value.isprintable():
        raise ValueError("must be a text, not empty.")
    return value


def _close_code(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1000 <= value <= 4999:
        raise ValueError("must be a close code, 1000 to 4999.")
    return value
