"""The devices of a machine as what an operator chooses from."""

from __future__ import annotations

from dataclasses import replace

from softphone.audio.devices import DeviceList, is_plug_in, readable_name
from softphone.model.device import Device

from .control import DESK, DeskDevices

_SILENCE = Device("null", "Silence (no sound card)", True, True)


def choices(found: DeviceList) -> tuple[Device, ...]:
    """Return this machine's cards by readable names, the automatic choice first."""
    return (
        Device("auto", "Automatic", True, True),
        *(
            Device(
                f"portaudio:{device.name}",
                readable_name(device.name),
                device.inputs > 0,
                device.outputs > 0,
                device.default_input or device.default_output,
            )
            for device in found.devices
            if not is_plug_in(device.name)
        ),
        _SILENCE,
    )


def desk_choices(desk: DeskDevices | None) -> tuple[Device, ...]:
    """Return the cards of a desk under the names they have at the host."""
    if desk is None:
        return ()
    return tuple(
        replace(device, spec=DESK + device.spec, name=f"Desk: {device.name}")
        for device in desk.devices
    )
