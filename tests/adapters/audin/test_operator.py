"""AudinOperator, the library, against the lab: every method, event and option of the SDK."""

from __future__ import annotations

import asyncio
import logging
import threading
from functools import partial
from typing import Any

import numpy as np
import pytest

import softphone.adapters.audin as audin
from softphone.adapters.audin import (
    AudinOperator,
    AvailabilityResult,
    CallState,
    LinkState,
    OperatorCall,
    OperatorError,
    OperatorRequestError,
    OwnNumber,
    decode_mulaw,
    encode_mulaw,
    resample_linear,
)
from softphone.adapters.audin.operator import EVENTS
from softphone.audio.g711 import encode_mulaw as original
from softphone.lab.farends import FAR_ENDS
from softphone.model.error import ConfigError
from tests.adapters.audin.desk import MILANO, Room, until


def operator_of(room: Room, ref: str = "op-1", **options: Any) -> AudinOperator:
    """Return an operator without a sound card."""
    table = room.account(ref, **options)
    del table["phone_number_ids"], table["online_at_start"]
    return AudinOperator(**{"audio": "null", **table})


class Heard:
    """Everything the operator's events said, in order."""

    def __init__(self, operator: AudinOperator) -> None:
        self.said: list[tuple[str, Any]] = []
        for name in EVENTS:
            operator.on(name, partial(self._hear, name))

    def _hear(self, name: str, value: object) -> None:
        self.said.append((name, value))

    def of(self, name: str) -> list[Any]:
        return [value for event, value in self.said if event == name]


async def test_numbers_are_listed_and_one_goes_online_on_them(room: Room) -> None:
    async with operator_of(room) as operator:
        heard = Heard(operator)

        numbers = await operator.list_phone_numbers()
        await operator.go_online([numbers[0].id])
        await until(lambda: heard.of("availability_changed"))

        assert numbers[0] == OwnNumber("pn_1", MILANO, "Milano")
        assert operator.state is LinkState.ONLINE
        assert heard.of("presence_state_changed") == [LinkState.CONNECTING, LinkState.ONLINE]
        assert heard.of("availability_changed") == [AvailabilityResult(("pn_1",), ())]


async def test_going_online_again_changes_the_set(room: Room) -> None:
    async with operator_of(room) as operator:
        heard = Heard(operator)
        await operator.go_online(["pn_1"])

        await operator.go_online(["pn_2", "pn_9"])

        await until(lambda: len(heard.of("availability_changed")) == 2)
        assert heard.of("availability_changed")[1] == AvailabilityResult(("pn_2",), ("pn_9",))
        assert room.available() == ["pn_2"]
        await operator.go_online([])
        assert room.available() == ["pn_2"]


async def test_an_incoming_call_is_accepted_and_hung_up(room: Room) -> None:
    async with operator_of(room) as operator:
        heard = Heard(operator)
        operator.on("incoming_call", lambda call: call.accept())
        await operator.go_online(["pn_1"])

        sid = await room.ring(caller="+393331234567", far_end="tone")
        call: OperatorCall = (await until(lambda: heard.of("call_started")))[0]

        current = operator.current_call
        assert current is call
        assert (call.call_sid, call.direction.value, call.from_, call.to) == (
            sid,
            "inbound",
            "+393331234567",
            MILANO,
        )
        call.accept()
        call.reject()
        call.hangup()
        await until(lambda: heard.of("call_ended"))
        assert call.end_reason is not None
        assert (call.state, call.end_reason.value) == (CallState.ENDED, "hangup")
        assert operator.current_call is None
        assert heard.of("error") == []


async def test_an_incoming_call_is_rejected(room: Room) -> None:
    async with operator_of(room) as operator:
        heard = Heard(operator)
        operator.once("incoming_call", lambda call: call.reject())
        await operator.go_online(["pn_1"])

        sid = await room.ring()

        ended = await until(lambda: heard.of("call_ended"))
        assert ended[0].end_reason.value == "declined"
        assert await until(lambda: room.call(sid)["reason"]) == "declined"


async def test_a_dialled_call_can_be_muted_and_sent_digits(room: Room) -> None:
    async with operator_of(room, dtmf="control") as operator:
        heard = Heard(operator)
        await operator.go_online(["pn_1"])

        call = await operator.dial(FAR_ENDS["menu"], caller_id=MILANO)
        await until(lambda: call.state is CallState.ACTIVE)
        call.mute(True)
        await until(
            lambda: room.call(call.call_sid)["muted"] and room.call(call.call_sid)["answered"]
        )
        call.send_dtmf("5")
        await until(lambda: room.call(call.call_sid)["digits"] == "5")
        call.mute(False)
        await until(lambda: not room.call(call.call_sid)["muted"])

        assert (call.direction.value, call.to, call.muted) == ("outbound", FAR_ENDS["menu"], False)
        assert heard.of("call_started") == [call]


async def test_a_call_muted_before_it_is_up_starts_muted(room: Room) -> None:
    async with operator_of(room, audio=("tone", "null")) as operator:
        operator.on("incoming_call", lambda call: (call.mute(True), call.accept()))
        await operator.go_online(["pn_1"])

        sid = await room.ring(far_end="silence")

        await until(lambda: room.call(sid)["muted"])
        await until(lambda: room.call(sid)["received"]["frames"] > 20)
        assert room.call(sid)["received"]["level_dbfs"] is None


async def test_the_microphone_is_heard_at_the_far_end(room: Room) -> None:
    async with operator_of(room, audio=("tone", "null")) as operator:
        operator.on("incoming_call", lambda call: call.accept())
        await operator.go_online(["pn_1"])

        sid = await room.ring(far_end="silence")

        await until(lambda: (room.call(sid)["received"]["level_dbfs"] or -99) > -30)


@pytest.mark.parametrize("digit", ["", "55", "A", "+", " "])
async def test_send_dtmf_takes_one_digit_star_or_pound(room: Room, digit: str) -> None:
    async with operator_of(room) as operator:
        await operator.go_online(["pn_1"])
        call = await operator.dial(FAR_ENDS["menu"], MILANO)

        with pytest.raises(ValueError, match="not one of"):
            call.send_dtmf(digit)


async def test_what_a_call_does_not_allow_is_an_error_event_or_nothing(room: Room) -> None:
    async with operator_of(room) as operator:
        heard = Heard(operator)
        await operator.go_online(["pn_1"])
        await room.ring()
        call = (await until(lambda: heard.of("incoming_call")))[0]

        call.hangup()
        call.send_dtmf("5")
        await until(lambda: heard.of("error"))
        call.reject()
        await until(lambda: call.state is CallState.ENDED)
        call.hangup()
        call.mute(True)
        await asyncio.sleep(0)

        assert [error.code for error in heard.of("error")] == ["REFUSED"]
        assert isinstance(heard.of("error")[0].cause, Exception)
        assert call.muted is False


async def test_one_call_at_a_time(room: Room) -> None:
    async with operator_of(room) as operator:
        heard = Heard(operator)
        await operator.go_online(["pn_1"])
        await operator.dial(FAR_ENDS["tone"], MILANO)

        second = await room.ring()
        with pytest.raises(OperatorRequestError) as busy:
            await operator.dial(FAR_ENDS["tone"], MILANO)

        assert busy.value.code == "BUSY"
        assert await until(lambda: room.call(second)["reason"]) == "declined"
        assert heard.of("incoming_call") == []


async def test_a_refused_dial_raises_with_code_message_and_cause(room: Room) -> None:
    async with operator_of(room) as operator:
        await operator.go_online(["pn_1"])

        with pytest.raises(OperatorRequestError) as refused:
            await operator.dial(FAR_ENDS["reject"], MILANO)

        assert refused.value.code == "REJECTED"
        assert str(refused.value) == "The network refuses this number."
        assert refused.value.cause is not None


async def test_going_offline_ends_the_call_and_the_line(room: Room) -> None:
    async with operator_of(room) as operator:
        heard = Heard(operator)
        await operator.go_online(["pn_1"])
        call = await operator.dial(FAR_ENDS["tone"], MILANO)
        await until(lambda: call.state is CallState.ACTIVE)

        await operator.go_offline()

        assert call.end_reason is not None
        assert call.end_reason.value == "offline"
        assert operator.state is LinkState.OFFLINE
        assert heard.of("presence_state_changed")[-1] is LinkState.OFFLINE
        assert room.live() == []
        await operator.go_online(["pn_1"])
        assert await until(room.available) == ["pn_1"]


@pytest.mark.parametrize(("fault", "code"), [("numbers_401", "UNAUTHORIZED"), ("token_500", "")])
async def test_a_list_that_cannot_be_had_raises_with_the_sdks_code(
    room: Room, fault: str, code: str
) -> None:
    await room.fault(fault)
    async with operator_of(room) as operator:
        with pytest.raises(OperatorRequestError) as problem:
            await operator.list_phone_numbers()

    assert problem.value.code == (code or "REQUEST_FAILED")


async def test_a_refused_sign_in_raises_and_the_state_is_offline(room: Room) -> None:
    await room.fault("token_401")
    async with operator_of(room) as operator:
        heard = Heard(operator)

        with pytest.raises(OperatorRequestError) as refused:
            await operator.go_online(["pn_1"])

        assert refused.value.code == "UNAUTHORIZED"
        assert operator.state is LinkState.OFFLINE
        assert [error.code for error in heard.of("error")] == ["UNAUTHORIZED"]


async def test_get_token_is_asked_again_when_a_token_is_refused(room: Room) -> None:
    asked: list[str] = []

    async def get_token() -> dict[str, object]:
        asked.append("")
        return await asyncio.to_thread(room.control.token, "op-1")

    core = room.account()["core_url"]
    async with AudinOperator(
        core_url=core, get_token=get_token, audio="null", reconnect_backoff_ms=(50, 100)
    ) as operator:
        heard = Heard(operator)
        await operator.go_online(["pn_1"])
        await room.ask(room.control.drop, "audin", "op-1", 4401)
        await until(lambda: heard.of("presence_state_changed")[2:] == ["reconnecting", "online"])

    assert len(asked) == 2


@pytest.mark.parametrize("given", [{}, {"token": 7}, "", 7, RuntimeError("secret-canary")])
async def test_a_get_token_that_gives_none_is_an_error(room: Room, given: Any) -> None:
    async def get_token() -> Any:
        if isinstance(given, Exception):
            raise given
        return given

    core = room.account()["core_url"]
    async with AudinOperator(core_url=core, get_token=get_token, audio="null") as operator:
        with pytest.raises(OperatorRequestError) as problem:
            await operator.list_phone_numbers()

    assert problem.value.code == "REQUEST_FAILED"
    assert "canary" not in str(problem.value)


async def test_heartbeat_and_backoff_are_options(room: Room) -> None:
    async with operator_of(room, heartbeat_s=1.0, reconnect_backoff_ms=[60_000]) as operator:
        heard = Heard(operator)
        await operator.go_online(["pn_1"])

        await room.ask(room.control.drop, "audin", "op-1", 1011)

        await until(lambda: operator.state is LinkState.RECONNECTING)
        assert heard.of("presence_state_changed")[-1] is LinkState.RECONNECTING
    with pytest.raises(ConfigError):
        operator_of(room, heartbeat_s=0.1)
    with pytest.raises(ConfigError):
        AudinOperator(core_url="https://core.test")


async def test_listeners_come_and_go_and_may_fail(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[object] = []
    mine = logging.getLogger("mine")
    async with operator_of(room, logger=mine) as operator:
        operator.on("presence_state_changed", lambda state: 1 / 0)
        end = operator.on("presence_state_changed", said.append)
        operator.once("presence_state_changed", lambda state: said.append(f"once {state}"))
        operator.once("presence_state_changed", said.append)
        operator.off("presence_state_changed", said.append)
        operator.on("presence_state_changed", said.append)
        await operator.go_online(["pn_1"])
        end()

    assert said[:3] == ["once connecting", LinkState.CONNECTING, LinkState.ONLINE]
    assert {record.name for record in caplog.records if "listener" in record.message} == {"mine"}


@pytest.mark.parametrize("how", ["on", "off", "once"])
async def test_an_unknown_event_is_refused_naming_the_six(room: Room, how: str) -> None:
    operator = operator_of(room)

    with pytest.raises(ValueError, match=", ".join(EVENTS)):
        getattr(operator, how)("incomingCall", print)


async def test_it_must_be_entered_first(room: Room) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await operator_of(room).go_online(["pn_1"])


async def test_leaving_the_block_leaves_no_task_or_thread(room: Room) -> None:
    await room.ask(room.control.state)
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())

    async with operator_of(room) as operator:
        await operator.go_online(["pn_1"])
        await operator.dial(FAR_ENDS["tone"], MILANO)

    await until(lambda: not asyncio.all_tasks() - tasks)
    left = {thread.name for thread in set(threading.enumerate()) - threads}
    assert not {name for name in left if not name.startswith("asyncio")}
    assert room.live() == []


def test_the_codec_is_exported() -> None:
    pcm = np.array([0, 32767, -32768], "<i2").tobytes()

    assert encode_mulaw is original
    assert encode_mulaw(pcm) == b"\xff\x80\x00"
    assert encode_mulaw(decode_mulaw(b"\x12\xf2")) == b"\x12\xf2"


@pytest.mark.parametrize(("from_hz", "to_hz"), [(48_000, 8_000), (8_000, 48_000), (44_100, 8_000)])
def test_resampling_keeps_tone_and_length(from_hz: int, to_hz: int) -> None:
    place = np.arange(from_hz) / from_hz
    pcm = (10_000 * np.sin(2 * np.pi * 440 * place)).astype("<i2").tobytes()

    made = np.frombuffer(resample_linear(pcm, from_hz, to_hz), "<i2")

    assert len(made) == to_hz
    assert int(np.argmax(np.abs(np.fft.rfft(made)))) == 440
    assert resample_linear(b"", 8_000, 48_000) == b""
    with pytest.raises(ValueError, match="rate"):
        resample_linear(pcm, 0, 8_000)


def test_every_exported_name_is_there() -> None:
    assert all(getattr(audin, name) is not None for name in audin.__all__)
    with pytest.raises(AttributeError):
        _ = audin.nothing
    assert OperatorError("A", "b").cause is None
