"""Agent statuses and call states by number, name and meaning (reference, 10.5 to 10.7). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from softphone.model.agent import AgentGroup
from softphone.model.text import clean

# In order of their numbers.
_NAMES = """Nothing Idle Talking Wrap Pause Ending TalkingWithPause WrapWithPause TalkingWithEnding
WrapWithEnding Consulting InChat InChatWithPause InChatWithEnding ConsultingWithPause
ConsultingWithEnding Transfer Holding HoldingWithPause HoldingWithEnding ManualCall
TalkingWithManualCall WrapWithManualCall ConsultingWithManualCall HoldingWithManualCall Redial
PrivateCallback TalkingWithPrivateCallback WrapWithPrivateCallback ManualcallWithPrivateCallback
ConsultingWithPrivateCallback HoldingWithPrivateCallback ThirdPartyCampaign PersonalCall
TalkingWithPersonalCall WrapWithPersonalCall ManualcallWithPersonalCall ConsultingWithPersonalCall
HoldingWithPersonalCall PersonalCallWithPause PersonalCallWithEnding Analyzing Attempting Waiting
AnalyzingWithPause AnalyzingWithEnding AnalyzingWithPrivateCallback AnalyzingWithPersonalCall
AttemptingWithPause AttemptingWithEnding AttemptingWithPersonalCall AttemptingWithPrivateCallback
AfterAttempting AfterAttemptWithPersonalCall RedialWithPersonalCall InConference
InConferenceWithPause InConferenceWithEnding InConferenceWithManualCall
InConferenceWithPrivateCallback InConferenceWithPersonalCall Reading Pausing
RedialWithPrivateCallback"""
STATUSES: dict[int, str] = dict(enumerate(_NAMES.split())) | {9999: "End"}
_NUMBERS = {name.lower(): number for number, name in STATUSES.items()} | {
    "chat": 11,  # the older APIs' names
    "transfering": 16,
}

IDLE, TALKING, WRAP, PAUSE, ENDING, MANUAL_CALL, TALKING_MANUAL, WRAP_MANUAL = (
    1,
    2,
    3,
    4,
    5,
    20,
    21,
    22,
)

# By the part before "With"; ASSUMED from the names.
_GROUPS = {
    AgentGroup.AVAILABLE: "idle waiting",
    AgentGroup.BUSY: "talking consulting inchat transfer redial inconference manualcall"
    " personalcall privatecallback thirdpartycampaign reading",
    AgentGroup.HELD: "holding",
    AgentGroup.AFTER_CALL: "wrap afterattempting afterattempt",
    AgentGroup.PREVIEW: "analyzing attempting",
    AgentGroup.PAUSED: "pause pausing",
    AgentGroup.LEAVING: "ending end",
}
_GROUP_OF = {name: group for group, names in _GROUPS.items() for name in names.split()}
_NEXT = {"Pause": "pause", "Ending": "logout"}
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


class CallStep(IntEnum):
    """States of an Olos call."""

    NOTHING = -1
    STARTED = 0
    ALERTING = 1
    CUSTOMER_CONNECTED = 2
    ROUTING = 3
    AGENT_CONNECTED = 4
    FINISHED = 5
    CONSULTING = 6
    TRANSFERRING = 7
    QUEUE = 8
    HOLDING = 9


class SupervisorResult(IntEnum):
    """Why a message to a supervisor was not taken."""

    GENERIC_ERROR = -1
    OK = 0
    AGENT_NOT_FOUND = 1
    SUPERVISOR_NOT_FOUND = 2
    SERVICE_NOT_AVAILABLE = 3
    NOT_CONFIGURED = 4
    NOT_SUPERVISOR_OF_AGENT = 5
    EMPTY_MESSAGE = 6
    MESSAGE_TOO_LONG = 7
    NOT_CHAT_SUPERVISOR_OF_AGENT = 8


@dataclass(frozen=True, slots=True)
class Status:
    """A status as it is read: number, words, meaning, and what comes after it."""

    number: int | None
    title: str
    group: AgentGroup
    next: str = ""
    may_dispose: bool = False


def read_status(value: object) -> Status:
    """Return a status given as number, numeric text or name; unknown ones as they came."""
    number = _number(value)
    if number is None or number not in STATUSES:
        shown = clean(str(value), 32) if isinstance(value, int | str) else "?"
        return Status(number, f"status {shown}", AgentGroup.UNKNOWN)
    name = STATUSES[number]
    present, _, after = name.partition("With")
    group = _GROUP_OF.get(present.lower(), AgentGroup.UNKNOWN)
    title = _words(present) + ("" if not after or after in _NEXT else f", {_words(after).lower()}")
    return Status(number, title, group, _NEXT.get(after, ""), present == "Wrap")


def call_step(value: object) -> str:
    """Return a call state in words; unknown ones as they came."""
    number = _integer(value)
    try:
        return CallStep(number if number is not None else -99).name.lower().replace("_", " ")
    except ValueError:
        return f"state {clean(str(value), 32)}" if isinstance(value, int | str) else "state ?"


def supervisor_result(value: object) -> str:
    """Return why a supervisor was not reached, in words."""
    number = _integer(value)
    try:
        return (
            SupervisorResult(number if number is not None else -99).name.lower().replace("_", " ")
        )
    except ValueError:
        return clean(str(value), 32) if isinstance(value, int | str) else "?"


def _number(value: object) -> int | None:
    number = _integer(value)
    if number is None and isinstance(value, str):
        return _NUMBERS.get(value.strip().lower())
    return number


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value.strip()):
        return int(value)
    return None


def _words(name: str) -> str:
    return _WORDS.sub(" ", name).capitalize() if name else ""
