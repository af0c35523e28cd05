"""`softphone devices`: microphones and speakers of this machine, and the echo between them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from softphone.config import AudioConfig

from .options import complain, configured, parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.audio.devices import DeviceInfo
    from softphone.audio.report import AudioReport

_ECHO_LIMIT_S = 20.0


def run(name: str, arguments: Sequence[str]) -> int:
    """Print the devices, or test the echo; 1 when there is no sound card to use."""
    made = with_json(
        parser(
            name,
            "List microphones and speakers. The name goes into [audio] of the config.",
            "softphone devices --json",
            "softphone devices --echo-test",
        )
    )
    made.add_argument(
        "--echo-test",
        action="store_true",
        help="play a noise for 4 s; measure delay and level of its echo, and what cancelling takes",
    )
    options = parse(made, arguments)
    audio = configured(options).audio
    if options.echo_test:
        return _test_echo(audio, as_json=options.json)
    from softphone.audio.devices import list_devices

    found = list_devices()
    _print_processing(audio, as_json=options.json)
    for device in found.devices:
        _print_device(device, as_json=options.json)
    if found.problem:
        complain(found.problem)
    return 0 if found.devices else 1


def _print_device(device: DeviceInfo, *, as_json: bool) -> None:
    spec = f"portaudio:{device.name}"
    if as_json:
        print_json(
            {
                "type": "device",
                "spec": spec,
                "name": device.name,
                "inputs": device.inputs,
                "outputs": device.outputs,
                "default_input": device.default_input,
                "default_output": device.default_output,
            }
        )
        return
    mark = "*" if device.default_input or device.default_output else " "
    ways = f"{'mic' if device.inputs else '   '} {'spk' if device.outputs else '   '}"
    print(f"{mark} {ways}  {spec}")


def _print_processing(audio: AudioConfig, *, as_json: bool) -> None:
    from softphone.audio.processing import installed

    switches = {
        "echo_cancellation": audio.echo_cancellation,
        "noise_suppression": audio.noise_suppression,
        "automatic_gain": audio.automatic_gain,
    }
    if as_json:
        print_json({"type": "processing", **switches, "installed": installed()})
        return
    said = ", ".join(f"{key} {'on' if on else 'off'}" for key, on in switches.items())
    lacking = "" if installed() else " (needs: pip install 'softphone[aec]')"
    print(f"{said}{lacking}")


def _test_echo(audio: AudioConfig, *, as_json: bool) -> int:
    """Run the echo test on the configured devices; 0 when it was measured."""
    from softphone.audio.engine import AudioEngine
    from softphone.audio.report import ReportKind
    from softphone.engine.assembly import audio_settings

    found: list[AudioReport] = []
    done = threading.Event()

    def report(said: AudioReport) -> None:
        if said.kind is ReportKind.ECHO_MEASURED:
            found.append(said)
            done.set()
        elif said.kind is not ReportKind.DEVICE_CHANGED:
            complain(said.text)

    engine = AudioEngine(audio_settings(audio), report)
    engine.start()
    try:
        engine.test_echo()
        done.wait(_ECHO_LIMIT_S)
    finally:
        engine.close()
    if not found or found[0].echo is None:
        complain("the echo test did not come to an end.")
        return 1
    echo = found[0].echo
    if as_json:
        print_json(
            {
                "type": "echo_test",
                "delay_ms": _rounded(echo.delay_ms),
                "level_db": _rounded(echo.level_db),
                "reduction_db": _rounded(echo.reduction_db),
            }
        )
    else:
        print(found[0].text)
    return 0 if echo.delay_ms is not None else 1


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
