"""What AgentHub can do, and in a sentence each why not the rest."""

from __future__ import annotations

from softphone.model.capability import Capabilities, Capability

_C = Capability
_ALLOWED = (_C.SCREEN_POPS, _C.AGENT_STATUS, _C.ONLINE_USERS)
_NO_CALLS = "AgentHub reports calls, it cannot place or answer them."
_NO_AUDIO = "AgentHub carries no audio; use the phone the call rings on."
_WHY_NOT = {
    _C.AVAILABILITY: "AgentHub rings no numbers; pause and idle are the agent's status.",
    _C.OWN_PRESENCE: "AgentHub shows who is online, and nothing an agent could set.",
    _C.DIAL: _NO_CALLS,
    _C.ANSWER: _NO_CALLS,
    _C.DECLINE: _NO_CALLS,
    _C.IGNORE: _NO_CALLS,
    _C.HANG_UP: _NO_CALLS,
    _C.MUTE: _NO_AUDIO,
    _C.TONES: _NO_AUDIO,
    _C.HOLD: _NO_CALLS,
    _C.BLIND_TRANSFER: _NO_CALLS,
    _C.ATTENDED_TRANSFER: _NO_CALLS,
    _C.JOIN: _NO_CALLS,
    _C.FORWARD: _NO_CALLS,
    _C.PARAMETERS: _NO_CALLS,
    _C.RESTART_MEDIA: _NO_AUDIO,
    _C.REPORTS: _NO_AUDIO,
    _C.CLICK_TO_CALL: "AgentHub cannot ring two devices.",
    _C.WATCH_PRESENCE: "AgentHub shows everybody who is online to admins, not people one by one.",
    _C.DIRECTORY: "AgentHub has no directory; contacts are kept in this console.",
    _C.ADDRESS_BOOK: "AgentHub has no address book; contacts are kept in this console.",
    _C.INSTANT_MESSAGES: "AgentHub brings messages of supervisors and customers, and takes none.",
    _C.SMS: "AgentHub carries no SMS.",
    _C.PLATFORM_HISTORY: "AgentHub keeps no history for agents; this console does.",
    _C.VOICEMAIL: "AgentHub has no voicemail.",
    _C.SIP_EVENTS: "AgentHub does not speak SIP.",
    _C.SERVICES: "AgentHub has no services to subscribe.",
    _C.RAW_REQUESTS: "AgentHub takes no requests.",
    _C.MONITORING: "AgentHub has no monitoring interface.",
    _C.JOBS: "AgentHub has no jobs.",
    _C.AGENT_COMMANDS: "Commands are off; set enabled in the account's commands section.",
}
WITHOUT_COMMANDS = Capabilities(_ALLOWED, _WHY_NOT)
WITH_COMMANDS = Capabilities((*_ALLOWED, _C.AGENT_COMMANDS), _WHY_NOT)
