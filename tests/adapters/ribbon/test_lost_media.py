"""Connections that never come up, and far ends that disappear; slow, because patience is."""

from __future__ import annotations

import pytest

from softphone.model import command as c
from softphone.model.call import MediaState
from tests.adapters.ribbon.seat import Floor, until


async def test_a_connection_that_cannot_be_built_is_said_and_can_be_hung_up(
    floor: Floor, nightly: bool
) -> None:
    if not nightly:
        pytest.skip("takes 20 s; with make nightly")
    alice = await floor.at_work()
    await floor.fault("sdp", event="respondCallUpdate", form="no_candidates")

    call = await alice.dial("tone@lab.test")
    await alice.active(call)
    # The far end gives up at the same time, and may say so first.
    await until(lambda: MediaState.LOST in alice.media_of(call) or alice.end_of(call), 40.0)

    assert MediaState.FLOWING not in alice.media_of(call)
    if alice.end_of(call) is None:
        assert "restart its audio" in alice.remarks()
        await alice.do(c.HangUp(call))
    await alice.over(call)


async def test_a_far_end_that_disappears_is_noticed_and_said(floor: Floor, nightly: bool) -> None:
    if not nightly:
        pytest.skip("takes 10 s; with make nightly")
    alice = await floor.at_work()
    call = await alice.talk("tone@lab.test")

    await floor.fault("vanish")
    await until(lambda: alice.media_of(call)[-1] is MediaState.LOST, 40.0)

    assert MediaState.SILENT in alice.media_of(call)
    assert "is lost" in alice.remarks()
