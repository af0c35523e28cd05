"""The configuration file changes while the engine runs: what counts at once, what waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from softphone.adapters.ribbon.client import RibbonAdapter
from softphone.audio.ringtone import RingSound
from softphone.config import load
from softphone.engine.assembly import assembled
from softphone.engine.engine import Engine
from softphone.engine.link import Role
from softphone.lab.client import LabClient
from softphone.lab.server import Lab, running_lab
from softphone.lab.settings import LabSettings
from softphone.model import command as c
from softphone.model.presence import LinkState
from softphone.paths import Paths
from tests.engine.office import RIBBON, until

_SOUND = '[audio]\ninput = "null"\noutput = "null"\nringer = "null"\n'


@dataclass
class Desk:
    """An engine with one gateway account, and the file it was read from."""

    engine: Engine
    file: Path
    lab: Lab

    def write(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new, 1))

    async def reload(self) -> c.ConfigReloaded:
        reply = await self.engine.submit("", c.ReloadConfig())
        assert reply.ok, reply.text
        assert isinstance(reply.value, c.ConfigReloaded)
        return reply.value

    @property
    def gateway(self) -> RibbonAdapter:
        adapter = self.engine.adapters[RIBBON]
        assert isinstance(adapter, RibbonAdapter)
        return adapter

    async def ring(self) -> None:
        """Let somebody call, and wait until the engine knows."""
        ready = self.lab.ready()
        control = LabClient(ready["control"], ready["control_key"])
        await asyncio.to_thread(control.ring, "alice@lab.test", far_end="tone")
        await until(self.engine.hub.state.offers)

    def granted(self) -> tuple[str, ...]:
        running = self.gateway._running
        return running.protocol.session.granted if running is not None else ()


@pytest.fixture
async def desk(folder: Path) -> AsyncIterator[Desk]:
    level = logging.getLogger().level
    async with running_lab(LabSettings(scenario="quiet")) as lab:
        text = lab.config.read_text()
        account = text[text.index("[accounts.ribbon]") : text.index("[accounts.agenthub]")]
        file = folder / "config.toml"
        file.touch(0o600)
        file.write_text(f'{account}\n[names]\nanna = "+39021"\n\n{_SOUND}')
        async with assembled(load(file), Paths("test", folder, folder)) as engine:
            links = engine.hub.state.accounts
            await until(lambda: links[RIBBON].link is LinkState.ONLINE)
            yield Desk(engine, file, lab)
    logging.getLogger().setLevel(level)


async def test_what_can_change_changes_at_once_and_the_rest_is_named(desk: Desk) -> None:
    desk.write('kind = "ribbon"', 'kind = "ribbon"\naudio_kbps = 24\ncorrelator = "desk-9"')
    desk.write('anna = "+39021"', 'bob = "+39022"')
    desk.write('input = "null"', 'input = "tone"\nhold_music = ""')
    desk.file.write_text(desk.file.read_text() + '\n[calls]\nconfirm_prefixes = ["+899"]\n')

    done = await desk.reload()

    assert set(done.changed) == {"accounts.ribbon.audio_kbps", "names", "calls.confirm_prefixes"}
    assert set(done.waiting) == {"accounts.ribbon.correlator", "audio.input"}
    assert desk.gateway.settings.audio_kbps == 24
    assert desk.gateway.settings.correlator == ""
    assert (await desk.engine.submit("", c.Dial("+8991234567"))).code == "CONFIRM"
    assert "configuration read again" in desk.engine.hub.state.notes[-1].text


async def test_services_and_presence_of_a_running_account_change_at_once(desk: Desk) -> None:
    desk.write(
        'kind = "ribbon"', 'kind = "ribbon"\nservices = ["call", "Presence"]\npresence = "lunch"'
    )

    await desk.reload()

    await until(lambda: presence_of(desk.engine) == "lunch")
    await until(lambda: set(desk.granted()) == {"call", "Presence"})


async def test_an_unchanged_file_changes_nothing(desk: Desk) -> None:
    first = await desk.reload()
    desk.write('kind = "ribbon"', 'kind = "ribbon"\ndscp = 46')
    await desk.reload()

    second = await desk.reload()

    assert first.words == second.words == "nothing has changed"


async def test_a_waiting_change_is_named_until_the_next_start(desk: Desk) -> None:
    desk.write('kind = "ribbon"', 'kind = "ribbon"\ncorrelator = "desk-9"')

    assert (await desk.reload()).waiting == ("accounts.ribbon.correlator",)
    assert (await desk.reload()).waiting == ("accounts.ribbon.correlator",)


async def test_a_mistake_in_the_file_is_named_and_nothing_changes(desk: Desk) -> None:
    desk.write('kind = "ribbon"', 'kind = "ribbon"\naudio_kbps = 9999')
    desk.write('anna = "+39021"', 'bob = "+39022"')

    reply = await desk.engine.submit("", c.ReloadConfig())

    assert reply.code == "BAD_CONFIG"
    assert "accounts.ribbon.audio_kbps" in reply.text
    assert "bob" not in desk.engine.config.names


async def test_new_and_vanished_accounts_wait_for_a_new_start(desk: Desk) -> None:
    desk.write("[accounts.ribbon]", "[accounts.second]")

    done = await desk.reload()

    assert set(done.waiting) == {"accounts.ribbon", "accounts.second"}
    assert set(desk.engine.adapters) == {RIBBON}


def presence_of(engine: Engine) -> str:
    found = [p for p in engine.hub.state.presence.values() if p.account == RIBBON]
    own = [p for p in found if p.user == engine.adapters[RIBBON].identity]
    return own[0].activity.value if own else ""


async def test_processing_of_the_microphone_follows_the_file_at_once(desk: Desk) -> None:
    pytest.importorskip("livekit.rtc", reason="needs the extra: pip install 'softphone[aec]'")
    desk.write('input = "null"', 'input = "null"\necho_cancellation = true')

    done = await desk.reload()

    assert done.changed == ("audio.echo_cancellation",)
    await until(lambda: desk.engine.hub.state.audio.echo_cancellation)
    assert not desk.engine.hub.state.audio.noise_suppression


async def test_ring_rules_hold_at_once_also_for_who_rings_already(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.file.write_text(desk.file.read_text() + "\n[ring.ribbon]\ndelay_s = 60\n")
    first = await desk.reload()
    rung: list[RingSound | None] = []
    monkeypatch.setattr(desk.engine.sound, "ring", rung.append)
    desk.engine.attach(Role.CONSOLE, "test", lambda published: None)
    await desk.ring()
    (before,) = desk.engine.hub.state.offers()

    desk.write("delay_s = 60", 'tone = "low"\nvolume = 1.0')
    second = await desk.reload()

    (after,) = desk.engine.hub.state.offers()
    assert first.changed == second.changed == ("ring",)
    assert (before.silenced, after.silenced) == (True, False)
    assert [ring for ring in rung if ring] == [RingSound("low", 0.0)]
