"""The adapter at a server that shares no code with it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.presence import LinkState
from tests.adapters.agenthub.agent import NAME, Seat, until

SERVER = Path(__file__).parent / "plain_hub.py"


async def test_the_adapter_serves_an_agent_at_a_server_of_another_hand() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = {"sub": "52", "tid": "acme", "exp": time.time() + 60, "roles": ["agent", "admin"]}
    token = jwt.encode(claims, key, algorithm="RS256")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SERVER), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        port = json.loads(await process.stdout.readline())["port"]
        seat = Seat(lambda: token, base_url=f"http://127.0.0.1:{port}", heartbeat_s=0.1)
        await seat.start()
        await seat.do(c.GoOnline(NAME))
        pop = (await until(lambda: seat.of(e.ScreenPopped)))[0].pop
        await until(lambda: seat.users == ["adams"])
        said: list[Any] = [json.loads(await process.stdout.readline()) for _ in range(4)]
        await seat.do(c.GoOffline(NAME))
        await seat.linked(LinkState.OFFLINE)
        await seat.stop()
        left: Any = None
        async with asyncio.timeout(5.0):  # the server may see the close before the second one
            while left is None or left[3] != "phx_leave":
                left = json.loads(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()

    assert (pop.number, pop.native_id, pop.body) == ("+551133334444", "8812", "a=b")
    assert [one[3] for one in said[:2]] == ["phx_join", "phx_join"]
    assert {one[2] for one in said[:2]} == {"agent:acme:52", "online:acme"}
    assert said[2][0] is None
    assert said[2][2:] == ["phoenix", "heartbeat", {}]
    assert all(isinstance(one[1], str) for one in said)
