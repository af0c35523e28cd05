"""Every message of the catalogue gets its verdict, and nothing else is ever raised."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from softphone.adapters.agenthub import wire as agenthub
from softphone.adapters.audin import wire as audin
from softphone.adapters.observer import wire as observer
from softphone.adapters.ribbon import wire as ribbon
from softphone.model import codec
from softphone.model.error import ProtocolError
from tests.fuzz.catalogue import CATALOGUE, REFUSED

_READ: dict[str, Callable[[str], object]] = {
    "audin": lambda text: audin.decode_server(text, audin.Wire()),
    "ribbon": ribbon.decode,
    "agenthub": agenthub.decode,
    "observer": lambda text: observer.decode_server(text, observer.Wire()),
    "engine": lambda text: codec.decode_command(codec.loads(text)),
}
_CASES = [(name, *case) for name, cases in CATALOGUE.items() for case in cases]


@pytest.mark.parametrize(
    ("protocol", "what", "message", "verdict"),
    _CASES,
    ids=[f"{name}: {what}" for name, what, _, _ in _CASES],
)
def test_a_message_at_the_edge_gets_its_verdict(
    protocol: str, what: str, message: str, verdict: str
) -> None:
    try:
        found = type(_READ[protocol](message)).__name__
    except (ProtocolError, agenthub.BadFrame):
        found = REFUSED

    assert found == verdict


@pytest.mark.parametrize("protocol", CATALOGUE)
def test_the_catalogue_has_sixty_messages_of_each_protocol_that_differ(protocol: str) -> None:
    messages = {message for _, message, _ in CATALOGUE[protocol]}

    assert len(messages) >= 60
