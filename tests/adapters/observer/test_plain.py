"""The adapter at a service, and a client at the lab, that share no code with softphone."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from softphone.model import command as c
from softphone.model.error import Refused
from softphone.model.monitor import FrameState
from tests.adapters.observer.post import NAME, Post, Site, until

HERE = Path(__file__).parent


@pytest.mark.parametrize("script", ["plain_server.py", "../../lab/plain_observer.py"])
def test_the_scripts_import_nothing_of_softphone(script: str) -> None:
    text = (HERE / script).read_text("utf-8")

    assert "import softphone" not in text
    assert "from softphone" not in text


async def test_the_main_flows_work_at_a_plain_service() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "plain_server.py"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    post = Post(
        url=f"http://127.0.0.1:{port}", token="open-sesame", reconnect_backoff_s=[0.05, 0.2],
        packed_rows=False,
    )  # fmt: skip
    try:
        await (await started(post)).online()
        listed = await post.do(c.ListObserved(NAME))
        found = await post.do(c.FindObserved(NAME, anything="cl-1"))
        frame = await post.frame(c.FrameKind.CLIENT, call="c-1", client="cl-1")
        await until(lambda: post.stored(frame.id).received > 5)
        await until(post.clients)
        rows = [json.loads(row) for row in await post.all_rows(frame.id)]
        with pytest.raises(Refused, match="admins only"):
            await post.do(c.ListJobs(NAME))
        state = post.stored(frame.id).state
    finally:
        await post.stop()
        process.kill()
        await process.wait()

    assert [(call.id, call.room, call.duration_s) for call in listed.calls] == [
        ("c-1", "room-9", 60)
    ]
    assert [call.matched_by for call in found.calls] == [("client",)]
    times = [row["timestamp"] for row in rows]
    assert times == [times[0] + 1000 * n for n in range(len(times))]
    told = post.clients()[-1].client
    assert (told.name, told.score, told.rtt_ms, told.loss_in) == ("Ada", 4.5, 42.5, 0.02)
    assert told.reasons == (("high-packetloss", "-1"),)
    assert state is FrameState.OPEN


async def started(post: Post) -> Post:
    await post.start()
    return post


async def test_a_plain_client_does_the_main_flows_at_the_lab(site: Site) -> None:
    script = HERE.parents[1] / "lab" / "plain_observer.py"
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), site.ready["ws"], site.ready["tokens"]["admin"],
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip

    out, errors = await asyncio.wait_for(process.communicate(), 20.0)

    assert (out, errors) == (b"done\n", b"")
