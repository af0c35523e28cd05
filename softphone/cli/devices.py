"""`softphone devices`: microphones and speakers of this machine."""

from __future__ import annotations

from collections.abc import Sequence

from .options import complain, configured, parse, parser, print_json, with_json


def run(name: str, arguments: Sequence[str]) -> int:
    """Print the devices; 1 when there is no sound card to use."""
    made = with_json(
        parser(
            name,
            "List microphones and speakers. The name goes into [audio] of the config.",
            "softphone devices --json",
        )
    )
    options = parse(made, arguments)
    configured(options)
    from softphone.audio.devices import list_devices

    found = list_devices()
    for device in found.devices:
        spec = f"portaudio:{device.name}"
        if options.json:
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
        else:
            mark = "*" if device.default_input or device.default_output else " "
            ways = f"{'mic' if device.inputs else '   '} {'spk' if device.outputs else '   '}"
            print(f"{mark} {ways}  {spec}")
    if found.problem:
        complain(found.problem)
    return 0 if found.devices else 1
