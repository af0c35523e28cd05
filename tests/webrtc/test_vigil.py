"""A connection that is watched: signs of life, patience, silence. No clock but the test's."""

from __future__ import annotations

import pytest

from softphone.webrtc.settings import PeerSettings
from softphone.webrtc.state import PeerState
from softphone.webrtc.vigil import Vigil

_S = PeerState
SETTINGS = PeerSettings(unheard_s=7.0, patience_s=10.0, silent_s=5.0)


@pytest.fixture
def vigil() -> Vigil:
    return Vigil(SETTINGS)


def test_a_far_end_unheard_is_disconnected_then_failed(vigil: Vigil) -> None:
    seen = []
    state = _S.COMPLETED
    for second in range(20):
        state = vigil.life(state, 100.0 + second, 100.0, up=True)
        seen.append(state)

    assert seen[:8] == [_S.COMPLETED] * 8
    assert seen[8:18] == [_S.DISCONNECTED] * 10
    assert seen[-1] is _S.FAILED


def test_a_sign_of_life_brings_a_disconnected_one_back_and_patience_begins_anew(
    vigil: Vigil,
) -> None:
    gone = vigil.life(_S.COMPLETED, 110.0, 100.0, up=True)
    back = vigil.life(gone, 112.0, 111.5, up=True)
    again = vigil.life(back, 130.0, 120.0, up=True)

    assert (gone, back, again) == (_S.DISCONNECTED, _S.COMPLETED, _S.DISCONNECTED)
    assert vigil.life(again, 139.0, 120.0, up=True) is _S.DISCONNECTED


def test_a_connection_that_is_not_up_is_not_back_by_a_sign_of_life(vigil: Vigil) -> None:
    assert vigil.life(_S.DISCONNECTED, 100.0, 100.0, up=False) is _S.DISCONNECTED


@pytest.mark.parametrize("state", [_S.NEW, _S.CHECKING, _S.FAILED, _S.CLOSED])
def test_other_states_stay(vigil: Vigil, state: PeerState) -> None:
    assert vigil.life(state, 1000.0, 0.0, up=True) is state


def test_silence_is_told_once_and_its_end_too(vigil: Vigil) -> None:
    vigil.agreed(True, 100.0)

    told = [vigil.sound(at, 101.0) for at in (104.0, 106.5, 107.0)]
    told += [vigil.sound(108.0, 107.9), vigil.sound(109.0, 108.9)]

    assert told == [None, True, None, False, None]


def test_a_line_that_receives_nothing_by_agreement_is_never_silent(vigil: Vigil) -> None:
    vigil.agreed(True, 100.0)
    assert vigil.sound(106.0, None) is True

    assert vigil.agreed(False, 107.0) is True
    assert vigil.agreed(False, 108.0) is False
    assert vigil.sound(200.0, None) is None


def test_a_line_that_may_receive_again_is_given_its_time(vigil: Vigil) -> None:
    vigil.agreed(False, 100.0)
    vigil.agreed(True, 200.0)

    assert vigil.sound(204.0, 90.0) is None
    assert vigil.sound(205.5, 90.0) is True
