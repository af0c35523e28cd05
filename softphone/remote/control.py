"""What host and desk tell each other beside the sound: devices and figures. Pure.

Everything is read as if a stranger had written it: what has another shape is ignored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from softphone.audio.leg import LegStats
from softphone.model.device import Device
from softphone.model.text import clean

DESK = "desk:"
"""Begins the name that the host gives to a device of the desk."""
_MOST_DEVICES = 64
_NAME_LIMIT = 200
_FIGURE_LIMIT = 1e9
_ROOM = 6_000  # bytes for the devices, of a message of 8 kB


@dataclass(frozen=True, slots=True)
class DeskStats:
    """What the desk hears of the host, in ms: its buffer, jitter, and what was lost so far."""

    depth_ms: float = 0.0
    jitter_ms: float = 0.0
    lost_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class DeskDevices:
    """The desk's cards and which of them are in use; specs are the desk's own."""

    devices: tuple[Device, ...] = ()
    input: str = ""
    output: str = ""
    problem: str = ""


def stats_fields(stats: LegStats) -> dict[str, Any]:
    """Return what the desk tells of its leg once a second."""
    lost_ms = stats.concealed_ms
    return {"stats": [stats.depth_ms, round(stats.jitter_ms, 1), lost_ms]}


def read_stats(fields: Mapping[str, Any]) -> DeskStats | None:
    """Return the figures in a message, None when there are none."""
    told = fields.get("stats")
    if not isinstance(told, list) or len(told) < 3:
        return None
    figures = [one for one in told[:3] if type(one) in (int, float) and 0 <= one < _FIGURE_LIMIT]
    return DeskStats(*map(float, figures)) if len(figures) == 3 else None


def device_fields(devices: Sequence[Device], input_: str, output: str, problem: str) -> Any:
    """Return what the desk tells of its cards."""
    told: list[dict[str, Any]] = []
    room = _ROOM
    for d in devices[:_MOST_DEVICES]:
        one = {"spec": d.spec, "name": d.name, "input": d.input, "output": d.output}
        room -= len(json.dumps(one)) + 2
        if room < 0:
            break
        told.append(one)
    return {
        "devices": told,
        "input": input_,
        "output": output,
        "problem": clean(problem, _NAME_LIMIT),
    }


def read_devices(fields: Mapping[str, Any]) -> DeskDevices | None:
    """Return the cards in a message, None when it is about something else."""
    told = fields.get("devices")
    if not isinstance(told, list):
        return None
    found = [_device(one) for one in told[:_MOST_DEVICES] if isinstance(one, dict)]
    return DeskDevices(
        tuple(one for one in found if one.spec),
        *(_text(fields.get(name)) for name in ("input", "output", "problem")),
    )


def _device(fields: Mapping[str, Any]) -> Device:
    spec, name = _text(fields.get("spec")), _text(fields.get("name"))
    return Device(spec, name or spec, fields.get("input") is True, fields.get("output") is True)


def _text(value: object) -> str:
    return clean(value, _NAME_LIMIT) if isinstance(value, str) else ""
