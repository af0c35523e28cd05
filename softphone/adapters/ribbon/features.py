"""What a Ribbon gateway can do, and in a sentence each why not the rest."""

from __future__ import annotations

from softphone.model.capability import Capabilities, Capability

_C = Capability

CAPABILITIES = Capabilities(
    allowed=(
        _C.OWN_PRESENCE,
        _C.DIAL,
        _C.ANSWER,
        _C.DECLINE,
        _C.IGNORE,
        _C.HANG_UP,
        _C.TONES,
        _C.HOLD,
        _C.BLIND_TRANSFER,
        _C.ATTENDED_TRANSFER,
        _C.JOIN,
        _C.FORWARD,
        _C.PARAMETERS,
        _C.RESTART_MEDIA,
        _C.REPORTS,
        _C.CLICK_TO_CALL,
        _C.WATCH_PRESENCE,
        _C.DIRECTORY,
        _C.ADDRESS_BOOK,
        _C.INSTANT_MESSAGES,
        _C.PLATFORM_HISTORY,
        _C.VOICEMAIL,
        _C.SIP_EVENTS,
        _C.SERVICES,
        _C.RAW_REQUESTS,
    ),
    why_not={
        _C.AVAILABILITY: "A Ribbon user is reachable while online; go offline to take no calls.",
        _C.MUTE: "Ribbon has no message for it; this console closes the microphone itself.",
        _C.SMS: "This gateway carries instant messages; its SMS has no known wire format.",
        _C.SCREEN_POPS: "Ribbon sends no customer data, only custom parameters with a call.",
        _C.AGENT_STATUS: "Ribbon has presence with activities instead of an agent status.",
        _C.ONLINE_USERS: "Ribbon lists no connections; watch the presence of people instead.",
        _C.AGENT_COMMANDS: "Ribbon has no agent to pause, dial or dispose for.",
        _C.MONITORING: "Ribbon has no monitoring interface.",
        _C.JOBS: "Ribbon has no jobs.",
    },
)
