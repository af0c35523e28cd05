"""The gateway from Python, as a program of its own would use it."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softphone.adapters.ribbon.gateway import RibbonCall, RibbonGateway
from softphone.audio.tones import tone
from softphone.model.call import CallState, EndReason
from softphone.model.error import ConnectError, Refused
from tests.adapters.ribbon.seat import Floor


@pytest.fixture
def hum(tmp_path: Path) -> Path:
    """A second of 440 Hz."""
    path = tmp_path / "hum.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", "not compressed"))
        file.writeframes(tone([440.0], 1.0).astype("<i2").tobytes())
    return path


def loudness(path: Path) -> float:
    with wave.open(str(path), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return float(np.abs(samples.astype(np.float64)).max()) if len(samples) else 0.0


def settings(floor: Floor, user: str = "alice", **changed: Any) -> dict[str, Any]:
    given = floor.account(user, **changed)
    del given["online_at_start"]
    return given


async def test_twenty_lines_call_play_record_and_hang_up(
    floor: Floor, hum: Path, tmp_path: Path
) -> None:
    heard = tmp_path / "heard.wav"

    async with RibbonGateway(audio="null", **settings(floor)) as gateway:
        call = await gateway.dial("echo@lab.test", play=hum, record=heard)
        await call.connected()
        await call.played(5.0)
        await call.hold()
        assert call.held_by_us
        await call.resume()
        await call.send_tones("12")
        await call.hang_up()
        reason = await call.ended(5.0)

    assert reason is EndReason.HANGUP
    assert call.report is not None
    assert loudness(heard) > 2000  # the echo of the hum came back


async def test_an_incoming_call_is_answered_by_a_listener(floor: Floor, hum: Path) -> None:
    told: list[RibbonCall] = []

    async with (
        RibbonGateway(audio="null", **settings(floor, "bob")) as bob,
        RibbonGateway(audio="tone", **settings(floor)) as alice,
    ):
        bob.on("incoming_call", told.append)
        call = await alice.dial("bob", parameters=(("X-Order", "7"),))
        await bob.until(lambda: bool(told), 5.0)
        await told[0].answer(play=hum)
        await call.connected(5.0)
        assert told[0].parameters == (("X-Order", "7"),)
        await told[0].hang_up()
        await call.ended(5.0)

    assert call.end_reason is EndReason.REMOTE_HANGUP
    assert call.state is CallState.ENDED


async def test_a_wrong_password_is_an_error_at_the_door_and_nothing_is_left(floor: Floor) -> None:
    before = asyncio.all_tasks()

    with pytest.raises(ConnectError) as refused:
        async with RibbonGateway(audio="null", **settings(floor, password="wrong")):
            pytest.fail("signed in with a wrong password")

    assert refused.value.code == "UNAUTHORIZED"
    await asyncio.sleep(0)
    assert not {t for t in asyncio.all_tasks() - before if "adapters" in str(t.get_coro())}


async def test_a_call_nobody_takes_says_so(floor: Floor) -> None:
    async with RibbonGateway(audio="null", **settings(floor)) as gateway:
        call = await gateway.dial("+390255500486")
        with pytest.raises(Refused, match="over"):
            await call.connected(5.0)


async def test_listeners_are_for_known_events_and_may_fail(floor: Floor) -> None:
    async with RibbonGateway(audio="null", **settings(floor)) as gateway:
        with pytest.raises(ValueError, match="No event"):
            gateway.on("weather", print)
        seen: list[object] = []
        end = gateway.on("event", seen.append)
        gateway.on("event", lambda _: 1 / 0)

        call = await gateway.dial("echo@lab.test")
        await call.connected()
        end()

    assert seen
