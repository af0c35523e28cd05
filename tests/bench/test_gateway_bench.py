"""What a WebRTC call costs the engine, printed for people; a bound that a busy machine keeps."""

from __future__ import annotations

import pytest

from tests.bench.console_bench import own_home
from tests.bench.gateway_bench import CODECS, Cost, measure, set_up

# Measured on an idle machine: see docs/ribbon.md. A call that costs several times as much has a
# defect, as a loop that spins; less would be a figure of the machine.
_NO_OPS_AT_MOST = 100.0


def test_a_cost_is_told_beside_its_reference() -> None:
    line = Cost("opus", 60.0, 6.0, 0.5, 0.5, 3000).line()

    assert "one opus call over 60 s: 6.0 % of a core, 12 x a paced no-op (0.50 %)" in line


async def test_the_time_from_dial_to_sound_is_measured() -> None:
    found = await set_up(1)

    print(found.line())
    assert found.sound_ms > found.request_ms > 0


@pytest.mark.nightly
@pytest.mark.parametrize("codec", CODECS)
def test_a_minute_of_a_webrtc_call_costs_the_engine_little(codec: str, nightly: bool) -> None:
    if not nightly:
        pytest.skip("a minute for each codec: nightly")
    with own_home() as home:
        cost = measure(home, codec, 60.0)

    print(cost.line())
    assert cost.heard > 0
    assert cost.idle_engine < cost.engine
    assert cost.ratio < _NO_OPS_AT_MOST
