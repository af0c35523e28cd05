"""What happened, in a line an operator would tell a colleague."""

from __future__ import annotations

from dataclasses import replace

import pytest

from softphone.engine.narrator import (
    account_line,
    call_line,
    device_words,
    pop_line,
    timeline_entry,
)
from softphone.model.call import (
    AccountName,
    Call,
    CallId,
    CallState,
    Direction,
    EndReason,
    MediaState,
    Party,
)
from softphone.model.device import AudioStatus
from softphone.model.event import Level
from softphone.model.message import ScreenPop
from softphone.model.presence import Account, Availability, LinkState, OwnNumber
from softphone.model.record import TimelineEntry

RINGING = Call(
    CallId("c1"),
    AccountName("desk"),
    Direction.INBOUND,
    CallState.RINGING,
    remote=Party("+391", "Bob"),
    local=Party("+392"),
)
DIALING = replace(RINGING, direction=Direction.OUTBOUND, state=CallState.DIALING)
ACTIVE = replace(RINGING, state=CallState.ACTIVE, answered_at=1.0)
DECLINED = RINGING.ended(EndReason.DECLINED, 1.0, 2.0, "busy", "another call is up")


def to(state: CallState) -> Call:
    return replace(RINGING, state=state)


@pytest.mark.parametrize(
    ("before", "after", "level", "text"),
    [
        (None, RINGING, Level.INFO, "ringing: Bob (+391) on +392"),
        (None, replace(RINGING, local=Party()), Level.INFO, "ringing: Bob (+391)"),
        (None, replace(RINGING, remote=Party()), Level.INFO, "ringing: unknown caller on +392"),
        (None, DIALING, Level.INFO, "dialling Bob (+391)"),
        (None, DECLINED, Level.WARNING, "declined Bob (+391) by itself: another call is up"),
        (RINGING, to(CallState.CONNECTING), Level.INFO, "connecting Bob (+391)"),
        (DIALING, to(CallState.ALERTING), Level.INFO, "ringing at Bob (+391)"),
        (DIALING, to(CallState.EARLY_MEDIA), Level.INFO, "early sound from Bob (+391)"),
        (RINGING, ACTIVE, Level.GOOD, "talking with Bob (+391)"),
        (ACTIVE, to(CallState.HELD), Level.INFO, "Bob (+391) is on hold"),
        (
            ACTIVE,
            ACTIVE.ended(EndReason.REMOTE_HANGUP, 1.0, 2.0),
            Level.INFO,
            "call with Bob (+391) ended: far end hung up",
        ),
        (
            RINGING,
            RINGING.ended(EndReason.CANCELLED, 1.0, 2.0, detail="caller gave up"),
            Level.WARNING,
            "missed call with Bob (+391) ended: cancelled (caller gave up)",
        ),
        (
            ACTIVE,
            replace(ACTIVE, media=MediaState.SILENT),
            Level.WARNING,
            "no audio from Bob (+391); the call is still up",
        ),
        (
            to(CallState.HELD),
            replace(to(CallState.HELD), media=MediaState.LOST),
            Level.ERROR,
            "audio with Bob (+391) was lost",
        ),
        (
            ACTIVE,
            replace(ACTIVE, media=MediaState.LOST),
            Level.ERROR,
            "audio with Bob (+391) was lost",
        ),
        (ACTIVE, replace(ACTIVE, muted=True), Level.INFO, "microphone closed for Bob (+391)"),
        (replace(ACTIVE, muted=True), ACTIVE, Level.INFO, "microphone open for Bob (+391)"),
        (ACTIVE, replace(ACTIVE, recording=True), Level.INFO, "recording on for Bob (+391)"),
        (replace(ACTIVE, recording=True), ACTIVE, Level.INFO, "recording off for Bob (+391)"),
    ],
)
def test_a_change_of_a_call_is_told(
    before: Call | None, after: Call, level: Level, text: str
) -> None:
    assert call_line(before, after) == (level, text)


def test_silence_of_a_held_line_is_no_news() -> None:
    held = to(CallState.HELD)

    assert call_line(held, replace(held, media=MediaState.SILENT)) is None


@pytest.mark.parametrize(
    "after",
    [
        ACTIVE,
        replace(ACTIVE, media=MediaState.FLOWING),
        replace(ACTIVE, tones="12"),
    ],
)
def test_small_changes_of_a_call_are_not_told(after: Call) -> None:
    assert call_line(ACTIVE, after) is None


@pytest.mark.parametrize("state", [state for state in CallState if state is not CallState.RINGING])
def test_every_state_a_call_can_enter_has_a_line(state: CallState) -> None:
    if state is not CallState.DIALING:
        assert call_line(RINGING, to(state)) is not None


@pytest.mark.parametrize(
    ("before", "after", "what", "detail"),
    [
        (None, RINGING, "offered", "Bob"),
        (None, DIALING, "dialled", "Bob"),
        (None, DECLINED, "ended", "declined (another call is up)"),
        (RINGING, ACTIVE, "active", ""),
        (RINGING, RINGING.ended(EndReason.IGNORED, 1.0, 2.0), "ended", "ignored"),
        (ACTIVE, replace(ACTIVE, media=MediaState.LOST), "media", "lost"),
        (ACTIVE, replace(ACTIVE, muted=True), "muted", "True"),
        (ACTIVE, replace(ACTIVE, recording=True), "recording", "True"),
        (ACTIVE, replace(ACTIVE, link_lost=True), "link_lost", "True"),
    ],
)
def test_the_timeline_gets_an_entry(
    before: Call | None, after: Call, what: str, detail: str
) -> None:
    assert timeline_entry(before, after) == TimelineEntry(0.0, what, detail)


def test_what_is_not_of_note_leaves_the_timeline_alone() -> None:
    assert timeline_entry(ACTIVE, replace(ACTIVE, tones="1")) is None


DOWN = Account(AccountName("desk"), "kind")
UP = replace(DOWN, link=LinkState.ONLINE)
LOST = replace(DOWN, link=LinkState.RECONNECTING, cause="reset by peer")
CONNECTING = replace(DOWN, link=LinkState.CONNECTING)


@pytest.mark.parametrize(
    ("before", "after", "level", "text"),
    [
        (CONNECTING, UP, Level.GOOD, "online"),
        (CONNECTING, replace(UP, identity="Ann"), Level.GOOD, "online as Ann"),
        (UP, LOST, Level.WARNING, "connection lost: reset by peer; trying again"),
        (UP, replace(LOST, cause="It was lost."), Level.WARNING, "It was lost; trying again"),
        (UP, replace(LOST, cause=""), Level.WARNING, "connection lost; trying again"),
        (CONNECTING, LOST, Level.WARNING, "cannot connect: reset by peer; trying again"),
        (UP, replace(DOWN, link=LinkState.FAILED, cause="no"), Level.ERROR, "given up: no"),
        (UP, DOWN, Level.INFO, "offline"),
        (UP, replace(DOWN, cause="asked to"), Level.INFO, "offline: asked to"),
    ],
)
def test_a_change_of_the_line_is_told(
    before: Account, after: Account, level: Level, text: str
) -> None:
    assert account_line(before, after) == (level, text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (DOWN, CONNECTING),
        (LOST, CONNECTING),
        (replace(CONNECTING, cause="x"), CONNECTING),
        (replace(DOWN, link=LinkState.FAILED), LOST),
        (UP, UP),
        (LOST, replace(LOST, retry_mono=5.0)),
    ],
)
def test_a_loss_is_told_once_and_not_once_a_try(before: Account, after: Account) -> None:
    assert account_line(before, after) is None


def available(wanted: str, accepted: str, rejected: str, confirmed: bool = True) -> Account:
    numbers = (OwnNumber("a", "+391", "Desk"), OwnNumber("b", "+392"))
    availability = Availability(tuple(wanted), tuple(accepted), tuple(rejected), confirmed)
    return replace(UP, numbers=numbers, availability=availability)


@pytest.mark.parametrize(
    ("after", "level", "text"),
    [
        (available("ab", "ab", ""), Level.GOOD, "reachable on Desk, +392"),
        (available("ab", "a", "b"), Level.WARNING, "reachable on Desk; not on +392"),
        (available("ab", "", "ab"), Level.WARNING, "no number accepted; rejected: Desk, +392"),
        (available("ab", "", ""), Level.WARNING, "no number accepted; rejected: all"),
        (available("", "", ""), Level.INFO, "not reachable: no number chosen"),
        (available("x", "x", ""), Level.GOOD, "reachable on x"),
    ],
)
def test_what_became_of_the_numbers_is_told(after: Account, level: Level, text: str) -> None:
    assert account_line(UP, after) == (level, text)


def test_numbers_that_are_only_asked_for_are_not_told() -> None:
    assert account_line(UP, available("ab", "", "", confirmed=False)) is None


@pytest.mark.parametrize(
    ("known", "text"),
    [
        ({}, "screen pop (text)"),
        (
            {"customer": "C1", "number": "+391", "campaign": "Renewals"},
            "screen pop (text): customer C1, +391, Renewals",
        ),
    ],
)
def test_customer_data_is_one_line(known: dict[str, str], text: str) -> None:
    assert pop_line(ScreenPop("p1", AccountName("hub"), 1.0, "text", **known)) == text  # type: ignore[arg-type]  # only texts


def test_a_change_of_devices_is_told_with_what_was_wrong() -> None:
    before = AudioStatus("alsa:headset", "alsa:headset")

    lost = AudioStatus("alsa:headset", "null", problem="The headset is gone.")
    other = AudioStatus("alsa:desk", "alsa:headset")

    assert device_words(before, before) == ""
    assert device_words(before, lost) == "speaker null, The headset is gone."
    assert device_words(before, other) == "microphone alsa:desk"
    assert device_words(lost, before) == "speaker alsa:headset, sound device works again"
