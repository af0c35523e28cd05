"""The hostile world is hostile on the wire, and what the adapter reads of it is harmless."""

from __future__ import annotations

import unicodedata

import pytest

from softphone.adapters.audin import wire
from softphone.lab.hostile import HOSTILE_CALLERS
from tests.lab.conftest import Place

NAMES = wire.Wire()
HOSTILE = {"scenario": "hostile", "first_call_s": 0.1}


@pytest.mark.parametrize("place", [HOSTILE], indirect=True)
async def test_hostile_callers_ring_with_their_names_as_they_are(place: Place) -> None:
    line = await place.desk("op-1", "pn_1", "pn_2")

    offer = await line.until("incoming_call")

    # An empty name is not sent at all.
    caller = (offer.get("from", ""), offer.get("displayName", ""))
    assert caller in [(number or "", name or "") for number, name in HOSTILE_CALLERS]


def test_what_is_read_of_them_has_no_controls_and_no_bidi_overrides() -> None:
    for number, name in HOSTILE_CALLERS:
        text = wire.encode(wire.IncomingCall("CA1", number, number, None, name), NAMES)

        offer = wire.decode_server(text, NAMES)

        assert isinstance(offer, wire.IncomingCall)
        for shown in (offer.from_, offer.to, offer.display_name):
            bad = {"Cc", "Cs"} & {unicodedata.category(char) for char in shown or ""}
            assert not bad
            assert "\u202e" not in (shown or "")
            assert len(shown or "") < 150


@pytest.mark.parametrize("place", [HOSTILE], indirect=True)
async def test_platforms_are_hostile_like_their_callers_until_the_scenario_changes(
    place: Place,
) -> None:
    line = await place.desk("op-1", "pn_1", "pn_2")
    await line.until("incoming_call")

    error = await line.until("error")
    on = {one["name"] for one in place.lab.hub.faults.listed()}
    await place.lab.scenario.change("quiet")

    assert any(unicodedata.category(char) == "Cc" for char in str(error.get("message")))
    assert on == {"notice_hostile", "rows_odd"}
    assert place.lab.hub.faults.listed() == []
