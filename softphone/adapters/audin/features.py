"""What Audin can do, and in a sentence each why not the rest."""

from __future__ import annotations

from softphone.model.capability import Capabilities, Capability

_C = Capability

CAPABILITIES = Capabilities(
    allowed=(
        _C.AVAILABILITY,
        _C.DIAL,
        _C.ANSWER,
        _C.DECLINE,
        _C.IGNORE,
        _C.HANG_UP,
        _C.MUTE,
        _C.TONES,
    ),
    why_not={
        _C.OWN_PRESENCE: "Audin knows availability on numbers, no presence with activities.",
        _C.HOLD: "Audin has no hold; this console holds locally instead.",
        _C.BLIND_TRANSFER: "Audin cannot transfer calls.",
        _C.ATTENDED_TRANSFER: "Audin cannot transfer calls.",
        _C.JOIN: "Audin takes one call at a time and cannot join calls.",
        _C.FORWARD: "Audin cannot forward an offer; decline it, and others are offered it.",
        _C.PARAMETERS: "Audin calls carry no custom parameters.",
        _C.RESTART_MEDIA: "Audin's audio is one socket; it cannot be built anew in a call.",
        _C.REPORTS: "Audin gives no reports of its own and takes no ringing by hand.",
        _C.CLICK_TO_CALL: "Audin cannot ring two other devices.",
        _C.WATCH_PRESENCE: "Audin does not tell what other operators do.",
        _C.DIRECTORY: "Audin has no directory; contacts are kept in this console.",
        _C.ADDRESS_BOOK: "Audin has no address book; contacts are kept in this console.",
        _C.INSTANT_MESSAGES: "Audin carries voice only.",
        _C.SMS: "Audin carries voice only.",
        _C.PLATFORM_HISTORY: "Audin keeps no history for operators; this console does.",
        _C.VOICEMAIL: "Audin has no voicemail for operators.",
        _C.SIP_EVENTS: "Audin does not speak SIP to operators.",
        _C.SERVICES: "Audin has no services to subscribe.",
        _C.RAW_REQUESTS: "Audin's interface has a list of numbers and nothing else to ask for.",
        _C.SCREEN_POPS: "Audin sends no customer data with a call.",
        _C.AGENT_STATUS: "Audin knows available and not available only.",
        _C.ONLINE_USERS: "Audin does not list operators.",
        _C.AGENT_COMMANDS: "Audin has no agent to pause, dial or dispose for.",
        _C.MONITORING: "Audin has no monitoring interface.",
        _C.JOBS: "Audin has no jobs.",
    },
)
