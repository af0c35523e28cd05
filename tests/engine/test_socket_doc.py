"""docs/socket.md tells the truth: its pages are made from the model, its session really runs."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from softphone.engine.link import BUFFER_LIMIT, LINE_LIMIT, VERSION
from softphone.model import codec
from softphone.model import event as event_module
from softphone.model.command import Command, Value
from tests.engine.office import Office, RawClient
from tests.engine.socket_doc import examples, pages

DOC = Path(__file__).parents[2] / "docs" / "socket.md"
_BEGIN, _END = "<!-- made from the model -->\n", "\n<!-- end -->\n"


def text() -> str:
    return DOC.read_text(encoding="utf-8")


def test_the_pages_are_a_snapshot_of_the_model() -> None:
    before, _, rest = text().partition(_BEGIN)
    made, _, after = rest.partition(_END)
    if os.environ.get("SNAPSHOT_UPDATE"):
        made = pages()
        DOC.write_text(before + _BEGIN + made + _END + after, encoding="utf-8")

    assert made == pages(), "the model has changed; make snapshots writes docs/socket.md anew"


def test_every_example_is_read_as_what_it_shows() -> None:
    for union in (Command, event_module.Event, Value):
        for value in examples(union):
            told = json.loads(json.dumps(codec.encode(value)))
            assert codec.decode(told, union) == value  # type: ignore[arg-type]  # a union


def test_version_and_limits_are_those_of_the_code() -> None:
    assert f"version is {VERSION}" in text()
    assert f"{LINE_LIMIT // 2**20} MiB" in text()
    assert f"{BUFFER_LIMIT // 2**10} KiB" in text()


def _session() -> list[tuple[str, dict[str, Any]]]:
    """Return the session of the document: who says what."""
    block = re.search(r"```\n(client: .*?)```", text(), re.DOTALL)
    assert block is not None
    lines = (line.partition(": ") for line in block.group(1).strip().splitlines())
    return [(who, json.loads(said)) for who, _, said in lines]


async def test_the_session_of_the_document_runs_as_it_says(office: Office) -> None:
    await office.at_work()
    client = await RawClient.open(office.paths.socket)
    heard: list[dict[str, Any]] = []

    for who, said in _session():
        if who == "client":
            client.say(said)
            continue
        kind = next(iter(said))
        while kind not in (line := await client.hear()):
            pass
        heard.append(line)
        assert set(line) == set(said)
        if kind == "reply":
            assert line["id"] == said["id"]
            assert line["reply"].keys() == said["reply"].keys()
            assert line["reply"]["code"] == said["reply"]["code"]
    await client.close()

    assert heard[0]["welcome"].keys() == {"version", "client", "engine", "state"}


async def test_a_client_passes_over_events_it_does_not_know(office: Office) -> None:
    assert codec.is_known_event({"type": "call_changed"})
    assert not codec.is_known_event({"type": "moon_rose"})
    assert not codec.is_known_event(7)

    seat = await office.at_work()
    seat.link._take({"event": {"type": "moon_rose", "at": 1}})
    seat.link._take({"event": {"type": "history_changed", "missed": 3}})

    assert not seat.gone
