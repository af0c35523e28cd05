"""A call comes in: what keys do, and above all what they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softphone.model.command import Answer, Decline

if TYPE_CHECKING:
    from tests.ui.conftest import Console


async def test_typing_while_a_call_rings_never_answers(console: Console) -> None:
    await console.focus("dialer")

    await console.show_calls(console.make.offer("c1", caller="[/]"))
    await console.press("0", "enter", "space", "a", "d", "2")

    assert not console.commands(Answer)
    assert not console.commands(Decline)
    assert console.focused == "dialer"


async def test_f2_answers_the_shown_offer(console: Console) -> None:
    await console.show_calls(console.make.offer("c1"))

    await console.press("f2")

    assert console.commands(Answer) == [Answer(console.make.offer("c1").id)]
