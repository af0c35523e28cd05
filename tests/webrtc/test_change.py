"""What a far end's new description means: each row of the table, and what must hold for all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.webrtc.sdp import Change, Direction, change_between, parse
from tests.webrtc.data import with_directions

ROWS = [
    # audio (and video) before, after, held here, held there, what it is
    ("sendrecv", "inactive", False, False, Change.HOLD),
    ("sendrecv sendrecv", "inactive inactive", False, False, Change.HOLD),
    ("sendrecv recvonly", "inactive inactive", False, False, Change.HOLD),
    ("sendrecv inactive", "inactive inactive", False, False, Change.HOLD),
    ("sendrecv", "sendonly", False, False, Change.HOLD),
    ("sendrecv sendrecv", "sendonly sendonly", False, False, Change.HOLD),
    ("inactive", "sendrecv", False, True, Change.UNHOLD),
    ("inactive", "recvonly", False, True, Change.UNHOLD),
    ("inactive inactive", "sendrecv sendrecv", False, True, Change.UNHOLD),
    ("sendonly", "sendrecv", False, True, Change.UNHOLD),
    ("inactive", "sendrecv", True, False, Change.UNHOLD),
    ("inactive", "sendonly", False, True, Change.START_MOH),
    ("inactive inactive", "sendonly inactive", False, True, Change.START_MOH),
    ("sendonly", "inactive", False, True, Change.STOP_MOH),
    ("sendrecv", "sendrecv sendrecv", False, False, Change.ADD_MEDIA),
    ("sendrecv inactive", "sendrecv sendrecv", False, False, Change.ADD_MEDIA),
    ("sendrecv recvonly", "sendrecv sendrecv", False, False, Change.ADD_MEDIA),
    ("sendrecv sendrecv", "sendrecv recvonly", False, False, Change.REMOVE_MEDIA),
    ("sendrecv sendrecv", "sendrecv inactive", False, False, Change.REMOVE_MEDIA),
    ("sendrecv", "recvonly", False, False, Change.REMOVE_MEDIA),
    ("sendrecv", "sendrecv", False, False, Change.UPDATE),
    ("sendrecv", "sendrecv inactive", False, False, Change.UPDATE),
    ("inactive", "inactive", True, False, Change.HOLD),
    ("inactive", "inactive", True, True, Change.HOLD),
    ("inactive", "inactive", False, True, Change.UPDATE),
    ("recvonly", "inactive", False, False, Change.UPDATE),
]


def described(directions: str) -> str:
    return with_directions(*directions.split())


@pytest.mark.parametrize(("before", "after", "here", "there", "what"), ROWS)
def test_a_change_has_the_name_of_the_table(
    before: str, after: str, here: bool, there: bool, what: Change
) -> None:
    found = change_between(
        parse(described(before)), parse(described(after)), held_here=here, held_there=there
    )

    assert found is what


def test_the_first_description_adds_media() -> None:
    found = change_between(None, parse(described("sendrecv")), held_here=False, held_there=False)

    assert found is Change.ADD_MEDIA


def test_another_far_end_with_other_line_names_is_compared_by_place() -> None:
    before = parse(described("inactive"))
    after = parse(described("recvonly").replace("a=mid:0", "a=mid:audio"))

    assert change_between(before, after, held_here=False, held_there=True) is Change.UNHOLD
    assert change_between(before, after, held_here=False, held_there=False) is Change.UNHOLD


_DIRECTIONS = st.sampled_from([d.value for d in Direction])
_SETS = st.builds(with_directions, _DIRECTIONS, st.one_of(st.none(), _DIRECTIONS))


@given(_SETS, _SETS, st.booleans(), st.booleans())
def test_every_change_has_a_name_and_none_is_a_hold_while_sound_still_comes_both_ways(
    before: str, after: str, here: bool, there: bool
) -> None:
    new = parse(after)

    found = change_between(parse(before), new, held_here=here, held_there=there)

    if found is Change.HOLD:
        assert not any(m.direction is Direction.SENDRECV for m in new.media if m.kind == "audio")
    if found is Change.UNHOLD:
        assert any(m.direction is not Direction.INACTIVE for m in new.media)
