"""The adapter at a service that was written from the SDK's documentation alone."""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import CallId
from softphone.model.error import SoftphoneError
from tests.adapters.audin.desk import MILANO, NAME, Desk, until

_SERVER = Path(__file__).with_name("plain_server.py")


class Plain:
    """The running service and a desk at it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.desk = Desk(
            core_url=url, token_url=f"{url}/token", reconnect_backoff_ms=[50], online_at_start=False
        )

    async def ask(self, method: str, path: str) -> Any:
        return await asyncio.to_thread(self._ask, method, path)

    def _ask(self, method: str, path: str) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(self.url + path, method=method), timeout=5) as got:
            return json.loads(got.read())

    async def log(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.ask("GET", "/seen"))["log"]
        return found

    async def logged(self, message: dict[str, Any], times: int = 1) -> list[dict[str, Any]]:
        """Return what the service has seen, once this message is in it so many times."""
        async with asyncio.timeout(5.0):
            while True:
                log = await self.log()
                if log.count(message) >= times:
                    return log
                await asyncio.sleep(0.02)

    async def ring(self) -> tuple[str, CallId]:
        sid: str = (await self.ask("POST", "/ring"))["callSid"]
        return sid, (await self.desk.offered(sid)).call


@pytest.fixture
async def plain() -> AsyncIterator[Plain]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(_SERVER), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    place = Plain((await asyncio.wait_for(process.stdout.readline(), 10.0)).decode().strip())
    try:
        await place.desk.start()
        await place.desk.ready("pn_1", "pn_2")
        yield place
    finally:
        await place.desk.stop()
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 5.0)


async def test_it_is_online_with_the_numbers_of_the_account(plain: Plain) -> None:
    numbers = plain.desk.of(e.NumbersListed)[-1].numbers

    assert [(n.id, n.number, n.name) for n in numbers] == [
        ("pn_1", MILANO, "Milano"),
        ("pn_2", "+390288888888", ""),
    ]
    assert await plain.log() == [{"type": "set_available", "phoneNumberIds": ["pn_1", "pn_2"]}]


async def test_an_inbound_call_is_answered_and_hung_up(plain: Plain) -> None:
    sid, call = await plain.ring()

    await plain.desk.do(c.Answer(call))
    await plain.desk.active(call)
    await plain.desk.do(c.Mute(call, True))
    await plain.desk.do(c.HangUp(call))

    log = await plain.logged({"type": "audio_closed", "callSid": sid})
    assert log[1:-1] == [
        {"type": "accept", "callSid": sid},
        {"type": "mute", "muted": True},
        {"type": "hangup"},
    ]


async def test_an_outbound_call_is_heard_back(plain: Plain) -> None:
    call = await plain.desk.dial("+39021234501")
    await plain.desk.active(call)

    plain.desk.pumps[call].hums = True

    await until(lambda: plain.desk.pumps[call].heard_dbfs > -20)
    stats = plain.desk.pumps[call].leg.stats()
    assert stats.bytes_received == 160 * stats.frames_received
    assert {"type": "start_outbound", "to": "+39021234501", "callerId": MILANO} in await plain.log()


async def test_a_busy_line_ends_as_busy(plain: Plain) -> None:
    call = await plain.desk.dial("+39021234502")

    assert (await plain.desk.over(call)).reason.value == "busy"


async def test_a_refused_number_raises_the_services_words(plain: Plain) -> None:
    with pytest.raises(SoftphoneError) as refused:
        await plain.desk.dial("+39021234503")

    assert (refused.value.code, str(refused.value)) == ("REFUSED", "no credit")


async def test_a_declined_call_is_rejected_on_the_wire(plain: Plain) -> None:
    sid, call = await plain.ring()

    await plain.desk.do(c.Decline(call))

    await plain.logged({"type": "reject", "callSid": sid})


async def test_digits_go_out_one_message_each(plain: Plain) -> None:
    call = await plain.desk.dial("+39021234501")
    await plain.desk.active(call)

    await plain.desk.do(c.SendTones(call, "5#", 50, 50))

    log = await plain.logged({"type": "dtmf", "digit": "#"})
    assert log[-2:] == [{"type": "dtmf", "digit": "5"}, {"type": "dtmf", "digit": "#"}]


async def test_after_a_drop_the_same_numbers_are_announced_again(plain: Plain) -> None:
    await plain.ask("POST", "/drop?code=1012")
    await until(lambda: plain.desk.links.count("online") == 2)

    await plain.logged({"type": "set_available", "phoneNumberIds": ["pn_1", "pn_2"]}, times=2)


async def test_going_offline_ends_the_call_and_withdraws(plain: Plain) -> None:
    call = await plain.desk.dial("+39021234501")
    await plain.desk.active(call)

    await plain.desk.do(c.GoOffline(NAME))

    log = await plain.logged({"type": "set_unavailable"})
    assert {"type": "hangup"} in log
