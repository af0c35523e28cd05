"""Frames of clients that are gone."""

from __future__ import annotations

from softphone.engine.watching import Watching
from softphone.model import command as c
from softphone.model.call import AccountName
from softphone.model.monitor import Frame, FrameId

WATCH = AccountName("observer")


def opened(watching: Watching, client: str, frame: str) -> None:
    value = c.FrameOpened(Frame(FrameId(frame), WATCH, "call"))
    watching.note(client, c.OpenFrame(WATCH, c.FrameKind.CALL, "c-1"), value)


def closing(frame: str) -> c.CloseFrame:
    return c.CloseFrame(WATCH, FrameId(frame))


def test_a_client_that_is_gone_leaves_no_frame_open() -> None:
    watching = Watching()
    opened(watching, "one", "f-1")
    opened(watching, "one", "f-1")
    opened(watching, "one", "f-2")
    opened(watching, "two", "f-1")

    watching.note("one", closing("f-1"), None)

    assert watching.left("one") == [closing("f-1"), closing("f-2")]
    assert watching.left("one") == []
    assert watching.left("two") == [closing("f-1")]


def test_what_was_not_opened_here_is_not_closed_here() -> None:
    watching = Watching()

    watching.note("one", closing("f-9"), None)
    watching.note("one", c.OpenFrame(WATCH, c.FrameKind.CALL, "c-1"), None)

    assert watching.left("one") == []
