"""What a gateway's SDK shows its users, in the console: offered video, version, presence."""

from __future__ import annotations

from softphone import __version__
from softphone.model import event as e
from softphone.model.call import AccountName
from softphone.model.presence import Activity, Presence
from tests.ui.conftest import NOW, Console


async def test_a_ringing_call_says_whether_video_was_offered(console: Console) -> None:
    await console.show_calls(console.make.offer("c1"))
    plain = console.screen_text()
    await console.show_calls(console.make.offer("c1", video_offered=True))

    assert "audio+video" not in plain
    assert "audio+video" in console.screen_text()


async def test_the_help_ends_with_the_version(console: Console) -> None:
    await console.press("f1")
    await console.press("G")

    assert f"softphone {__version__}, Python 3." in console.screen_text()


async def test_presence_of_a_watched_person_is_shown_with_its_words(console: Console) -> None:
    bob = Presence(AccountName("audin"), "bob@lab.test", True, Activity.LUNCH, "back at two", NOW)
    await console.emit(e.PresenceChanged(bob))
    await console.press("tab")
    await console.press("S")

    text = console.screen_text()
    assert "bob" in text
    assert "back at two" in text
