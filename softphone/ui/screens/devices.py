"""Sound devices: microphone, speaker and ringer, each by itself, with a test for each."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget

from softphone.model.command import (
    Ask,
    DeviceList,
    Meter,
    Query,
    SelectDevices,
    TestEcho,
    TestRing,
)
from softphone.model.device import Device
from softphone.ui.panes.pane import Send
from softphone.ui.session import Topic
from softphone.ui.spans import Line, wrap
from softphone.ui.view import View
from softphone.ui.widgets import meter as meters
from softphone.ui.widgets.choice import Choice, Option
from softphone.ui.widgets.lines import Lines
from softphone.ui.working import start

from .base import ConsoleScreen

_TESTS = [
    Option("off", "off"),
    Option("meter", "level meter"),
    Option("loopback", "hear myself (use a headset)"),
]
_RINGS = [Option("ring", "Space plays the ring tone once")]
_ECHOES = [Option("echo", "Space plays a noise for 4 s and measures its echo")]
_SWITCH = [Option(False, "off"), Option(True, "on")]


class DevicesScreen(ConsoleScreen):
    """Choose devices by name; a change works at once, also in a call."""

    def __init__(self, view: View) -> None:
        super().__init__(view, name="devices")
        self.input: Choice[str] = Choice("", [], id="input")
        self.output: Choice[str] = Choice("", [], id="output")
        self.ringer: Choice[str] = Choice("", [], id="ringer")
        self.echo: Choice[bool] = Choice("cut echo", _SWITCH, id="echo")
        self.noise: Choice[bool] = Choice("cut noise", _SWITCH, id="noise")
        self.gain: Choice[bool] = Choice("auto gain", _SWITCH, id="gain")
        self.test: Choice[str] = Choice("", _TESTS, id="test")
        self.ring: Choice[str] = Choice("", _RINGS, id="ring")
        self.echo_test: Choice[str] = Choice("", _ECHOES, id="echo-test")
        self.meter = meters.Meter(id="device-meter")
        self.status = Lines(id="device-status")
        self._problem = ""

    def compose_body(self) -> Iterable[Widget]:
        box = Vertical(
            _row("Microphone", self.input),
            _row("Speaker", self.output),
            _row("Ringer", self.ringer),
            _row("Processing", self.echo, self.noise, self.gain),
            _row("Test microphone", self.test),
            _row("", self.meter),
            _row("Test ring", self.ring),
            _row("Test echo", self.echo_test),
            self.status,
            classes="pane full form",
        )
        title = f"SOUND DEVICES ── Esc or {self.view.key('devices.open')} closes, ← → Space change"
        box.border_title = Content(title)
        yield box

    def on_mount(self) -> None:
        """Ask for the devices."""
        self.input.focus()
        start(self, self._load, group="load", latest=True)

    def on_unmount(self) -> None:
        """Close the microphone that a test may have opened."""
        if self.test.value != "off":
            self.app.post_message(Send(Meter(False)))

    def show(self, topics: frozenset[Topic]) -> None:
        """Bring level and status up to date."""
        level = self.view.state.levels.microphone_db
        self.meter.show(level if self.test.value != "off" else meters.SILENCE_DB)
        if topics == {Topic.LEVELS}:
            return
        super().show(topics)
        if Topic.AUDIO in topics and self.is_mounted:
            self._show_processing()
            start(self, self._load, group="load", latest=True)
        self.status.show(self._status_lines())

    def on_choice_changed(self, event: Choice.Changed) -> None:
        """Use another device, or start or stop a test."""
        event.stop()
        value = str(event.choice.value or "")
        on = event.choice.value is True
        match event.choice.id:
            case "input":
                self.post_message(Send(SelectDevices(input=value)))
            case "output":
                self.post_message(Send(SelectDevices(output=value)))
            case "ringer":
                self.post_message(Send(SelectDevices(ringer=value)))
            case "echo":
                self.post_message(Send(SelectDevices(echo_cancellation=on)))
            case "noise":
                self.post_message(Send(SelectDevices(noise_suppression=on)))
            case "gain":
                self.post_message(Send(SelectDevices(automatic_gain=on)))
            case "echo-test":
                self.post_message(Send(TestEcho()))
            case "test":
                self.post_message(Send(Meter(value != "off", loopback=value == "loopback")))
            case _:
                self.post_message(Send(TestRing()))

    async def _load(self) -> None:
        reply = await self.view.request(Ask(Query.DEVICES))
        if not isinstance(reply.value, DeviceList):
            self._problem = reply.text
        else:
            self._problem = reply.value.problem
            devices, audio = reply.value.devices, self.view.state.audio
            _offer(self.input, [d for d in devices if d.input], audio.input)
            _offer(self.output, [d for d in devices if d.output], audio.output)
            _offer(self.ringer, [d for d in devices if d.output], audio.ringer)
        self._show_processing()
        self.status.show(self._status_lines())

    def _show_processing(self) -> None:
        """Show what is really on: what cannot be had goes off again by itself."""
        audio = self.view.state.audio
        self.echo.choose(audio.echo_cancellation)
        self.noise.choose(audio.noise_suppression)
        self.gain.choose(audio.automatic_gain)

    def _status_lines(self) -> list[Line]:
        audio = self.view.state.audio
        width = max(20, self.status.content_size.width)
        lines: list[Line] = []
        for text, role in (
            (self._problem, "bad"),
            (audio.problem, "bad"),
            (audio.hint, "warn"),
            (audio.echo_test, "plain"),
            ("A change works at once, also in a call.", "dim"),
        ):
            lines += wrap(text, width, role) if text else []
        return lines


def _offer(choice: Choice[str], devices: Iterable[Device], used: str) -> None:
    options = [Option(d.spec, f"{d.name} (default)" if d.default else d.name) for d in devices]
    if used and used not in [option.value for option in options]:
        options.insert(0, Option(used, used))
    choice.offer(options)
    choice.choose(used)


def _row(title: str, *widgets: Widget) -> Horizontal:
    label = Lines(classes="form-label")
    label.show([((title, "dim"),)])
    return Horizontal(label, *widgets, classes="form-row")
