"""The lab as a process: what it announces, who may talk to it, what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

from softphone.config import load
from softphone.lab import run
from softphone.lab.client import LabClient
from softphone.lab.farends import FAR_ENDS, Times
from softphone.lab.server import Lab, running_lab
from softphone.lab.settings import LabSettings
from softphone.lab.status import status_page
from softphone.model.error import ConfigError, ConnectError, RequestError
from tests.lab.conftest import Place
from tests.lab.plain_client import Presence, eventually, in_thread

QUIET = LabSettings(scenario="quiet")


def client_of(place: Place) -> LabClient:
    ready = place.lab.ready()
    return LabClient(ready["control"], ready["control_key"])


# ---- what it announces -----------------------------------------------------------------------


async def test_ready_has_the_fields_that_scripts_rely_on(place: Place) -> None:
    ready = json.loads(json.dumps(place.lab.ready()))

    assert ready["http"] == f"http://127.0.0.1:{place.lab.port}"
    assert ready["control"] == ready["http"] + "/lab"
    assert ready["audin"]["core_url"] == ready["http"]
    assert ready["audin"]["operators"][0] == {"ref": "op-1", "name": "Giulia Ferri"}
    assert ready["audin"]["numbers"][0] == {"id": "pn_1", "phone_number": "+390299999999"}
    assert {"echo", "tone", "menu", "busy"} <= ready["far_ends"].keys()
    assert ready["ribbon"]["users"][0]["user"] == "alice@lab.test"
    assert ready["agenthub"]["users"][0]["username"] == "boss"
    assert ready["observer"]["ws"] == f"ws://127.0.0.1:{place.lab.port}/observer/ws"
    assert ready["observer"]["tokens"].keys() == {"viewer", "admin"}


async def test_the_config_is_ours_alone_complete_and_removed_at_the_end() -> None:
    async with running_lab(QUIET) as lab:
        path = lab.config
        config = load(path, need_file=True)

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.parent.exists()
    account, gateway, hub, monitor = config.accounts
    assert (monitor.name, monitor.kind) == ("observer", "observer")
    assert monitor.table["url"] == f"{lab.hub.base_url}/observer/ws"
    assert (hub.name, hub.kind) == ("agenthub", "agenthub")
    assert hub.table["base_url"] == lab.hub.base_url
    assert (gateway.name, gateway.kind) == ("ribbon", "ribbon")
    assert (account.name, account.kind) == ("audin", "audin")
    assert account.table["core_url"] == lab.hub.base_url
    assert account.table["phone_number_ids"] == ["pn_1", "pn_2"]
    assert config.names == FAR_ENDS


async def test_secrets_differ_between_runs_unless_there_is_a_seed() -> None:
    keys = [Lab(LabSettings(seed=seed)).control.key for seed in (None, None, 7, 7, 8)]

    assert len(set(keys)) == 4
    assert keys[2] == keys[3]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org", ""])  # refused
def test_any_address_but_loopback_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="loopback"):
        LabSettings(host=host)


def test_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(ConfigError, match="quiet"):
        LabSettings(scenario="party")


async def test_a_taken_port_is_one_sentence() -> None:
    async with running_lab(QUIET) as first:
        with pytest.raises(ConnectError, match=str(first.port)):
            await Lab(LabSettings(scenario="quiet", port=first.port)).start()


async def test_serving_announces_leaves_word_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTPHONE_RUNTIME_DIR", str(tmp_path / "run"))
    ready: list[dict[str, Any]] = []
    stop = asyncio.Event()
    serving = asyncio.create_task(run.serve(QUIET, ready.append, stop))
    await eventually(lambda: ready)

    word = run.runtime_file()
    mode = stat.S_IMODE(word.stat().st_mode)
    state = await asyncio.to_thread(LabClient.from_file(word).state)
    stop.set()
    await serving

    assert mode == 0o600
    assert state["scenario"] == "quiet"
    assert not word.exists()
    with pytest.raises(ConnectError, match="softphone lab"):
        LabClient.from_file(word)


async def test_open_sockets_are_told_when_the_lab_goes() -> None:
    lab = Lab(QUIET)
    await lab.start()
    token = (await in_thread("POST", lab.ready()["audin"]["token_url"]))[1]["token"]
    line = await Presence.open(lab.hub.base_url, token)
    closing = asyncio.create_task(line.closed())

    await lab.close()

    assert await closing == 1001


# ---- who may talk to it ----------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:8080", "null"])
async def test_local_pages_get_cors_answers(place: Place, origin: str) -> None:
    url = place.lab.ready()["audin"]["token_url"]
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-api-key",
    }

    status, _, preflight = await in_thread("OPTIONS", url, None, asked)
    _, answer, headers = await in_thread("POST", url, None, {"Origin": origin})

    assert status == 204
    assert preflight["Access-Control-Allow-Origin"] == origin
    assert preflight["Access-Control-Allow-Headers"] == "content-type,x-api-key"
    assert "POST" in preflight["Access-Control-Allow-Methods"]
    assert headers["Access-Control-Allow-Origin"] == origin
    assert answer["token"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "http://[::bad"},
        {"Host": "evil.example"},
    ],
)
async def test_other_pages_and_host_names_are_refused(
    place: Place, headers: dict[str, str]
) -> None:
    status, _, answered = await in_thread("GET", place.url, None, headers)

    assert status == 403
    assert "Access-Control-Allow-Origin" not in answered


async def test_control_needs_its_key(place: Place) -> None:
    for key in ("", "wrong"):
        status, _, _ = await in_thread(
            "GET", f"{place.url}/lab/state", None, {"Authorization": f"Bearer {key}"}
        )
        assert status == 401


async def test_the_token_endpoint_checks_the_api_key(place: Place) -> None:
    url, key = f"{place.url}/operator-sessions/token", place.lab.ready()["audin"]["api_key"]
    body = {"operatorRef": "op-17", "displayName": "Op 17", "phoneNumberIds": ["pn_1"]}

    refused = await in_thread("POST", url, body, {"X-API-Key": "wrong"})
    made = await in_thread("POST", url, body, {"X-API-Key": key})
    bad = await in_thread("POST", url, {"operatorRef": "x"}, {"X-API-Key": key})

    assert (refused[0], made[0], bad[0]) == (401, 200, 400)
    claims = jwt.decode(made[1]["token"], options={"verify_signature": False})
    assert (claims["sub"], claims["name"], claims["aud"], claims["v"]) == (
        "op-17",
        "Op 17",
        "operator",
        1,
    )
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["phoneNumberIds"] == ["pn_1"]
    assert made[1]["expiresAt"].endswith("Z")


async def test_the_numbers_need_a_token(place: Place) -> None:
    url = f"{place.url}/operator/phone-numbers"

    refused = await in_thread("GET", url)
    headers = {"Authorization": f"Bearer {await place.token()}"}
    listed = await in_thread("GET", url, None, headers)

    assert refused[0] == 401
    assert listed[1][0] == {"id": "pn_1", "phoneNumber": "+390299999999", "displayName": "Milano"}


# ---- control ---------------------------------------------------------------------------------


async def on(place: Place, do: Callable[[LabClient], Any]) -> Any:
    return await asyncio.to_thread(do, client_of(place))


async def test_the_client_rings_and_hangs_up(place: Place) -> None:
    line = await place.desk()

    sids = await on(place, lambda lab: lab.ring("+390299999999", count=2, caller="+391", name="A"))
    offers = [await line.until("incoming_call") for _ in range(2)]
    await on(place, lambda lab: lab.hang_up(sids[0]))

    assert [offer["callSid"] for offer in offers] == sids
    assert (await line.until("call_taken"))["callSid"] == sids[0]


async def test_the_client_drops_and_makes_tokens(place: Place) -> None:
    line = await place.desk()
    token = await on(place, lambda lab: lab.token("op-2", ttl_s=5))

    dropped = await on(place, lambda lab: lab.drop("audin", "op-1", 4401))

    assert dropped == 1
    assert await line.closed() == 4401
    claims = jwt.decode(token["token"], options={"verify_signature": False})
    assert (claims["sub"], claims["exp"] - claims["iat"]) == ("op-2", 5)


async def test_the_client_sets_and_clears_faults(place: Place) -> None:
    await on(place, lambda lab: lab.fault("no_pong", "op-1"))
    faults = (await on(place, lambda lab: lab.state()))["faults"]

    cleared = await on(place, lambda lab: lab.clear_faults("no_pong"))

    assert faults == [{"name": "no_pong", "operator": "op-1", "args": {}, "left": None}]
    assert cleared == 1
    known = await on(place, lambda lab: lab.known_faults())
    assert {"malformed_json", "odd_frames", "close"} <= {fault["name"] for fault in known}


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda lab: lab.ring("nowhere"), "pn_1"),
        (lambda lab: lab.ring(count=0), "count"),
        (lambda lab: lab.ring(far_end="x"), "echo"),
        (lambda lab: lab.ring(talks_s=-1), "talks_s"),
        (lambda lab: lab.hang_up("CA1"), "CA1"),
        (lambda lab: lab.heard("CA1"), "call"),
        (lambda lab: lab.drop("nobody"), "audin, ribbon"),
        (lambda lab: lab.drop(code=7), "close code"),
        (lambda lab: lab.fault("no_such"), "no_such"),
        (lambda lab: lab.scenario("party"), "quiet"),
        (lambda lab: lab.token("op-99"), "op-1"),
        (lambda lab: lab.token("op-1", ttl_s="x"), "ttl_s"),
    ],
)
async def test_what_cannot_be_done_is_said_in_words(
    place: Place, ask: Callable[[LabClient], Any], words: str
) -> None:
    with pytest.raises(RequestError, match=words):
        await on(place, ask)


def test_a_lab_that_is_gone_is_a_connect_error() -> None:
    with pytest.raises(ConnectError, match="does not answer"):
        LabClient("http://127.0.0.1:9/lab", "k").state()


async def test_the_status_page_shows_hostile_names_as_text(place: Place) -> None:
    await place.ring(caller="<b>\x1b[2J", name='"><script>alert(1)</script>')

    page = status_page(place.lab.control.state())

    assert "<script" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;" in page


async def test_the_status_page_is_served_without_a_key(place: Place) -> None:
    status, _, headers = await in_thread("GET", place.url)

    assert status == 200
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_no_secret_is_on_the_status_page_or_in_the_state(place: Place) -> None:
    await place.desk()
    ready = place.lab.ready()

    shown = json.dumps(place.lab.control.state()) + status_page(place.lab.control.state())

    assert ready["control_key"] not in shown
    assert ready["audin"]["api_key"] not in shown
    assert "eyJ" not in shown


# ---- scenarios -------------------------------------------------------------------------------

SOON = {"scenario": "default", "first_call_s": 0.1, "calls_every_s": (0.1, 0.2)}


@pytest.mark.parametrize("place", [SOON], indirect=True)
async def test_the_first_caller_rings_soon_after_the_first_operator_and_more_follow(
    place: Place,
) -> None:
    line = await place.desk("op-1", "pn_1", "pn_2")

    for _ in range(3):
        offer = await line.until("incoming_call")
        await line.send(type="reject", callSid=offer["callSid"])


@pytest.mark.parametrize("place", [SOON], indirect=True)
async def test_nobody_rings_while_nobody_is_there(place: Place) -> None:
    line = await place.presence()

    assert await line.nothing_within(0.4)


async def test_a_scenario_can_be_changed_while_the_lab_runs(place: Place) -> None:
    line = await place.desk("op-1", "pn_1", "pn_2")

    await on(place, lambda lab: lab.scenario("busy"))

    assert (await line.until("incoming_call"))["callSid"]


async def test_changed_names_of_the_protocol_are_spoken() -> None:
    from softphone.adapters.audin.wire import Wire

    names = Wire(presence_path="/p", token_param="t", type_connected="hi")
    async with running_lab(LabSettings(scenario="quiet", names=names, times=Times())) as lab:
        token = (await in_thread("POST", lab.ready()["audin"]["token_url"]))[1]["token"]
        from websockets.asyncio.client import connect

        url = f"{lab.hub.base_url.replace('http', 'ws', 1)}/p?t={token}"
        async with connect(url, proxy=None) as socket:
            assert json.loads(await socket.recv())["type"] == "hi"
