"""The lab's TLS port, and what `lab-ctl` makes happen on its Ribbon gateway."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest

from softphone.cli import labctl
from softphone.lab.settings import LabSettings
from tests.lab.plain_client import in_thread
from tests.lab.plain_ribbon_client import Client
from tests.lab.ribbon_place import ECHO, Gateway


class Ctl:
    """`softphone lab-ctl` against one lab, in a thread beside it."""

    def __init__(self, gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
        self._url = gateway.lab.ready()["control"]
        self._capsys = capsys

    async def __call__(self, *arguments: str) -> list[dict[str, Any]]:
        code = await asyncio.to_thread(labctl.run, "lab-ctl", ["--url", self._url, *arguments])
        assert code == 0
        return [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]


@pytest.fixture
def ctl(
    gateway: Gateway, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Ctl:
    monkeypatch.setenv(labctl.KEY_VARIABLE, gateway.lab.ready()["control_key"])
    return Ctl(gateway, capsys)


async def test_a_message_a_lamp_and_an_event_reach_the_user(gateway: Gateway, ctl: Ctl) -> None:
    alice = await gateway.device("alice", "IM", "MWI", "event:dialog")

    await ctl("message", "alice", "the goods are here", "--from", "bob@lab.test", "--name", "Bob")
    await ctl("mwi", "alice@lab.test", "--total", "9", "--unheard", "4")
    done = await ctl("sip-event", "alice", "event:dialog", "--data", "<x/>")

    said = (await alice.told("IM"))["imnotificationParams"]
    assert (said["msgText"], said["primaryContact"]) == ("the goods are here", "sip:bob@lab.test")
    assert (await alice.told("mwi"))["mwiNotificationParam"]["totalVoice"] == "9"
    assert (await alice.told("event:dialog"))["genericNotificationParams"]["data"] == "<x/>"
    assert done == [{"type": "done", "done": 1}]


async def test_presence_is_set_for_somebody_else(gateway: Gateway, ctl: Ctl) -> None:
    alice = await gateway.device("alice")
    wanted = {"userList": ["carol@lab.test"], "action": "watch"}
    await alice.ok("POST", "presenceWatcher", {"presenceWatcherRequest": wanted})
    await alice.told("presenceWatcher")

    await ctl("presence", "carol", "open", "vacation", "--note", "back in May")

    told = await alice.told("presenceWatcher")
    assert told["presenceWatcherNotificationParams"]["note"] == "back in May"


@pytest.mark.parametrize(("verb", "event"), [("gone", "gone"), ("override", "websocketOverridden")])
async def test_a_subscription_is_taken_away(
    gateway: Gateway, ctl: Ctl, verb: str, event: str
) -> None:
    alice = await gateway.device("alice")

    await ctl(verb, "alice")

    await alice.told(event)


async def test_a_user_is_rung_dropped_and_given_a_token(gateway: Gateway, ctl: Ctl) -> None:
    alice = await gateway.device("alice")

    (rung,) = await ctl("ring", "alice@lab.test", "--far-end", "tone")
    offered = await alice.told("call")
    (token,) = await ctl("token", "alice", "--service", "ribbon", "--ttl", "60")
    dropped = await ctl("drop", "ribbon", "alice", "--code", "4000")

    assert rung["type"] == "ringing"
    assert offered["sessionParams"]["sdp"].startswith("v=0")
    assert dropped == [{"type": "dropped", "sockets": 1}]
    by_token = gateway.bare("alice", bearer=token["token"])
    assert (await by_token.rest("GET", "voicemail"))[0] == 200


async def test_a_token_ends_when_its_time_is_over(gateway: Gateway, ctl: Ctl) -> None:
    (token,) = await ctl("token", "alice", "--service", "ribbon", "--ttl", "-1")

    by_token = gateway.bare("alice", bearer=token["token"])

    assert (await by_token.rest("GET", "voicemail"))[0] == 401


async def test_who_and_what_nobody_knows_is_refused(gateway: Gateway) -> None:
    key = {"Authorization": f"Bearer {gateway.lab.ready()['control_key']}"}
    bodies = (
        {"verb": "message", "user": "mallory", "text": "x"},
        {"verb": "explode", "user": "alice"},
        {"verb": "message", "user": "alice", "text": 7},
        {"verb": "mwi", "user": "alice", "total": -1},
        {"verb": "message", "user": "alice", "service": "audin"},
    )

    for body in bodies:
        status, said, _ = await in_thread("POST", f"{gateway.url}/lab/act", body, key)
        assert status == 400, body
        assert said["message"]


@pytest.mark.parametrize("gateway", [{"tls": True}], indirect=True)
async def test_the_tls_port_serves_rest_sockets_and_calls(gateway: Gateway) -> None:
    ready = gateway.lab.ready()
    trusted = await asyncio.to_thread(ssl.create_default_context, cafile=ready["certificate"])
    known = gateway.service.sign_in("alice@lab.test")

    alice = Client(ready["ribbon"]["https"], known["user"], known["password"], ssl=trusted)
    try:
        await alice.start()
        call = await alice.call(ECHO, 440.0)
        await call.answered()
        await call.media.hears(440.0)
    finally:
        await alice.close()

    assert ready["ribbon"]["wss"].startswith("wss://127.0.0.1:")


async def test_the_announcement_names_users_and_where_they_sign_in(gateway: Gateway) -> None:
    said = gateway.lab.ready()["ribbon"]

    assert (said["http"], said["https"]) == (gateway.url, None)
    assert said["ws"] == gateway.url.replace("http", "ws")
    assert [one["user"] for one in said["users"]] == [
        f"{name}@lab.test" for name in ("alice", "bob", "carol", "dave")
    ]
    assert all(one["password"] and one["hmac"] and one["token"] for one in said["users"])


async def test_a_lab_with_a_ribbon_account_writes_it_into_its_config() -> None:
    from softphone.lab.server import running_lab

    async with running_lab(LabSettings(scenario="quiet", accounts=("audin", "ribbon"))) as lab:
        text = await asyncio.to_thread(Path(lab.config).read_text, encoding="utf-8")
        mode = lab.config.stat().st_mode & 0o777

    assert 'kind = "ribbon"' in text
    assert 'user = "alice@lab.test"' in text
    assert mode == 0o600


async def test_the_lab_process_announces_tls(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "softphone", "lab", "--json", "--tls", "--with-parent"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "PATH": ""},
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        ready = json.loads(await process.stdout.readline())
        await process.communicate(b"")

    assert ready["ribbon"]["https"].startswith("https://127.0.0.1:")
    assert process.returncode == 0


async def test_a_script_that_imports_nothing_of_ours_completes_a_call(gateway: Gateway) -> None:
    script = Path(__file__).with_name("plain_ribbon_client.py")
    known = gateway.service.sign_in("alice@lab.test")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(script), gateway.url, known["user"], "echo@lab.test"),
        stdout=asyncio.subprocess.PIPE,
        env={"PASSWORD": known["password"], "PATH": ""},
    )
    async with asyncio.timeout(30):
        said, _ = await process.communicate()

    assert said.decode().strip() == "done"
    assert "softphone" not in (await asyncio.to_thread(script.read_text, "utf-8"))
