"""What a dialled call brings with it, on paper: tones that are sent once somebody answers."""

from __future__ import annotations

from pathlib import Path

from softphone.model import command as c
from softphone.model.call import AccountName
from tests.engine.paper import PaperDesk


def test_tones_that_were_not_sent_are_not_written_down_as_they_may_be_a_pin(
    tmp_path: Path,
) -> None:
    day = PaperDesk(tmp_path)
    sip = day.platforms[1]
    day.ask(c.Dial("+39021234,4711#", AccountName("sip")))
    (call,) = sip.live()
    sip.refuses = True

    day.happens(lambda: sip.far_end_answers(call))
    day.skip(2.5)
    told = [note.text for note in day.seat.notes if "not sent" in note.text]
    day.close()

    assert len(told) == 1
    assert "Not now." in told[0]
    assert "4711" not in told[0]
